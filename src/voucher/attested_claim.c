#include "voucher/attested_claim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

struct counted {
    const struct vch_verify_input *input;
    struct vch_verify_report *report;
    const struct vch_attested_node *first[VCH_ATTESTED_LIE + 1]; // of each verdict
    uint32_t count, levels[VCH_RULES_LEVEL_COUNT];               // the latter of those shown
    bool is_test;
    struct vch_attested_node *nodes;
};

__attribute__((format(printf, 3, 4))) static void
conclude(struct vch_verify_report *report, enum vch_verdict verdict, const char *format, ...)
{
    struct vch_finding *finding = &report->findings[VCH_CLAIM_ATTESTED];
    va_list arguments;

    finding->verdict = verdict;
    va_start(arguments, format);
    (void)vsnprintf(finding->reason, sizeof finding->reason, format, arguments);
    va_end(arguments);
}

static uint32_t attestation_count(const struct vch_voucher *voucher)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < voucher->result_count; i++)
        count += voucher->results[i].attestation_count;
    return count;
}

static void keep(struct counted *counted, const struct vch_attested_node *node)
{
    struct vch_verify_report *report = counted->report;

    if (report->attested_count < VCH_VOTE_COUNT_MAX)
        report->attested[report->attested_count++] = *node;
    if (counted->first[node->verdict] == NULL) counted->first[node->verdict] = node;
    if (node->verdict != VCH_ATTESTED_SHOWN) return;
    counted->levels[node->level]++;
    counted->is_test |= node->is_test;
}

static vch_status judge_all(struct counted *counted, struct vch_arena *scratch)
{
    const struct vch_verify_input *input = counted->input;
    const struct vch_voucher *voucher = input->voucher;

    for (uint32_t i = 0; i < voucher->result_count; i++)
        for (uint32_t j = 0; j < voucher->results[i].attestation_count; j++) {
            struct vch_attested_node *node = &counted->nodes[counted->count++];
            VCH_TRY(vch_attested_judge(node, voucher, &voucher->results[i].attestations[j],
                                       input->rules, input->policy->attest_class,
                                       input->evidence_at_s, scratch));
            keep(counted, node);
        }
    return VCH_OK;
}

static bool is_shown(const struct counted *counted, const struct vch_public_key *node)
{
    for (uint32_t i = 0; i < counted->count; i++)
        if (counted->nodes[i].verdict == VCH_ATTESTED_SHOWN &&
            vch_is_equal(&counted->nodes[i].node, node, sizeof *node))
            return true;
    return false;
}

// The first node that answered and of which nothing is shown; NULL: there is none. On a ledger
// seats answer whose votes the client may not hold.
static const struct vch_public_key *find_unshown(const struct counted *counted,
                                                 const struct vch_contest_finding *const *agreed)
{
    const struct vch_voucher *voucher = counted->input->voucher;

    for (uint32_t i = 0; i < voucher->result_count; i++) {
        const struct vch_segment_result *result = &voucher->results[i];
        for (uint32_t j = 0; j < result->vote_count; j++)
            if (!is_shown(counted, &result->votes[j].node)) return &result->votes[j].node;
        for (uint32_t j = 0; agreed != NULL && agreed[i] != NULL && j < agreed[i]->answer_count;
             j++) {
            const struct vch_public_key *key =
                &voucher->registry.members[agreed[i]->answers[j]].key;
            if (!is_shown(counted, key)) return key;
        }
    }
    return NULL;
}

static bool has_voted(const struct vch_segment_result *result, const struct vch_public_key *node)
{
    for (uint32_t i = 0; i < result->vote_count; i++)
        if (vch_is_equal(&result->votes[i].node, node, sizeof *node)) return true;
    return false;
}

// For one segment, by different operators: who is asked for being independent.
static bool are_both_asked(const struct vch_voucher *voucher, const struct vch_public_key *a,
                           const struct vch_public_key *b)
{
    const struct vch_member *one = vch_registry_find(&voucher->registry, a);
    const struct vch_member *other = vch_registry_find(&voucher->registry, b);

    if (one == NULL || other == NULL || strcmp(one->operator_name, other->operator_name) == 0)
        return false;
    for (uint32_t i = 0; i < voucher->result_count; i++)
        if (has_voted(&voucher->results[i], a) && has_voted(&voucher->results[i], b)) return true;
    return false;
}

static bool is_one_machine(const struct vch_attested_node *a, const struct vch_attested_node *b)
{
    return a->verdict == VCH_ATTESTED_SHOWN && b->verdict == VCH_ATTESTED_SHOWN &&
           !vch_is_zero(a->machine.bytes, sizeof a->machine.bytes) &&
           vch_hash_is_equal(&a->machine, &b->machine);
}

// Votes that were asked for as independent, of one machine.
static bool has_one_machine(const struct counted *counted)
{
    const struct vch_attested_node *nodes = counted->nodes;

    for (uint32_t i = 0; i < counted->count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (is_one_machine(&nodes[i], &nodes[j]) &&
                are_both_asked(counted->input->voucher, &nodes[i].node, &nodes[j].node))
                return true;
    return false;
}

static void conclude_on(struct counted *counted, enum vch_verdict verdict, const char *what,
                        const struct vch_attested_node *node)
{
    char hex[2 * VCH_SIGN_PUBLIC_SIZE + 1];

    vch_hex_encode(hex, node->node.bytes, VCH_SIGN_PUBLIC_SIZE);
    conclude(counted->report, verdict, "%s of node %s: %s", what, hex, node->why);
}

static void conclude_on_missing(struct counted *counted, const struct vch_public_key *node)
{
    char hex[2 * VCH_SIGN_PUBLIC_SIZE + 1];

    vch_hex_encode(hex, node->bytes, VCH_SIGN_PUBLIC_SIZE);
    conclude(counted->report, VCH_VERDICT_NOT_SHOWN,
             "node %s answered, and the voucher has no evidence of what it runs", hex);
}

static void conclude_shown(struct counted *counted)
{
    const struct vch_rules *rules = counted->input->rules;

    VCH_ASSERT(rules != NULL); // nothing is shown without
    conclude(
        counted->report, VCH_VERDICT_SHOWN,
        "every node that answered has shown this client, for this job, what its machine is: %u at "
        "the level tee, %u at tpm%s, by the policy \"%s\"%s%s",
        counted->levels[VCH_RULES_TEE], counted->levels[VCH_RULES_TPM],
        counted->levels[VCH_RULES_TPM] > 0 ? " (what was booted, and not which program answered)"
                                           : "",
        rules->name,
        counted->is_test ? ", with roots or TPMs of a test: nothing for production" : "",
        has_one_machine(counted) ? "; votes of different operators for one segment are of ONE "
                                   "MACHINE: count them as one"
                                 : "");
}

static void conclude_counted(struct counted *counted, const struct vch_recount *recount,
                             const struct vch_contest_finding *const *agreed)
{
    const struct vch_attested_node *const *first = counted->first;
    const bool is_evidence = first[VCH_ATTESTED_UNJUDGED] != NULL ||
                             first[VCH_ATTESTED_REFUSED] != NULL ||
                             first[VCH_ATTESTED_SHOWN] != NULL;

    if (first[VCH_ATTESTED_LIE] != NULL)
        conclude_on(counted, VCH_VERDICT_FALSE, "the evidence", first[VCH_ATTESTED_LIE]);
    else if (!is_evidence)
        conclude(counted->report, VCH_VERDICT_NOT_CLAIMED,
                 "nodes said of themselves what they run, and nothing shows it");
    else if (first[VCH_ATTESTED_UNJUDGED] != NULL)
        conclude(counted->report, VCH_VERDICT_NOT_SHOWN,
                 "%u nodes came with evidence of what they run; pass --attest-policy to have it "
                 "judged",
                 counted->count);
    else if (first[VCH_ATTESTED_REFUSED] != NULL)
        conclude_on(counted, VCH_VERDICT_NOT_SHOWN, "the policy does not take the evidence",
                    first[VCH_ATTESTED_REFUSED]);
    else if (first[VCH_ATTESTED_STATEMENT] != NULL)
        conclude_on(counted, VCH_VERDICT_NOT_SHOWN, "there is a statement alone",
                    first[VCH_ATTESTED_STATEMENT]);
    else if (!recount->has_valid_votes)
        conclude(counted->report, VCH_VERDICT_NOT_SHOWN,
                 "it is about nodes that voted, and votes are not valid");
    else if (find_unshown(counted, agreed) != NULL)
        conclude_on_missing(counted, find_unshown(counted, agreed));
    else
        conclude_shown(counted);
}

void vch_attested_claim(struct vch_verify_report *report, const struct vch_verify_input *input,
                        const struct vch_recount *recount,
                        const struct vch_contest_finding *const *agreed, struct vch_arena *scratch)
{
    struct counted counted = {.input = input, .report = report};
    uint32_t count = attestation_count(input->voucher);

    if (count == 0) {
        conclude(report, VCH_VERDICT_NOT_CLAIMED, "the voucher carries no evidence of hardware");
        return;
    }
    counted.nodes = VCH_ARENA_NEW(scratch, struct vch_attested_node, count);
    if (counted.nodes == NULL || !vch_is_ok(judge_all(&counted, scratch)))
        conclude(report, VCH_VERDICT_NOT_SHOWN, "not enough memory to judge it");
    else
        conclude_counted(&counted, recount, agreed);
}
