// What the client says that the segment was given, where the plan leaves it to its word: behind a
// segment of its own. Elsewhere no entry counts, whatever a clerk let in.
#include "voucher/contest_parts.h"

static bool is_input(const struct vch_contest_parts *contest, const struct vch_entry *entry)
{
    return entry->kind == VCH_ENTRY_INPUT && entry->input.segment == contest->segment &&
           vch_hash_is_equal(&entry->input.job, &contest->voucher->job_id) &&
           vch_contest_parts_is_by(entry, &contest->voucher->job.client);
}

static bool is_commit(const struct vch_contest_parts *contest, const struct vch_entry *entry)
{
    return entry->kind == VCH_ENTRY_COMMIT && entry->contest.segment == contest->segment &&
           vch_hash_is_equal(&entry->contest.subject, &contest->voucher->job_id);
}

// By the first entry of its client about that, and before anybody committed to an answer; NULL.
static const struct vch_digest *entered_input(const struct vch_contest_parts *contest)
{
    for (const struct vch_entry *at = contest->opening + 1; at < contest->end; at++) {
        if (is_commit(contest, at)) return NULL;
        if (is_input(contest, at)) return &at->input.input;
    }
    return NULL;
}

static const struct vch_digest *opened_with(const struct vch_contest_parts *contest)
{
    const struct vch_entry_job_open *open = contest->opening->job_open;

    return open->has_input ? &open->input : NULL;
}

static bool is_by_nodes(const struct vch_contest_parts *contest, uint32_t segment)
{
    return contest->voucher->job.segments[segment].by == VCH_JOB_BY_NODES;
}

static bool is_first_by_nodes(const struct vch_contest_parts *contest)
{
    for (uint32_t i = 0; i < contest->segment; i++)
        if (is_by_nodes(contest, i)) return false;
    return true;
}

void vch_contest_parts_find_input(struct vch_contest_parts *contest)
{
    if (contest->segment == 0 || is_by_nodes(contest, contest->segment - 1)) return;
    const struct vch_digest *input =
        is_first_by_nodes(contest) ? opened_with(contest) : entered_input(contest);

    contest->out->has_input = input != NULL;
    if (input != NULL) contest->out->input = *input;
}
