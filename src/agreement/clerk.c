#include "agreement/clerk.h"

#include "entry/entry.h"

// Where too few were drawn there is nothing to close.
static enum vch_entry_kind kind_due(const struct vch_contest *contest)
{
    if (contest->phase == VCH_CONTEST_OPEN || contest->phase == VCH_CONTEST_DRAWING)
        return VCH_ENTRY_DRAW;
    if (contest->phase == VCH_CONTEST_COMMITTING && !vch_state_is_hopeless(contest))
        return VCH_ENTRY_CLOSE;
    return VCH_ENTRY_VERDICT;
}

static bool fill_draw(struct vch_entry *out, const struct vch_contest *contest,
                      struct vch_arena *arena)
{
    struct vch_entry_seat *seats = VCH_ARENA_NEW(arena, struct vch_entry_seat, contest->standing);

    if (seats == NULL) return false;
    for (uint32_t i = 0; i < contest->standing; i++)
        seats[i] = (struct vch_entry_seat){contest->seats[i].node, contest->seats[i].weight};
    out->draw.count = contest->standing;
    out->draw.seats = seats;
    out->draw.eligible = contest->eligible;
    out->draw.weight = contest->weight;
    return true;
}

static bool fill_contest(struct vch_entry *out, const struct vch_state *state,
                         const struct vch_contest *contest, struct vch_arena *arena)
{
    out->kind = kind_due(contest);
    out->contest = contest->id;
    if (out->kind == VCH_ENTRY_DRAW) return fill_draw(out, contest, arena);
    if (out->kind == VCH_ENTRY_CLOSE) {
        out->close.commits = contest->commits;
        return true;
    }
    struct vch_state_tally tally = vch_state_tally(state, contest);
    out->verdict.has_output = tally.has_output;
    out->verdict.output = tally.output;
    out->verdict.agreeing = tally.agreeing;
    return true;
}

bool vch_clerk_next(struct vch_entry *out, const struct vch_state *state, uint64_t now_ms,
                    struct vch_arena *arena)
{
    const struct vch_due due = vch_state_due(state);

    *out = (struct vch_entry){0};
    if (due.time_ms > now_ms) return false;
    switch (due.kind) {
    case VCH_DUE_NOTHING: return false;
    case VCH_DUE_CONTEST: return fill_contest(out, state, due.contest, arena);
    case VCH_DUE_JOB:
        out->kind = VCH_ENTRY_EXPIRE;
        out->expire = due.job->id;
        return true;
    case VCH_DUE_DISPUTE:
        out->kind = VCH_ENTRY_DISPUTE_DEFAULT;
        out->dispute_default = due.dispute->id;
        return true;
    }
    return false;
}

uint64_t vch_clerk_wake_ms(const struct vch_state *state)
{
    return vch_state_due(state).time_ms;
}
