// A committee is drawn by lot: each seat shows with its VRF what it drew, for an alpha that nobody
// knew before the anchor. That nobody with a better draw was left out, only the whole log can show.
#include <string.h>

#include "consensus/draw.h"
#include "voucher/contest_parts.h"

static struct vch_digest alpha_of(const struct vch_contest_parts *contest,
                                  const struct vch_contest_parts_round *round)
{
    const struct vch_agreement_leaf *covered = vch_contest_parts_leaf(contest, round->covered);
    const struct vch_draw_contest drawn = {
        .ledger = contest->charter->id,
        .entry = vch_merkle_leaf(covered->entry, covered->entry_size),
        .anchor = vch_entry_anchor_seed(round->anchor),
        .registry = contest->voucher->registry.digest,
        .subject = round->id.subject,
        .segment = round->id.segment,
        .round = round->id.round,
    };

    return vch_draw_alpha(&drawn);
}

static vch_status check_count(const struct vch_contest_parts *contest,
                              const struct vch_contest_parts_round *round)
{
    const uint32_t seats = round->draw->draw.count, eligible = round->draw->draw.eligible;

    if (round->is_late && seats > 0)
        return vch_contest_parts_refuse(contest,
                                        "seats were drawn by an anchor that came too late");
    if (seats > round->wanted)
        return vch_contest_parts_refuse(contest, "more seats were drawn than the round has");
    if (seats > eligible)
        return vch_contest_parts_refuse(contest,
                                        "more seats were drawn than its draw speaks of nodes");
    if (eligible > contest->eligible_max)
        return vch_contest_parts_refuse(
            contest, "its draw speaks of more nodes than the registry has for it");
    return VCH_OK;
}

// The candidate that a seat was, from its own sortition.
static vch_status find_candidate(struct vch_draw_candidate *out,
                                 const struct vch_contest_parts *contest,
                                 struct vch_contest_parts_round *round, uint32_t seat,
                                 const struct vch_digest *alpha)
{
    const struct vch_registry *registry = &contest->voucher->registry;
    const struct vch_public_key *node = &round->draw->draw.seats[seat].node;
    const struct vch_member *member = vch_registry_find(registry, node);
    const struct vch_entry *sortition =
        vch_contest_parts_find(round, VCH_ENTRY_SORTITION, node, round->anchor, round->draw);
    struct vch_vrf_beta beta;

    if (member == NULL || member->role != VCH_ROLE_NODE || !member->has_vrf)
        return vch_contest_parts_refuse(
            contest, "a seat is not held by a node with a VRF key in the registry");
    if (sortition == NULL) return vch_contest_parts_refuse(contest, "a seat was never drawn for");
    if (!vch_is_ok(vch_vrf_verify(&beta, &member->vrf, alpha->bytes, sizeof alpha->bytes,
                                  &sortition->sortition.proof)))
        return vch_contest_parts_refuse(contest, "a seat's draw does not verify");
    round->seats[seat] = member;
    *out = (struct vch_draw_candidate){.node = *node,
                                       .operator_id = (uint32_t)(member - registry->members),
                                       .weight = round->draw->draw.seats[seat].weight,
                                       .exponent = vch_draw_exponent(&beta)};
    return VCH_OK;
}

static vch_status check_operator(const struct vch_contest_parts *contest,
                                 const struct vch_contest_parts_round *round, uint32_t seat)
{
    const char *name = round->seats[seat]->operator_name;

    if (vch_contest_parts_is_excluded(contest, name))
        return vch_contest_parts_refuse(contest,
                                        "a seat is held by an operator that the client excluded");
    for (uint32_t i = 0; i < seat; i++)
        if (strcmp(round->seats[i]->operator_name, name) == 0)
            return vch_contest_parts_refuse(contest, "two seats are held by one operator");
    return VCH_OK;
}

vch_status vch_contest_parts_check_draw(const struct vch_contest_parts *contest,
                                        struct vch_contest_parts_round *round)
{
    const struct vch_digest alpha = alpha_of(contest, round);
    struct vch_draw_candidate candidate, before;

    VCH_TRY(check_count(contest, round));
    for (uint32_t i = 0; i < round->draw->draw.count; i++, before = candidate) {
        VCH_TRY(find_candidate(&candidate, contest, round, i, &alpha));
        if (candidate.weight == 0) return vch_contest_parts_refuse(contest, "a seat has no weight");
        VCH_TRY(check_operator(contest, round, i));
        if (i > 0 && vch_draw_compare(&before, &candidate) >= 0)
            return vch_contest_parts_refuse(contest,
                                            "its seats do not stand in the order of their draws");
    }
    return VCH_OK;
}
