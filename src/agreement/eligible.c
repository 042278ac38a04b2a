#include "agreement/eligible.h"

#include <string.h>

#include "agreement/accounts.h"
#include "agreement/disputes.h"
#include "agreement/holdings.h"
#include "agreement/roster.h"

// Calls `visit` with each operator that the contest excludes, until it says true.
typedef bool visit_name(void *context, const char *name);

static bool is_party(const struct contest *contest, const struct vch_seat *seat)
{
    return seat->account == &contest->dispute->by->is ||
           vch_disputes_is_defence(contest->segment, seat);
}

// Under the operators that they were drawn for, whatever became of them since.
static bool visit_seats(const struct contest *contest, visit_name *visit, void *context)
{
    const struct segment *segment = contest->segment;

    for (const struct contest *round = segment->contests; round != NULL; round = round->earlier)
        for (uint32_t i = 0; i < round->is.seat_count; i++) {
            const struct vch_seat *seat = &round->is.seats[i];
            if (contest->is_wide && !is_party(contest, seat)) continue;
            if (visit(context, seat->member->operator_name)) return true;
        }
    return false;
}

static bool visit_excluded(const struct contest *contest, const struct roster *roster,
                           visit_name *visit, void *context)
{
    if (contest->dispute != NULL) {
        const struct vch_member *by = vch_roster_member(roster, contest->dispute->by);
        if (by != NULL && visit(context, by->operator_name)) return true;
        return visit_seats(contest, visit, context);
    }
    for (const struct exclusion *at = contest->segment->job->exclusions; at != NULL; at = at->next)
        if (visit(context, at->name)) return true;
    return false;
}

static bool is_same(void *context, const char *name)
{
    const char *const *wanted = context;

    return strcmp(*wanted, name) == 0;
}

struct marking {
    struct vch_state *state;
    const struct roster *roster;
};

static bool mark(void *context, const char *name)
{
    const struct marking *marking = context;
    uint32_t number = 0;

    if (vch_roster_find_operator(&number, marking->roster, name))
        marking->state->operator_marks[number] = marking->state->scans;
    return false;
}

// What a lie costs is no less than what it could earn, or silence cost.
static bool is_worth(const struct vch_state *state, const struct account *account, uint64_t fee)
{
    return account->is.stake * state->parameters.slash_permille / 1000 >= fee; // below 2^63
}

bool vch_eligible_is_present(const struct contest *contest, const struct account *account)
{
    const struct roster *present = contest->present;

    if (present == contest->roster) return true; // looked up already
    const struct vch_member *member = vch_registry_find(present->registry, &account->is.key);
    return member != NULL && member->role == VCH_ROLE_NODE;
}

static bool is_able(const struct vch_state *state, const struct contest *contest,
                    const struct account *account, const struct vch_member *member)
{
    return member != NULL && member->role == VCH_ROLE_NODE && member->has_vrf &&
           account->is.stake >= state->parameters.stake_min &&
           is_worth(state, account, contest->is.fee) &&
           account->is.trials >= state->parameters.trials && vch_accounts_weight(account) > 0 &&
           vch_eligible_is_present(contest, account);
}

// Marks at [0, MEMBERS_MAX) say whose operator is excluded; behind them, whose was counted.
static void count_one(struct vch_state *state, struct eligible *eligible,
                      const struct contest *contest, const struct roster *roster,
                      struct account *account)
{
    uint64_t *excluded = state->operator_marks, *counted = excluded + VCH_REGISTRY_MEMBERS_MAX;
    const struct vch_member *member = vch_roster_member(roster, account);

    if (account->marked == state->scans || !is_able(state, contest, account, member)) return;
    account->marked = state->scans; // a node may hold the segment in several ways
    const uint32_t operator_number = vch_roster_operator(roster, member);
    if (excluded[operator_number] == state->scans) return;
    eligible->nodes++;
    eligible->weight += vch_accounts_weight(account);
    eligible->operators += counted[operator_number] != state->scans;
    counted[operator_number] = state->scans;
}

struct eligible vch_eligible_count(struct vch_state *state, const struct contest *contest,
                                   const struct roster *roster)
{
    const struct model *model = vch_holdings_model(state, &contest->is.model);
    struct eligible eligible = {0};
    struct marking marking = {state, roster};

    state->scans++;
    if (model == NULL) return eligible;
    (void)visit_excluded(contest, roster, mark, &marking);
    for (const struct vch_list *link = model->holdings.next; link != &model->holdings;
         link = link->next) {
        const struct holding *holding = VCH_LIST_THING(link, struct holding, of_model);
        if (holding->first <= contest->is.first && contest->is.last <= holding->last)
            count_one(state, &eligible, contest, roster, holding->account);
    }
    return eligible;
}

vch_status vch_eligible_check(const struct vch_state *state, const struct contest *contest,
                              struct account *account, struct vch_complaint *complaint)
{
    const struct vch_contest *is = &contest->is;
    const struct vch_member *member = account != NULL && contest->roster != NULL
                                          ? vch_roster_member(contest->roster, account)
                                          : NULL;

    if (contest->is_late)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "nobody draws by an anchor that came so late: the next round will be "
                            "drawn by another");
    if (member == NULL || !is_able(state, contest, account, member))
        return vch_complain(
            complaint, VCH_CODE_REFUSED,
            "the node may not draw: it needs a VRF key in the job's registry, to be "
            "a node of the one in force at the anchor, a stake of %llu of which %llu permille are "
            "%llu at least, %llu trials "
            "passed, and weight",
            (unsigned long long)state->parameters.stake_min,
            (unsigned long long)state->parameters.slash_permille, (unsigned long long)is->fee,
            (unsigned long long)state->parameters.trials);
    if (account->grown > is->anchored)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the node staked, held more or passed a trial after the contest's "
                            "anchor: it may draw for later ones");
    if (!vch_holdings_cover(account, &is->model, is->first, is->last))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the node does not hold operators %u to %u of the contest's model",
                            is->first, is->last);
    const char *name = member->operator_name;
    if (visit_excluded(contest, contest->roster, is_same, &name))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the operator \"%s\" is excluded from this contest",
                            member->operator_name);
    return VCH_OK;
}
