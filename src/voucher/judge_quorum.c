// QUORUM: how many agree, who drew them, and what that is worth.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consensus/capture.h"
#include "voucher/judge_parts.h"

enum { LISTED_SEGMENTS_MAX = 3 };

// The tally with the fewest to spare: the quorum is as good as its weakest segment.
static uint32_t weakest_segment(const struct vch_judge_parts *judge)
{
    const struct vch_job *job = &judge->voucher->job;
    uint32_t weakest = VCH_NONE;

    for (uint32_t i = 0; i < job->segment_count; i++) {
        const struct vch_tally *tally = &judge->recount.tallies[i];
        if (job->segments[i].by != VCH_JOB_BY_NODES) continue;
        if (weakest == VCH_NONE || tally->agreeing < judge->recount.tallies[weakest].agreeing)
            weakest = i;
    }
    return weakest;
}

static void list_tally(char *out, size_t size, const struct vch_judge_parts *judge,
                       uint32_t segment, const char *before)
{
    const struct vch_tally *tally = &judge->recount.tallies[segment];
    size_t used = strlen(out);

    (void)snprintf(out + used, size - used, "%ssegment %u: %u of %u agree, %u needed", before,
                   segment, tally->agreeing, tally->counted, tally->needed);
}

// At most as many operators as could be drawn for this segment.
static uint32_t operators_behind(const struct vch_contest_finding *found)
{
    return found->eligible < found->operators ? found->eligible : found->operators;
}

// A bound on any committee of this segment being captured: each round is another chance, larger
// than the one before, but for late ones, which had no committee. specs/voucher.md, section 6.
static uint64_t capture_of(const struct vch_contest_finding *found, uint32_t quorum,
                           uint32_t percent)
{
    const uint32_t operators = operators_behind(found),
                   dishonest = (operators * percent + 99) / 100;
    uint64_t sum = 0;

    for (uint32_t size = quorum; size <= found->wanted; size = 2 * size + 1)
        sum = vch_capture_either(sum, vch_capture_equal(operators, dishonest, size));
    return sum;
}

// "8.4e-3 at 10 %, ...": of all committees of the job.
static void tell_capture(char *out, size_t size, const struct vch_judge_parts *judge)
{
    static const uint32_t percents[] = {10, 20, 30};
    size_t used = 0;

    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
        uint64_t sum = 0;
        char text[VCH_CAPTURE_TEXT_SIZE];
        for (uint32_t j = 0; j < judge->voucher->result_count; j++)
            if (judge->agreed[j] != NULL)
                sum = vch_capture_either(
                    sum, capture_of(judge->agreed[j], judge->voucher->job.quorum, percents[i]));
        vch_capture_text(text, sum);
        int written = snprintf(out + used, size - used, "%s%s at %u %%", i > 0 ? ", " : "", text,
                               percents[i]);
        used += written > 0 ? (size_t)written : 0;
        if (used >= size) return;
    }
}

// The agreement whose segment the fewest operators could be drawn for; NULL: there is none.
static const struct vch_contest_finding *find_narrowest(const struct vch_judge_parts *judge)
{
    const struct vch_contest_finding *narrowest = NULL;

    for (uint32_t i = 0; i < judge->voucher->result_count; i++) {
        const struct vch_contest_finding *found = judge->agreed[i];
        if (found != NULL &&
            (narrowest == NULL || operators_behind(found) < operators_behind(narrowest)))
            narrowest = found;
    }
    return narrowest;
}

static uint64_t find_last_window(const struct vch_judge_parts *judge)
{
    uint64_t last_ms = 0;

    for (uint32_t i = 0; i < judge->voucher->result_count; i++)
        if (judge->agreed[i] != NULL && judge->agreed[i]->disputable_ms > last_ms)
            last_ms = judge->agreed[i]->disputable_ms;
    return last_ms;
}

// A voucher is made at the verdict: what came of it in its window for disputes is elsewhere.
static void tell_disputes(char *out, size_t size, const struct vch_judge_parts *judge)
{
    const uint64_t end_ms = find_last_window(judge), now_ms = judge->policy->at_ms;

    if (now_ms == 0)
        (void)snprintf(out, size, "disputes were possible until %" PRIu64 " ms", end_ms);
    else if (now_ms < end_ms)
        (void)snprintf(out, size,
                       "it can still be disputed and overturned, for %" PRIu64 " more seconds",
                       (end_ms - now_ms + 999) / 1000);
    else
        (void)snprintf(out, size, "it could be disputed until %" PRIu64 " seconds ago",
                       (now_ms - end_ms) / 1000);
}

// The reason of a quorum that committees on a ledger give.
static void judge_agreed_quorum(struct vch_judge_parts *judge, const char *tallies)
{
    const struct vch_contest_finding *found = find_narrowest(judge);
    char capture[120] = "", disputes[120] = "", excluded[60] = "";

    if (found == NULL) return; // there are agreements, so there is one
    tell_capture(capture, sizeof capture, judge);
    tell_disputes(disputes, sizeof disputes, judge);
    if (found->excluded > 0)
        (void)snprintf(excluded, sizeof excluded, ", without %u that the client excluded",
                       found->excluded);
    vch_judge_parts_say(
        judge, VCH_CLAIM_QUORUM, VCH_VERDICT_SHOWN,
        "%s, drawn by lot out of %u nodes of at most %u operators%s, each committed before "
        "any revealed, on ledger %s, cosigned by %u of %u witnesses; chance that a committee "
        "of this job had a dishonest majority, if all operators weighed alike, by the share "
        "of dishonest ones, their clerk not among them: %s; %s; whether anybody did, what the "
        "operators weigh, and that "
        "the draw is complete are for vouch audit",
        tallies, found->eligible, operators_behind(found), excluded, found->origin, found->cosigned,
        found->witnesses, capture, disputes);
}

static bool is_ledger_named(const struct vch_judge_parts *judge, const struct vch_digest *ledger)
{
    for (uint32_t i = 0; i < judge->policy->ledger_count && i < VCH_VERIFY_KEYS_MAX; i++)
        if (vch_hash_is_equal(ledger, &judge->policy->ledgers[i])) return true;
    return false;
}

// Whether the reader named ledgers, and the quorum is by none of them, or by direct votes.
static bool is_elsewhere(struct vch_judge_parts *judge, uint32_t segment_count)
{
    const struct vch_contest_finding *found = find_narrowest(judge);
    char hex[VCH_JUDGE_PARTS_HEX_SIZE];

    if (judge->policy->ledger_count == 0) return false;
    if (found == NULL || judge->agreement_count < segment_count)
        vch_judge_parts_say(
            judge, VCH_CLAIM_QUORUM, VCH_VERDICT_NOT_SHOWN,
            "you named ledgers, and %u of %u segments come with an agreement on one: the "
            "others' votes are whatever the client chose to show",
            judge->agreement_count, segment_count);
    else if (!is_ledger_named(judge, &found->ledger))
        vch_judge_parts_say(
            judge, VCH_CLAIM_QUORUM, VCH_VERDICT_NOT_SHOWN,
            "its agreements are on ledger %s (%s), which is none of those that you named",
            vch_judge_parts_hex(hex, found->ledger.bytes), found->origin);
    else
        return false;
    return true;
}

void vch_judge_parts_quorum(struct vch_judge_parts *judge)
{
    const struct vch_job *job = &judge->voucher->job;
    uint32_t least = judge->policy->quorum_min, count = vch_judge_parts_node_segments(job);
    char tallies[200] = "";

    if (least == 0) least = VCH_VERIFY_QUORUM_MIN;
    if (job->quorum < least) {
        vch_judge_parts_say(
            judge, VCH_CLAIM_QUORUM, VCH_VERDICT_NOT_SHOWN,
            "the job asked for %u votes a segment, and you require %u; pass --quorum %u to "
            "be content with that",
            job->quorum, least, job->quorum);
        return;
    }
    if (is_elsewhere(judge, count)) return;
    for (uint32_t i = 0; count <= LISTED_SEGMENTS_MAX && i < job->segment_count; i++)
        if (job->segments[i].by == VCH_JOB_BY_NODES)
            list_tally(tallies, sizeof tallies, judge, i, tallies[0] != '\0' ? "; " : "");
    if (count > LISTED_SEGMENTS_MAX) {
        (void)snprintf(tallies, sizeof tallies, "%u segments, the weakest being ", count);
        list_tally(tallies, sizeof tallies, judge, weakest_segment(judge), "");
    }
    if (judge->agreement_count == count) {
        judge_agreed_quorum(judge, tallies);
        return;
    }
    vch_judge_parts_say(
        judge, VCH_CLAIM_QUORUM, VCH_VERDICT_SHOWN,
        "%s, each of another party; votes were direct: that none was left out is the client's "
        "word",
        tallies);
}
