#include "voucher/contest.h"

#include "voucher/contest_parts.h"

static bool is_of_round(const struct vch_contest_parts_round *round, const struct vch_entry *entry)
{
    return entry->kind >= VCH_ENTRY_SORTITION && entry->kind <= VCH_ENTRY_VERDICT &&
           entry->contest.segment == round->id.segment && entry->contest.round == round->id.round &&
           vch_hash_is_equal(&entry->contest.subject, &round->id.subject);
}

const struct vch_entry *vch_contest_parts_find(const struct vch_contest_parts_round *round,
                                               enum vch_entry_kind kind,
                                               const struct vch_public_key *writer,
                                               const struct vch_entry *after,
                                               const struct vch_entry *before)
{
    for (const struct vch_entry *at = after + 1; at < before; at++)
        if (at->kind == kind && is_of_round(round, at) && vch_contest_parts_is_by(at, writer))
            return at;
    return NULL;
}

// One committee, from the anchor that its draw rests on to what the clerk says came of it.
static vch_status check_round(const struct vch_contest_parts *contest,
                              struct vch_contest_parts_round *round)
{
    const struct vch_charter *charter = contest->charter;

    round->anchor = vch_contest_parts_find_anchor(contest, round->covered);
    if (round->anchor == NULL)
        return vch_contest_parts_refuse(contest, "no cosigned anchor fixes its draw");
    round->is_late =
        round->anchor->time_ms - round->covered->time_ms > vch_charter_anchor_ms(charter);
    round->draw =
        vch_contest_parts_find(round, VCH_ENTRY_DRAW, &charter->clerk, round->anchor, contest->end);
    if (round->draw == NULL) return vch_contest_parts_refuse(contest, "there is no draw");
    VCH_TRY(vch_contest_parts_check_draw(contest, round));
    round->verdict = vch_contest_parts_find(round, VCH_ENTRY_VERDICT, &charter->clerk, round->draw,
                                            contest->end);
    if (round->verdict == NULL) return vch_contest_parts_refuse(contest, "there is no verdict");
    return round->verdict->verdict.has_output ? vch_contest_parts_check_votes(contest, round)
                                              : VCH_OK;
}

static vch_status check_rounds(const struct vch_contest_parts *contest)
{
    struct vch_contest_parts_round round = {
        .id = {contest->voucher->job_id, contest->segment, 0},
        .wanted = contest->voucher->job.quorum,
        .covered = contest->opening,
    };

    for (; round.id.round < contest->charter->parameters.rounds; round.id.round++) {
        VCH_TRY(check_round(contest, &round));
        if (round.verdict->verdict.has_output) return VCH_OK;
        round.covered = round.verdict;
        if (!round.is_late) round.wanted = 2 * round.wanted + 1;
    }
    return vch_contest_parts_refuse(contest, "no round of it has a majority");
}

static vch_status verify(struct vch_contest_parts *contest)
{
    VCH_TRY(vch_contest_parts_read_log(contest));
    VCH_TRY(vch_contest_parts_find_opening(contest));
    vch_contest_parts_find_input(contest);
    return check_rounds(contest);
}

vch_status vch_contest_verify(struct vch_contest_finding *out, const struct vch_voucher *voucher,
                              const struct vch_segment_result *result, struct vch_arena *scratch,
                              struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct vch_contest_parts contest = {.voucher = voucher,
                                        .agreement = result->agreement,
                                        .segment = result->segment,
                                        .scratch = scratch,
                                        .complaint = complaint,
                                        .out = out};

    *out = (struct vch_contest_finding){0};
    vch_status status = verify(&contest);
    vch_arena_rewind(scratch, mark);
    return status;
}
