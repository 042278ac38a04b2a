#include "voucher/verify.h"

#include "voucher/judge.h"

const char *vch_verify_claim_name(enum vch_claim claim)
{
    static const char *const names[VCH_CLAIM_COUNT] = {
#define X(name, text, meaning) text,
        VCH_CLAIMS(X)
#undef X
    };
    return claim < VCH_CLAIM_COUNT ? names[claim] : "unknown";
}

const char *vch_verify_claim_meaning(enum vch_claim claim)
{
    static const char *const meanings[VCH_CLAIM_COUNT] = {
#define X(name, text, meaning) meaning,
        VCH_CLAIMS(X)
#undef X
    };
    return claim < VCH_CLAIM_COUNT ? meanings[claim] : "unknown";
}

const char *vch_verify_verdict_text(enum vch_verdict verdict)
{
    switch (verdict) {
    case VCH_VERDICT_NOT_CLAIMED: return "not claimed";
    case VCH_VERDICT_NOT_SHOWN: return "not shown";
    case VCH_VERDICT_SHOWN: return "shown";
    case VCH_VERDICT_FALSE: return "FALSE";
    }
    return "unknown";
}

static bool is_shown(const struct vch_verify_report *report, enum vch_claim claim)
{
    return report->findings[claim].verdict == VCH_VERDICT_SHOWN;
}

static vch_status refuse(const struct vch_verify_report *report, enum vch_claim claim,
                         struct vch_complaint *complaint)
{
    const struct vch_finding *finding = &report->findings[claim];

    return vch_complain(complaint, VCH_CODE_BAD_PROOF, "%s is %s: %s", vch_verify_claim_name(claim),
                        vch_verify_verdict_text(finding->verdict), finding->reason);
}

static bool has_requirements(const struct vch_policy *policy)
{
    for (int i = 0; policy->has_requirements && i < VCH_CLAIM_COUNT; i++)
        if (policy->requires[i]) return true;
    return false; // asking for nothing is not asking: an empty voucher never passes
}

// Model, input and output, and at least one reason to believe that the one led to the other.
static vch_status check_default(const struct vch_verify_report *report,
                                struct vch_complaint *complaint)
{
    static const enum vch_claim always[] = {VCH_CLAIM_MODEL, VCH_CLAIM_INPUT, VCH_CLAIM_OUTPUT};

    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (!is_shown(report, always[i])) return refuse(report, always[i], complaint);
    // Evidence is no such reason: it shows where a node's key is, and not that nobody votes with a
    // copy of it elsewhere.
    if (is_shown(report, VCH_CLAIM_PROOF)) return VCH_OK;
    return is_shown(report, VCH_CLAIM_QUORUM) ? VCH_OK
                                              : refuse(report, VCH_CLAIM_QUORUM, complaint);
}

static vch_status check_requirements(const struct vch_verify_report *report,
                                     const struct vch_policy *policy,
                                     struct vch_complaint *complaint)
{
    for (enum vch_claim i = 0; i < VCH_CLAIM_COUNT; i++)
        if (report->findings[i].verdict == VCH_VERDICT_FALSE) return refuse(report, i, complaint);
    if (policy->client_count > 0 && !is_shown(report, VCH_CLAIM_CLIENT))
        return refuse(report, VCH_CLAIM_CLIENT, complaint); // another than those named
    if (!has_requirements(policy)) return check_default(report, complaint);
    for (enum vch_claim i = 0; i < VCH_CLAIM_COUNT; i++)
        if (policy->requires[i] && !is_shown(report, i)) return refuse(report, i, complaint);
    return VCH_OK;
}

vch_status vch_verify_voucher(struct vch_verify_report *report,
                              const struct vch_verify_input *input, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(arena);

    *report = (struct vch_verify_report){0};
    vch_judge_claims(report, input, arena);
    vch_arena_rewind(arena, mark);
    return check_requirements(report, input->policy, complaint);
}
