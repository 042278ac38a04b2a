// Any bytes at all: what is accepted stays inside its limits, what is refused changes nothing.
#include "voucher/policy.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {0};
    struct vch_policy policy, nothing;

    memset(&policy, 0, sizeof policy);
    memset(&nothing, 0, sizeof nothing);
    if (vch_is_ok(vch_policy_decode(&policy, (const char *)data, size, &complaint))) {
        VCH_ASSERT(policy.founder_count <= VCH_VERIFY_KEYS_MAX);
        VCH_ASSERT(policy.owner_count <= VCH_VERIFY_KEYS_MAX);
        VCH_ASSERT(policy.client_count <= VCH_VERIFY_KEYS_MAX);
        VCH_ASSERT(policy.quorum_min <= VCH_JOB_QUORUM_MAX);
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
        VCH_ASSERT(memcmp(&policy, &nothing, sizeof policy) == 0);
    }
    return 0;
}
