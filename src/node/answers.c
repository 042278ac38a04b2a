#include "node/answers.h"

#include <string.h>

#include "base/bytes.h"
#include "node/again.h"

enum { BUCKETS = 4096, NONE = -1 }; // check: a power of two

struct record {
    struct vch_contest_id contest;
    struct vch_digest output, trace;
    int next; // in its bucket
    enum vch_entry_kind sent;
    struct vch_again again;
    bool is_used, is_answered, has_sent, is_outside;
};

struct vch_answers {
    struct vch_answers_setup setup;
    struct record *records; // a ring
    uint32_t next_record;
    int buckets[BUCKETS];
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

vch_status vch_answers_answer(struct vch_answers *answers, const struct vch_contest_id *contest,
                              const struct vch_digest *output, const struct vch_digest *trace)
{
    struct record *record = find_or_add(answers, contest);
    static const struct vch_digest none;

    if (record->is_answered) return VCH_OK;
    record->output = *output;
    record->trace = trace != NULL ? *trace : none;
    const struct vch_journal_record kept = {*contest, record->output, record->trace};
    VCH_TRY(trace != NULL ? vch_journal_note(answers->setup.journal, &kept)
                          : vch_journal_add(answers->setup.journal, &kept));
    record->is_answered = true;
    return VCH_OK;
}

static void send_due(struct vch_answers *answers, struct record *record, struct vch_entry *entry,
                     uint64_t now_ms)
{
    if (record->has_sent && record->sent == entry->kind &&
        !vch_again_is_time(&record->again, now_ms))
        return;
    if (!record->has_sent || record->sent != entry->kind) record->again = (struct vch_again){0};
    record->has_sent = true;
    record->sent = entry->kind;
    vch_again_note(&record->again, now_ms);
    answers->setup.send(answers->setup.context, entry);
}

// A sortition takes a VRF's proof: one that is outside the limit is asked about again when the time
// for drawing is over and whoever has not drawn may.
static bool wants_to_draw(const struct vch_answers *answers, const struct record *record,
                          const struct vch_contest *contest, uint64_t now_ms)
{
    if (record != NULL && record->is_outside && now_ms < contest->due_ms) return false;
    if (record != NULL && record->has_sent && !vch_again_is_time(&record->again, now_ms))
        return false;
    return contest->is_dispute || answers->setup.may_draw(answers->setup.context, contest);
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
    if (is_drawing && !wants_to_draw(answers, record, contest, now_ms)) return;
    bool is_due = vch_seat_next(&entry, state, contest, answers->setup.keys, &answer, now_ms);
    if (!is_due && !is_drawing) return;
    if (record == NULL) record = add(answers, &contest->id);
    record->is_outside = !is_due;
    if (is_due) send_due(answers, record, &entry, now_ms);
}

void vch_answers_turn(struct vch_answers *answers, const struct vch_state *state, uint64_t now_ms)
{
    for (const struct vch_contest *contest = vch_state_next_contest(state, NULL); contest != NULL;
         contest = vch_state_next_contest(state, contest))
        turn_contest(answers, state, contest, now_ms);
}

void vch_answers_forget_sent(struct vch_answers *answers)
{
    for (uint32_t i = 0; i < VCH_ANSWERS_MAX; i++)
        answers->records[i].again = (struct vch_again){0};
}
