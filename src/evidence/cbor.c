#include "evidence/cbor.h"

#include <string.h>

#include "evidence/cbor_head.h"

// What the five low bits of an item's first byte say of its argument (RFC 8949, section 3).
enum { IN_ITSELF = 24, OF_8_BYTES = 27, FALSE = 20, TRUE = 21 };

vch_status vch_cbor_head(struct vch_cbor_reader *reader, struct vch_cbor_head *out)
{
    size_t left = reader->size - reader->offset;
    const uint8_t *at = reader->bytes + reader->offset;

    if (left == 0) return VCH_FAIL(TRUNCATED);
    uint8_t low = at[0] & 31;
    size_t size = low < IN_ITSELF ? 0 : (size_t)1 << (low - IN_ITSELF);
    if (low > OF_8_BYTES) return VCH_FAIL(MALFORMED); // indefinite or reserved
    if (left - 1 < size) return VCH_FAIL(TRUNCATED);
    uint64_t value = size == 0 ? low : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[1 + i];
    bool is_shortest = size == 0 || (size == 1 ? value >= IN_ITSELF : value >> (4 * size) != 0);
    out->type = (enum vch_cbor_type)(at[0] >> 5);
    out->value = value;
    if (out->type == VCH_CBOR_SIMPLE && size != 0) return VCH_FAIL(UNSUPPORTED); // also floats
    if (!is_shortest) return VCH_FAIL(MALFORMED);
    reader->offset += 1 + size;
    return VCH_OK;
}

enum vch_cbor_type vch_cbor_type(const struct vch_cbor_reader *reader)
{
    if (reader->offset >= reader->size) return VCH_CBOR_END;
    return (enum vch_cbor_type)(reader->bytes[reader->offset] >> 5);
}

// The head of an item of that type; any other stays where it is.
static vch_status take(struct vch_cbor_reader *reader, enum vch_cbor_type type, uint64_t *value)
{
    struct vch_cbor_reader ahead = *reader;
    struct vch_cbor_head head;

    VCH_TRY(vch_cbor_head(&ahead, &head));
    if (head.type != type) return VCH_FAIL(MALFORMED);
    *reader = ahead;
    *value = head.value;
    return VCH_OK;
}

vch_status vch_cbor_read_uint(struct vch_cbor_reader *reader, uint64_t *out)
{
    return take(reader, VCH_CBOR_UINT, out);
}

static vch_status string(struct vch_cbor_reader *reader, enum vch_cbor_type type,
                         const uint8_t **out, size_t *size)
{
    struct vch_cbor_reader ahead = *reader;
    uint64_t length = 0;

    VCH_TRY(take(&ahead, type, &length));
    if (length > ahead.size - ahead.offset) return VCH_FAIL(TRUNCATED);
    *out = ahead.bytes + ahead.offset;
    *size = (size_t)length;
    reader->offset = ahead.offset + (size_t)length;
    return VCH_OK;
}

vch_status vch_cbor_read_bytes(struct vch_cbor_reader *reader, const uint8_t **out, size_t *size)
{
    return string(reader, VCH_CBOR_BYTES, out, size);
}

vch_status vch_cbor_read_text(struct vch_cbor_reader *reader, const char **out, size_t *size)
{
    const uint8_t *bytes = NULL;

    VCH_TRY(string(reader, VCH_CBOR_TEXT, &bytes, size));
    *out = (const char *)bytes;
    return VCH_OK;
}

vch_status vch_cbor_read_bool(struct vch_cbor_reader *reader, bool *out)
{
    struct vch_cbor_reader ahead = *reader;
    uint64_t value = 0;

    VCH_TRY(take(&ahead, VCH_CBOR_SIMPLE, &value));
    if (value != FALSE && value != TRUE) return VCH_FAIL(MALFORMED);
    *out = value == TRUE;
    *reader = ahead;
    return VCH_OK;
}

// Each item takes a byte, so that no count is larger than what is left.
static vch_status count(struct vch_cbor_reader *reader, enum vch_cbor_type type, uint64_t each,
                        size_t *out)
{
    struct vch_cbor_reader ahead = *reader;
    uint64_t value = 0;

    VCH_TRY(take(&ahead, type, &value));
    if (value > (ahead.size - ahead.offset) / each) return VCH_FAIL(TRUNCATED);
    *out = (size_t)value;
    *reader = ahead;
    return VCH_OK;
}

vch_status vch_cbor_read_array(struct vch_cbor_reader *reader, size_t *items)
{
    return count(reader, VCH_CBOR_ARRAY, 1, items);
}

vch_status vch_cbor_read_map(struct vch_cbor_reader *reader, size_t *pairs)
{
    return count(reader, VCH_CBOR_MAP, 2, pairs);
}

vch_status vch_cbor_read_exactly(struct vch_cbor_reader *reader, uint8_t *out, size_t size)
{
    struct vch_cbor_reader ahead = *reader;
    const uint8_t *bytes = NULL;
    size_t found = 0;

    VCH_TRY(vch_cbor_read_bytes(&ahead, &bytes, &found));
    if (found != size) return VCH_FAIL(MALFORMED);
    memcpy(out, bytes, size);
    *reader = ahead;
    return VCH_OK;
}

vch_status vch_cbor_read_end(const struct vch_cbor_reader *reader)
{
    return reader->offset == reader->size ? VCH_OK : VCH_FAIL(MALFORMED);
}

static void put(struct vch_cbor_writer *writer, const void *bytes, size_t size)
{
    bool fits = writer->size <= writer->room && size <= writer->room - writer->size;

    if (fits && size > 0) memcpy(writer->bytes + writer->size, bytes, size);
    writer->size = size <= SIZE_MAX - writer->size ? writer->size + size : SIZE_MAX;
}

static void put_head(struct vch_cbor_writer *writer, enum vch_cbor_type type, uint64_t value)
{
    uint8_t bytes[9] = {(uint8_t)((unsigned)type << 5)};
    size_t size = 1;

    if (value < IN_ITSELF) {
        bytes[0] |= (uint8_t)value;
        put(writer, bytes, 1);
        return;
    }
    while (size < 8 && value >> (8 * size) != 0)
        size *= 2;
    bytes[0] |= (uint8_t)(IN_ITSELF + (size > 1) + (size > 2) + (size > 4));
    for (size_t i = 0; i < size; i++)
        bytes[1 + i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    put(writer, bytes, 1 + size);
}

void vch_cbor_write_uint(struct vch_cbor_writer *writer, uint64_t value)
{
    put_head(writer, VCH_CBOR_UINT, value);
}

void vch_cbor_write_bytes(struct vch_cbor_writer *writer, const void *bytes, size_t size)
{
    put_head(writer, VCH_CBOR_BYTES, size);
    put(writer, bytes, size);
}

void vch_cbor_write_text(struct vch_cbor_writer *writer, const char *text, size_t size)
{
    put_head(writer, VCH_CBOR_TEXT, size);
    put(writer, text, size);
}

void vch_cbor_write_bool(struct vch_cbor_writer *writer, bool value)
{
    put_head(writer, VCH_CBOR_SIMPLE, value ? TRUE : FALSE);
}

void vch_cbor_write_array(struct vch_cbor_writer *writer, size_t items)
{
    put_head(writer, VCH_CBOR_ARRAY, items);
}

void vch_cbor_write_map(struct vch_cbor_writer *writer, size_t pairs)
{
    put_head(writer, VCH_CBOR_MAP, pairs);
}

vch_status vch_cbor_write_end(const struct vch_cbor_writer *writer, size_t *size)
{
    if (writer->size > writer->room) return VCH_FAIL(LIMIT);
    *size = writer->size;
    return VCH_OK;
}
