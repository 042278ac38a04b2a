// Any bytes at all as CBOR: what is taken can be walked to its end, and written again the same.
#include "evidence/cbor.h"

#include <string.h>

#include "base/check.h"

static void copy_string(struct vch_cbor_reader *reader, struct vch_cbor_writer *writer)
{
    const uint8_t *bytes = NULL;
    const char *text = NULL;
    size_t size = 0;

    if (vch_cbor_type(reader) == VCH_CBOR_BYTES) {
        VCH_ASSERT(vch_is_ok(vch_cbor_read_bytes(reader, &bytes, &size)));
        vch_cbor_write_bytes(writer, bytes, size);
    } else {
        VCH_ASSERT(vch_is_ok(vch_cbor_read_text(reader, &text, &size)));
        vch_cbor_write_text(writer, text, size);
    }
}

static void copy_count(struct vch_cbor_reader *reader, struct vch_cbor_writer *writer)
{
    size_t count = 0;

    if (vch_cbor_type(reader) == VCH_CBOR_ARRAY) {
        VCH_ASSERT(vch_is_ok(vch_cbor_read_array(reader, &count)));
        vch_cbor_write_array(writer, count);
    } else {
        VCH_ASSERT(vch_is_ok(vch_cbor_read_map(reader, &count)));
        vch_cbor_write_map(writer, count);
    }
}

// One head or string; false: of a type that no message of ours has.
static bool copy(struct vch_cbor_reader *reader, struct vch_cbor_writer *writer)
{
    uint64_t number = 0;
    bool flag = false;

    switch (vch_cbor_type(reader)) {
    case VCH_CBOR_UINT:
        VCH_ASSERT(vch_is_ok(vch_cbor_read_uint(reader, &number)));
        vch_cbor_write_uint(writer, number);
        return true;
    case VCH_CBOR_BYTES:
    case VCH_CBOR_TEXT: copy_string(reader, writer); return true;
    case VCH_CBOR_ARRAY:
    case VCH_CBOR_MAP: copy_count(reader, writer); return true;
    case VCH_CBOR_SIMPLE:
        if (!vch_is_ok(vch_cbor_read_bool(reader, &flag))) return false; // null
        vch_cbor_write_bool(writer, flag);
        return true;
    case VCH_CBOR_NEGATIVE:
    case VCH_CBOR_TAG:
    case VCH_CBOR_END:
    default: return false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[65536];
    struct vch_complaint complaint = {{0}};
    struct vch_cbor_reader reader = {data, size, 0};
    struct vch_cbor_writer writer = {again, sizeof again, 0};

    vch_status status = vch_cbor_check(data, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status) || size > sizeof again) return 0;
    while (vch_cbor_type(&reader) != VCH_CBOR_END)
        if (!copy(&reader, &writer)) return 0;
    VCH_ASSERT(writer.size == size && memcmp(again, data, size) == 0);
    return 0;
}
