// Any bytes at all as TCB Info and as an identity: nothing points outside of what was read.
#include "evidence/dcap_collateral.h"

#include <string.h>

#include "base/check.h"

static void look(const struct vch_dcap_collateral_document *document,
                 const struct vch_dcap_collateral_levels *levels, const uint8_t *data, size_t size)
{
    VCH_ASSERT(document->signed_bytes >= data &&
               document->signed_bytes + document->signed_size < data + size);
    VCH_ASSERT(strlen(document->id) < sizeof document->id);
    VCH_ASSERT(levels->count > 0 && levels->count <= VCH_DCAP_COLLATERAL_LEVELS_MAX);
    for (uint32_t i = 0; i < levels->count; i++)
        VCH_ASSERT(levels->items[i].status <= VCH_DCAP_COLLATERAL_REVOKED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;
    struct vch_dcap_collateral_tcb_info info;
    struct vch_dcap_collateral_identity identity;

    vch_arena_init(&arena, 32 << 20);
    if (vch_is_ok(vch_dcap_collateral_decode_tcb_info(&info, &arena, data, size, NULL)))
        look(&info.document, &info.levels, data, size);
    if (vch_is_ok(vch_dcap_collateral_decode_identity(&identity, &arena, data, size, NULL)))
        look(&identity.document, &identity.levels, data, size);
    vch_arena_release(&arena);
    return 0;
}
