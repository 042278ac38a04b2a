// What the parts of vouch infer share.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "cli/annex_holder.h"
#include "cli/demands.h"
#include "cli/ledger_tool.h"
#include "cli/showing.h"
#include "cli/tensors.h"
#include "cli/tool.h"
#include "client/client.h"
#include "entry/entry.h"

// Legal cuts that the caller chose: nodes run between the first and the last of them.
struct vch_infer_cuts {
    uint32_t count;
    struct vch_job_segment segments[VCH_JOB_SEGMENTS_MAX];
};

// One command: what is asked, of whom, and what both sides have to show.
struct vch_infer {
    struct vch_infer_cuts cuts;
    struct vch_package package;
    struct vch_tensors inputs;
    struct vch_secret_key key;
    struct vch_client_options how;
    struct vch_client_request request;
    struct vch_annex_holder holder;
    struct vch_annex_source annex;
    struct vch_ledger_tool_place ledger;
    const char *excluded[VCH_ENTRY_EXCLUDED_MAX];
    uint64_t repeat;
    struct vch_demands demands;
    struct vch_showing showing;
};

// Everything but the key, and what nodes have to show.
vch_status vch_infer_parts_open(struct vch_infer *s, struct vch_tool *tool);

const char *vch_infer_parts_operator(const struct vch_client *client,
                                     const struct vch_public_key *key);
// The outputs, and what each node did. Takes `times` over.
vch_status vch_infer_parts_show(struct vch_tool *tool, const struct vch_infer *s,
                                const struct vch_client *client,
                                const struct vch_client_answer *answer, json_t *times);
