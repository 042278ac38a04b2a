#include "voucher/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "circuit/crossing.h"
#include "consensus/capture.h"
#include "model/segment.h"
#include "voucher/attested_claim.h"
#include "voucher/contest.h"
#include "voucher/parties.h"
#include "voucher/proofs.h"
#include "voucher/recount.h"
#include "voucher/rerun.h"

enum { HEX_SIZE = 2 * 32 + 1, LISTED_SEGMENTS_MAX = 3 };

// What one verification knows so far. Claims are judged in an order in which each comes after
// those that it rests on.
struct judge {
    const struct vch_verify_input *input;
    const struct vch_voucher *voucher;
    const struct vch_policy *policy;
    struct vch_verify_report *report;
    struct vch_arena *scratch;
    struct vch_recount recount;
    bool is_founder_named, is_right_package, is_planned;
    // Agreements: how many, what each shows (by result; NULL: none), and the first that is not
    // right.
    uint32_t agreement_count;
    const struct vch_contest_finding **agreed;
    vch_status agreement_status;
    struct vch_complaint agreement_complaint;
    // Does the opening open these? NOT_CLAIMED: there is none; NOT_SHOWN: there was no memory.
    enum vch_verdict input_opening, output_opening;
    uint32_t proof_count;
    vch_status proof_status; // of all of them, where they could be checked
    struct vch_complaint proof_complaint;
    bool is_run_again; // and every commitment was to what the model gives
    bool is_sound; // the job, and where the reader holds the model its plan, were checked and hold
    uint32_t values[VCH_JOB_SEGMENTS_MAX + 1]; // of the package's graph, at the job's boundaries
};

__attribute__((format(printf, 4, 5))) static void judge_as(struct judge *judge,
                                                           enum vch_claim claim,
                                                           enum vch_verdict verdict,
                                                           const char *format, ...)
{
    struct vch_finding *finding = &judge->report->findings[claim];
    va_list args;

    finding->verdict = verdict;
    va_start(args, format);
    (void)vsnprintf(finding->reason, sizeof finding->reason, format, args);
    va_end(args);
}

static enum vch_verdict verdict_of(const struct judge *judge, enum vch_claim claim)
{
    return judge->report->findings[claim].verdict;
}

static const char *hex_of(char out[static HEX_SIZE], const uint8_t bytes[static 32])
{
    vch_hex_encode(out, bytes, 32);
    return out;
}

static bool is_among(const struct vch_public_key *key, const struct vch_public_key *keys,
                     uint32_t count)
{
    for (uint32_t i = 0; i < count && i < VCH_VERIFY_KEYS_MAX; i++)
        if (vch_is_equal(key, &keys[i], sizeof *key)) return true;
    return false;
}

static bool is_from_the_future(const struct judge *judge)
{
    uint64_t now = judge->policy->at_ms, then = judge->voucher->finished_ms;
    return now != 0 && then > now && then - now > VCH_VERIFY_SKEW_MAX_MS;
}

static void judge_client(struct judge *judge)
{
    const struct vch_voucher *voucher = judge->voucher;
    const struct vch_policy *policy = judge->policy;
    const struct vch_public_key *client = &voucher->job.client;
    char hex[HEX_SIZE];

    hex_of(hex, client->bytes);
    if (!vch_is_ok(vch_sign_verify(client, &voucher->signed_digest, &voucher->client_signature)))
        judge_as(judge, VCH_CLAIM_CLIENT, VCH_VERDICT_FALSE,
                 "the signature is not that of the job's client %s over these bytes", hex);
    else if (is_from_the_future(judge))
        judge_as(judge, VCH_CLAIM_CLIENT, VCH_VERDICT_FALSE,
                 "client %s says that it finished at %" PRIu64 " ms, which is yet to come at "
                 "%" PRIu64 " ms",
                 hex, voucher->finished_ms, policy->at_ms);
    else if (policy->client_count > 0 && !is_among(client, policy->clients, policy->client_count))
        judge_as(judge, VCH_CLAIM_CLIENT, VCH_VERDICT_NOT_SHOWN,
                 "signed by client %s, which is none of those that you named; pass --client with "
                 "that key too if you know it to be right",
                 hex);
    else
        judge_as(judge, VCH_CLAIM_CLIENT, VCH_VERDICT_SHOWN, "signed by client %s", hex);
}

static void judge_model_by_package(struct judge *judge, const char *identity, const char *owner)
{
    const struct vch_package *package = judge->input->package;
    char held[HEX_SIZE];

    if (!vch_hash_is_equal(&package->identity, &judge->voucher->job.model)) {
        judge_as(judge, VCH_CLAIM_MODEL, VCH_VERDICT_FALSE,
                 "it is model %s, not the %s that you "
                 "hold",
                 identity, hex_of(held, package->identity.bytes));
        return;
    }
    judge->is_right_package = true;
    if (vch_is_equal(&package->owner, &judge->voucher->owner, sizeof package->owner) ||
        is_among(&judge->voucher->owner, judge->policy->owners, judge->policy->owner_count))
        judge_as(judge, VCH_CLAIM_MODEL, VCH_VERDICT_SHOWN,
                 "it is the model that you hold, %s, signed by owner %s", identity, owner);
    else
        judge_as(judge, VCH_CLAIM_MODEL, VCH_VERDICT_NOT_SHOWN,
                 "it is the model that you hold, but another owner than yours signed it here: %s; "
                 "pass --owner with it if you know it to be right",
                 owner);
}

static void judge_model(struct judge *judge)
{
    const struct vch_voucher *voucher = judge->voucher;
    const struct vch_policy *policy = judge->policy;
    struct vch_digest digest = vch_package_signed_digest(&voucher->job.model);
    char identity[HEX_SIZE], owner[HEX_SIZE];

    hex_of(identity, voucher->job.model.bytes);
    hex_of(owner, voucher->owner.bytes);
    if (!vch_is_ok(vch_sign_verify(&voucher->owner, &digest, &voucher->owner_signature)))
        judge_as(judge, VCH_CLAIM_MODEL, VCH_VERDICT_FALSE,
                 "model %s is not signed by owner %s, whom the voucher names", identity, owner);
    else if (judge->input->package != NULL)
        judge_model_by_package(judge, identity, owner);
    else if (is_among(&voucher->owner, policy->owners, policy->owner_count))
        judge_as(judge, VCH_CLAIM_MODEL, VCH_VERDICT_SHOWN, "model %s, signed by owner %s",
                 identity, owner);
    else
        judge_as(judge, VCH_CLAIM_MODEL, VCH_VERDICT_NOT_SHOWN,
                 "model %s is signed by owner %s, whom you did not name; pass --owner with that "
                 "key, or --model with the file, if you know it to be right",
                 identity, owner);
}

// Registry and times: what every vote rests on.
static vch_status check_job(const struct vch_voucher *voucher, struct vch_complaint *complaint)
{
    const struct vch_registry *registry = &voucher->registry;

    if (!vch_hash_is_equal(&registry->digest, &voucher->job.registry))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the job was asked under another registry than the voucher holds");
    if (registry->expires_ms != 0 && voucher->finished_ms > registry->expires_ms)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the registry had expired, at %" PRIu64 " ms, when the job finished "
                            "at %" PRIu64 " ms",
                            registry->expires_ms, voucher->finished_ms);
    if (voucher->finished_ms > voucher->job.deadline_ms)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the job finished at %" PRIu64 " ms, after its deadline at %" PRIu64
                            " ms",
                            voucher->finished_ms, voucher->job.deadline_ms);
    return VCH_OK;
}

// And the segments, where the reader holds the model that they divide.
static vch_status check_plan(struct judge *judge, struct vch_complaint *complaint)
{
    if (!judge->is_right_package) return VCH_OK;
    vch_status status = vch_rerun_plan(judge->values, &judge->voucher->job,
                                       judge->input->package->graph, judge->scratch, complaint);
    judge->is_planned = vch_is_ok(status);
    return status;
}

// The text of a NOT_SHOWN for all that rests on the registry.
static void rest_on_founder(struct judge *judge, enum vch_claim claim)
{
    char hex[HEX_SIZE];

    judge_as(judge, claim, VCH_VERDICT_NOT_SHOWN,
             "it rests on the nodes of network \"%s\", whose founder %s you did not name; pass "
             "--founder with that key if you know it to be right",
             judge->voucher->registry.network, hex_of(hex, judge->voucher->registry.founder.bytes));
}

static uint32_t node_segment_count(const struct vch_job *job)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < job->segment_count; i++)
        count += job->segments[i].by == VCH_JOB_BY_NODES;
    return count;
}

static void judge_split(struct judge *judge)
{
    const struct vch_job *job = &judge->voucher->job;
    struct vch_parties parties;
    char shared[VCH_REGISTRY_NAME_MAX + 80] = "";

    if (!vch_is_ok(vch_parties_count(&parties, judge->voucher, &judge->recount, judge->agreed,
                                     judge->scratch))) {
        judge_as(judge, VCH_CLAIM_SPLIT, VCH_VERDICT_NOT_SHOWN, "not enough memory to count it");
        return;
    }
    if (parties.neighbour != NULL)
        (void)snprintf(shared, sizeof shared, "; %s answered for segments %u and %u, side by side",
                       parties.neighbour, parties.neighbour_segment - 1, parties.neighbour_segment);
    judge_as(judge, VCH_CLAIM_SPLIT, VCH_VERDICT_SHOWN,
             "%u votes on %u of %u segments, by nodes of network \"%s\"; the most that one party "
             "answered for is %u of the "
             "job's %u operators, by %s%s",
             parties.answer_count, node_segment_count(job), job->segment_count,
             judge->voucher->registry.network, parties.largest_share,
             job->segments[job->segment_count - 1].last, parties.largest, shared);
}

// The tally with the fewest to spare: the quorum is as good as its weakest segment.
static uint32_t weakest_segment(const struct judge *judge)
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

static void list_tally(char *out, size_t size, const struct judge *judge, uint32_t segment,
                       const char *before)
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
static void tell_capture(char *out, size_t size, const struct judge *judge)
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
static const struct vch_contest_finding *find_narrowest(const struct judge *judge)
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

static uint64_t find_last_window(const struct judge *judge)
{
    uint64_t last_ms = 0;

    for (uint32_t i = 0; i < judge->voucher->result_count; i++)
        if (judge->agreed[i] != NULL && judge->agreed[i]->disputable_ms > last_ms)
            last_ms = judge->agreed[i]->disputable_ms;
    return last_ms;
}

// A voucher is made at the verdict: what came of it in its window for disputes is elsewhere.
static void tell_disputes(char *out, size_t size, const struct judge *judge)
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
static void judge_agreed_quorum(struct judge *judge, const char *tallies)
{
    const struct vch_contest_finding *found = find_narrowest(judge);
    char capture[120] = "", disputes[120] = "", excluded[60] = "";

    if (found == NULL) return; // there are agreements, so there is one
    tell_capture(capture, sizeof capture, judge);
    tell_disputes(disputes, sizeof disputes, judge);
    if (found->excluded > 0)
        (void)snprintf(excluded, sizeof excluded, ", without %u that the client excluded",
                       found->excluded);
    judge_as(judge, VCH_CLAIM_QUORUM, VCH_VERDICT_SHOWN,
             "%s, drawn by lot out of %u nodes of at most %u operators%s, each committed before "
             "any revealed, on ledger %s, cosigned by %u of %u witnesses; chance that a committee "
             "of this job had a dishonest majority, if all operators weighed alike, by the share "
             "of dishonest ones, their clerk not among them: %s; %s; whether anybody did, what the "
             "operators weigh, and that "
             "the draw is complete are for vouch audit",
             tallies, found->eligible, operators_behind(found), excluded, found->origin,
             found->cosigned, found->witnesses, capture, disputes);
}

static bool is_ledger_named(const struct judge *judge, const struct vch_digest *ledger)
{
    for (uint32_t i = 0; i < judge->policy->ledger_count && i < VCH_VERIFY_KEYS_MAX; i++)
        if (vch_hash_is_equal(ledger, &judge->policy->ledgers[i])) return true;
    return false;
}

// Whether the reader named ledgers, and the quorum is by none of them, or by direct votes.
static bool is_elsewhere(struct judge *judge, uint32_t segment_count)
{
    const struct vch_contest_finding *found = find_narrowest(judge);
    char hex[HEX_SIZE];

    if (judge->policy->ledger_count == 0) return false;
    if (found == NULL || judge->agreement_count < segment_count)
        judge_as(judge, VCH_CLAIM_QUORUM, VCH_VERDICT_NOT_SHOWN,
                 "you named ledgers, and %u of %u segments come with an agreement on one: the "
                 "others' votes are whatever the client chose to show",
                 judge->agreement_count, segment_count);
    else if (!is_ledger_named(judge, &found->ledger))
        judge_as(judge, VCH_CLAIM_QUORUM, VCH_VERDICT_NOT_SHOWN,
                 "its agreements are on ledger %s (%s), which is none of those that you named",
                 hex_of(hex, found->ledger.bytes), found->origin);
    else
        return false;
    return true;
}

static void judge_quorum(struct judge *judge)
{
    const struct vch_job *job = &judge->voucher->job;
    uint32_t least = judge->policy->quorum_min, count = node_segment_count(job);
    char tallies[200] = "";

    if (least == 0) least = VCH_VERIFY_QUORUM_MIN;
    if (job->quorum < least) {
        judge_as(judge, VCH_CLAIM_QUORUM, VCH_VERDICT_NOT_SHOWN,
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
    judge_as(judge, VCH_CLAIM_QUORUM, VCH_VERDICT_SHOWN,
             "%s, each of another party; votes were direct: that none was left out is the client's "
             "word",
             tallies);
}

static void judge_votes_alike(struct judge *judge, enum vch_verdict verdict, const char *reason)
{
    judge_as(judge, VCH_CLAIM_SPLIT, verdict, "%s", reason);
    judge_as(judge, VCH_CLAIM_QUORUM, verdict, "%s", reason);
}

// SPLIT and QUORUM, which rest on the same votes.
static void judge_votes(struct judge *judge)
{
    const struct vch_recount *recount = &judge->recount;
    const char *reason = recount->complaint.text;
    struct vch_complaint complaint = {0};

    vch_status status = check_job(judge->voucher, &complaint);
    if (vch_is_ok(status)) status = check_plan(judge, &complaint);
    judge->is_sound = vch_is_ok(status);
    if (status.code == VCH_CODE_BAD_PROOF)
        judge_votes_alike(judge, VCH_VERDICT_FALSE, complaint.text);
    else if (!vch_is_ok(status))
        judge_votes_alike(judge, VCH_VERDICT_NOT_SHOWN, vch_code_text(status.code));
    else if (judge->voucher->result_count == 0)
        judge_votes_alike(judge, VCH_VERDICT_NOT_CLAIMED, "the voucher holds no votes");
    else if (judge->agreement_status.code == VCH_CODE_NO_MEMORY)
        judge_votes_alike(judge, VCH_VERDICT_NOT_SHOWN,
                          "not enough memory to check what the ledger says");
    else if (!vch_is_ok(judge->agreement_status))
        judge_votes_alike(judge, VCH_VERDICT_FALSE, judge->agreement_complaint.text);
    else if (!recount->has_valid_votes)
        judge_votes_alike(judge, VCH_VERDICT_FALSE, reason);
    else if (!recount->has_majorities) {
        judge_as(judge, VCH_CLAIM_SPLIT, VCH_VERDICT_NOT_SHOWN, "%s", reason);
        judge_as(judge, VCH_CLAIM_QUORUM, VCH_VERDICT_FALSE, "%s", reason);
    } else if (!judge->is_founder_named) {
        rest_on_founder(judge, VCH_CLAIM_SPLIT);
        rest_on_founder(judge, VCH_CLAIM_QUORUM);
    } else {
        judge_split(judge);
        judge_quorum(judge);
    }
}

static const char *const opening_lies =
    "the opening opens another commitment: it is of another job, or its secret, input or output is "
    "not what the client committed to";

static const char *const opening_is_too_large =
    "the opening is too large to be checked with the memory allowed";

// Does the opening, where there is one, open this end?
static enum vch_verdict opens(const struct judge *judge, uint32_t boundary,
                              const struct vch_tensor *tensor, const struct vch_digest *commitment)
{
    const struct vch_opening *opening = judge->input->opening;
    const struct vch_kernels *kernels = judge->input->kernels;
    const struct vch_crossing crossing = {
        .kind = judge->voucher->job.commitment_kind,
        .log_columns = judge->voucher->job.log_columns,
        .level = kernels != NULL ? kernels->level : VCH_CPU_PORTABLE,
        .workers = judge->input->workers,
    };
    struct vch_nonce nonce;

    if (!vch_hash_is_equal(&opening->job_id, &judge->voucher->job_id)) return VCH_VERDICT_FALSE;
    if (opening->batch != judge->voucher->job.batch) return VCH_VERDICT_FALSE;
    vch_commitment_nonce(&nonce, opening->secret, boundary);
    vch_status status =
        vch_crossing_verify(commitment, &crossing, tensor, opening->batch, &nonce, judge->scratch);
    vch_wipe(&nonce, sizeof nonce);
    if (vch_is_ok(status)) return VCH_VERDICT_SHOWN;
    return status.code == VCH_CODE_NO_MEMORY ? VCH_VERDICT_NOT_SHOWN : VCH_VERDICT_FALSE;
}

// What a committee answered is worth nothing without what it was asked: its input is on the ledger,
// as an entry or as the verdict on the segment before, and that one is of the same ledger.
static vch_status check_input_is_known(struct judge *judge, uint32_t result)
{
    const struct vch_voucher *voucher = judge->voucher;
    const struct vch_contest_finding *found = judge->agreed[result];
    uint32_t segment = found != NULL ? voucher->results[result].segment : 0;

    if (segment == 0 || found->has_input) return VCH_OK;
    bool is_next = result > 0 && voucher->results[result - 1].segment == segment - 1;
    if (is_next && voucher->job.segments[segment - 1].by == VCH_JOB_BY_NODES &&
        judge->agreed[result - 1] != NULL)
        return VCH_OK;
    return vch_complain(&judge->agreement_complaint, VCH_CODE_BAD_PROOF,
                        "the agreement on segment %u does not show what its nodes were given: the "
                        "client's entry that says so, or an agreement on segment %u, is missing",
                        segment, segment - 1);
}

static bool is_one_opening(const struct vch_contest_finding *a, const struct vch_contest_finding *b)
{
    return vch_hash_is_equal(&a->ledger, &b->ledger) && a->opened == b->opened;
}

static vch_status check_is_one_opening(struct judge *judge, uint32_t result)
{
    const struct vch_contest_finding *found = judge->agreed[result];

    for (uint32_t i = 0; found != NULL && i < result; i++)
        if (judge->agreed[i] != NULL && !is_one_opening(judge->agreed[i], found))
            return vch_complain(&judge->agreement_complaint, VCH_CODE_BAD_PROOF,
                                "the agreements on segments %u and %u are of two ledgers, or of "
                                "two places in one: a job is opened once",
                                judge->voucher->results[i].segment,
                                judge->voucher->results[result].segment);
    return VCH_OK;
}

static void join_agreements(struct judge *judge)
{
    for (uint32_t i = 0; i < judge->voucher->result_count; i++) {
        vch_status status = check_input_is_known(judge, i);
        if (vch_is_ok(status)) status = check_is_one_opening(judge, i);
        if (vch_is_ok(status)) continue;
        judge->agreement_status = status;
        return;
    }
}

// What each agreement shows. The first that shows nothing makes the votes false.
static void check_agreements(struct judge *judge)
{
    const struct vch_voucher *voucher = judge->voucher;
    struct vch_contest_finding *findings =
        VCH_ARENA_NEW(judge->scratch, struct vch_contest_finding, voucher->result_count);
    const struct vch_contest_finding **agreed =
        VCH_ARENA_NEW(judge->scratch, const struct vch_contest_finding *, voucher->result_count);

    if (findings == NULL || agreed == NULL) {
        judge->agreement_status = VCH_FAIL(NO_MEMORY);
        return;
    }
    judge->agreed = agreed;
    for (uint32_t i = 0; i < voucher->result_count; i++) {
        if (voucher->results[i].agreement == NULL) continue;
        vch_status status = vch_contest_verify(&findings[i], voucher, &voucher->results[i],
                                               judge->scratch, &judge->agreement_complaint);
        if (!vch_is_ok(status)) {
            judge->agreement_status = status;
            return;
        }
        agreed[i] = &findings[i];
        judge->agreement_count++;
    }
    join_agreements(judge);
}

static void open_ends(struct judge *judge)
{
    const struct vch_voucher *voucher = judge->voucher;
    const struct vch_opening *opening = judge->input->opening;

    if (opening == NULL) return;
    judge->input_opening = opens(judge, 0, &opening->input, &voucher->job.input);
    judge->output_opening =
        opens(judge, voucher->job.segment_count, &opening->output, &voucher->output);
}

static bool has_votes(const struct judge *judge)
{
    for (uint32_t i = 0; i < judge->voucher->result_count; i++)
        if (judge->voucher->results[i].vote_count > 0) return true;
    return false;
}

static void judge_input(struct judge *judge)
{
    bool has_opening = judge->input->opening != NULL;
    enum vch_verdict votes = verdict_of(judge, VCH_CLAIM_SPLIT);

    if (judge->input_opening == VCH_VERDICT_NOT_SHOWN)
        judge_as(judge, VCH_CLAIM_INPUT, VCH_VERDICT_NOT_SHOWN, "%s", opening_is_too_large);
    else if (judge->input_opening == VCH_VERDICT_FALSE)
        judge_as(judge, VCH_CLAIM_INPUT, VCH_VERDICT_FALSE, "%s", opening_lies);
    else if (verdict_of(judge, VCH_CLAIM_PROOF) == VCH_VERDICT_SHOWN)
        judge_as(judge, VCH_CLAIM_INPUT, VCH_VERDICT_SHOWN,
                 "the proof is about the input behind the job's commitment%s",
                 has_opening ? ", and the opening shows the input itself" : "");
    else if (votes == VCH_VERDICT_FALSE)
        judge_as(judge, VCH_CLAIM_INPUT, VCH_VERDICT_NOT_SHOWN,
                 "it rests on the nodes' votes, and they do not hold");
    else if (!judge->is_sound)
        judge_as(judge, VCH_CLAIM_INPUT, VCH_VERDICT_NOT_SHOWN,
                 "it rests on the nodes' votes, and what they are on could not be checked");
    else if (!judge->is_founder_named)
        rest_on_founder(judge, VCH_CLAIM_INPUT);
    else if (!has_votes(judge))
        judge_as(judge, VCH_CLAIM_INPUT, VCH_VERDICT_NOT_SHOWN,
                 "no node has signed for the job that fixes it");
    else
        judge_as(judge, VCH_CLAIM_INPUT, VCH_VERDICT_SHOWN,
                 "every node signed for the job that fixes its commitment%s",
                 has_opening ? ", and the opening shows the input itself" : "");
}

static void judge_output(struct judge *judge)
{
    bool has_opening = judge->input->opening != NULL;
    bool is_voted =
        judge->recount.is_output_joined && verdict_of(judge, VCH_CLAIM_SPLIT) == VCH_VERDICT_SHOWN;

    if (judge->output_opening == VCH_VERDICT_NOT_SHOWN)
        judge_as(judge, VCH_CLAIM_OUTPUT, VCH_VERDICT_NOT_SHOWN, "%s", opening_is_too_large);
    else if (judge->output_opening == VCH_VERDICT_FALSE)
        judge_as(judge, VCH_CLAIM_OUTPUT, VCH_VERDICT_FALSE, "%s", opening_lies);
    else if (judge->recount.is_output_split)
        judge_as(judge, VCH_CLAIM_OUTPUT, VCH_VERDICT_FALSE,
                 "the client's output is not the one that the last segment's nodes voted for");
    else if (verdict_of(judge, VCH_CLAIM_CLIENT) != VCH_VERDICT_SHOWN)
        judge_as(judge, VCH_CLAIM_OUTPUT, VCH_VERDICT_NOT_SHOWN,
                 "it rests on the client's signature, which is %s",
                 vch_verify_verdict_text(verdict_of(judge, VCH_CLAIM_CLIENT)));
    else
        judge_as(judge, VCH_CLAIM_OUTPUT, VCH_VERDICT_SHOWN,
                 "its commitment is signed by the "
                 "client%s%s",
                 is_voted ? ", and is what the last segment's nodes voted for" : "",
                 has_opening ? "; the opening shows the output itself" : "");
}

// What the reader would have to hand in for the model to be run again; NULL: nothing.
static const char *missing_for_rerun(const struct judge *judge)
{
    const struct vch_package *package = judge->input->package;

    if (package == NULL && judge->input->opening == NULL)
        return "pass --model and --opening to run the model again";
    if (package == NULL) return "pass --model to run the model again";
    if (!judge->is_right_package) return "the model that you hold is another";
    if (!vch_segment_is_held(package->graph, 0, package->graph->operator_count))
        return "your file holds only a part of the model; pass --model with all of it";
    if (judge->input->opening == NULL) return "pass --opening to run the model again";
    if (judge->input_opening != VCH_VERDICT_SHOWN) return "the opening does not open the input";
    return NULL;
}

static bool is_all_proven(const struct judge *judge)
{
    return judge->proof_count == judge->voucher->job.segment_count &&
           verdict_of(judge, VCH_CLAIM_PROOF) == VCH_VERDICT_SHOWN;
}

// Without running anything: where nodes ran every segment, the chain of their votes joins the
// ends alone, as far as the quorum is believed.
static void judge_ends_by_chain(struct judge *judge, const char *missing)
{
    const struct vch_job *job = &judge->voucher->job;
    uint32_t own = job->segment_count - node_segment_count(job);

    if (is_all_proven(judge))
        judge_as(judge, VCH_CLAIM_ENDS, VCH_VERDICT_SHOWN,
                 "proofs of every segment join the input's commitment to the output's");
    else if (verdict_of(judge, VCH_CLAIM_SPLIT) == VCH_VERDICT_FALSE ||
             judge->recount.is_output_split)
        judge_as(judge, VCH_CLAIM_ENDS, VCH_VERDICT_NOT_SHOWN,
                 "votes and output are not joined, see above");
    else if (own > 0)
        judge_as(judge, VCH_CLAIM_ENDS, VCH_VERDICT_NOT_SHOWN,
                 "the client ran %u of %u segments itself, which only running them again can "
                 "check: %s",
                 own, job->segment_count, missing);
    else if (!judge->is_founder_named)
        rest_on_founder(judge, VCH_CLAIM_ENDS);
    else if (verdict_of(judge, VCH_CLAIM_QUORUM) == VCH_VERDICT_NOT_SHOWN)
        judge_as(judge, VCH_CLAIM_ENDS, VCH_VERDICT_NOT_SHOWN,
                 "it rests on the quorum, which is not shown: %s", missing);
    else if (!judge->recount.has_majorities || !judge->recount.is_output_joined)
        judge_as(judge, VCH_CLAIM_ENDS, VCH_VERDICT_NOT_SHOWN,
                 "the votes do not join input and output: %s", missing);
    else
        judge_as(judge, VCH_CLAIM_ENDS, VCH_VERDICT_SHOWN,
                 "nodes ran every segment, and each voted on what the one before gave; the "
                 "client's word on the output is the last one's");
}

static void judge_ends_by_running(struct judge *judge)
{
    struct vch_complaint complaint = {0};
    const struct vch_rerun rerun = {.voucher = judge->voucher,
                                    .recount = &judge->recount,
                                    .opening = judge->input->opening,
                                    .graph = judge->input->package->graph,
                                    .values = judge->values,
                                    .kernels = judge->input->kernels,
                                    .workers = judge->input->workers};
    vch_status status = vch_rerun_compare(&rerun, judge->scratch, &complaint);

    judge->is_run_again = vch_is_ok(status);
    if (vch_is_ok(status))
        judge_as(judge, VCH_CLAIM_ENDS, VCH_VERDICT_SHOWN,
                 "the model was run again: every commitment from input to output is to what it "
                 "gives");
    else if (status.code == VCH_CODE_BAD_PROOF)
        judge_as(judge, VCH_CLAIM_ENDS, VCH_VERDICT_FALSE, "the model was run again: %s",
                 complaint.text);
    else
        judge_as(judge, VCH_CLAIM_ENDS, VCH_VERDICT_NOT_SHOWN,
                 "the model could not be run again: %s",
                 complaint.text[0] != '\0' ? complaint.text : vch_code_text(status.code));
}

// Every proof, and how they fit together.
static void check_proofs(struct judge *judge)
{
    const struct vch_voucher *voucher = judge->voucher;
    struct vch_complaint *complaint = &judge->proof_complaint;

    judge->proof_status = VCH_FAIL(UNAVAILABLE);
    for (uint32_t i = 0; i < voucher->result_count; i++)
        judge->proof_count += voucher->results[i].proof != NULL;
    if (judge->proof_count == 0 || !judge->is_planned) return;
    const struct vch_kernels *kernels = judge->input->kernels;
    struct vch_proofs_known known = {0};
    const struct vch_proofs proofs = {.job = &voucher->job,
                                      .job_id = voucher->job_id,
                                      .package = judge->input->package,
                                      .values = judge->values,
                                      .owner = voucher->owner,
                                      .known = &known,
                                      .level = kernels->level};
    vch_status status = vch_proofs_join(&proofs, &judge->recount, voucher, complaint);
    for (uint32_t i = 0; i < voucher->result_count && vch_is_ok(status); i++)
        if (voucher->results[i].proof != NULL)
            status = vch_proofs_verify(&proofs, voucher->results[i].segment,
                                       voucher->results[i].proof, judge->scratch, complaint);
    judge->proof_status = status;
}

// What stands in the way of checking them; NULL: nothing.
static const char *missing_for_proof(const struct judge *judge)
{
    if (judge->input->package == NULL)
        return "what they must be about is made from the model: pass --model with any part of it";
    if (!judge->is_right_package) return "the model that you hold is another";
    return judge->is_planned ? NULL : "the job that they are for does not hold";
}

static bool is_proven(const struct judge *judge, uint32_t segment)
{
    for (uint32_t i = 0; i < judge->voucher->result_count; i++)
        if (judge->voucher->results[i].segment == segment)
            return judge->voucher->results[i].proof != NULL;
    return false;
}

// The first segment without a proof, but for those that were run again here; segment_count: none.
static uint32_t find_unproven(const struct judge *judge)
{
    const struct vch_job *job = &judge->voucher->job;

    for (uint32_t i = 0; i < job->segment_count; i++)
        if (!is_proven(judge, i) &&
            (job->segments[i].by == VCH_JOB_BY_NODES || !judge->is_run_again))
            return i;
    return job->segment_count;
}

static void judge_chain_of_proofs(struct judge *judge)
{
    const struct vch_job *job = &judge->voucher->job;
    uint32_t gap = find_unproven(judge);

    if (gap < job->segment_count)
        judge_as(judge, VCH_CLAIM_PROOF, VCH_VERDICT_NOT_SHOWN,
                 "%u of %u segments are proven, but not segment %u (operators %u to %u), which %s "
                 "ran",
                 judge->proof_count, job->segment_count, gap, job->segments[gap].first,
                 job->segments[gap].last,
                 job->segments[gap].by == VCH_JOB_BY_NODES ? "nodes" : "the client itself");
    else
        judge_as(judge, VCH_CLAIM_PROOF, VCH_VERDICT_SHOWN,
                 "%u of %u segments are proven, each on what the one before gave%s; that their "
                 "annexes hold this model's parameters is its owner's word",
                 judge->proof_count, job->segment_count,
                 judge->proof_count < job->segment_count ? ", and the client's own were run again"
                                                         : ", from the input to the output");
}

static void judge_proof(struct judge *judge)
{
    const char *missing = missing_for_proof(judge);
    const struct vch_complaint *why = &judge->proof_complaint;

    if (judge->proof_count == 0)
        judge_as(judge, VCH_CLAIM_PROOF, VCH_VERDICT_NOT_CLAIMED, "the voucher carries no proof");
    else if (missing != NULL)
        judge_as(judge, VCH_CLAIM_PROOF, VCH_VERDICT_NOT_SHOWN,
                 "%u of %u segments come with proofs, but %s", judge->proof_count,
                 judge->voucher->job.segment_count, missing);
    else if (judge->proof_status.code == VCH_CODE_BAD_PROOF)
        judge_as(judge, VCH_CLAIM_PROOF, VCH_VERDICT_FALSE, "%s", why->text);
    else if (!vch_is_ok(judge->proof_status))
        judge_as(judge, VCH_CLAIM_PROOF, VCH_VERDICT_NOT_SHOWN,
                 "the proofs could not be checked: %s",
                 why->text[0] != '\0' ? why->text : vch_code_text(judge->proof_status.code));
    else if (verdict_of(judge, VCH_CLAIM_MODEL) != VCH_VERDICT_SHOWN)
        judge_as(judge, VCH_CLAIM_PROOF, VCH_VERDICT_NOT_SHOWN,
                 "the proofs rest on the owner of the model, which is not shown");
    else
        judge_chain_of_proofs(judge);
}

// ENDS and PROOF: what was run again need not be proven, and what is proven need not be run again.
static void judge_run(struct judge *judge)
{
    const char *missing = missing_for_rerun(judge);

    if (missing == NULL && !judge->is_planned)
        missing = "its segments could not be laid over the model";
    check_proofs(judge);
    if (missing == NULL) judge_ends_by_running(judge);
    judge_proof(judge);
    if (missing != NULL) judge_ends_by_chain(judge, missing);
}

static void list_dissenters(struct judge *judge)
{
    const struct vch_voucher *voucher = judge->voucher;
    struct vch_verify_report *report = judge->report;

    if (!judge->recount.has_valid_votes) return;
    for (uint32_t i = 0; i < voucher->result_count; i++) {
        const struct vch_segment_result *result = &voucher->results[i];
        const struct vch_tally *tally = &judge->recount.tallies[result->segment];
        if (tally->agreeing < tally->needed) continue; // nobody is in the minority
        for (uint32_t j = 0; j < result->vote_count; j++) {
            if (vch_hash_is_equal(&result->votes[j].output, &tally->output)) continue;
            if (report->dissenter_count == VCH_VOTE_COUNT_MAX) return;
            report->dissenters[report->dissenter_count].node = result->votes[j].node;
            report->dissenters[report->dissenter_count++].segment = result->segment;
        }
    }
}

void vch_judge_claims(struct vch_verify_report *report, const struct vch_verify_input *input,
                      struct vch_arena *scratch)
{
    struct judge judge = {.input = input,
                          .voucher = input->voucher,
                          .policy = input->policy,
                          .report = report,
                          .scratch = scratch};

    judge.is_founder_named = is_among(&input->voucher->registry.founder, input->policy->founders,
                                      input->policy->founder_count);
    check_agreements(&judge);
    vch_recount_votes(&judge.recount, input->voucher, judge.agreed);
    open_ends(&judge);
    judge_client(&judge);
    judge_model(&judge);
    judge_votes(&judge);
    judge_run(&judge);
    judge_input(&judge);
    judge_output(&judge);
    vch_attested_claim(report, input, &judge.recount, judge.agreed, scratch);
    list_dissenters(&judge);
}
