// The job on its ledger: opened by its client, under the registry that the voucher has. Both say
// who may be drawn.
#include <stdlib.h>
#include <string.h>

#include "voucher/contest_parts.h"

static bool is_opening(const struct vch_contest_parts *contest, const struct vch_entry *entry)
{
    return entry->kind == VCH_ENTRY_JOB_OPEN &&
           vch_hash_is_equal(&entry->job_open->job_id, &contest->voucher->job_id) &&
           vch_contest_parts_is_by(entry, &contest->voucher->job.client) &&
           !entry->job_open->is_trial;
}

// The registry in force at the opening is the newest of an earlier epoch.
static vch_status check_registry(const struct vch_contest_parts *contest)
{
    const uint64_t epoch_ms = contest->charter->parameters.epoch_ms;
    const uint64_t epoch = contest->opening->time_ms / epoch_ms;
    const struct vch_entry *found = NULL;

    for (const struct vch_entry *at = contest->entries; at < contest->opening; at++)
        if (at->kind == VCH_ENTRY_REGISTRY &&
            vch_contest_parts_is_by(at, &contest->charter->founder) &&
            at->time_ms / epoch_ms < epoch)
            found = at;
    if (found == NULL)
        return vch_contest_parts_refuse(contest,
                                        "no registry was entered in an epoch before the job");
    if (!vch_hash_is_equal(&found->registry.digest, &contest->voucher->registry.digest))
        return vch_contest_parts_refuse(contest,
                                        "another registry than the voucher's was in force");
    return VCH_OK;
}

bool vch_contest_parts_is_excluded(const struct vch_contest_parts *contest, const char *name)
{
    const struct vch_entry_job_open *open = contest->opening->job_open;

    for (uint32_t i = 0; i < open->excluded_count; i++)
        if (strcmp(open->excluded[i], name) == 0) return true;
    return false;
}

static bool may_draw(const struct vch_contest_parts *contest, const struct vch_member *member)
{
    return member->role == VCH_ROLE_NODE && member->has_vrf &&
           !vch_contest_parts_is_excluded(contest, member->operator_name);
}

static int compare_names(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

// How many nodes the registry has for this job, and of how many operators: more a draw cannot have
// had, whatever its clerk says.
static vch_status count_eligible(struct vch_contest_parts *contest)
{
    const struct vch_registry *registry = &contest->voucher->registry;
    const char **names = VCH_ARENA_NEW(contest->scratch, const char *, registry->member_count);
    uint32_t count = 0;

    if (names == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < registry->member_count; i++)
        if (may_draw(contest, &registry->members[i]))
            names[count++] = registry->members[i].operator_name;
    if (count > 1) qsort(names, count, sizeof *names, compare_names);
    for (uint32_t i = 0; i < count; i++)
        contest->out->operators += i == 0 || strcmp(names[i - 1], names[i]) != 0;
    contest->eligible_max = count;
    return VCH_OK;
}

vch_status vch_contest_parts_find_opening(struct vch_contest_parts *contest)
{
    const struct vch_entry *at = contest->entries;

    while (at < contest->end && !is_opening(contest, at))
        at++;
    if (at == contest->end)
        return vch_contest_parts_refuse(contest, "the job was not opened in that log");
    contest->opening = at;
    contest->out->opened = vch_contest_parts_leaf(contest, at)->position;
    contest->out->excluded = at->job_open->excluded_count;
    VCH_TRY(check_registry(contest));
    return count_eligible(contest);
}
