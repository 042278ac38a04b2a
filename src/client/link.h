// A client's connection to one node: greeting, round-trip time, one question at a time.
//
// The node may be hostile. Whatever it sends is checked against what was asked: the vote's
// signature by this very node over this job, segment and input; the tensor's size, its range, and
// that it opens the vote's commitment. An answer that reaches `on_answer` has passed all of it;
// anything else reaches `on_fault`, with its kind.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/channel.h"
#include "circuit/crossing.h"
#include "consensus/vote.h"
#include "crypto/commitment.h"
#include "model/tensor.h"
#include "net/peers.h"
#include "net/stream.h"

#define VCH_LINK_RANGES_MAX 64u
#define VCH_LINK_PROOF_SIZE_MAX ((size_t)48 << 20) // an annex and a proof: a voucher holds them

enum vch_link_state {
    VCH_LINK_DOWN,
    VCH_LINK_CONNECTING,
    VCH_LINK_GREETING,  // hello sent, no welcome yet
    VCH_LINK_ATTESTING, // not accepted yet, by us or by the node's own policy
    VCH_LINK_PROBING,   // ping sent, no pong yet
    VCH_LINK_READY,
    VCH_LINK_LEAVING, // the node said goodbye: no new questions
};

// Borrowed until answered, faulted or cancelled.
struct vch_link_question {
    const uint8_t *job; // canonical
    size_t job_size;
    struct vch_digest job_id;
    uint32_t segment, batch;
    struct vch_nonce input_nonce, output_nonce;
    struct vch_crossing crossing; // how the job commits to tensors
    struct vch_digest input;      // the input's commitment
    const uint8_t *tensor;
    size_t tensor_size;
    struct vch_tensor output; // type and shape
    size_t output_size;       // whole batch
    uint64_t budget_ms;
    bool is_proof;  // a proof is wanted, not a vote
    bool is_agreed; // a vote that follows the node's reveal on a ledger, in that round
    uint32_t round;
};

// A node's proof as it came: nothing but its size has been checked. The link's; vch_link_detach
// takes it, the annex first and the proof straight after it.
struct vch_link_proof {
    size_t annex_size, proof_size;
    uint64_t compute_us;
};

struct vch_link;

struct vch_link_events {
    // The tensor is the link's; vch_link_detach takes it.
    void (*on_answer)(void *context, struct vch_link *link, const struct vch_vote *vote,
                      uint64_t compute_us);
    void (*on_fault)(void *context, struct vch_link *link, enum vch_fault_kind kind,
                     const char *why);
    void (*on_proof)(void *context, struct vch_link *link, const struct vch_link_proof *proof);
};

struct vch_link_setup {
    struct vch_stream_setup stream; // base, tls, live_count, limits
    struct vch_link_events events;
    void *context;
    struct vch_digest model, registry; // holdings of another model are of no interest
    uint32_t operator_count;
    const struct vch_asker_policy *policy; // that the node is held to; NULL: none
    struct vch_attester *attester;         // what the node may ask of us; NULL: nothing is there
};

struct vch_link {
    struct vch_link_setup setup;
    struct vch_peer peer;
    enum vch_link_state state;
    struct vch_stream *stream;
    char down_reason[160];
    uint64_t down_since_ms, probed_us;
    struct vch_channel channel;     // of the stream
    struct vch_asker_kept evidence; // the last that was accepted, on whichever stream
    // What the node says of itself.
    uint32_t range_count;
    struct {
        uint32_t first, last;
    } ranges[VCH_LINK_RANGES_MAX];
    uint32_t provable_count;
    struct {
        uint32_t first, last, log_columns;
    } provables[VCH_LINK_RANGES_MAX];
    uint64_t work_per_second, memory;
    // What we measured.
    uint64_t rtt_us, heard_ms, pinged_ms;
    uint64_t bytes_in, bytes_out; // of streams that are gone
    bool was_told;                // anything of a job, on whichever stream
    // The question being asked.
    bool is_asking, has_header;
    uint64_t id; // of the question; grows
    struct vch_link_question question;
    size_t sent, received, expected; // expected: once there is a header
    struct vch_vote vote;
    struct vch_link_proof proof;
    uint64_t compute_us, asked_us;
    uint8_t *tensor; // being received; or annex and proof
};

void vch_link_init(struct vch_link *link, const struct vch_link_setup *setup,
                   const struct vch_peer *peer);
// Starts what is needed to become READY: watch the state.
void vch_link_connect(struct vch_link *link);
// Measures the round trip again: PROBING until the pong is there.
void vch_link_probe(struct vch_link *link);
// While a long answer is awaited: a ping now and then, so that neither side takes the other for
// gone.
void vch_link_keep_alive(struct vch_link *link);
// Time has passed: evidence is asked for again when that is due, and a node that gives none in time
// is left. A link whose evidence holds no more goes back to ATTESTING.
void vch_link_tick(struct vch_link *link);
bool vch_link_is_settled(const struct vch_link *link); // READY, LEAVING or DOWN
bool vch_link_holds(const struct vch_link *link, uint32_t first, uint32_t last);
// Does the node say that it can prove these operators, with commitments of so many columns?
bool vch_link_proves(const struct vch_link *link, uint32_t first, uint32_t last,
                     uint32_t log_columns);

// UNAVAILABLE unless READY and idle, and the node's evidence holds. Events never come from inside
// this call.
vch_status vch_link_ask(struct vch_link *link, const struct vch_link_question *question);
// No event comes for the question any more.
void vch_link_cancel(struct vch_link *link);
// From inside on_answer or on_proof: what came, now the caller's to free.
uint8_t *vch_link_detach(struct vch_link *link);

uint64_t vch_link_bytes_in(const struct vch_link *link);
uint64_t vch_link_bytes_out(const struct vch_link *link);

// Closes the stream; a question in hand is forgotten. What it keeps of evidence stays.
void vch_link_close(struct vch_link *link, const char *reason);

// Closed for good.
void vch_link_release(struct vch_link *link);
