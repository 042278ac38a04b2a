// Any bytes at all: a voucher that decodes is judged, and passes only if nothing in it is false.
// The reader trusts the keys that the voucher names, so that the judging goes as deep as it can.
#include "base/check.h"
#include "voucher/verify.h"

static struct vch_policy trust(const struct vch_voucher *voucher)
{
    struct vch_policy policy = {.founder_count = 1, .owner_count = 1, .quorum_min = 1};

    policy.founders[0] = voucher->registry.founder;
    policy.owners[0] = voucher->owner;
    return policy;
}

// Which take nothing in the end, but have every kind looked at.
static const struct vch_rules rules = {.name = "any",
                                       .until_s = INT64_MAX,
                                       .has_snp = true,
                                       .has_tdx = true,
                                       .has_sgx = true,
                                       .has_tpm = true};

static void judge(const struct vch_voucher *voucher, struct vch_arena *arena)
{
    struct vch_policy policy = trust(voucher);
    struct vch_complaint complaint = {0};
    struct vch_verify_report report;
    struct vch_verify_input input = {.voucher = voucher, .policy = &policy, .rules = &rules};

    bool passes = vch_is_ok(vch_verify_voucher(&report, &input, arena, &complaint));
    VCH_ASSERT(passes == (complaint.text[0] == '\0'));
    for (int i = 0; i < VCH_CLAIM_COUNT; i++) {
        VCH_ASSERT(report.findings[i].reason[0] != '\0');
        VCH_ASSERT(!passes || report.findings[i].verdict != VCH_VERDICT_FALSE);
    }
    VCH_ASSERT(report.dissenter_count <= VCH_VOTE_COUNT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    struct vch_voucher voucher;

    vch_arena_init(&arena, 1 << 26);
    if (vch_is_ok(vch_voucher_decode(&voucher, data, size, &arena, &complaint)))
        judge(&voucher, &arena);
    else
        VCH_ASSERT(complaint.text[0] != '\0');
    vch_arena_release(&arena);
    return 0;
}
