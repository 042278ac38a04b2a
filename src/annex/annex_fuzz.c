// Annexes from anywhere. What is accepted is its own encoding: no second one of it exists.
#include <string.h>

#include "annex/annex.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The same base, signed by another, differs in the key and the signature alone.
static void encode_again(const struct vch_annex *annex, const uint8_t *data,
                         struct vch_arena *arena)
{
    struct vch_secret_key key = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    key.public_key = annex->owner;
    VCH_ASSERT(vch_is_ok(vch_annex_encode(&bytes, &size, annex, &key, arena, NULL)));
    VCH_ASSERT(memcmp(bytes, data, size - VCH_SIGN_SIGNATURE_SIZE) == 0);
    memcpy(bytes + size - VCH_SIGN_SIGNATURE_SIZE, annex->signature.bytes, VCH_SIGN_SIGNATURE_SIZE);
    for (uint32_t i = 0; i < annex->link_count; i++)
        VCH_ASSERT(
            vch_is_ok(vch_annex_extend(&bytes, &size, bytes, size, &annex->links[i], arena, NULL)));
    VCH_ASSERT(memcmp(bytes, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_annex annex;
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    uint32_t links = 0;

    vch_arena_init(&arena, 1 << 24);
    vch_status status = vch_annex_decode(&annex, data, size, &arena, &complaint);
    if (vch_is_ok(status)) {
        if (annex.link_count < 100) encode_again(&annex, data, &arena);
        VCH_ASSERT(vch_is_ok(vch_annex_find(&links, &annex, &annex.digests[annex.link_count])));
    } else if (status.code != VCH_CODE_NO_MEMORY) {
        VCH_ASSERT(complaint.text[0] != '\0');
    }
    vch_arena_release(&arena);
    return 0;
}
