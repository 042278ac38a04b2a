#include "evidence/cmw.h"

#include <string.h>

static const uint32_t purposes_all = 31;

static bool is_label(const char *text, size_t size)
{
    if (size == 0 || size > VCH_CMW_LABEL_MAX || text[0] < 'a' || text[0] > 'z') return false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool is_letter = c >= 'a' && c <= 'z', is_digit = c >= '0' && c <= '9';
        if (!is_letter && !is_digit && c != '.' && c != '_' && c != '-') return false;
    }
    return true;
}

static bool is_type(const char *text, size_t size)
{
    if (size < VCH_CMW_TYPE_MIN || size > VCH_CMW_TYPE_MAX) return false;
    for (size_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] > '~') return false;
    return memchr(text, '/', size) != NULL;
}

// What is wrong with it; NULL: nothing.
static const char *wrong(const struct vch_cmw_item *item)
{
    if (!is_label(item->label, item->label_size))
        return "a label is a letter and up to 31 of a-z 0-9 . _ -";
    if (item->type != NULL && !is_type(item->type, item->type_size))
        return "a type is a media type of 3 to 128 printable characters";
    if (item->type == NULL && item->format > VCH_CMW_FORMAT_MAX)
        return "a content format is a number below 65536";
    if (item->size == 0) return "an item has bytes";
    if (item->purposes > purposes_all) return "an indicator has bits 0 to 4 alone";
    return NULL;
}

static vch_status read_type(struct vch_cmw_item *out, struct vch_cbor_reader *reader)
{
    uint64_t format = 0;

    if (vch_cbor_type(reader) == VCH_CBOR_TEXT)
        return vch_cbor_read_text(reader, &out->type, &out->type_size);
    VCH_TRY(vch_cbor_read_uint(reader, &format));
    out->format = format > UINT32_MAX ? UINT32_MAX : (uint32_t)format;
    return VCH_OK;
}

static vch_status read_record(struct vch_cmw_item *out, struct vch_cbor_reader *reader)
{
    uint64_t purposes = 0;
    size_t count = 0;

    VCH_TRY(vch_cbor_read_array(reader, &count));
    if (count < 2 || count > 3) return VCH_FAIL(MALFORMED);
    VCH_TRY(read_type(out, reader));
    VCH_TRY(vch_cbor_read_bytes(reader, &out->bytes, &out->size));
    if (count == 2) return VCH_OK;
    VCH_TRY(vch_cbor_read_uint(reader, &purposes));
    if (purposes == 0 || purposes > purposes_all) return VCH_FAIL(MALFORMED);
    out->purposes = (uint32_t)purposes;
    return VCH_OK;
}

static vch_status read_item(struct vch_cmw_item *out, struct vch_cbor_reader *reader,
                            struct vch_complaint *complaint)
{
    vch_status status = vch_cbor_read_text(reader, &out->label, &out->label_size);

    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code, "the labels of a collection are texts");
    if (vch_cbor_type(reader) == VCH_CBOR_MAP)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED, "a collection holds no collections");
    status = read_record(out, reader);
    if (!vch_is_ok(status))
        return vch_complain(
            complaint, status.code,
            "item %.*s of a collection is not [type, bytes, what it is for]",
            (int)(out->label_size < VCH_CMW_LABEL_MAX ? out->label_size : VCH_CMW_LABEL_MAX),
            out->label);
    const char *why = wrong(out);
    if (why != NULL) return vch_complain(complaint, VCH_CODE_MALFORMED, "in a collection %s", why);
    return VCH_OK;
}

vch_status vch_cmw_read(struct vch_cmw *out, struct vch_cbor_reader *reader,
                        struct vch_complaint *complaint)
{
    size_t count = 0;

    memset(out, 0, sizeof *out);
    vch_status status = vch_cbor_read_map(reader, &count);
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code, "a collection is a map of items");
    if (count == 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "a collection has one item at least");
    if (count > VCH_CMW_ITEMS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a collection has at most %d items, found %zu", VCH_CMW_ITEMS_MAX,
                            count);
    for (size_t i = 0; i < count; i++)
        VCH_TRY(read_item(&out->items[i], reader, complaint));
    out->count = count;
    return VCH_OK;
}

vch_status vch_cmw_decode(struct vch_cmw *out, const void *bytes, size_t size,
                          struct vch_complaint *complaint)
{
    struct vch_cbor_reader reader = {bytes, size, 0};

    if (size > VCH_CMW_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a collection has at most %u bytes, found %zu", VCH_CMW_SIZE_MAX, size);
    VCH_TRY(vch_cbor_check(bytes, size, complaint));
    return vch_cmw_read(out, &reader, complaint);
}

// As keys of CBOR are ordered: the shorter one, then byte by byte.
static int compare(const struct vch_cmw_item *a, const struct vch_cmw_item *b)
{
    if (a->label_size != b->label_size) return a->label_size < b->label_size ? -1 : 1;
    return memcmp(a->label, b->label, a->label_size);
}

static void write_item(struct vch_cbor_writer *writer, const struct vch_cmw_item *item)
{
    vch_cbor_write_text(writer, item->label, item->label_size);
    vch_cbor_write_array(writer, item->purposes == 0 ? 2 : 3);
    if (item->type != NULL)
        vch_cbor_write_text(writer, item->type, item->type_size);
    else
        vch_cbor_write_uint(writer, item->format);
    vch_cbor_write_bytes(writer, item->bytes, item->size);
    if (item->purposes != 0) vch_cbor_write_uint(writer, item->purposes);
}

// The first item after `last`; NULL: there is none.
static const struct vch_cmw_item *next(const struct vch_cmw *collection,
                                       const struct vch_cmw_item *last)
{
    const struct vch_cmw_item *found = NULL;

    for (size_t i = 0; i < collection->count; i++) {
        const struct vch_cmw_item *item = &collection->items[i];
        if (last != NULL && compare(item, last) <= 0) continue;
        if (found == NULL || compare(item, found) < 0) found = item;
    }
    return found;
}

vch_status vch_cmw_write(struct vch_cbor_writer *writer, const struct vch_cmw *collection)
{
    const struct vch_cmw_item *item = NULL;
    size_t written = 0;

    if (collection->count == 0 || collection->count > VCH_CMW_ITEMS_MAX) return VCH_FAIL(USAGE);
    for (size_t i = 0; i < collection->count; i++)
        if (wrong(&collection->items[i]) != NULL) return VCH_FAIL(USAGE);
    vch_cbor_write_map(writer, collection->count);
    while ((item = next(collection, item)) != NULL) {
        write_item(writer, item);
        written++;
    }
    return written == collection->count ? VCH_OK : VCH_FAIL(USAGE); // a label was there twice
}

const struct vch_cmw_item *vch_cmw_find(const struct vch_cmw *collection, const char *label)
{
    size_t size = strlen(label);

    for (size_t i = 0; i < collection->count; i++) {
        const struct vch_cmw_item *item = &collection->items[i];
        if (item->label_size == size && memcmp(item->label, label, size) == 0) return item;
    }
    return NULL;
}
