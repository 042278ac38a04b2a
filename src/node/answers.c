#include "node/answers.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

enum { BUCKETS = 4096, NONE = -1 }; // check: a power of two

// What was sent for a contest, by kind, and not yet seen in the log.
enum { SENT_SORTITION = 1, SENT_COMMIT = 2, SENT_REVEAL = 4 };

struct record {
    struct vch_contest_id contest;
    struct vch_digest output, trace;
    struct vch_digest *leaves;
    uint32_t leaf_count;
    int next; // in its bucket
    uint8_t sent;
    bool is_used, is_answered, is_outside;
};

struct move { // the last one that was sent in a dispute
    struct vch_digest dispute;
    uint32_t step;
    bool is_used;
};

enum { MOVES = 64, PENDING_MAX = 4096 };

struct vch_answers {
    struct vch_answers_setup setup;
    struct record *records; // a ring
    uint32_t next_record;
    int buckets[BUCKETS];
    struct move moves[MOVES]; // a ring
    uint32_t next_move;
    uint32_t pending_count; // answered, and not yet decided
    struct vch_contest_id pending[PENDING_MAX];
};

vch_status vch_answers_new(struct vch_answers **out, const struct vch_answers_setup *setup,
                           struct vch_arena *arena)
{
    struct vch_answers *answers = VCH_ARENA_NEW(arena, struct vch_answers, 1);
    struct record *records = VCH_ARENA_NEW(arena, struct record, VCH_ANSWERS_MAX);

    if (answers == NULL || records == NULL) return VCH_FAIL(NO_MEMORY);
    answers->setup = *setup;
    answers->records = records;
    for (int i = 0; i < BUCKETS; i++)
        answers->buckets[i] = NONE;
    *out = answers;
    return VCH_OK;
}

void vch_answers_release(struct vch_answers *answers)
{
    if (answers == NULL) return;
    for (uint32_t i = 0; i < VCH_ANSWERS_MAX; i++) {
        free(answers->records[i].leaves);
        answers->records[i].leaves = NULL;
    }
}

static bool is_same(const struct vch_contest_id *a, const struct vch_contest_id *b)
{
    return a->segment == b->segment && a->round == b->round &&
           memcmp(a->subject.bytes, b->subject.bytes, VCH_DIGEST_SIZE) == 0;
}

// A subject is a digest already.
static uint32_t bucket_of(const struct vch_contest_id *contest)
{
    return (vch_get_u32le(contest->subject.bytes) + 31 * contest->segment + contest->round) %
           BUCKETS;
}

static struct record *find(const struct vch_answers *answers, const struct vch_contest_id *contest)
{
    for (int i = answers->buckets[bucket_of(contest)]; i != NONE; i = answers->records[i].next)
        if (is_same(&answers->records[i].contest, contest)) return &answers->records[i];
    return NULL;
}

static void drop(struct vch_answers *answers, struct record *record)
{
    int index = (int)(record - answers->records);
    int *at = &answers->buckets[bucket_of(&record->contest)];

    while (*at != index)
        at = &answers->records[*at].next;
    *at = record->next;
    free(record->leaves);
    *record = (struct record){0};
}

static struct record *add(struct vch_answers *answers, const struct vch_contest_id *contest)
{
    struct record *record = &answers->records[answers->next_record];
    int *bucket = &answers->buckets[bucket_of(contest)];

    if (record->is_used) drop(answers, record);
    *record = (struct record){.contest = *contest, .is_used = true, .next = *bucket};
    *bucket = (int)answers->next_record;
    answers->next_record = (answers->next_record + 1) % VCH_ANSWERS_MAX;
    return record;
}

static struct record *find_or_add(struct vch_answers *answers, const struct vch_contest_id *contest)
{
    struct record *record = find(answers, contest);

    return record != NULL ? record : add(answers, contest);
}

void vch_answers_recall(struct vch_answers *answers, const struct vch_journal_record *kept)
{
    struct record *record = find_or_add(answers, &kept->contest);

    if (record->is_answered) return; // the first answer stands
    record->output = kept->output;
    record->trace = kept->trace;
    record->is_answered = true;
}

bool vch_answers_has_answer(const struct vch_answers *answers, const struct vch_contest_id *contest)
{
    const struct record *record = find(answers, contest);

    return record != NULL && record->is_answered;
}

const struct vch_seat *vch_answers_own(const struct vch_answers *answers,
                                       const struct vch_contest *contest)
{
    return vch_state_seat(contest, &answers->setup.keys->node);
}

// A verdict on it is looked at once.
static void note_pending(struct vch_answers *answers, const struct vch_contest_id *contest)
{
    if (answers->setup.disputes && answers->pending_count < PENDING_MAX)
        answers->pending[answers->pending_count++] = *contest;
}

vch_status vch_answers_answer(struct vch_answers *answers, const struct vch_contest_id *contest,
                              const struct vch_digest *output, const struct vch_digest *trace,
                              const struct vch_digest *leaves, uint32_t count)
{
    struct record *record = find_or_add(answers, contest);
    static const struct vch_digest none;

    if (record->is_answered) return VCH_OK;
    record->output = *output;
    record->trace = trace != NULL ? *trace : none;
    const struct vch_journal_record kept = {*contest, record->output, record->trace};
    VCH_TRY(vch_journal_add(answers->setup.journal, &kept));
    record->is_answered = true;
    note_pending(answers, contest);
    if (leaves == NULL || count == 0 || count > VCH_ANSWERS_LEAVES_MAX) return VCH_OK;
    record->leaves = calloc(count, sizeof *leaves);
    if (record->leaves == NULL) return VCH_OK; // it votes all the same; a dispute would be lost
    memcpy(record->leaves, leaves, count * sizeof *leaves);
    record->leaf_count = count;
    return VCH_OK;
}

static uint8_t mark_of(enum vch_entry_kind kind)
{
    if (kind == VCH_ENTRY_SORTITION) return SENT_SORTITION;
    return kind == VCH_ENTRY_COMMIT ? SENT_COMMIT : SENT_REVEAL;
}

static void send_once(struct vch_answers *answers, struct record *record, uint8_t mark,
                      struct vch_entry *entry)
{
    if ((record->sent & mark) != 0) return;
    record->sent |= mark;
    answers->setup.send(answers->setup.context, entry);
}

// A sortition takes a VRF's proof: one that is outside the limit is asked about again when the time
// for drawing is over and whoever has not drawn may.
static bool wants_to_draw(const struct record *record, const struct vch_contest *contest,
                          uint64_t now_ms)
{
    if (record == NULL || (record->sent & SENT_SORTITION) == 0) return true;
    return record->is_outside && now_ms >= contest->due_ms;
}

static void turn_contest(struct vch_answers *answers, const struct vch_state *state,
                         const struct vch_contest *contest, uint64_t now_ms)
{
    struct record *record = find(answers, &contest->id);
    struct vch_seat_answer answer = {0};
    struct vch_entry entry;
    bool is_drawing = contest->phase == VCH_CONTEST_DRAWING;

    if (record != NULL && record->is_answered)
        answer = (struct vch_seat_answer){true, record->output, record->trace};
    if (is_drawing && !wants_to_draw(record, contest, now_ms)) return;
    bool is_due = vch_seat_next(&entry, state, contest, answers->setup.keys, &answer, now_ms);
    if (!is_due && !is_drawing) return;
    if (record == NULL) record = add(answers, &contest->id);
    if (!is_due) {
        record->is_outside = (record->sent & SENT_SORTITION) == 0;
        record->sent |= SENT_SORTITION;
        return;
    }
    if (is_drawing && record->is_outside) record->sent &= (uint8_t)~SENT_SORTITION;
    record->is_outside = false;
    send_once(answers, record, mark_of(entry.kind), &entry);
}

static bool has_moved(const struct vch_answers *answers, const struct vch_dispute *dispute)
{
    for (uint32_t i = 0; i < MOVES; i++)
        if (answers->moves[i].is_used && answers->moves[i].step == dispute->step &&
            memcmp(&answers->moves[i].dispute, &dispute->id, sizeof dispute->id) == 0)
            return true;
    return false;
}

// The answer of this node that a dispute is about: of whichever round it had its seat in.
static const struct record *find_disputed(const struct vch_answers *answers,
                                          const struct vch_dispute *dispute)
{
    for (uint32_t round = 0; round < 4; round++) {
        const struct vch_contest_id id = {dispute->job, dispute->segment, round};
        const struct record *record = find(answers, &id);
        if (record == NULL || !record->is_answered) continue;
        for (int side = 0; side < 2; side++)
            if (memcmp(&record->trace, &dispute->trace[side], sizeof record->trace) == 0)
                return record;
    }
    return NULL;
}

static void turn_dispute(struct vch_answers *answers, const struct vch_state *state,
                         const struct vch_dispute *dispute)
{
    const struct record *record = find_disputed(answers, dispute);
    struct vch_entry entry;

    if (record == NULL || record->leaf_count == 0 || has_moved(answers, dispute)) return;
    if (!vch_seat_next_move(&entry, state, dispute, &answers->setup.keys->node, record->leaves,
                            record->leaf_count))
        return;
    answers->moves[answers->next_move] = (struct move){dispute->id, dispute->step, true};
    answers->next_move = (answers->next_move + 1) % MOVES;
    answers->setup.send(answers->setup.context, &entry);
}

// A verdict against this node's own answer, which its leaves can show to be right.
static void dispute(struct vch_answers *answers, const struct vch_contest *contest)
{
    const struct record *record = find(answers, &contest->id);
    const struct vch_seat *own = vch_answers_own(answers, contest);
    struct vch_entry entry = {.kind = VCH_ENTRY_DISPUTE_OPEN};

    if (contest->is_dispute || contest->is_trial || record == NULL || record->leaf_count == 0)
        return;
    if (own == NULL || own->state != VCH_SEAT_REVEALED ||
        (vch_hash_is_equal(&own->output, &contest->output) &&
         vch_hash_is_equal(&own->trace, &contest->trace)))
        return;
    entry.dispute_open.job = contest->id.subject;
    entry.dispute_open.segment = contest->id.segment;
    entry.dispute_open.output = own->output;
    entry.dispute_open.trace = own->trace;
    answers->setup.send(answers->setup.context, &entry);
}

// True when there is nothing more to wait for.
static bool look_at_verdict(struct vch_answers *answers, const struct vch_state *state,
                            const struct vch_contest_id *id)
{
    const struct vch_contest *contest = vch_state_contest(state, id);

    if (contest == NULL) return true;
    if (contest->phase < VCH_CONTEST_DECIDED) return false;
    if (contest->phase == VCH_CONTEST_DECIDED) dispute(answers, contest);
    return true;
}

void vch_answers_turn(struct vch_answers *answers, const struct vch_state *state, uint64_t now_ms)
{
    uint32_t kept = 0;

    for (const struct vch_contest *contest = vch_state_next_contest(state, NULL); contest != NULL;
         contest = vch_state_next_contest(state, contest))
        turn_contest(answers, state, contest, now_ms);
    for (uint32_t i = 0; i < answers->pending_count; i++)
        if (!look_at_verdict(answers, state, &answers->pending[i]))
            answers->pending[kept++] = answers->pending[i];
    answers->pending_count = kept;
    for (const struct vch_dispute *at = vch_state_next_dispute(state, NULL); at != NULL;
         at = vch_state_next_dispute(state, at))
        if (at->phase == VCH_DISPUTE_MOVING) turn_dispute(answers, state, at);
}

void vch_answers_forget_sent(struct vch_answers *answers)
{
    for (uint32_t i = 0; i < VCH_ANSWERS_MAX; i++)
        answers->records[i].sent = 0;
    memset(answers->moves, 0, sizeof answers->moves);
}
