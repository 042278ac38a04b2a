#include "agreement/evidence.h"

#include <string.h>

#include "agreement/accounts.h"
#include "agreement/contests.h"
#include "agreement/windows.h"

// Whether these are two commits of one writer to one contest, and not to the same.
static bool is_contradiction(const struct vch_entry *first, const struct vch_entry *second)
{
    return first->kind == VCH_ENTRY_COMMIT && second->kind == VCH_ENTRY_COMMIT &&
           memcmp(&first->writer, &second->writer, sizeof first->writer) == 0 &&
           memcmp(&first->contest.subject, &second->contest.subject,
                  sizeof first->contest.subject) == 0 &&
           first->contest.segment == second->contest.segment &&
           first->contest.round == second->contest.round &&
           !vch_hash_is_equal(&first->commit.commitment, &second->commit.commitment);
}

static vch_status check_signatures(const struct vch_state *state, const struct vch_entry *first,
                                   const struct vch_entry *second, struct vch_complaint *complaint)
{
    const struct vch_state_checks *checks = &state->setup.checks;

    if (vch_is_ok(checks->signature(checks->context, first, &state->charter.id)) &&
        vch_is_ok(checks->signature(checks->context, second, &state->charter.id)))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "the evidence is not signed by the node that it speaks of");
}

vch_status vch_evidence_check(struct vch_state *state, struct step *step,
                              struct vch_complaint *complaint)
{
    const struct vch_entry *first = step->entry->evidence.first;
    const struct vch_entry *second = step->entry->evidence.second;

    if (!is_contradiction(first, second))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "evidence is two commits of one node to one contest that differ");
    struct contest *contest = step->contest = vch_contests_find(state, &first->contest);
    if (contest != NULL && vch_windows_is_open(contest->segment, step->now))
        step->seat = vch_contests_seat(contest, &first->writer);
    if (step->seat == NULL)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the ledger remembers no contest in which that node had a seat: its "
                            "window is over, or it never was");
    if (step->seat->is_convicted)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the node was convicted of these commits before");
    VCH_TRY(vch_accounts_check_room(state, step->writer, complaint));
    return check_signatures(state, first, second, complaint);
}

void vch_evidence_take(struct vch_state *state, const struct step *step)
{
    struct account *winner = vch_accounts_get(state, &step->entry->writer);
    struct account *account = vch_accounts_of_seat(step->seat);

    step->seat->is_convicted = true;
    vch_accounts_divide(state, vch_accounts_slash(state, account), winner);
}
