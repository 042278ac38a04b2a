// Evidence of this machine, collected: what its TEE or its TPM says of a binding block
// (attest/binder.h). It is for others to judge; nothing here judges more than whether the hardware
// answered what was asked.
//
// Whoever starts a collector gets a process that does nothing but wait for requests, and starts
// another for each, confined (confine/child.h), which talks to the hardware, and is ended when it
// takes too long. So hardware that hangs, and what it says, stay away from the node's own
// processes, which may confine themselves afterwards.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "attest/binder.h"
#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "confine/starter.h"
#include "evidence/cmw.h"
#include "evidence/tpm_credential.h"

enum vch_collector_source {
    VCH_COLLECTOR_NONE,  // nothing shows anything: a statement alone
    VCH_COLLECTOR_TSM,   // configfs-tsm: SEV-SNP or TDX, whichever this guest is
    VCH_COLLECTOR_TPM,   // a TPM 2.0
    VCH_COLLECTOR_AZURE, // SEV-SNP under Azure's paravisor, whose vTPM speaks for it
};

#define VCH_COLLECTOR_TSM_FOLDER "/sys/kernel/config/tsm/report"
#define VCH_COLLECTOR_TCTI "device:/dev/tpmrm0"
#define VCH_COLLECTOR_PCRS 0x00ffffffu // all of them

// What a verifier would else have to fetch from a vendor; given, it goes before what the hardware
// itself has. Labels as of specs/attest.md, section 5: "vek", "issuers", "tcb-info" ...
struct vch_collector_endorsement {
    const char *label, *path;
};

struct vch_collector_setup {
    enum vch_collector_source source;
    const char *place;     // the folder of configfs-tsm, or the TPM's TCTI; NULL: the usual one
    uint32_t pcrs;         // TPM: bit i: PCR i is quoted; 0: VCH_COLLECTOR_PCRS
    const char *event_log; // TPM: file of its boot log; NULL: none is shown
    uint32_t timeout_ms;   // of one collection; 0: 20 s
    const struct vch_collector_endorsement *endorsements;
    uint32_t endorsement_count;
    // 32 bytes: blocks that name another key to seal to get no evidence, whoever asks; NULL: all
    // do. So a process that was taken over after the start cannot have things sealed to a key of
    // its own.
    const uint8_t *sealing_key;
};

struct vch_collector {
    enum vch_binder_kind kind;  // what its evidence is of: the kind to put into a binding block
    struct vch_starter starter; // none where the kind is VCH_BINDER_NONE
    uint32_t timeout_ms;
    pthread_mutex_t lock; // one question at a time
    bool is_started;
};

// "none", "tsm", "tsm:FOLDER", "tpm", "tpm:TCTI" (device:PATH or swtpm:path=SOCKET), "az-vtpm" or
// "az-vtpm:TCTI" into source and place, which borrows from the text; the other members become the
// usual ones. USAGE.
vch_status vch_collector_read(struct vch_collector_setup *out, const char *text,
                              struct vch_complaint *complaint);

// Starts the process and asks the hardware who it is. Call it before anything secret is in memory,
// with one thread, and before the process confines itself. UNAVAILABLE: no such hardware;
// REFUSED: the collecting process cannot be confined. Not to be moved.
vch_status vch_collector_start(struct vch_collector *out, const struct vch_collector_setup *setup,
                               struct vch_complaint *complaint);

// Evidence whose bound field is `binder`'s, and what helps to verify it, both in the arena. Blocks,
// at most for the setup's time (TIMEOUT); from any thread. Of kind VCH_BINDER_NONE both are empty.
// USAGE: a block of another kind. REFUSED: of another key. UNAVAILABLE: the hardware refuses, or
// did not answer what was asked.
vch_status vch_collector_collect(struct vch_collector *collector,
                                 const uint8_t binder[static VCH_BINDER_SIZE],
                                 struct vch_cmw *evidence, struct vch_cmw *endorsements,
                                 struct vch_arena *arena, struct vch_complaint *complaint);

// Who the hardware is, as pieces of the same labels: of a TPM its attestation key ("ak") and, where
// it holds one, its endorsement certificate ("ek").
vch_status vch_collector_identify(struct vch_collector *collector, struct vch_cmw *evidence,
                                  struct vch_cmw *endorsements, struct vch_arena *arena,
                                  struct vch_complaint *complaint);

// TPM: what a verifier sealed to it, for its attestation key (evidence/tpm_credential.h). Wipe it.
vch_status vch_collector_activate(struct vch_collector *collector,
                                  uint8_t secret[static VCH_TPM_CREDENTIAL_SECRET_MAX],
                                  size_t *secret_size, const struct vch_tpm_credential *credential,
                                  struct vch_complaint *complaint);

// Ends the process; all zeros is fine.
void vch_collector_stop(struct vch_collector *collector);
