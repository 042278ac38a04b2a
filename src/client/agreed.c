#include "client/agreed.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "client/agreed_parts.h"
#include "host/clock.h"

vch_status vch_agreed_new(struct vch_agreed **out, const struct vch_agreed_setup *setup,
                          struct vch_complaint *complaint)
{
    struct vch_agreed *agreed = calloc(1, sizeof *agreed);
    const struct vch_ledger_link_setup link = {.base = setup->pool->base,
                                               .dns = setup->pool->dns,
                                               .tls = setup->pool->tls,
                                               .live_count = &setup->pool->live_streams,
                                               .patience_ms = VCH_AGREED_PATIENCE_MS,
                                               .host = setup->host,
                                               .port = setup->port,
                                               .charter = setup->charter,
                                               .trusts_members = true};

    if (agreed == NULL) return VCH_FAIL(NO_MEMORY);
    agreed->setup = *setup;
    agreed->events = calloc(VCH_AGREED_EVENTS_MAX, sizeof *agreed->events);
    agreed->contests = calloc(VCH_AGREED_CONTESTS_MAX, sizeof *agreed->contests);
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

bool vch_agreed_parts_has_contest(enum vch_entry_kind kind)
{
    return kind >= VCH_ENTRY_SORTITION && kind <= VCH_ENTRY_VERDICT;
}

struct vch_agreed_contest *vch_agreed_parts_find(struct vch_agreed *agreed,
                                                 const struct vch_contest_id *id)
{
    for (uint32_t i = 0; i < agreed->contest_count; i++)
        if (agreed->contests[i].id.segment == id->segment &&
            agreed->contests[i].id.round == id->round)
            return &agreed->contests[i];
    if (agreed->contest_count == VCH_AGREED_CONTESTS_MAX) return NULL;
    struct vch_agreed_contest *contest = &agreed->contests[agreed->contest_count++];
    *contest = (struct vch_agreed_contest){.id = *id};
    return contest;
}

// The clerk's word on a contest.
static void take_word(struct vch_agreed_contest *contest, const struct vch_entry *entry)
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
        struct vch_agreed_event *event = &agreed->events[agreed->event_count++];
        *event = (struct vch_agreed_event){.position = position, .kind = entry->kind};
        if (vch_agreed_parts_has_contest(entry->kind)) event->contest = entry->contest;
        if (entry->kind == VCH_ENTRY_ANCHOR) event->size = entry->anchor.size;
        if (entry->kind == VCH_ENTRY_VERDICT) event->has_output = entry->verdict.has_output;
    }
    if (!is_clerks) return;
    if (entry->kind == VCH_ENTRY_EXPIRE && vch_hash_is_equal(&entry->expire, &agreed->job_id))
        agreed->is_expired = true;
    if (entry->kind != VCH_ENTRY_DRAW && entry->kind != VCH_ENTRY_VERDICT) return;
    if (!vch_hash_is_equal(&entry->contest.subject, &agreed->job_id)) return; // a dispute's
    struct vch_agreed_contest *contest = vch_agreed_parts_find(agreed, &entry->contest);
    if (contest != NULL) take_word(contest, entry);
}

uint32_t vch_agreed_parts_time_left_ms(const struct vch_agreed *agreed)
{
    uint64_t now_us = vch_clock_monotonic_us();
    uint64_t left_ms = now_us < agreed->deadline_us ? (agreed->deadline_us - now_us) / 1000 : 0;

    return left_ms < VCH_AGREED_PATIENCE_MS ? (uint32_t)left_ms + 1 : VCH_AGREED_PATIENCE_MS;
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
    VCH_TRY(
        vch_ledger_link_wait_ready(agreed->link, vch_agreed_parts_time_left_ms(agreed), complaint));
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
