#include "voucher/judge.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "voucher/attested_claim.h"
#include "voucher/judge_parts.h"

__attribute__((format(printf, 4, 5))) void vch_judge_parts_say(struct vch_judge_parts *judge,
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

enum vch_verdict vch_judge_parts_verdict(const struct vch_judge_parts *judge, enum vch_claim claim)
{
    return judge->report->findings[claim].verdict;
}

const char *vch_judge_parts_hex(char out[static VCH_JUDGE_PARTS_HEX_SIZE],
                                const uint8_t bytes[static 32])
{
    vch_hex_encode(out, bytes, 32);
    return out;
}

bool vch_judge_parts_is_among(const struct vch_public_key *key, const struct vch_public_key *keys,
                              uint32_t count)
{
    for (uint32_t i = 0; i < count && i < VCH_VERIFY_KEYS_MAX; i++)
        if (vch_is_equal(key, &keys[i], sizeof *key)) return true;
    return false;
}

void vch_judge_parts_rest_on_founder(struct vch_judge_parts *judge, enum vch_claim claim)
{
    char hex[VCH_JUDGE_PARTS_HEX_SIZE];

    vch_judge_parts_say(
        judge, claim, VCH_VERDICT_NOT_SHOWN,
        "it rests on the nodes of network \"%s\", whose founder %s you did not name; pass "
        "--founder with that key if you know it to be right",
        judge->voucher->registry.network,
        vch_judge_parts_hex(hex, judge->voucher->registry.founder.bytes));
}

uint32_t vch_judge_parts_node_segments(const struct vch_job *job)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < job->segment_count; i++)
        count += job->segments[i].by == VCH_JOB_BY_NODES;
    return count;
}

static void list_dissenters(struct vch_judge_parts *judge)
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
    struct vch_judge_parts judge = {.input = input,
                                    .voucher = input->voucher,
                                    .policy = input->policy,
                                    .report = report,
                                    .scratch = scratch};

    judge.is_founder_named = vch_judge_parts_is_among(
        &input->voucher->registry.founder, input->policy->founders, input->policy->founder_count);
    vch_judge_parts_check_agreements(&judge);
    vch_recount_votes(&judge.recount, input->voucher, judge.agreed);
    vch_judge_parts_open_ends(&judge);
    vch_judge_parts_client(&judge);
    vch_judge_parts_model(&judge);
    vch_judge_parts_votes(&judge);
    vch_judge_parts_run(&judge);
    vch_judge_parts_input(&judge);
    vch_judge_parts_output(&judge);
    vch_attested_claim(report, input, &judge.recount, judge.agreed, scratch);
    list_dissenters(&judge);
}
