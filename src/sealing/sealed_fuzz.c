// Any bytes at all as a manifest of sealed weights: what is accepted is what would be written.
#include "sealing/sealed.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[VCH_SEALED_MANIFEST_SIZE];
    struct vch_complaint complaint = {{0}};
    struct vch_sealed sealed;

    vch_status status = vch_sealed_decode(&sealed, data, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return 0;
    vch_sealed_encode(again, &sealed);
    VCH_ASSERT(size == sizeof again && memcmp(data, again, size) == 0);
    VCH_ASSERT(vch_sealed_chunk_count(&sealed) <= VCH_SEALED_CHUNKS_MAX);
    return 0;
}
