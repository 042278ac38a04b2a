#include "client/agreed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "entry/entry.h"
#include "host/clock.h"
#include "member/ledger_link.h"

enum {
    PATIENCE_MS = 30000,
    GRACE_US = 200000, // for answers that were revealed and are on their way
    WAIT_MAX_US = 1000000,
    CONTESTS_MAX = 64, // check: 16 * 4: segments by nodes, rounds of each
};

// What the ledger said of the job: enough to find everything again.
struct event {
    uint64_t position;
    enum vch_entry_kind kind;
    struct vch_contest_id contest; // of kinds that have one
    uint64_t size;                 // of an anchor
    bool has_output;               // of a verdict
};

// How far a contest of the job is, by the clerk's word.
struct contest {
    struct vch_contest_id id;
    bool is_drawn, is_decided, has_output;
    uint32_t seat_count;
    struct vch_public_key seats[VCH_ENTRY_SEATS_MAX];
    struct vch_digest output;
    uint32_t agreeing;
};

struct vch_agreed {
    struct vch_agreed_setup setup;
    struct vch_ledger_link *link;
    struct vch_digest job_id;
    uint64_t number; // the last one used
    uint64_t deadline_us;
    bool is_watching, is_expired;
    uint32_t event_count;
    struct event *events;
    uint32_t contest_count;
    struct contest *contests;
    struct contest *contest; // that is waited for
};

vch_status vch_agreed_new(struct vch_agreed **out, const struct vch_agreed_setup *setup,
                          struct vch_complaint *complaint)
{
    struct vch_agreed *agreed = calloc(1, sizeof *agreed);
    const struct vch_ledger_link_setup link = {.base = setup->pool->base,
                                               .dns = setup->pool->dns,
                                               .tls = setup->pool->tls,
                                               .live_count = &setup->pool->live_streams,
                                               .patience_ms = PATIENCE_MS,
                                               .host = setup->host,
                                               .port = setup->port,
                                               .charter = setup->charter,
                                               .trusts_members = true};

    if (agreed == NULL) return VCH_FAIL(NO_MEMORY);
    agreed->setup = *setup;
    agreed->events = calloc(VCH_AGREED_EVENTS_MAX, sizeof *agreed->events);
    agreed->contests = calloc(CONTESTS_MAX, sizeof *agreed->contests);
    bool has_memory = agreed->events != NULL && agreed->contests != NULL;
    vch_status status = has_memory ? VCH_OK : VCH_FAIL(NO_MEMORY);
    if (vch_is_ok(status)) status = vch_ledger_link_new(&agreed->link, &link, complaint);
    if (!vch_is_ok(status)) {
        vch_agreed_free(agreed);
        return status;
    }
    *out = agreed;
    return VCH_OK;
}

void vch_agreed_free(struct vch_agreed *agreed)
{
    if (agreed == NULL) return;
    if (agreed->link != NULL) vch_ledger_link_free(agreed->link);
    free(agreed->contests);
    free(agreed->events);
    free(agreed);
}

static bool has_contest(enum vch_entry_kind kind)
{
    return kind >= VCH_ENTRY_SORTITION && kind <= VCH_ENTRY_VERDICT;
}

// NULL where it is none of the job's own, or one too many.
static struct contest *find_contest(struct vch_agreed *agreed, const struct vch_contest_id *id)
{
    for (uint32_t i = 0; i < agreed->contest_count; i++)
        if (agreed->contests[i].id.segment == id->segment &&
            agreed->contests[i].id.round == id->round)
            return &agreed->contests[i];
    if (agreed->contest_count == CONTESTS_MAX) return NULL;
    struct contest *contest = &agreed->contests[agreed->contest_count++];
    *contest = (struct contest){.id = *id};
    return contest;
}

// The clerk's word on a contest.
static void take_word(struct contest *contest, const struct vch_entry *entry)
{
    if (entry->kind == VCH_ENTRY_DRAW && !contest->is_drawn) {
        contest->is_drawn = true;
        contest->seat_count = entry->draw.count;
        for (uint32_t i = 0; i < entry->draw.count; i++)
            contest->seats[i] = entry->draw.seats[i].node;
    } else if (entry->kind == VCH_ENTRY_VERDICT && !contest->is_decided) {
        contest->is_decided = true;
        contest->has_output = entry->verdict.has_output;
        contest->output = entry->verdict.output;
        contest->agreeing = entry->verdict.agreeing;
    }
}

static void on_event(void *context, uint64_t position, const struct vch_entry *entry,
                     const uint8_t *bytes, size_t size)
{
    struct vch_agreed *agreed = context;
    bool is_clerks =
        vch_is_equal(&entry->writer, &agreed->setup.charter.clerk, sizeof entry->writer);

    (void)bytes, (void)size;
    if (agreed->event_count < VCH_AGREED_EVENTS_MAX) {
        struct event *event = &agreed->events[agreed->event_count++];
        *event = (struct event){.position = position, .kind = entry->kind};
        if (has_contest(entry->kind)) event->contest = entry->contest;
        if (entry->kind == VCH_ENTRY_ANCHOR) event->size = entry->anchor.size;
        if (entry->kind == VCH_ENTRY_VERDICT) event->has_output = entry->verdict.has_output;
    }
    if (!is_clerks) return;
    if (entry->kind == VCH_ENTRY_EXPIRE && vch_hash_is_equal(&entry->expire, &agreed->job_id))
        agreed->is_expired = true;
    if (entry->kind != VCH_ENTRY_DRAW && entry->kind != VCH_ENTRY_VERDICT) return;
    if (!vch_hash_is_equal(&entry->contest.subject, &agreed->job_id)) return; // a dispute's
    struct contest *contest = find_contest(agreed, &entry->contest);
    if (contest != NULL) take_word(contest, entry);
}

static uint32_t time_left_ms(const struct vch_agreed *agreed)
{
    uint64_t now_us = vch_clock_monotonic_us();
    uint64_t left_ms = now_us < agreed->deadline_us ? (agreed->deadline_us - now_us) / 1000 : 0;

    return left_ms < PATIENCE_MS ? (uint32_t)left_ms + 1 : PATIENCE_MS;
}

static uint64_t next_number(struct vch_agreed *agreed)
{
    uint64_t now = vch_clock_unix_ms() * 1000;

    agreed->number = now > agreed->number ? now : agreed->number + 1;
    return agreed->number;
}

static vch_status enter(struct vch_agreed *agreed, struct vch_entry *entry, uint64_t *position,
                        struct vch_complaint *complaint)
{
    struct vch_ledger_link_taken *taken = NULL;
    struct vch_follower_bytes draft = {0};
    struct vch_arena arena;
    uint8_t *bytes = NULL;

    vch_arena_init(&arena, 1 << 20);
    vch_status status =
        vch_entry_sign(entry, &agreed->setup.charter.id, agreed->setup.key, &arena, complaint);
    if (vch_is_ok(status)) status = vch_entry_encode(&bytes, &draft.size, entry, &arena, complaint);
    taken = VCH_ARENA_NEW(&arena, struct vch_ledger_link_taken, 1);
    if (vch_is_ok(status) && taken == NULL) status = VCH_FAIL(NO_MEMORY);
    draft.bytes = bytes;
    if (vch_is_ok(status))
        status = vch_ledger_link_append_now(agreed->link, &draft, 1, taken, complaint);
    if (vch_is_ok(status) && !vch_is_ok(taken->status))
        status = vch_complain(complaint, taken->status.code, "the ledger did not take our %s: %s",
                              vch_entry_kind_text(entry->kind), taken->text);
    if (vch_is_ok(status)) *position = taken->position;
    vch_arena_release(&arena);
    return status;
}

static vch_status begin_watch(struct vch_agreed *agreed, const struct vch_digest *job_id)
{
    if (agreed->is_watching) vch_ledger_link_unwatch(agreed->link, &agreed->job_id);
    agreed->job_id = *job_id;
    agreed->is_expired = false;
    agreed->event_count = 0;
    agreed->contest_count = 0;
    VCH_TRY(vch_ledger_link_watch(agreed->link, job_id, on_event, agreed));
    agreed->is_watching = true;
    return VCH_OK;
}

vch_status vch_agreed_open(struct vch_agreed *agreed, const struct vch_agreed_job *job,
                           struct vch_complaint *complaint)
{
    static _Thread_local struct vch_entry_job_open open;
    struct vch_entry entry = {.kind = VCH_ENTRY_JOB_OPEN, .job_open = &open};
    uint64_t position = 0;

    if (job->excluded_count > VCH_ENTRY_EXCLUDED_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "at most %u operators can be excluded",
                            VCH_ENTRY_EXCLUDED_MAX);
    agreed->deadline_us = job->deadline_us;
    VCH_TRY(vch_ledger_link_wait_ready(agreed->link, time_left_ms(agreed), complaint));
    open = (struct vch_entry_job_open){.job_id = job->job_id,
                                       .job_bytes = job->job,
                                       .job_size = job->job_size,
                                       .fee = job->fee,
                                       .has_input = job->input != NULL,
                                       .excluded_count = job->excluded_count};
    if (job->input != NULL) open.input = *job->input;
    for (uint32_t i = 0; i < job->excluded_count; i++)
        open.excluded[i] = job->excluded[i];
    VCH_TRY(begin_watch(agreed, &job->job_id));
    entry.number = next_number(agreed);
    return enter(agreed, &entry, &position, complaint);
}

vch_status vch_agreed_input(struct vch_agreed *agreed, uint32_t segment,
                            const struct vch_digest *input, struct vch_complaint *complaint)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_INPUT};
    uint64_t position = 0;

    entry.input.job = agreed->job_id;
    entry.input.segment = segment;
    entry.input.input = *input;
    return enter(agreed, &entry, &position, complaint);
}

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

static uint32_t candidate_of(const struct asking *asking, const struct vch_link *link)
{
    const struct vch_ask *ask = asking->ask;
    uint32_t node = vch_pool_index(ask->pool, link);

    for (uint32_t i = 0; i < ask->candidate_count; i++)
        if (ask->candidates[i].node == node) return i;
    return ask->candidate_count;
}

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
    uint32_t index = candidate_of(asking, link);

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
    uint32_t index = candidate_of(asking, link);

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
    const struct contest *contest = asking->agreed->contest;
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

    question.budget_ms = time_left_ms(asking->agreed);
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
    const struct contest *contest = asking->agreed->contest;

    if (!contest->is_decided) return false;
    if (!contest->has_output || !is_anyone_pending(&asking->ask->round)) return true;
    if (asking->decided_us == 0) asking->decided_us = now_us;
    return now_us >= end_of_grace(asking);
}

static vch_status complain_late(const struct asking *asking, struct vch_complaint *complaint)
{
    const struct contest *contest = asking->agreed->contest;

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
    const struct contest *contest = asking->agreed->contest;

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
    const struct contest *contest = asking->agreed->contest;
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
        agreed->contest = find_contest(agreed, &id);
        if (agreed->contest == NULL)
            return vch_complain(complaint, VCH_CODE_LIMIT, "a job of more than %d contests",
                                CONTESTS_MAX);
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

static bool is_of_segment(const struct event *event, const struct vch_digest *job, uint32_t segment)
{
    if (event->kind == VCH_ENTRY_DISPUTE_OPEN || event->kind == VCH_ENTRY_DISPUTE_MOVE ||
        event->kind == VCH_ENTRY_DISPUTE_DEFAULT || event->kind == VCH_ENTRY_EXPIRE)
        return false;
    if (!has_contest(event->kind)) return true; // the job's opening, inputs, anchors, the registry
    return event->contest.segment == segment && vch_hash_is_equal(&event->contest.subject, job);
}

// Does a draw or a reveal rest on the anchor of this entry?
static bool needs_anchor(const struct event *event, const struct vch_digest *job, uint32_t segment)
{
    if (event->kind == VCH_ENTRY_JOB_OPEN) return true;
    if (event->kind != VCH_ENTRY_CLOSE && event->kind != VCH_ENTRY_VERDICT) return false;
    return is_of_segment(event, job, segment) && !event->has_output;
}

// Is it the first that covers something which needs one? The others say nothing about the segment.
static bool is_needed(const struct vch_agreed *agreed, uint32_t index, uint32_t segment)
{
    const struct event *anchor = &agreed->events[index];

    for (uint32_t i = 0; i < index; i++) {
        const struct event *event = &agreed->events[i];
        bool is_covered = event->position < anchor->size;
        if (!is_covered || !needs_anchor(event, &agreed->job_id, segment)) continue;
        for (uint32_t j = i + 1; j < index && is_covered; j++)
            is_covered = agreed->events[j].kind != VCH_ENTRY_ANCHOR ||
                         agreed->events[j].size <= event->position;
        if (is_covered) return true;
    }
    return false;
}

// The charter, and what the ledger said until the segment's verdict; ascending as it came.
static uint32_t list_positions(uint64_t *out, const struct vch_agreed *agreed, uint32_t segment)
{
    uint64_t verdict = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < agreed->event_count; i++)
        if (agreed->events[i].kind == VCH_ENTRY_VERDICT &&
            is_of_segment(&agreed->events[i], &agreed->job_id, segment))
            verdict = agreed->events[i].position; // the last one is the one that decided
    out[count++] = 0;
    for (uint32_t i = 0; i < agreed->event_count && count < VCH_LEDGER_LINK_POSITIONS_MAX; i++) {
        const struct event *event = &agreed->events[i];
        if (event->position <= out[count - 1] || event->position > verdict) continue;
        if (event->kind == VCH_ENTRY_ANCHOR && !is_needed(agreed, i, segment)) continue;
        if (is_of_segment(event, &agreed->job_id, segment)) out[count++] = event->position;
    }
    return count;
}

vch_status vch_agreed_prove(struct vch_agreed *agreed, uint32_t segment,
                            struct vch_segment_agreement *out, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    uint64_t positions[VCH_LEDGER_LINK_POSITIONS_MAX];
    uint32_t count = list_positions(positions, agreed, segment);
    struct vch_ledger_link_proof proof;

    VCH_TRY(vch_ledger_link_prove_now(agreed->link, positions, count, &proof, arena, complaint));
    struct vch_agreement_leaf *leaves = VCH_ARENA_NEW(arena, struct vch_agreement_leaf, count);
    if (leaves == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++)
        leaves[i] = (struct vch_agreement_leaf){.position = proof.entries[i].position,
                                                .entry = proof.entries[i].entry,
                                                .entry_size = proof.entries[i].entry_size,
                                                .path_count = proof.entries[i].path.count,
                                                .path = proof.entries[i].path.nodes};
    *out = (struct vch_segment_agreement){.checkpoint = (const uint8_t *)proof.checkpoint,
                                          .checkpoint_size = proof.checkpoint_size,
                                          .leaf_count = count,
                                          .leaves = leaves};
    return VCH_OK;
}
