#include "node/openings.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/log.h"
#include "node/rerun.h"

void vch_openings_init(struct vch_openings *openings, struct vch_session_host *host)
{
    *openings = (struct vch_openings){.host = host};
}

static struct vch_openings_one *find(struct vch_openings *openings, const struct vch_digest *job,
                                     uint32_t segment, uint32_t operator_)
{
    for (uint32_t i = 0; i < VCH_OPENINGS_MAX; i++) {
        struct vch_openings_one *one = &openings->ones[i];
        if (one->is_used && one->segment == segment && one->operator_ == operator_ &&
            vch_hash_is_equal(&one->job, job))
            return one;
    }
    return NULL;
}

static void drop(struct vch_openings_one *one)
{
    if (one->bytes != NULL) vch_wipe(one->bytes, one->size);
    free(one->bytes);
    *one = (struct vch_openings_one){0};
}

// The one that nobody has wanted for the longest time; NULL: all are being computed.
static struct vch_openings_one *oldest(struct vch_openings *openings,
                                       const struct vch_openings_one *but)
{
    struct vch_openings_one *found = NULL;

    for (uint32_t i = 0; i < VCH_OPENINGS_MAX; i++) {
        struct vch_openings_one *one = &openings->ones[i];
        if (one == but || !one->is_used || one->is_waiting) continue;
        if (found == NULL || one->turn < found->turn) found = one;
    }
    return found;
}

static struct vch_openings_one *make_place(struct vch_openings *openings)
{
    for (uint32_t i = 0; i < VCH_OPENINGS_MAX; i++)
        if (!openings->ones[i].is_used) return &openings->ones[i];
    struct vch_openings_one *one = oldest(openings, NULL);
    if (one != NULL) drop(one);
    return one;
}

static vch_status order(struct vch_openings *openings, const struct vch_kept_opening *opening)
{
    const struct vch_kept_record *record = opening->record;
    struct vch_openings_one *one = make_place(openings);
    struct vch_complaint complaint = {""};

    if (one == NULL) return VCH_FAIL(BUSY);
    vch_status status = vch_rerun_open(openings->host, record, opening->operator_, &complaint);
    if (!vch_is_ok(status)) {
        vch_log_write(VCH_LOG_WARNING, "what a disputed operator read cannot be computed now: %s",
                      complaint.text[0] ? complaint.text : vch_code_text(status.code));
        return status;
    }
    *one = (struct vch_openings_one){.is_used = true,
                                     .is_waiting = true,
                                     .job = record->contest.subject,
                                     .segment = record->contest.segment,
                                     .operator_ = opening->operator_};
    return VCH_FAIL(BUSY);
}

vch_status vch_openings_get(struct vch_openings *openings, struct vch_tensor *out,
                            const struct vch_kept_opening *opening, struct vch_arena *arena)
{
    const struct vch_contest_id *contest = &opening->record->contest;
    const size_t size = vch_kept_operands_size(opening);
    struct vch_openings_one *one =
        find(openings, &contest->subject, contest->segment, opening->operator_);
    uint8_t *bytes = NULL;

    if (size > 0 && one == NULL) return order(openings, opening);
    if (size > 0 && one->is_waiting) return VCH_FAIL(BUSY);
    if (size > 0 && one->size != size) return VCH_FAIL(USAGE); // one job has one batch
    bytes = vch_arena_alloc(arena, size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    if (size > 0) {
        memcpy(bytes, one->bytes, size);
        one->turn = ++openings->turn;
    }
    vch_kept_operands_place(out, opening, bytes);
    return VCH_OK;
}

// Others give way to it where they are too many.
static void keep(struct vch_openings *openings, struct vch_openings_one *one,
                 const struct vch_task_part *part)
{
    size_t total = part->size;

    for (uint32_t i = 0; i < VCH_OPENINGS_MAX; i++)
        total += openings->ones[i].size;
    for (struct vch_openings_one *other = oldest(openings, one);
         total > VCH_OPENINGS_SIZE_MAX && other != NULL; other = oldest(openings, one)) {
        total -= other->size;
        drop(other);
    }
    one->bytes = calloc(part->size, 1);
    if (one->bytes == NULL) return;
    memcpy(one->bytes, part->bytes, part->size);
    one->size = part->size;
    one->turn = ++openings->turn;
}

void vch_openings_take(struct vch_openings *openings, const struct vch_task *task)
{
    struct vch_openings_one *one = find(openings, &task->job_id, task->segment, task->operator_);

    if (one == NULL) return;
    one->is_waiting = false;
    if (vch_is_ok(task->status) && task->reply[0].size > 0)
        keep(openings, one, &task->reply[0]);
    else
        vch_log_write(VCH_LOG_WARNING, "what a disputed operator read was not computed: %s",
                      task->complaint.text[0] ? task->complaint.text
                                              : vch_code_text(task->status.code));
    if (one->bytes == NULL) drop(one); // it is asked for again
}

void vch_openings_release(struct vch_openings *openings)
{
    for (uint32_t i = 0; i < VCH_OPENINGS_MAX; i++)
        drop(&openings->ones[i]);
}
