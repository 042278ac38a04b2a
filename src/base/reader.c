#include "base/reader.h"

#include "base/bytes.h"
#include "base/check.h"

vch_status vch_reader_bytes(struct vch_reader *reader, size_t size, const uint8_t **out)
{
    VCH_ASSERT(reader->offset <= reader->size);
    if (size > reader->size - reader->offset) return VCH_FAIL(TRUNCATED);

    *out = reader->bytes + reader->offset;
    reader->offset += size;
    return VCH_OK;
}

vch_status vch_reader_u16le(struct vch_reader *reader, uint16_t *out)
{
    const uint8_t *b = NULL;
    VCH_TRY(vch_reader_bytes(reader, 2, &b));
    *out = (uint16_t)(b[0] | b[1] << 8);
    return VCH_OK;
}

vch_status vch_reader_u32le(struct vch_reader *reader, uint32_t *out)
{
    const uint8_t *b = NULL;
    VCH_TRY(vch_reader_bytes(reader, 4, &b));
    *out = vch_get_u32le(b);
    return VCH_OK;
}

vch_status vch_reader_u64le(struct vch_reader *reader, uint64_t *out)
{
    const uint8_t *b = NULL;
    VCH_TRY(vch_reader_bytes(reader, 8, &b));
    *out = vch_get_u64le(b);
    return VCH_OK;
}
