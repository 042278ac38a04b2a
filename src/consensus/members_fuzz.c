// Any bytes at all: what is accepted fits its fields, what is refused says why.
#include "consensus/members.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vch_member members[VCH_REGISTRY_MEMBERS_MAX];
    struct vch_complaint complaint = {0};
    uint32_t count = 0;
    vch_status status = vch_members_decode(members, &count, (const char *)data, size, &complaint);

    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    VCH_ASSERT(count <= VCH_REGISTRY_MEMBERS_MAX);
    for (uint32_t i = 0; i < count; i++)
        VCH_ASSERT(strlen(members[i].operator_name) <= VCH_REGISTRY_NAME_MAX);
    return 0;
}
