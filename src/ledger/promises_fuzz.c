// Any bytes at all as a witness's list of promises: what is accepted has drafts that fit.
#include "ledger/promises.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vch_promises promises;

    if (!vch_is_ok(vch_promises_decode(&promises, (const char *)data, size))) return 0;
    VCH_ASSERT(promises.count <= VCH_PROMISES_MAX);
    for (uint32_t i = 0; i < promises.count; i++) {
        struct vch_digest digest = vch_hash_bytes(promises.all[i].draft, promises.all[i].size);
        VCH_ASSERT(promises.all[i].size <= VCH_PROMISES_DRAFT_MAX);
        VCH_ASSERT(vch_hash_is_equal(&digest, &promises.all[i].digest));
    }
    return 0;
}
