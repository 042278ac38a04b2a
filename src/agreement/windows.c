#include "agreement/windows.h"

#include "agreement/accounts.h"
#include "agreement/contests.h"
#include "agreement/disputes.h"
#include "agreement/jobs.h"
#include "agreement/settle.h"
#include "base/check.h"

// Times never fall and all windows are of one length, so that the list is in the order of ends.
void vch_windows_open(struct vch_state *state, struct segment *segment, uint64_t now)
{
    segment->is.decided_ms = now;
    segment->is.window_ms = now + state->parameters.dispute_ms;
    vch_list_append(&state->windows, &segment->window);
}

bool vch_windows_is_open(const struct segment *segment, uint64_t now)
{
    return !segment->is.is_final && (segment->is.phase == VCH_JOB_PENDING ||
                                     now < segment->is.window_ms || segment->is.open_disputes > 0);
}

// In a segment that was overturned nobody knows who was right.
static bool is_wrong(const struct segment *segment, const struct vch_seat *seat)
{
    return segment->is.phase == VCH_JOB_DECIDED && !segment->job->is_trial &&
           !segment->is.is_overturned && seat->state == VCH_SEAT_REVEALED &&
           !vch_settle_has_won(segment, seat);
}

static void release_seats(struct vch_state *state, const struct segment *segment,
                          const struct contest *contest)
{
    for (uint32_t i = 0; i < contest->is.seat_count; i++) {
        const struct vch_seat *seat = &contest->is.seats[i];
        struct account *account = vch_accounts_of_seat(seat);
        VCH_ASSERT(account->is.frozen > 0);
        account->is.frozen--;
        if (contest->dispute != NULL || !is_wrong(segment, seat)) continue;
        vch_accounts_fault(state, account, VCH_ACCOUNTS_CORRECT);
        account->is.wrongs++;
    }
}

static void release_contests(struct vch_state *state, const struct segment *segment,
                             struct contest *contest)
{
    while (contest != NULL) {
        struct contest *earlier = contest->earlier;
        release_seats(state, segment, contest);
        vch_contests_free(state, contest);
        contest = earlier;
    }
}

static void close_window(struct vch_state *state, struct segment *segment, uint64_t now)
{
    release_contests(state, segment, segment->contests);
    segment->contests = NULL;
    while (segment->disputes != NULL) {
        struct dispute *dispute = segment->disputes;
        segment->disputes = dispute->next;
        release_contests(state, segment, dispute->contests);
        vch_disputes_free(state, dispute);
    }
    segment->is.is_final = true;
    segment->is_overdue = false;
    vch_list_remove(&segment->window);
    vch_jobs_finish(state, segment->job, now);
}

void vch_windows_recall(struct vch_state *state, struct segment *segment, uint64_t now)
{
    if (segment->is_overdue && segment->is.open_disputes == 0) close_window(state, segment, now);
}

void vch_windows_close(struct vch_state *state, uint64_t now)
{
    while (!vch_list_is_empty(&state->windows)) {
        struct segment *segment = VCH_LIST_THING(state->windows.next, struct segment, window);
        if (now < segment->is.window_ms) break;
        vch_list_remove(&segment->window);
        if (segment->is.open_disputes > 0)
            segment->is_overdue = true;
        else
            close_window(state, segment, now);
    }
    vch_jobs_forget(state, now);
}

static uint32_t count_of(const struct contest *contest, const struct account *account)
{
    uint32_t count = 0;

    for (; contest != NULL; contest = contest->earlier)
        for (uint32_t i = 0; i < contest->is.seat_count; i++)
            count += contest->is.seats[i].account == &account->is;
    return count;
}

uint32_t vch_windows_due_of(const struct vch_state *state, const struct account *account,
                            uint64_t now)
{
    uint32_t count = 0;

    for (const struct vch_list *link = state->windows.next; link != &state->windows;
         link = link->next) {
        const struct segment *segment = VCH_LIST_THING(link, struct segment, window);
        if (now < segment->is.window_ms) break;
        if (segment->is.open_disputes > 0) continue;
        count += count_of(segment->contests, account);
        for (const struct dispute *at = segment->disputes; at != NULL; at = at->next)
            count += count_of(at->contests, account);
    }
    return count;
}
