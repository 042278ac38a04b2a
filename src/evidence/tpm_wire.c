#include "evidence/tpm_wire.h"

#include <string.h>

#include "base/bytes.h"

vch_status vch_tpm_wire_u8(struct vch_reader *reader, uint8_t *out)
{
    const uint8_t *bytes;

    VCH_TRY(vch_reader_bytes(reader, 1, &bytes));
    *out = bytes[0];
    return VCH_OK;
}

vch_status vch_tpm_wire_u16(struct vch_reader *reader, uint16_t *out)
{
    const uint8_t *bytes;

    VCH_TRY(vch_reader_bytes(reader, 2, &bytes));
    *out = (uint16_t)(bytes[0] << 8 | bytes[1]);
    return VCH_OK;
}

vch_status vch_tpm_wire_u32(struct vch_reader *reader, uint32_t *out)
{
    const uint8_t *bytes;

    VCH_TRY(vch_reader_bytes(reader, 4, &bytes));
    *out = vch_get_u32be(bytes);
    return VCH_OK;
}

vch_status vch_tpm_wire_u64(struct vch_reader *reader, uint64_t *out)
{
    const uint8_t *bytes;

    VCH_TRY(vch_reader_bytes(reader, 8, &bytes));
    *out = vch_get_u64be(bytes);
    return VCH_OK;
}

vch_status vch_tpm_wire_sized(struct vch_reader *reader, uint16_t size_max, const uint8_t **bytes,
                              uint16_t *size)
{
    VCH_TRY(vch_tpm_wire_u16(reader, size));
    if (*size > size_max) return VCH_FAIL(LIMIT);
    return vch_reader_bytes(reader, *size, bytes);
}

vch_status vch_tpm_wire_number(struct vch_reader *reader, uint8_t *out, uint16_t size)
{
    const uint8_t *bytes;
    uint16_t used;

    VCH_TRY(vch_tpm_wire_sized(reader, size, &bytes, &used));
    memset(out, 0, size);
    memcpy(out + size - used, bytes, used);
    return VCH_OK;
}
