#include "client/ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "host/clock.h"

enum {
    PATIENCE_MS_MIN = 1000, // before someone else is asked as well
    PATIENCE_FACTOR = 4,    // of the estimate
    GRACE_MS_MIN = 1000,    // for stragglers after a majority
    GRACE_FACTOR = 3,       // of the time it took
};

// One of the different outputs that nodes voted for.
struct variant {
    struct vch_digest output;
    uint8_t *tensor; // owned; NULL once taken over
    uint64_t compute_us;
};

struct asking {
    struct vch_ask *ask;
    uint64_t start_us, won_us; // won_us 0: no majority now
    uint64_t *asked_us;        // per candidate
    uint32_t variant_count;
    struct variant *variants; // room for one per candidate
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static struct vch_link *link_of(const struct asking *asking, uint32_t index)
{
    const struct vch_ask *ask = asking->ask;

    return &ask->pool->nodes[ask->candidates[index].node].link;
}

static bool has_variant(const struct asking *asking, const struct vch_digest *output)
{
    for (uint32_t i = 0; i < asking->variant_count; i++)
        if (vch_hash_is_equal(&asking->variants[i].output, output)) return true;
    return false;
}

static void learn_speed(struct asking *asking, uint32_t index, uint64_t compute_us)
{
    const struct vch_link_question *question = &asking->ask->question;
    struct vch_pool_node *node = &asking->ask->pool->nodes[asking->ask->candidates[index].node];
    uint64_t elapsed_us = vch_clock_monotonic_us() - asking->asked_us[index];
    uint64_t other_us = compute_us + node->link.rtt_us;
    uint64_t bytes = question->tensor_size + question->output_size;

    node->penalties /= 2;
    if (bytes < (64u << 10) || elapsed_us <= other_us) return; // too little to measure
    uint64_t measured = bytes * 1000000u / (elapsed_us - other_us) + 1;
    node->bytes_per_second =
        node->bytes_per_second == 0 ? measured : (3 * node->bytes_per_second + measured) / 4;
}

static void on_answer(void *context, struct vch_link *link, const struct vch_vote *vote,
                      uint64_t compute_us)
{
    struct asking *asking = context;
    uint32_t index = vch_ask_candidate(asking->ask, link);

    if (index == asking->ask->candidate_count) return;
    learn_speed(asking, index, compute_us);
    if (!vch_round_vote(&asking->ask->round, index, vote)) return;
    if (has_variant(asking, &vote->output)) return;
    asking->variants[asking->variant_count++] =
        (struct variant){vote->output, vch_link_detach(link), compute_us};
}

static void fault(struct asking *asking, uint32_t index, enum vch_fault_kind kind, const char *why)
{
    vch_round_fault(&asking->ask->round, index, kind, why);
    asking->ask->pool->nodes[asking->ask->candidates[index].node].penalties += 2;
}

static void on_fault(void *context, struct vch_link *link, enum vch_fault_kind kind,
                     const char *why)
{
    struct asking *asking = context;
    uint32_t index = vch_ask_candidate(asking->ask, link);

    if (index < asking->ask->candidate_count) fault(asking, index, kind, why);
}

static void ask_candidate(struct asking *asking, uint32_t index)
{
    struct vch_ask *ask = asking->ask;
    struct vch_link_question question = ask->question;
    uint64_t now_us = vch_clock_monotonic_us();

    question.budget_ms = now_us < ask->deadline_us ? (ask->deadline_us - now_us) / 1000 + 1 : 1;
    asking->asked_us[index] = now_us;
    vch_round_ask(&ask->round, index);
    if (!vch_is_ok(vch_link_ask(link_of(asking, index), &question)))
        fault(asking, index, VCH_FAULT_UNREACHABLE, link_of(asking, index)->down_reason);
}

static void ask_more(struct asking *asking)
{
    for (uint32_t next = vch_round_next(&asking->ask->round); next < VCH_ROUND_CANDIDATES_MAX;
         next = vch_round_next(&asking->ask->round))
        ask_candidate(asking, next);
}

static uint64_t patience_us(const struct asking *asking, uint32_t index)
{
    const struct vch_ask *ask = asking->ask;
    uint64_t total_us = ask->deadline_us - asking->start_us;
    uint64_t wanted_us = UINT64_C(1000) * ask->patience_ms;

    if (wanted_us == 0)
        wanted_us =
            PATIENCE_FACTOR * ask->candidates[index].estimate_us + UINT64_C(1000) * PATIENCE_MS_MIN;
    return smaller(wanted_us, total_us / 4); // so that there is time left for someone else
}

static void note_late(struct asking *asking, uint64_t now_us)
{
    struct vch_round *round = &asking->ask->round;

    for (uint32_t i = 0; i < round->candidate_count; i++) {
        if (round->candidates[i].state != VCH_ROUND_ASKED) continue;
        if (now_us - asking->asked_us[i] >= patience_us(asking, i)) vch_round_be_late(round, i);
        vch_link_keep_alive(link_of(asking, i));
    }
}

static uint64_t grace_us(const struct asking *asking)
{
    const struct vch_ask *ask = asking->ask;
    uint64_t left_us = ask->deadline_us > asking->won_us ? ask->deadline_us - asking->won_us : 0;
    uint64_t wanted_us = UINT64_C(1000) * ask->grace_ms;

    if (wanted_us == 0)
        wanted_us =
            GRACE_FACTOR * (asking->won_us - asking->start_us) + UINT64_C(1000) * GRACE_MS_MIN;
    return smaller(wanted_us, left_us / 4); // later segments need time too
}

// With a majority: is it time to go on? A straggler's vote can still undo the majority.
static bool is_finished(struct asking *asking, uint64_t now_us)
{
    struct vch_round_tally tally = vch_round_count(&asking->ask->round);

    if (tally.agreeing < tally.needed) {
        asking->won_us = 0;
        return vch_round_is_lost(&asking->ask->round);
    }
    if (asking->won_us == 0) asking->won_us = now_us;
    if (tally.pending + tally.late == 0) return true;
    return now_us >= asking->won_us + grace_us(asking);
}

static vch_status turn_until_finished(struct asking *asking)
{
    for (;;) {
        ask_more(asking);
        uint64_t now_us = vch_clock_monotonic_us();
        if (is_finished(asking, now_us) || now_us >= asking->ask->deadline_us) return VCH_OK;
        note_late(asking, now_us);
        VCH_TRY(vch_pool_turn(asking->ask->pool));
    }
}

static void give_up_on_stragglers(struct asking *asking)
{
    struct vch_round *round = &asking->ask->round;

    for (uint32_t i = 0; i < round->candidate_count; i++) {
        enum vch_round_state state = round->candidates[i].state;
        if (state != VCH_ROUND_ASKED && state != VCH_ROUND_LATE) continue;
        vch_link_cancel(link_of(asking, i));
        fault(asking, i, VCH_FAULT_SILENT, "did not answer in time");
    }
}

static const char *operator_of(const struct vch_ask *ask, const struct vch_public_key *key)
{
    const struct vch_member *member = vch_registry_find(ask->registry, key);

    return member != NULL ? member->operator_name : "unknown";
}

uint32_t vch_ask_candidate(const struct vch_ask *ask, const struct vch_link *link)
{
    uint32_t node = vch_pool_index(ask->pool, link);

    for (uint32_t i = 0; i < ask->candidate_count; i++)
        if (ask->candidates[i].node == node) return i;
    return ask->candidate_count;
}

void vch_ask_tell(char *out, size_t size, const struct vch_ask *ask)
{
    size_t used = 0;

    for (uint32_t i = 0; i < ask->round.candidate_count && used < size; i++) {
        const struct vch_round_candidate *candidate = &ask->round.candidates[i];
        bool is_vote = candidate->state == VCH_ROUND_VOTED;
        if (!is_vote && candidate->state != VCH_ROUND_FAULTED) continue;
        char key[9];
        vch_hex_encode(key, candidate->node.bytes, 4);
        char output[9];
        vch_hex_encode(output, candidate->vote.output.bytes, 4);
        int written = snprintf(out + used, size - used, "; %s (%s...) %s%s",
                               operator_of(ask, &candidate->node), key,
                               is_vote ? "voted for " : candidate->why, is_vote ? output : "");
        used += written > 0 ? (size_t)written : 0;
    }
}

static vch_status complain_lost(const struct vch_ask *ask, struct vch_complaint *complaint)
{
    const struct vch_round_tally *tally = &ask->tally;
    char who[VCH_COMPLAINT_SIZE] = "";
    bool is_late = vch_clock_monotonic_us() >= ask->deadline_us;

    vch_ask_tell(who, sizeof who, ask);
    return vch_complain(complaint,
                        is_late             ? VCH_CODE_TIMEOUT
                        : tally->votes == 0 ? VCH_CODE_UNAVAILABLE
                                            : VCH_CODE_BAD_PROOF,
                        "segment %u (operators %u to %u): no majority%s: %u of %u votes agree, %u "
                        "are needed, %u candidates%s",
                        ask->question.segment, ask->first, ask->last,
                        is_late ? " before the deadline" : "", tally->agreeing, tally->votes,
                        tally->needed, ask->candidate_count, who);
}

static vch_status confirm(const struct vch_ask *ask, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    struct vch_vote *votes = VCH_ARENA_NEW(arena, struct vch_vote, ask->round.candidate_count);
    struct vch_tally tally;
    uint32_t count = 0;

    if (votes == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < ask->round.candidate_count; i++)
        if (ask->round.candidates[i].state == VCH_ROUND_VOTED)
            votes[count++] = ask->round.candidates[i].vote;
    VCH_TRY(vch_vote_tally(&tally, votes, count, &ask->question.job_id, ask->question.segment,
                           &ask->question.input, ask->quorum, ask->registry, complaint));
    VCH_ASSERT(vch_hash_is_equal(&tally.output, &ask->tally.output));
    return VCH_OK;
}

static vch_status take_output(struct asking *asking, uint8_t *output, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    struct vch_ask *ask = asking->ask;

    if (ask->tally.agreeing < ask->tally.needed) return complain_lost(ask, complaint);
    VCH_TRY(confirm(ask, arena, complaint));
    for (uint32_t i = 0; i < asking->variant_count; i++) {
        const struct variant *variant = &asking->variants[i];
        if (!vch_hash_is_equal(&variant->output, &ask->tally.output)) continue;
        memcpy(output, variant->tensor, ask->question.output_size);
        ask->compute_us = variant->compute_us;
        return VCH_OK;
    }
    return VCH_FAIL(BAD_PROOF); // cannot be: each voted output came with its tensor
}

static vch_status prepare(struct asking *asking, struct vch_arena *arena)
{
    struct vch_ask *ask = asking->ask;
    uint32_t count = ask->candidate_count;

    ask->round = (struct vch_round){ask->quorum, count,
                                    VCH_ARENA_NEW(arena, struct vch_round_candidate, count)};
    asking->asked_us = VCH_ARENA_NEW(arena, uint64_t, count);
    asking->variants = VCH_ARENA_NEW(arena, struct variant, count);
    if (ask->round.candidates == NULL || asking->asked_us == NULL || asking->variants == NULL)
        return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        const struct vch_pool_node *node = &ask->pool->nodes[ask->candidates[i].node];
        ask->round.candidates[i].node = node->link.peer.key;
        ask->round.candidates[i].operator_index = node->operator_index;
    }
    return VCH_OK;
}

vch_status vch_ask_run(struct vch_ask *ask, uint8_t *output, struct vch_arena *arena,
                       struct vch_complaint *complaint)
{
    struct asking asking = {.ask = ask, .start_us = vch_clock_monotonic_us()};

    VCH_ASSERT(ask->candidate_count <= VCH_ROUND_CANDIDATES_MAX);
    VCH_TRY(prepare(&asking, arena));
    ask->pool->events = (struct vch_link_events){.on_answer = on_answer, .on_fault = on_fault};
    ask->pool->context = &asking;
    vch_status status = turn_until_finished(&asking);
    give_up_on_stragglers(&asking);
    ask->pool->events = (struct vch_link_events){0};
    ask->elapsed_us = vch_clock_monotonic_us() - asking.start_us;
    ask->tally = vch_round_count(&ask->round);
    if (vch_is_ok(status)) status = take_output(&asking, output, arena, complaint);
    for (uint32_t i = 0; i < asking.variant_count; i++)
        free(asking.variants[i].tensor);
    return status;
}
