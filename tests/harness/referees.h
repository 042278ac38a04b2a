// A dispute that has come to its referees, about the model of session.h: a segment of its two
// operators, three seats of which two told the truth, and a liar who disputes their verdict.
#pragma once

#include "crypto/merkle.h"
#include "harness/ledger.h"
#include "harness/session.h"
#include "message/message.h"
#include "model/trace.h"

enum { REFEREES_OPERATORS = 2, REFEREES_NODES = 16 };

// What the liar lies about; of the output it has every leaf right, and reveals another output.
enum referees_lie { REFEREES_FIRST, REFEREES_SECOND, REFEREES_OUTPUT };

struct referees_side {
    int8_t tensors[REFEREES_OPERATORS][SESSION_SIDE]; // what each operator gave
    struct vch_digest commitments[REFEREES_OPERATORS], leaves[REFEREES_OPERATORS], root, output;
    uint32_t node; // of the ledger's
};

struct referees {
    struct vch_arena arena;
    struct session_fixture session; // of a node that was drawn as a referee
    int8_t input[SESSION_SIDE];
    struct vch_nonce input_nonce, output_nonce;
    struct vch_trace_segment segment;
    const uint8_t *job;
    size_t job_size;
    struct vch_contest_id contest, drawn; // that of the job, that of the referees
    struct vch_digest dispute;
    struct referees_side truth, liar;
    uint32_t self; // the referee
};

static const int8_t REFEREES_INPUT[SESSION_SIDE] = {100, -7, 0, 127};
static const int8_t REFEREES_TRUTH[REFEREES_OPERATORS][SESSION_SIDE] = {{50, -3, 0, 64},
                                                                        {25, -1, 0, 32}};

static inline struct vch_tensor referees_tensor(const int8_t *data)
{
    return (struct vch_tensor){.type = VCH_TYPE_I8,
                               .shape = {1, {SESSION_SIDE}},
                               .data = (void *)(uintptr_t)data}; // only read
}

// From operator `from` on, everything is off by one.
static inline void referees_fill(struct referees_side *side, const struct referees *r,
                                 uint32_t from)
{
    struct vch_digest digests[REFEREES_OPERATORS];

    memcpy(side->tensors, REFEREES_TRUTH, sizeof REFEREES_TRUTH);
    for (uint32_t i = 0; i < REFEREES_OPERATORS; i++) {
        if (i >= from) side->tensors[i][0]++;
        const struct vch_tensor tensor = referees_tensor(side->tensors[i]);
        digests[i] = vch_tensor_digest(&tensor, 1);
    }
    vch_trace_commit(side->commitments, &r->segment, digests, NULL);
    vch_trace_leaves(side->leaves, side->commitments, REFEREES_OPERATORS);
    side->root = vch_merkle_root(side->leaves, REFEREES_OPERATORS);
    side->output = side->commitments[REFEREES_OPERATORS - 1];
}

static inline struct vch_entry referees_job(struct referees *r)
{
    struct ledger_job plan = ledger_plain_job(3);
    const struct vch_tensor input = referees_tensor(r->input);
    uint8_t *bytes = NULL;

    plan.each = REFEREES_OPERATORS;
    const struct vch_entry entry = ledger_job_entry(&plan);
    struct vch_entry_job_open *open = (struct vch_entry_job_open *)(uintptr_t)entry.job_open;
    open->job.input = vch_tensor_commit(&input, 1, &r->input_nonce);
    open->job.nonces[0] = vch_commitment_pin(&r->input_nonce);
    open->job.nonces[1] = vch_commitment_pin(&r->output_nonce);
    CHECK_OK(vch_job_encode(&bytes, &open->job_size, &open->job, &ledger.arena, NULL));
    open->job_bytes = bytes;
    open->job_id = vch_job_id(bytes, open->job_size);
    r->job = bytes;
    r->job_size = open->job_size;
    r->contest = (struct vch_contest_id){open->job_id, 0, 0};
    return entry;
}

// The liar sits on the last of the three seats.
static inline void referees_vote(struct referees *r)
{
    const struct referees_side *says[] = {&r->truth, &r->truth, &r->liar};

    ledger_draw(&r->contest);
    r->truth.node = ledger_seat(&r->contest, 0);
    r->liar.node = ledger_seat(&r->contest, 2);
    for (uint32_t i = 0; i < 3; i++)
        ledger_do(ledger_commit_entry(&r->contest, ledger_seat(&r->contest, i), &says[i]->output,
                                      &says[i]->root),
                  ledger_seat_key(&r->contest, i));
    ledger_clerk();
    ledger_anchor();
    for (uint32_t i = 0; i < 3; i++)
        ledger_do(ledger_reveal_entry(&r->contest, ledger_seat(&r->contest, i), &says[i]->output,
                                      &says[i]->root),
                  ledger_seat_key(&r->contest, i));
    ledger_clerk();
    CHECK_EQ(ledger_contest(&r->contest)->phase, VCH_CONTEST_DECIDED);
}

static inline void referees_move(const struct referees *r, const struct referees_side *side)
{
    const struct ledger_node *node = &ledger.nodes[side->node];
    const struct vch_dispute *dispute = vch_state_dispute(ledger.state, &r->dispute);
    struct vch_entry entry;

    CHECK(vch_seat_next_move(&entry, ledger.state, dispute, &node->key.public_key, side->leaves,
                             REFEREES_OPERATORS));
    ledger_do(entry, &node->key);
}

static inline void referees_dispute(struct referees *r)
{
    const struct vch_secret_key *by = &ledger.nodes[r->liar.node].key;
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_OPEN};

    entry.dispute_open.job = r->contest.subject;
    entry.dispute_open.output = r->liar.output;
    entry.dispute_open.trace = r->liar.root;
    ledger_do(entry, by);
    r->dispute = vch_entry_dispute_id(&r->contest.subject, 0, &by->public_key, &r->liar.output,
                                      &r->liar.root);
    while (vch_state_dispute(ledger.state, &r->dispute)->phase == VCH_DISPUTE_MOVING) {
        referees_move(r, &r->liar);
        referees_move(r, &r->truth);
    }
    r->drawn = (struct vch_contest_id){r->dispute, 0, 0};
    ledger_draw(&r->drawn);
    r->self = ledger_seat(&r->drawn, 0);
}

static inline const struct vch_state *referees_state(void *context)
{
    (void)context;
    return ledger.state;
}

// The referee's session, with that node on its other end.
static inline void referees_connect(struct referees *r, uint32_t node)
{
    session_init(&r->session);
    session_join_ledger(&r->session);
    r->session.may_work = VCH_SESSION_GO;
    r->session.host.state = referees_state;
    r->session.host.self = &ledger.nodes[r->self].key.public_key;
    r->session.models.models[0].package.identity = ledger_digest(0x10); // what all of them hold
    vch_session_init(&r->session.session, &r->session.host, &ledger.nodes[node].key.public_key,
                     &r->session);
}

static inline void referees_new(struct referees *r, enum referees_lie lie)
{
    const struct vch_parameters parameters = ledger_parameters();

    *r = (struct referees){.input_nonce = {{3}}, .output_nonce = {{4}}};
    vch_arena_init(&r->arena, 1 << 24);
    memcpy(r->input, REFEREES_INPUT, sizeof r->input);
    session_init(&r->session); // for its graph
    CHECK_OK(vch_trace_segment_init(&r->segment, &r->session.graph, 0, REFEREES_OPERATORS,
                                    &r->input_nonce, &r->output_nonce, &r->arena));
    referees_fill(&r->truth, r, REFEREES_OPERATORS);
    referees_fill(&r->liar, r, lie == REFEREES_OUTPUT ? REFEREES_OPERATORS : (uint32_t)lie);
    if (lie == REFEREES_OUTPUT) r->liar.output.bytes[0] ^= 1;
    session_release(&r->session);
    ledger_found(REFEREES_NODES, 1, &parameters);
    ledger_do(referees_job(r), &ledger.client);
    referees_vote(r);
    referees_dispute(r);
    referees_connect(r, r->truth.node);
}

static inline void referees_free(struct referees *r)
{
    session_release(&r->session);
    vch_arena_release(&r->arena);
}

// What a side has to open: of the first operator the segment's input; of the second, and of the
// output, what the first gave.
static inline const int8_t *referees_opening(Vouch__RefereeRequest *request, struct referees *r,
                                             const struct referees_side *side,
                                             enum referees_lie lie)
{
    Vouch__RefereeInput *input = VCH_ARENA_NEW(&r->arena, Vouch__RefereeInput, 1);
    Vouch__RefereeInput **list = VCH_ARENA_NEW(&r->arena, Vouch__RefereeInput *, 1);
    ProtobufCBinaryData *path = VCH_ARENA_NEW(&r->arena, ProtobufCBinaryData, 1);

    vouch__referee_request__init(request);
    vouch__referee_input__init(input);
    list[0] = input;
    path[0] = vch_message_borrow(side->leaves[1].bytes, VCH_DIGEST_SIZE);
    input->size = SESSION_SIDE;
    if (lie != REFEREES_FIRST) {
        input->place = 1;
        input->n_path = 1;
        input->path = path;
    }
    request->id = 1;
    request->dispute = vch_message_borrow(r->dispute.bytes, sizeof r->dispute.bytes);
    request->job = vch_message_borrow(r->job, r->job_size);
    request->input_nonce = vch_message_borrow(r->input_nonce.bytes, sizeof r->input_nonce.bytes);
    request->output_nonce = vch_message_borrow(r->output_nonce.bytes, sizeof r->output_nonce.bytes);
    request->size = SESSION_SIDE;
    request->n_inputs = 1;
    request->inputs = list;
    return lie == REFEREES_FIRST ? r->input : side->tensors[0];
}
