// What a command shows of this machine and itself to those who ask: --attest.
#pragma once

#include "channel/attester.h"
#include "cli/demands.h"
#include "cli/tool.h"
#include "collect/collector.h"
#include "sealing/hpke.h"

#define VCH_SHOWING_OPTIONS(to) \
    {"attest", "KIND", "shown to " to ": none (its word), tsm, tpm or az-vtpm, perhaps :WHERE", \
     false}, \
        {"pcrs", "LIST", "of a TPM, such as 0-7,11 (default: all 24)", false}, \
        {"event-log", "FILE", "of a TPM: the boot log, shown along", false}, \
    { \
        "endorse", "LABEL=FILE", "what a verifier would else fetch: vek, tcb-info ...", true \
    }

// Stays where it is until stopped.
struct vch_showing {
    bool is_set; // --attest was there
    struct vch_collector collector;
    struct vch_hpke_secret sealing; // where it has one of its own
    struct vch_attester_setup setup;
};

// --attest none, tsm[:FOLDER], tpm[:TCTI] or az-vtpm[:TCTI]: asks the hardware who it is, measures
// this program. Nothing where the option is not there. Call it before anything secret is in memory;
// the tool's threads end and come back. `sealing_key`, where it is known: as vch_collector_setup's.
vch_status vch_showing_start(struct vch_showing *out, struct vch_tool *tool,
                             const uint8_t *sealing_key);

// The rest: to what this process holds others, what confines it, and the key that things are sealed
// to. NULL: one of its own, which no process that was started before comes to see.
void vch_showing_finish(struct vch_showing *showing, const struct vch_demands *demands,
                        uint32_t confinement, const uint8_t *sealing_key);

// For vch_node_options and its like: NULL where nothing is shown.
const struct vch_attester_setup *vch_showing_setup(const struct vch_showing *showing);

void vch_showing_stop(struct vch_showing *showing); // also where it was never started
