// One admitted request, from the first byte of its tensor to the last byte of its result.
//
// It belongs to its session's event loop, except while the worker has it. What it may take of the
// node's memory was set aside when it was admitted.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "consensus/job.h"
#include "consensus/vote.h"
#include "crypto/commitment.h"
#include "crypto/sign.h"
#include "model/tensor.h"
#include "node/models.h"
#include "node/provers.h"

struct vch_referee;
struct vch_session;

enum vch_task_state {
    VCH_TASK_RECEIVING,
    VCH_TASK_WAITING, // of an agreed job: until the ledger says that this node has a seat
    VCH_TASK_WORKING, // waiting for the worker, or with it
    VCH_TASK_HELD,    // of an agreed job: until all who answer have committed
    VCH_TASK_SENDING,
};

// The output tensor; or the annex and the proof.
#define VCH_TASK_PARTS 2u

struct vch_task_part {
    const uint8_t *bytes;
    size_t size;
};

struct vch_task {
    // What was asked.
    uint64_t id; // the client's, unique on its stream
    struct vch_digest job_id;
    struct vch_public_key client;
    uint32_t segment, first, last, batch;
    const struct vch_model *model;
    const struct vch_cut *in, *out;
    enum vch_commitment_kind commitment_kind;
    uint32_t log_columns; // of commitments of kind 2
    struct vch_nonce input_nonce, output_nonce;
    bool is_proof; // of the segment, instead of a vote
    const struct vch_prover *prover;
    bool is_opening;    // of what an operator read in a run that was kept, instead of a vote
    uint32_t operator_; // that operator
    bool is_agreed;     // on a ledger: for the seat that this node has in that round
    uint32_t round;
    const uint8_t *job; // canonical; in the arena once admitted
    size_t job_size;
    struct vch_referee *referee; // of a dispute; NULL: none. Owned
    bool has_promised_input;     // the job, or the ledger, commits to the input
    struct vch_digest promised_input;

    // What it takes.
    struct vch_arena arena;
    size_t memory;
    uint64_t give_up_ms; // monotonic
    uint64_t admitted_ms;
    atomic_bool is_cancelled; // set by the loop, read by the worker between operators
    const atomic_bool *stop;  // NULL, or what another process says likewise

    // How far it is.
    enum vch_task_state state;
    struct vch_session *session; // NULL: nobody waits for it any more
    struct vch_task *next;       // in the worker's queues
    struct vch_tensor input, output;
    size_t input_size, received, output_size, sent;
    bool is_header_sent;
    struct vch_task_part reply[VCH_TASK_PARTS]; // what follows the answer's header, in order

    // What the worker says.
    vch_status status;
    struct vch_complaint complaint;
    struct vch_vote vote;
    uint64_t compute_us;
    // Of an agreed job: leaves and root of the trace (model/trace.h).
    uint32_t leaf_count;
    struct vch_digest *digests; // of what each operator gave
    struct vch_digest *leaves, trace;
};
