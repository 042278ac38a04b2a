// Any bytes at all: what is accepted stays inside its limits, what is refused changes nothing.
#include "voucher/policy.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {0};
    struct vch_policy policy = {0};

    if (vch_is_ok(vch_policy_decode(&policy, (const char *)data, size, &complaint))) {
        VCH_ASSERT(policy.founder_count <= VCH_VERIFY_KEYS_MAX);
        VCH_ASSERT(policy.owner_count <= VCH_VERIFY_KEYS_MAX);
        VCH_ASSERT(policy.client_count <= VCH_VERIFY_KEYS_MAX);
        VCH_ASSERT(policy.quorum_min <= VCH_JOB_QUORUM_MAX);
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
        VCH_ASSERT(policy.founder_count + policy.owner_count + policy.client_count == 0);
        VCH_ASSERT(!policy.has_requirements && policy.quorum_min == 0);
    }
    return 0;
}
