#include "voucher/parties.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct party {
    const char *name;
    uint64_t share;
    uint32_t next_segment; // the segment after the last one that it answered for; 0: none yet
};

static int compare_names(const void *a, const void *b)
{
    const struct party *left = a, *right = b;
    return strcmp(left->name, right->name);
}

// All names of the registry, sorted. A name that is there several times always finds the same
// entry, since the array does not change.
static vch_status list_parties(struct party **out, const struct vch_registry *registry,
                               struct vch_arena *scratch)
{
    struct party *parties = VCH_ARENA_NEW(scratch, struct party, registry->member_count);

    if (parties == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < registry->member_count; i++)
        parties[i].name = registry->members[i].operator_name;
    if (registry->member_count > 1)
        qsort(parties, registry->member_count, sizeof *parties, compare_names);
    *out = parties;
    return VCH_OK;
}

static struct party *find_party(struct party *parties, const struct vch_registry *registry,
                                const struct vch_vote *vote)
{
    const struct vch_member *member = vch_registry_find(registry, &vote->node);
    VCH_ASSERT(member != NULL); // the recount found it
    struct party wanted = {.name = member->operator_name};
    return bsearch(&wanted, parties, registry->member_count, sizeof *parties, compare_names);
}

static void count_vote(struct vch_parties *out, struct party *party, uint32_t segment,
                       uint32_t operator_count)
{
    party->share += operator_count;
    if (party->share > out->largest_share) {
        out->largest_share = (uint32_t)party->share; // segments are disjoint: it fits
        out->largest = party->name;
    }
    if (out->neighbour == NULL && segment > 0 && party->next_segment == segment) {
        out->neighbour = party->name;
        out->neighbour_segment = segment;
    }
    party->next_segment = segment + 1;
    out->vote_count++;
}

vch_status vch_parties_count(struct vch_parties *out, const struct vch_voucher *voucher,
                             const struct vch_recount *recount, struct vch_arena *scratch)
{
    const struct vch_registry *registry = &voucher->registry;
    struct party *parties = NULL;

    VCH_ASSERT(recount->has_valid_votes);
    *out = (struct vch_parties){0};
    VCH_TRY(list_parties(&parties, registry, scratch));
    for (uint32_t i = 0; i < voucher->result_count; i++) {
        const struct vch_segment_result *result = &voucher->results[i];
        const struct vch_job_segment *segment = &voucher->job.segments[result->segment];
        for (uint32_t j = 0; j < result->vote_count; j++)
            count_vote(out, find_party(parties, registry, &result->votes[j]), result->segment,
                       segment->last - segment->first);
    }
    return VCH_OK;
}
