#include "tlog/bundle.h"

#include "base/check.h"

void vch_bundle_encode_size(uint8_t out[static 2], size_t size)
{
    VCH_ASSERT(size <= VCH_BUNDLE_ENTRY_MAX);
    out[0] = (uint8_t)(size >> 8);
    out[1] = (uint8_t)size;
}

vch_status vch_bundle_read(struct vch_reader *reader, const uint8_t **entry, size_t *size)
{
    struct vch_reader ahead = *reader;
    const uint8_t *prefix = NULL;

    VCH_TRY(vch_reader_bytes(&ahead, 2, &prefix));
    *size = (size_t)prefix[0] << 8 | prefix[1];
    VCH_TRY(vch_reader_bytes(&ahead, *size, entry));
    *reader = ahead;
    return VCH_OK;
}

vch_status vch_bundle_check(const uint8_t *bytes, size_t size, unsigned count)
{
    struct vch_reader reader = {bytes, size, 0};
    const uint8_t *entry = NULL;
    size_t entry_size = 0;

    for (unsigned i = 0; i < count; i++)
        VCH_TRY(vch_bundle_read(&reader, &entry, &entry_size));
    return reader.offset == reader.size ? VCH_OK : VCH_FAIL(MALFORMED);
}
