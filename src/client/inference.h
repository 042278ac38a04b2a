// One job of a client: what its steps share.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "annex/annex.h"
#include "client/agreed.h"
#include "client/ask.h"
#include "client/client.h"
#include "client/own.h"
#include "client/pool.h"
#include "client/proof.h"
#include "client/route.h"
#include "voucher/proofs.h"

struct vch_client {
    struct vch_client_options options;
    struct vch_arena arena; // of the registry
    struct vch_registry registry;
    struct vch_annex annex; // with which it proves its own segments, if it has one
    struct vch_proofs_known known;
    struct vch_asker_policy policy; // that nodes are held to, for the job at hand
    struct vch_pool pool;
    struct vch_own own;
    struct vch_agreed *agreed; // NULL: on no ledger
};

// One job, as far as it is.
struct vch_inference {
    struct vch_client *client;
    const struct vch_client_request *request;
    struct vch_client_answer *answer;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
    struct vch_route route;
    struct vch_job job;
    uint8_t *job_bytes;
    size_t job_size;
    uint64_t start_us, deadline_us;
    struct vch_tensor boundary; // what crosses into the next segment
    uint32_t boundary_value;
    // Of a job with proofs.
    struct vch_proofs verifier;
    uint32_t values[VCH_JOB_SEGMENTS_MAX + 1];             // that cross its boundaries
    struct vch_segment_proof proofs[VCH_JOB_SEGMENTS_MAX]; // without bytes: none
    bool is_open;                                          // on the ledger
    uint32_t unproven_count;        // segments by nodes, in the order of answer->segments
    struct vch_proof_ask *unproven; // room for all
};

const struct vch_graph *vch_inference_graph(const struct vch_inference *inference);
// One of the graph's values: type and shape, no data.
struct vch_tensor vch_inference_tensor(const struct vch_inference *inference, uint32_t value);

vch_status vch_inference_run(struct vch_inference *inference);

// The job itself.
vch_status vch_inference_check_request(const struct vch_inference *inference);
vch_status vch_inference_make_job(struct vch_inference *inference);
struct vch_crossing vch_inference_crossing(const struct vch_inference *inference);
vch_status vch_inference_commit(struct vch_digest *out, const struct vch_inference *inference,
                                const struct vch_tensor *tensor, uint32_t boundary);

// A segment by nodes: asks them, and keeps what the voucher will say of it.
vch_status vch_inference_ask_nodes(struct vch_inference *inference, uint32_t index,
                                   const struct vch_tensor *output);
int vch_inference_compare_faults(const void *a, const void *b); // their order in a voucher

// Of an agreed job. The first segment by nodes opens it.
vch_status vch_inference_agree(struct vch_inference *inference, struct vch_ask *ask,
                               uint8_t *output);
vch_status vch_inference_prove_agreement(struct vch_inference *inference);

// Of a job with proofs.
vch_status vch_inference_prove_own(struct vch_inference *inference, uint32_t index,
                                   const struct vch_tensor *output);
vch_status vch_inference_note_unproven(struct vch_inference *inference, uint32_t index,
                                       const struct vch_tensor *output,
                                       const struct vch_ask *asked);
vch_status vch_inference_ask_for_proofs(struct vch_inference *inference);

vch_status vch_inference_write_opening(struct vch_inference *inference);
vch_status vch_inference_write_voucher(struct vch_inference *inference);
