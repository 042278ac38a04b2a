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
                                const struct vch_member *member)
{
    VCH_ASSERT(member != NULL); // the recount found it
    struct party wanted = {.name = member->operator_name};
    return bsearch(&wanted, parties, registry->member_count, sizeof *parties, compare_names);
}

// A party answers once for a segment, whether it told the client, a ledger, or both.
static void count_answer(struct vch_parties *out, struct party *party, uint32_t segment,
                         uint32_t operator_count)
{
    if (party->next_segment == segment + 1) return;
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
    out->answer_count++;
}

struct answers {
    struct vch_parties *out;
    struct party *parties;
    const struct vch_registry *registry;
    const struct vch_job_segment *segments;
};

static void count_answers(const struct answers *answers, const struct vch_segment_result *result,
                          const struct vch_contest_finding *agreed)
{
    const struct vch_registry *registry = answers->registry;
    const struct vch_job_segment *segment = &answers->segments[result->segment];
    const uint32_t size = segment->last - segment->first;

    for (uint32_t i = 0; i < result->vote_count; i++)
        count_answer(answers->out,
                     find_party(answers->parties, registry,
                                vch_registry_find(registry, &result->votes[i].node)),
                     result->segment, size);
    for (uint32_t i = 0; agreed != NULL && i < agreed->answer_count; i++)
        count_answer(answers->out,
                     find_party(answers->parties, registry, &registry->members[agreed->answers[i]]),
                     result->segment, size);
}

vch_status vch_parties_count(struct vch_parties *out, const struct vch_voucher *voucher,
                             const struct vch_recount *recount,
                             const struct vch_contest_finding *const *agreed,
                             struct vch_arena *scratch)
{
    struct answers answers = {
        .out = out, .registry = &voucher->registry, .segments = voucher->job.segments};

    VCH_ASSERT(recount->has_valid_votes);
    *out = (struct vch_parties){0};
    VCH_TRY(list_parties(&answers.parties, &voucher->registry, scratch));
    for (uint32_t i = 0; i < voucher->result_count; i++)
        count_answers(&answers, &voucher->results[i], agreed != NULL ? agreed[i] : NULL);
    return VCH_OK;
}
