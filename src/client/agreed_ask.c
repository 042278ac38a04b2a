// Whoever is drawn is asked, round after round, until the ledger has a verdict.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "client/agreed_parts.h"
#include "host/clock.h"

enum {
    GRACE_US = 200000, // for answers that were revealed and are on their way
    WAIT_MAX_US = 1000000,
};

// One of the different outputs that seats voted for.
struct variant {
    struct vch_digest output;
    uint8_t *tensor; // owned
    uint64_t compute_us;
};

struct asking {
    struct vch_agreed *agreed;
    struct vch_ask *ask;
    uint64_t start_us, decided_us;
    uint32_t variant_count;
    struct variant *variants; // room for one per seat
};

static const struct variant *find_variant(const struct asking *asking,
                                          const struct vch_digest *output)
{
    for (uint32_t i = 0; i < asking->variant_count; i++)
        if (vch_hash_is_equal(&asking->variants[i].output, output)) return &asking->variants[i];
    return NULL;
}

static void on_answer(void *context, struct vch_link *link, const struct vch_vote *vote,
                      uint64_t compute_us)
{
    struct asking *asking = context;
    uint32_t index = vch_ask_candidate(asking->ask, link);

    if (index == asking->ask->candidate_count) return;
    if (!vch_round_vote(&asking->ask->round, index, vote)) return;
    if (find_variant(asking, &vote->output) != NULL) return;
    asking->variants[asking->variant_count++] =
        (struct variant){vote->output, vch_link_detach(link), compute_us};
}

static void on_fault(void *context, struct vch_link *link, enum vch_fault_kind kind,
                     const char *why)
{
    struct asking *asking = context;
    uint32_t index = vch_ask_candidate(asking->ask, link);

    if (index < asking->ask->candidate_count)
        vch_round_fault(&asking->ask->round, index, kind, why);
}

static uint32_t find_node(const struct vch_pool *pool, const struct vch_public_key *key)
{
    for (uint32_t i = 0; i < pool->count; i++)
        if (vch_is_equal(&pool->nodes[i].link.peer.key, key, sizeof *key)) return i;
    return VCH_PEERS_MAX;
}

static vch_status list_seats(struct asking *asking, struct vch_arena *arena)
{
    const struct vch_agreed_contest *contest = asking->agreed->contest;
    struct vch_ask *ask = asking->ask;
    uint32_t count = contest->seat_count;
    struct vch_ask_candidate *candidates = VCH_ARENA_NEW(arena, struct vch_ask_candidate, count);

    ask->round = (struct vch_round){ask->quorum, count,
                                    VCH_ARENA_NEW(arena, struct vch_round_candidate, count)};
    asking->variants = VCH_ARENA_NEW(arena, struct variant, count);
    if (candidates == NULL || ask->round.candidates == NULL || asking->variants == NULL)
        return VCH_FAIL(NO_MEMORY);
    asking->variant_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t node = find_node(ask->pool, &contest->seats[i]);
        candidates[i].node = node;
        ask->round.candidates[i].node = contest->seats[i];
        // Seats are of different operators, whoever they are.
        ask->round.candidates[i].operator_index =
            node < ask->pool->count ? ask->pool->nodes[node].operator_index : UINT32_MAX - i;
    }
    ask->candidates = candidates;
    ask->candidate_count = count;
    return VCH_OK;
}

static void ask_seat(struct asking *asking, uint32_t index)
{
    struct vch_ask *ask = asking->ask;
    uint32_t node = ask->candidates[index].node;
    struct vch_link_question question = ask->question;
    const char *why = "we do not know where it listens";

    question.budget_ms = vch_agreed_parts_time_left_ms(asking->agreed);
    question.is_agreed = true;
    question.round = asking->agreed->contest->id.round;
    vch_round_ask(&ask->round, index);
    if (node < ask->pool->count) {
        if (vch_is_ok(vch_link_ask(&ask->pool->nodes[node].link, &question))) return;
        why = ask->pool->nodes[node].link.down_reason;
    }
    vch_round_fault(&ask->round, index, VCH_FAULT_UNREACHABLE, why);
}

static bool is_anyone_pending(const struct vch_round *round)
{
    for (uint32_t i = 0; i < round->candidate_count; i++)
        if (round->candidates[i].state == VCH_ROUND_ASKED) return true;
    return false;
}

static uint64_t end_of_grace(const struct asking *asking)
{
    return asking->decided_us + GRACE_US + (asking->decided_us - asking->start_us) / 2;
}

// With a verdict: is what we need of it here, or is there nothing more to wait for?
static bool is_finished(struct asking *asking, uint64_t now_us)
{
    const struct vch_agreed_contest *contest = asking->agreed->contest;

    if (!contest->is_decided) return false;
    if (!contest->has_output || !is_anyone_pending(&asking->ask->round)) return true;
    if (asking->decided_us == 0) asking->decided_us = now_us;
    return now_us >= end_of_grace(asking);
}

static vch_status complain_late(const struct asking *asking, struct vch_complaint *complaint)
{
    const struct vch_agreed_contest *contest = asking->agreed->contest;

    if (asking->agreed->is_expired)
        return vch_complain(complaint, VCH_CODE_TIMEOUT, "the job expired on the ledger");
    if (vch_ledger_link_state(asking->agreed->link) == VCH_LEDGER_LINK_BROKEN)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF, "the ledger lied: %s",
                            vch_ledger_link_trouble(asking->agreed->link));
    return vch_complain(complaint, VCH_CODE_TIMEOUT,
                        "segment %u, round %u: no %s on the ledger before the deadline",
                        contest->id.segment, contest->id.round,
                        contest->is_drawn ? "verdict" : "draw");
}

// Until there is something to do though nothing has come: at the latest, to keep streams alive.
static uint32_t time_to_wait_ms(const struct asking *asking, uint64_t now_us)
{
    const uint64_t deadline_us = asking->agreed->deadline_us;
    uint64_t end_us = now_us + WAIT_MAX_US;

    if (deadline_us < end_us) end_us = deadline_us;
    if (asking->decided_us != 0 && end_of_grace(asking) < end_us) end_us = end_of_grace(asking);
    return end_us > now_us ? (uint32_t)((end_us - now_us) / 1000) + 1 : 1;
}

static vch_status turn_until(struct asking *asking, bool (*is_done)(struct asking *, uint64_t),
                             struct vch_complaint *complaint)
{
    struct vch_agreed *agreed = asking->agreed;

    for (;;) {
        uint64_t now_us = vch_clock_monotonic_us();
        if (is_done(asking, now_us)) return VCH_OK;
        if (now_us >= agreed->deadline_us || agreed->is_expired ||
            vch_ledger_link_state(agreed->link) == VCH_LEDGER_LINK_BROKEN)
            return complain_late(asking, complaint);
        for (uint32_t i = 0; i < asking->ask->pool->count; i++)
            vch_link_keep_alive(&asking->ask->pool->nodes[i].link);
        VCH_TRY(vch_pool_wait(asking->ask->pool, time_to_wait_ms(asking, now_us)));
    }
}

static bool is_drawn(struct asking *asking, uint64_t now_us)
{
    const struct vch_agreed_contest *contest = asking->agreed->contest;

    (void)now_us;
    return contest->is_drawn || contest->is_decided;
}

static void give_up_on_stragglers(struct asking *asking)
{
    struct vch_round *round = &asking->ask->round;

    for (uint32_t i = 0; i < round->candidate_count; i++) {
        if (round->candidates[i].state != VCH_ROUND_ASKED) continue;
        vch_link_cancel(&asking->ask->pool->nodes[asking->ask->candidates[i].node].link);
        vch_round_fault(round, i, VCH_FAULT_SILENT, "did not answer in time");
    }
}

static void free_variants(struct asking *asking)
{
    for (uint32_t i = 0; i < asking->variant_count; i++)
        free(asking->variants[i].tensor);
    asking->variant_count = 0;
}

// One round, from its draw to its verdict.
static vch_status run_round(struct asking *asking, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    free_variants(asking);
    VCH_TRY(turn_until(asking, is_drawn, complaint));
    VCH_TRY(list_seats(asking, arena));
    asking->decided_us = 0;
    asking->ask->pool->events =
        (struct vch_link_events){.on_answer = on_answer, .on_fault = on_fault};
    asking->ask->pool->context = asking;
    for (uint32_t i = 0; i < asking->ask->candidate_count; i++)
        ask_seat(asking, i);
    vch_status status = turn_until(asking, is_finished, complaint);
    give_up_on_stragglers(asking);
    asking->ask->pool->events = (struct vch_link_events){0};
    return status;
}

static vch_status take_output(struct asking *asking, uint8_t *output,
                              struct vch_complaint *complaint)
{
    const struct vch_agreed_contest *contest = asking->agreed->contest;
    struct vch_ask *ask = asking->ask;
    const struct variant *variant = find_variant(asking, &contest->output);

    ask->tally = vch_round_count(&ask->round);
    ask->tally.output = contest->output;
    if (variant == NULL) {
        char who[VCH_COMPLAINT_SIZE] = "";
        vch_ask_tell(who, sizeof who, ask);
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "segment %u: %u seats agreed on the ledger, but none of them sent us "
                            "the tensor%s",
                            contest->id.segment, contest->agreeing, who);
    }
    memcpy(output, variant->tensor, ask->question.output_size);
    ask->compute_us = variant->compute_us;
    return VCH_OK;
}

static vch_status run_rounds(struct asking *asking, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    struct vch_agreed *agreed = asking->agreed;
    const uint64_t rounds = agreed->setup.charter.parameters.rounds;

    for (uint32_t round = 0; round < rounds; round++) {
        const struct vch_contest_id id = {agreed->job_id, asking->ask->question.segment, round};
        agreed->contest = vch_agreed_parts_find(agreed, &id);
        if (agreed->contest == NULL)
            return vch_complain(complaint, VCH_CODE_LIMIT, "a job of more than %d contests",
                                VCH_AGREED_CONTESTS_MAX);
        VCH_TRY(run_round(asking, arena, complaint));
        if (agreed->contest->has_output) return VCH_OK;
    }
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "segment %u: no majority in any of %" PRIu64 " rounds",
                        asking->ask->question.segment, rounds);
}

vch_status vch_agreed_ask(struct vch_agreed *agreed, struct vch_ask *ask, uint8_t *output,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct asking asking = {.agreed = agreed, .ask = ask, .start_us = vch_clock_monotonic_us()};

    vch_status status = run_rounds(&asking, arena, complaint);
    ask->elapsed_us = vch_clock_monotonic_us() - asking.start_us;
    if (vch_is_ok(status)) status = take_output(&asking, output, complaint);
    free_variants(&asking);
    return status;
}
