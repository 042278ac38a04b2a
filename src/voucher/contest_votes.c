// A vote of a committee: what its seats committed to before witnesses had seen all commits, and
// revealed behind that, counted anew.
#include "voucher/contest_parts.h"

// What each seat answered; NULL: nothing that counts.
struct answers {
    uint32_t count;
    const struct vch_entry *of[VCH_ENTRY_SEATS_MAX];
};

// What a seat revealed, if it hashes to what it had committed to; NULL otherwise.
static const struct vch_entry *find_answer(const struct vch_contest_parts_round *round,
                                           const struct vch_public_key *node,
                                           const struct vch_entry *close,
                                           const struct vch_entry *anchor)
{
    const struct vch_entry *commit =
        vch_contest_parts_find(round, VCH_ENTRY_COMMIT, node, round->draw, close);
    const struct vch_entry *reveal =
        vch_contest_parts_find(round, VCH_ENTRY_REVEAL, node, anchor, round->verdict);

    if (commit == NULL || reveal == NULL || !reveal->reveal.has_trace) return NULL;
    struct vch_digest commitment = vch_entry_commitment(
        &round->id, node, &reveal->reveal.output, &reveal->reveal.trace, reveal->reveal.nonce);
    return vch_hash_is_equal(&commitment, &commit->commit.commitment) ? reveal : NULL;
}

// By the ledger's clock, which witnesses hold to skew_ms: the client's own is its word.
static bool is_expired(const struct vch_contest_parts *contest, const struct vch_entry *anchor)
{
    const uint64_t expires_ms = contest->voucher->registry.expires_ms;
    const uint64_t skew_ms = contest->charter->parameters.skew_ms;

    return expires_ms != 0 && anchor->time_ms > skew_ms && anchor->time_ms - skew_ms > expires_ms;
}

static vch_status find_answers(struct answers *answers, const struct vch_contest_parts *contest,
                               const struct vch_contest_parts_round *round)
{
    const struct vch_entry *close = vch_contest_parts_find(
        round, VCH_ENTRY_CLOSE, &contest->charter->clerk, round->draw, round->verdict);
    const struct vch_entry *anchor =
        close != NULL ? vch_contest_parts_find_anchor(contest, close) : NULL;

    if (close == NULL) return vch_contest_parts_refuse(contest, "its commits were never closed");
    if (anchor == NULL || anchor >= round->verdict)
        return vch_contest_parts_refuse(
            contest, "answers were revealed before witnesses had seen all commits");
    if (is_expired(contest, anchor))
        return vch_contest_parts_refuse(contest,
                                        "the registry had expired before its commits were closed");
    answers->count = round->draw->draw.count;
    for (uint32_t i = 0; i < answers->count; i++)
        answers->of[i] = find_answer(round, &round->draw->draw.seats[i].node, close, anchor);
    return VCH_OK;
}

static bool is_same_answer(const struct vch_entry *a, const struct vch_entry *b)
{
    return vch_hash_is_equal(&a->reveal.output, &b->reveal.output) &&
           vch_hash_is_equal(&a->reveal.trace, &b->reveal.trace);
}

// How many answers are alike, output and trace, of those with this output: the most.
static uint32_t count_alike(const struct answers *answers, const struct vch_digest *output)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < answers->count; i++) {
        const struct vch_entry *answer = answers->of[i];
        uint32_t alike = 0;
        if (answer == NULL || !vch_hash_is_equal(&answer->reveal.output, output)) continue;
        for (uint32_t j = 0; j < answers->count; j++)
            alike += answers->of[j] != NULL && is_same_answer(answer, answers->of[j]);
        if (alike > most) most = alike;
    }
    return most;
}

static void note(struct vch_contest_finding *out, const struct vch_contest_parts *contest,
                 const struct vch_contest_parts_round *round, const struct answers *answers)
{
    const struct vch_entry *verdict = round->verdict;

    out->round = round->id.round;
    out->wanted = round->wanted;
    out->seats = round->draw->draw.count;
    out->eligible = round->draw->draw.eligible;
    out->agreeing = verdict->verdict.agreeing;
    out->output = verdict->verdict.output;
    out->disputable_ms =
        verdict->time_ms + contest->charter->parameters.dispute_ms; // below 2**53 + 2**40
    for (uint32_t i = 0; i < answers->count; i++)
        if (answers->of[i] != NULL)
            out->answers[out->answer_count++] =
                (uint16_t)(round->seats[i] - contest->voucher->registry.members);
}

vch_status vch_contest_parts_check_votes(const struct vch_contest_parts *contest,
                                         const struct vch_contest_parts_round *round)
{
    const uint32_t claimed = round->verdict->verdict.agreeing;
    struct answers answers = {0};

    VCH_TRY(find_answers(&answers, contest, round));
    const uint32_t agreeing = count_alike(&answers, &round->verdict->verdict.output);
    if (2 * agreeing <= round->wanted || agreeing != claimed)
        return vch_complain(contest->complaint, VCH_CODE_BAD_PROOF,
                            "the agreement on segment %u: its verdict speaks of %u equal answers "
                            "of %u; %u are there",
                            contest->segment, claimed, round->wanted, agreeing);
    note(contest->out, contest, round, &answers);
    return VCH_OK;
}
