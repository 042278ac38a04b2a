// Values that are bytes and texts.
#include <string.h>

#include "attest/rules_read.h"
#include "base/bytes.h"

enum { DIGITS = 16 };

vch_status vch_rules_read_time(const struct vch_rules_at *at, const struct vch_json_value *value,
                               void *out)
{
    return vch_json_time(value, out)
               ? VCH_OK
               : vch_rules_read_expected(at, "a time such as \"2027-01-31T00:00:00Z\"");
}

vch_status vch_rules_read_text(const struct vch_rules_at *at, const struct vch_json_value *value,
                               void *out)
{
    const char *text = NULL;
    size_t size = 0;

    if (!vch_json_string(value, &text, &size) || size == 0 || size > VCH_RULES_TEXT_MAX)
        return vch_rules_read_expected(at, "a text of 1 to 128 characters");
    char *copy = vch_rules_read_room(at, size + 1, 1);
    if (copy == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(copy, text, size);
    *(const char **)out = copy;
    return VCH_OK;
}

// Each element of a list through `read`, into its `size` bytes of the room.
static vch_status read_list(const struct vch_rules_at *at, const struct vch_json_value *value,
                            vch_rules_reader *read, size_t size, struct vch_rules_list *out)
{
    if (!vch_json_is(value, VCH_JSON_ARRAY)) return vch_rules_read_expected(at, "a list");
    uint8_t *items = vch_rules_read_room(at, value->count, size);
    if (items == NULL) return VCH_FAIL(NO_MEMORY);
    const struct vch_json_value *inside = vch_json_first(value);
    for (uint32_t i = 0; i < value->count; i++, inside = vch_json_next(inside))
        VCH_TRY(read(at, inside, items + i * size));
    *out = (struct vch_rules_list){items, value->count};
    return VCH_OK;
}

vch_status vch_rules_read_texts(const struct vch_rules_at *at, const struct vch_json_value *value,
                                void *out)
{
    return read_list(at, value, vch_rules_read_text, sizeof(const char *), out);
}

static vch_status read_hex(const struct vch_rules_at *at, const struct vch_json_value *value,
                           void *out)
{
    size_t size = at->member->limit;

    if (vch_json_hex(value, out, size)) return VCH_OK;
    return vch_complain(at->source->complaint, VCH_CODE_MALFORMED,
                        "expected %zu bytes, that is %zu hexadecimal digits, for member \"%s\" of "
                        "\"%s\" in the rules",
                        size, 2 * size, at->member->key, at->object);
}

vch_status vch_rules_read_bytes(const struct vch_rules_at *at, const struct vch_json_value *value,
                                void *out)
{
    uint8_t *bytes = vch_rules_read_room(at, at->member->limit, 1);

    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    *(const uint8_t **)out = bytes;
    return read_hex(at, value, bytes);
}

vch_status vch_rules_read_values(const struct vch_rules_at *at, const struct vch_json_value *value,
                                 void *out)
{
    return read_list(at, value, read_hex, at->member->limit, out);
}

vch_status vch_rules_read_choice(const struct vch_rules_at *at, const struct vch_json_value *value,
                                 void *out)
{
    struct vch_rules_choice *choice = out;

    choice->is_any = vch_json_is_string(value, at->member->detail);
    return choice->is_any ? VCH_OK : vch_rules_read_values(at, value, &choice->list);
}

vch_status vch_rules_read_blob(const struct vch_rules_at *at, const struct vch_json_value *value,
                               void *out)
{
    struct vch_certificate_bytes *blob = out;
    const char *text = NULL;
    size_t size = 0;

    if (!vch_json_string(value, &text, &size) || size == 0 || size % 2 != 0 ||
        size / 2 > at->member->limit)
        return vch_rules_read_expected(at, "DER in hexadecimal digits");
    uint8_t *bytes = vch_rules_read_room(at, size / 2, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    if (!vch_json_hex(value, bytes, size / 2))
        return vch_rules_read_expected(at, "DER in hexadecimal digits");
    *blob = (struct vch_certificate_bytes){bytes, size / 2};
    return VCH_OK;
}

vch_status vch_rules_read_blobs(const struct vch_rules_at *at, const struct vch_json_value *value,
                                void *out)
{
    return read_list(at, value, vch_rules_read_blob, sizeof(struct vch_certificate_bytes), out);
}

vch_status vch_rules_read_mask(const struct vch_rules_at *at, const struct vch_json_value *value,
                               void *out)
{
    uint8_t bytes[DIGITS / 2];

    if (!vch_json_hex(value, bytes, sizeof bytes))
        return vch_rules_read_expected(at, "16 hexadecimal digits");
    *(uint64_t *)out = (uint64_t)vch_get_u32be(bytes) << 32 | vch_get_u32be(bytes + 4);
    return VCH_OK;
}

const uint8_t *const *vch_rules_read_pointers(const struct vch_rules_source *source,
                                              const struct vch_rules_list *list, size_t size)
{
    const uint8_t **pointers = VCH_ARENA_NEW(source->arena, const uint8_t *, list->count);

    if (pointers == NULL)
        (void)vch_complain(source->complaint, VCH_CODE_NO_MEMORY, "no memory for the rules");
    for (size_t i = 0; pointers != NULL && i < list->count; i++)
        pointers[i] = (const uint8_t *)list->items + i * size;
    return pointers;
}
