#include "voucher/contest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agreement/state.h"
#include "base/bytes.h"
#include "crypto/merkle.h"
#include "entry/charter_notes.h"
#include "entry/entry.h"
#include "tlog/inclusion.h"

// One agreement under way. Entries stand as its leaves do, ascending by position.
struct contest {
    const struct vch_voucher *voucher;
    const struct vch_segment_agreement *agreement;
    const struct vch_charter *charter;
    const struct vch_entry *entries;
    uint32_t count;
    uint32_t segment;
    uint32_t eligible_max;
    struct vch_contest_finding *out;
    struct vch_arena *scratch;
    struct vch_complaint *complaint;
    // Of the round at hand.
    struct vch_contest_id id;
    uint32_t wanted;
    const struct vch_entry *draw;
    bool is_late; // nobody could draw for it
};

static uint64_t position_of(const struct contest *contest, const struct vch_entry *entry)
{
    return contest->agreement->leaves[entry - contest->entries].position;
}

static vch_status refuse(const struct contest *contest, const char *what)
{
    return vch_complain(contest->complaint, VCH_CODE_BAD_PROOF, "the agreement on segment %u: %s",
                        contest->segment, what);
}

static bool is_by(const struct vch_entry *entry, const struct vch_public_key *key)
{
    return vch_is_equal(&entry->writer, key, sizeof *key);
}

static bool is_of_contest(const struct vch_entry *entry, const struct vch_contest_id *id)
{
    return entry->kind >= VCH_ENTRY_SORTITION && entry->kind <= VCH_ENTRY_VERDICT &&
           entry->contest.segment == id->segment && entry->contest.round == id->round &&
           vch_hash_is_equal(&entry->contest.subject, &id->subject);
}

// The first entry of that kind in the round's contest, from an entry on and before another; NULL.
// `writer` NULL: whoever wrote it.
static const struct vch_entry *find(const struct contest *contest, enum vch_entry_kind kind,
                                    const struct vch_public_key *writer,
                                    const struct vch_entry *after, const struct vch_entry *before)
{
    for (const struct vch_entry *at = after + 1; at < before; at++)
        if (at->kind == kind && is_of_contest(at, &contest->id) &&
            (writer == NULL || is_by(at, writer)))
            return at;
    return NULL;
}

static vch_status decode_leaves(struct contest *contest)
{
    const struct vch_segment_agreement *agreement = contest->agreement;
    struct vch_entry *entries =
        VCH_ARENA_NEW(contest->scratch, struct vch_entry, agreement->leaf_count);

    if (entries == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < agreement->leaf_count; i++)
        VCH_TRY(vch_entry_decode(&entries[i], agreement->leaves[i].entry,
                                 agreement->leaves[i].entry_size, contest->scratch,
                                 contest->complaint));
    contest->entries = entries;
    contest->count = agreement->leaf_count;
    if (agreement->leaves[0].position != 0 || entries[0].kind != VCH_ENTRY_CHARTER)
        return refuse(contest, "it does not begin with a charter");
    contest->charter = entries[0].charter;
    if (!vch_is_equal(&contest->charter->founder, &contest->voucher->registry.founder,
                      sizeof contest->charter->founder) ||
        !is_by(&entries[0], &contest->charter->founder))
        return refuse(contest, "its charter is by another founder than the registry");
    return VCH_OK;
}

static vch_status open_checkpoint(struct contest *contest, struct vch_checkpoint *checkpoint)
{
    const struct vch_segment_agreement *agreement = contest->agreement;
    struct vch_charter_notes *notes = VCH_ARENA_NEW(contest->scratch, struct vch_charter_notes, 1);
    const char *bytes = (const char *)agreement->checkpoint;
    struct vch_quorum_tally tally;
    struct vch_note note;

    if (notes == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_charter_notes_init(notes, contest->charter, contest->complaint));
    VCH_TRY(vch_checkpoint_open(checkpoint, &note, bytes, agreement->checkpoint_size, &notes->log,
                                contest->complaint));
    VCH_TRY(vch_quorum_verify(&tally, &note, &notes->quorum, contest->complaint));
    contest->out->cosigned = tally.counted;
    contest->out->witnesses = notes->quorum.count;
    contest->out->size = checkpoint->size;
    return VCH_OK;
}

static vch_status check_leaf(const struct contest *contest, uint32_t i,
                             const struct vch_checkpoint *checkpoint)
{
    const struct vch_agreement_leaf *leaf = &contest->agreement->leaves[i];
    struct vch_digest digest = vch_merkle_leaf(leaf->entry, leaf->entry_size);
    struct vch_tree_path path = {.count = leaf->path_count};

    if (leaf->path_count > VCH_TREE_PATH_MAX) return refuse(contest, "a path is too long");
    memcpy(path.nodes, leaf->path, leaf->path_count * sizeof *leaf->path);
    if (!vch_is_ok(vch_inclusion_verify(&checkpoint->root, checkpoint->size, &digest,
                                        leaf->position, &path)))
        return vch_complain(contest->complaint, VCH_CODE_BAD_PROOF,
                            "the agreement on segment %u: position %" PRIu64
                            " of the log does not hold this entry",
                            contest->segment, leaf->position);
    if (!vch_is_ok(vch_entry_verify(&contest->entries[i], &contest->charter->id)))
        return vch_complain(contest->complaint, VCH_CODE_BAD_PROOF,
                            "the agreement on segment %u: the %s at position %" PRIu64
                            " is not signed by its writer",
                            contest->segment, vch_entry_kind_text(contest->entries[i].kind),
                            leaf->position);
    return VCH_OK;
}

static vch_status check_log(struct contest *contest)
{
    struct vch_checkpoint checkpoint;

    VCH_TRY(open_checkpoint(contest, &checkpoint));
    if (contest->entries[0].time_ms == 0) return refuse(contest, "its charter is a draft");
    for (uint32_t i = 0; i < contest->count; i++) {
        VCH_TRY(check_leaf(contest, i, &checkpoint));
        if (i > 0 && contest->entries[i].time_ms < contest->entries[i - 1].time_ms)
            return refuse(contest, "time runs backwards in it");
    }
    (void)memcpy(contest->out->origin, contest->charter->origin, sizeof contest->out->origin);
    contest->out->ledger = contest->charter->id;
    return VCH_OK;
}

static const struct vch_entry *find_opening(const struct contest *contest)
{
    for (uint32_t i = 0; i < contest->count; i++) {
        const struct vch_entry *entry = &contest->entries[i];
        if (entry->kind == VCH_ENTRY_JOB_OPEN &&
            vch_hash_is_equal(&entry->job_open->job_id, &contest->voucher->job_id) &&
            is_by(entry, &contest->voucher->job.client) && !entry->job_open->is_trial)
            return entry;
    }
    return NULL;
}

// The registry in force at the opening is the newest of an earlier epoch.
static vch_status check_registry(const struct contest *contest, const struct vch_entry *opening)
{
    const uint64_t epoch_ms = contest->charter->parameters.epoch_ms;
    const struct vch_entry *found = NULL;

    for (const struct vch_entry *at = contest->entries; at < opening; at++)
        if (at->kind == VCH_ENTRY_REGISTRY && is_by(at, &contest->charter->founder) &&
            at->time_ms / epoch_ms < opening->time_ms / epoch_ms)
            found = at;
    if (found == NULL) return refuse(contest, "no registry was entered in an epoch before the job");
    if (!vch_hash_is_equal(&found->registry.digest, &contest->voucher->registry.digest))
        return refuse(contest, "another registry than the voucher's was in force");
    return VCH_OK;
}

static bool is_cosigned(const struct contest *contest, const struct vch_entry *anchor)
{
    const struct vch_state_checks checks = vch_state_full_checks();
    uint32_t count = 0;

    for (uint32_t i = 0; i < anchor->anchor.count; i++) {
        const struct vch_entry_cosignature *cosignature = &anchor->anchor.cosignatures[i];
        bool is_later = i == 0 || cosignature->witness > cosignature[-1].witness;
        if (!is_later || cosignature->witness >= contest->charter->witness_count) return false;
        if (!vch_charter_is_within_skew(contest->charter, cosignature->time_s, anchor->time_ms) ||
            !vch_is_ok(checks.cosignature(checks.context, contest->charter, cosignature,
                                          anchor->anchor.size, &anchor->anchor.root)))
            return false;
        count++;
    }
    return count >= vch_charter_quorum(contest->charter);
}

// The first anchor in the agreement that covers an entry. NULL: there is none, or it does not hold.
static const struct vch_entry *find_anchor(const struct contest *contest,
                                           const struct vch_entry *covered)
{
    uint64_t position = position_of(contest, covered);

    for (const struct vch_entry *at = covered + 1; at < contest->entries + contest->count; at++) {
        if (at->kind != VCH_ENTRY_ANCHOR || at->anchor.size <= position) continue;
        bool holds = is_by(at, &contest->charter->clerk) &&
                     at->anchor.size <= position_of(contest, at) && is_cosigned(contest, at);
        return holds ? at : NULL;
    }
    return NULL;
}

static bool is_excluded(const struct vch_entry *opening, const char *name)
{
    for (uint32_t i = 0; i < opening->job_open->excluded_count; i++)
        if (strcmp(opening->job_open->excluded[i], name) == 0) return true;
    return false;
}

static bool may_draw(const struct vch_entry *opening, const struct vch_member *member)
{
    return member->role == VCH_ROLE_NODE && member->has_vrf &&
           !is_excluded(opening, member->operator_name);
}

static int compare_names(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

// How many nodes the registry has for this job, and of how many operators: more a draw cannot have
// had, whatever its clerk says.
static vch_status count_eligible(struct contest *contest, const struct vch_entry *opening)
{
    const struct vch_registry *registry = &contest->voucher->registry;
    const char **names = VCH_ARENA_NEW(contest->scratch, const char *, registry->member_count);

    if (names == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < registry->member_count; i++)
        if (may_draw(opening, &registry->members[i]))
            names[contest->eligible_max++] = registry->members[i].operator_name;
    if (contest->eligible_max > 1)
        qsort(names, contest->eligible_max, sizeof *names, compare_names);
    for (uint32_t i = 0; i < contest->eligible_max; i++)
        contest->out->operators += i == 0 || strcmp(names[i - 1], names[i]) != 0;
    contest->out->excluded = opening->job_open->excluded_count;
    contest->out->opened = position_of(contest, opening);
    return VCH_OK;
}

// The candidate that a seat was, from its own sortition.
static vch_status find_candidate(struct vch_draw_candidate *out, const struct contest *contest,
                                 const struct vch_entry_seat *seat, const struct vch_digest *alpha,
                                 const struct vch_entry *anchor)
{
    const struct vch_registry *registry = &contest->voucher->registry;
    const struct vch_member *member = vch_registry_find(registry, &seat->node);
    const struct vch_entry *sortition =
        find(contest, VCH_ENTRY_SORTITION, &seat->node, anchor, contest->draw);
    struct vch_vrf_beta beta;

    if (member == NULL || member->role != VCH_ROLE_NODE || !member->has_vrf)
        return refuse(contest, "a seat is not held by a node with a VRF key in the registry");
    if (sortition == NULL) return refuse(contest, "a seat was never drawn for");
    if (!vch_is_ok(vch_vrf_verify(&beta, &member->vrf, alpha->bytes, sizeof alpha->bytes,
                                  &sortition->sortition.proof)))
        return refuse(contest, "a seat's draw does not verify");
    *out = (struct vch_draw_candidate){.node = seat->node,
                                       .operator_id = (uint32_t)(member - registry->members),
                                       .weight = seat->weight,
                                       .exponent = vch_draw_exponent(&beta)};
    return VCH_OK;
}

static const char *operator_of(const struct contest *contest, uint32_t seat)
{
    return vch_registry_find(&contest->voucher->registry, &contest->draw->draw.seats[seat].node)
        ->operator_name;
}

static vch_status check_seat(const struct contest *contest, const struct vch_entry *opening,
                             uint32_t seat)
{
    const char *name = operator_of(contest, seat);

    if (contest->draw->draw.seats[seat].weight == 0) return refuse(contest, "a seat has no weight");
    if (is_excluded(opening, name))
        return refuse(contest, "a seat is held by an operator that the client excluded");
    for (uint32_t i = 0; i < seat; i++)
        if (strcmp(operator_of(contest, i), name) == 0)
            return refuse(contest, "two seats are held by one operator");
    return VCH_OK;
}

// The seats, each with its draw, in the order of their priorities.
static vch_status check_draw(const struct contest *contest, const struct vch_entry *opening,
                             const struct vch_entry *covered, const struct vch_entry *anchor)
{
    const struct vch_agreement_leaf *leaf = &contest->agreement->leaves[covered - contest->entries];
    const struct vch_draw_contest drawn = {
        .ledger = contest->charter->id,
        .entry = vch_merkle_leaf(leaf->entry, leaf->entry_size),
        .anchor = vch_entry_anchor_seed(anchor),
        .registry = contest->voucher->registry.digest,
        .subject = contest->id.subject,
        .segment = contest->id.segment,
        .round = contest->id.round,
    };
    const struct vch_digest alpha = vch_draw_alpha(&drawn);
    struct vch_draw_candidate candidate, before;

    if (contest->is_late && contest->draw->draw.count > 0)
        return refuse(contest, "seats were drawn by an anchor that came too late");
    if (contest->draw->draw.count > contest->wanted)
        return refuse(contest, "more seats were drawn than the round has");
    if (contest->draw->draw.count > contest->draw->draw.eligible)
        return refuse(contest, "more seats were drawn than its draw speaks of nodes");
    if (contest->draw->draw.eligible > contest->eligible_max)
        return refuse(contest, "its draw speaks of more nodes than the registry has for it");
    for (uint32_t i = 0; i < contest->draw->draw.count; i++) {
        VCH_TRY(find_candidate(&candidate, contest, &contest->draw->draw.seats[i], &alpha, anchor));
        VCH_TRY(check_seat(contest, opening, i));
        if (i > 0 && vch_draw_compare(&before, &candidate) >= 0)
            return refuse(contest, "its seats do not stand in the order of their draws");
        before = candidate;
    }
    return VCH_OK;
}

// What a seat revealed, if it hashes to what it had committed to; NULL otherwise.
static const struct vch_entry *find_answer(const struct contest *contest,
                                           const struct vch_public_key *node,
                                           const struct vch_entry *close,
                                           const struct vch_entry *anchor,
                                           const struct vch_entry *verdict)
{
    const struct vch_entry *commit = find(contest, VCH_ENTRY_COMMIT, node, contest->draw, close);
    const struct vch_entry *reveal = find(contest, VCH_ENTRY_REVEAL, node, anchor, verdict);

    if (commit == NULL || reveal == NULL || !reveal->reveal.has_trace) return NULL;
    struct vch_digest commitment = vch_entry_commitment(
        &contest->id, node, &reveal->reveal.output, &reveal->reveal.trace, reveal->reveal.nonce);
    if (!vch_hash_is_equal(&commitment, &commit->commit.commitment)) return NULL;
    return reveal;
}

static bool is_same_answer(const struct vch_entry *a, const struct vch_entry *b)
{
    return vch_hash_is_equal(&a->reveal.output, &b->reveal.output) &&
           vch_hash_is_equal(&a->reveal.trace, &b->reveal.trace);
}

// How many answers are alike, output and trace, of those with this output: the most.
static uint32_t count_alike(const struct vch_entry *const *answers, uint32_t count,
                            const struct vch_digest *output)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t alike = 0;
        if (answers[i] == NULL || !vch_hash_is_equal(&answers[i]->reveal.output, output)) continue;
        for (uint32_t j = 0; j < count; j++)
            alike += answers[j] != NULL && is_same_answer(answers[i], answers[j]);
        if (alike > most) most = alike;
    }
    return most;
}

static void note_answers(const struct contest *contest, const struct vch_entry *const *answers,
                         uint32_t count)
{
    const struct vch_registry *registry = &contest->voucher->registry;

    for (uint32_t i = 0; i < count; i++)
        if (answers[i] != NULL)
            contest->out->answers[contest->out->answer_count++] =
                (uint16_t)(vch_registry_find(registry, &answers[i]->writer) - registry->members);
}

// By the ledger's clock, which witnesses hold to skew_ms: the client's own is its word.
static bool is_expired(const struct contest *contest, const struct vch_entry *anchor)
{
    const uint64_t expires_ms = contest->voucher->registry.expires_ms;
    const uint64_t skew_ms = contest->charter->parameters.skew_ms;

    return expires_ms != 0 && anchor->time_ms > skew_ms && anchor->time_ms - skew_ms > expires_ms;
}

static vch_status check_votes(struct contest *contest, const struct vch_entry *verdict)
{
    const struct vch_entry *close =
        find(contest, VCH_ENTRY_CLOSE, &contest->charter->clerk, contest->draw, verdict);
    const struct vch_entry *anchor = close != NULL ? find_anchor(contest, close) : NULL;
    const struct vch_entry *answers[VCH_ENTRY_SEATS_MAX];
    uint32_t count = contest->draw->draw.count;

    if (close == NULL) return refuse(contest, "its commits were never closed");
    if (anchor == NULL || anchor >= verdict)
        return refuse(contest, "answers were revealed before witnesses had seen all commits");
    if (is_expired(contest, anchor))
        return refuse(contest, "the registry had expired before its commits were closed");
    for (uint32_t i = 0; i < count; i++)
        answers[i] =
            find_answer(contest, &contest->draw->draw.seats[i].node, close, anchor, verdict);
    uint32_t agreeing = count_alike(answers, count, &verdict->verdict.output);
    if (2 * agreeing <= contest->wanted || agreeing != verdict->verdict.agreeing)
        return vch_complain(contest->complaint, VCH_CODE_BAD_PROOF,
                            "the agreement on segment %u: its verdict speaks of %u equal answers "
                            "of %u; %u are there",
                            contest->segment, verdict->verdict.agreeing, contest->wanted, agreeing);
    contest->out->round = contest->id.round;
    contest->out->wanted = contest->wanted;
    contest->out->seats = contest->draw->draw.count;
    contest->out->eligible = contest->draw->draw.eligible;
    contest->out->agreeing = agreeing;
    contest->out->output = verdict->verdict.output;
    contest->out->disputable_ms =
        verdict->time_ms + contest->charter->parameters.dispute_ms; // below 2**53 + 2**40
    note_answers(contest, answers, count);
    return VCH_OK;
}

// One committee. `covered` is what its anchor had to cover; *verdict what came of it.
static vch_status check_round(struct contest *contest, const struct vch_entry *opening,
                              const struct vch_entry *covered, const struct vch_entry **verdict)
{
    const struct vch_public_key *clerk = &contest->charter->clerk;
    const struct vch_entry *end = contest->entries + contest->count;
    const struct vch_entry *anchor = find_anchor(contest, covered);

    if (anchor == NULL) return refuse(contest, "no cosigned anchor fixes its draw");
    contest->draw = find(contest, VCH_ENTRY_DRAW, clerk, anchor, end);
    if (contest->draw == NULL) return refuse(contest, "there is no draw");
    contest->is_late = anchor->time_ms - covered->time_ms > vch_charter_anchor_ms(contest->charter);
    VCH_TRY(check_draw(contest, opening, covered, anchor));
    *verdict = find(contest, VCH_ENTRY_VERDICT, clerk, contest->draw, end);
    if (*verdict == NULL) return refuse(contest, "there is no verdict");
    return (*verdict)->verdict.has_output ? check_votes(contest, *verdict) : VCH_OK;
}

static vch_status check_rounds(struct contest *contest, const struct vch_entry *opening)
{
    const struct vch_entry *covered = opening, *verdict = NULL;

    contest->id = (struct vch_contest_id){contest->voucher->job_id, contest->segment, 0};
    contest->wanted = contest->voucher->job.quorum;
    for (; contest->id.round < contest->charter->parameters.rounds; contest->id.round++) {
        VCH_TRY(check_round(contest, opening, covered, &verdict));
        if (verdict->verdict.has_output) return VCH_OK;
        covered = verdict;
        if (!contest->is_late) contest->wanted = 2 * contest->wanted + 1;
    }
    return refuse(contest, "no round of it has a majority");
}

static bool is_input(const struct contest *contest, const struct vch_entry *entry)
{
    return entry->kind == VCH_ENTRY_INPUT && entry->input.segment == contest->segment &&
           vch_hash_is_equal(&entry->input.job, &contest->voucher->job_id) &&
           is_by(entry, &contest->voucher->job.client);
}

static bool is_commit(const struct contest *contest, const struct vch_entry *entry)
{
    return entry->kind == VCH_ENTRY_COMMIT && entry->contest.segment == contest->segment &&
           vch_hash_is_equal(&entry->contest.subject, &contest->voucher->job_id);
}

// The client's entry that says what the segment was given: the first, and before anybody committed
// to an answer to it. NULL: none.
static const struct vch_entry *find_input_entry(const struct contest *contest,
                                                const struct vch_entry *opening)
{
    for (const struct vch_entry *at = opening + 1; at < contest->entries + contest->count; at++) {
        if (is_commit(contest, at)) return NULL;
        if (is_input(contest, at)) return at;
    }
    return NULL;
}

static bool is_by_nodes(const struct contest *contest, uint32_t segment)
{
    return contest->voucher->job.segments[segment].by == VCH_JOB_BY_NODES;
}

static bool is_first_by_nodes(const struct contest *contest)
{
    for (uint32_t i = 0; i < contest->segment; i++)
        if (is_by_nodes(contest, i)) return false;
    return true;
}

// What the client says that the segment was given, where the plan leaves it to its word: behind a
// segment of its own. Elsewhere no entry counts, whatever a clerk let in.
static void find_input(struct contest *contest, const struct vch_entry *opening)
{
    const struct vch_digest *input = NULL;

    if (contest->segment == 0 || is_by_nodes(contest, contest->segment - 1)) return;
    if (is_first_by_nodes(contest)) {
        input = opening->job_open->has_input ? &opening->job_open->input : NULL;
    } else {
        const struct vch_entry *entry = find_input_entry(contest, opening);
        input = entry != NULL ? &entry->input.input : NULL;
    }
    contest->out->has_input = input != NULL;
    if (input != NULL) contest->out->input = *input;
}

static vch_status verify(struct contest *contest)
{
    VCH_TRY(decode_leaves(contest));
    VCH_TRY(check_log(contest));
    const struct vch_entry *opening = find_opening(contest);
    if (opening == NULL) return refuse(contest, "the job was not opened in that log");
    VCH_TRY(check_registry(contest, opening));
    VCH_TRY(count_eligible(contest, opening));
    find_input(contest, opening);
    return check_rounds(contest, opening);
}

vch_status vch_contest_verify(struct vch_contest_finding *out, const struct vch_voucher *voucher,
                              const struct vch_segment_result *result, struct vch_arena *scratch,
                              struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct contest contest = {.voucher = voucher,
                              .agreement = result->agreement,
                              .segment = result->segment,
                              .out = out,
                              .scratch = scratch,
                              .complaint = complaint};

    *out = (struct vch_contest_finding){0};
    vch_status status = verify(&contest);
    vch_arena_rewind(scratch, mark);
    return status;
}
