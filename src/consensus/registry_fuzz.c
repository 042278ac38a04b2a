// Any bytes at all: a registry that is accepted is sorted, named properly, and finds its members.
#include "consensus/registry.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    struct vch_registry registry;

    vch_arena_init(&arena, 1 << 24);
    if (vch_is_ok(vch_registry_decode(&registry, data, size, &arena, &complaint))) {
        VCH_ASSERT(registry.member_count <= VCH_REGISTRY_MEMBERS_MAX);
        for (uint32_t i = 0; i < registry.member_count; i++) {
            const struct vch_member *member = &registry.members[i];
            VCH_ASSERT(vch_registry_find(&registry, &member->key) == member);
            VCH_ASSERT(strlen(member->operator_name) > 0);
        }
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
    }
    vch_arena_release(&arena);
    return 0;
}
