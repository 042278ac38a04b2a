#include "agent/request.h"

#include <string.h>

#include "base/bytes.h"
#include "base/reader.h"

// All that a node signs beside TLS's messages. Nothing else is, by whatever name.
static const struct {
    const char *protocol;
    uint32_t count;
    struct {
        const char *label;
        size_t least, most;
    } items[VCH_SIGNER_ITEMS_MAX];
} TEXTS[] = {
    {"vouch/vote/v1",
     5,
     {{"job", 32, 32},
      {"segment", 8, 8},
      {"node", 32, 32}, // its own
      {"input", 32, 32},
      {"output", 32, 32}}},
    {"vouch/entry/v1", 2, {{"ledger", 32, 32}, {"statement", 1, VCH_REQUEST_STATEMENT_MAX}}},
};

// What a node says on a ledger by itself: the fields of Statement (specs/ledger.proto) that
// sortition, commit, reveal, dispute_open and dispute_move are. Its operator signs what moves money
// or stakes it, with the key file.
static const uint8_t STATEMENTS[] = {12, 14, 16, 22, 23};

struct writing {
    uint8_t *bytes;
    size_t size;
    bool is_full;
};

static void put(struct writing *out, const void *bytes, size_t size)
{
    out->is_full = out->is_full || size > VCH_REQUEST_TEXT_MAX - out->size;
    if (out->is_full) return;
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void put_name(struct writing *out, const char *name)
{
    const uint8_t size = (uint8_t)strlen(name);

    put(out, &size, 1);
    put(out, name, size);
}

vch_status vch_request_encode_text(uint8_t out[static VCH_REQUEST_TEXT_MAX], size_t *size,
                                   const char *protocol, const struct vch_signer_item *items,
                                   uint32_t count)
{
    struct writing writing = {.bytes = out};
    uint8_t prefix[8];

    put_name(&writing, protocol);
    for (uint32_t i = 0; i < count; i++) {
        put_name(&writing, items[i].label);
        vch_put_u64le(prefix, items[i].size);
        put(&writing, prefix, sizeof prefix);
        put(&writing, items[i].bytes, items[i].size);
    }
    *size = writing.size;
    return writing.is_full ? VCH_FAIL(LIMIT) : VCH_OK;
}

struct name {
    const uint8_t *bytes;
    size_t size;
};

static vch_status read_name(struct name *out, struct vch_reader *reader)
{
    const uint8_t *size = NULL;

    VCH_TRY(vch_reader_bytes(reader, 1, &size));
    out->size = *size;
    return vch_reader_bytes(reader, out->size, &out->bytes);
}

static bool is_name(const struct name *name, const char *text)
{
    return name->size == strlen(text) && memcmp(name->bytes, text, name->size) == 0;
}

static vch_status read_item(struct name *label, struct vch_signer_item *out,
                            struct vch_reader *reader)
{
    const uint8_t *bytes = NULL;
    uint64_t size = 0;

    VCH_TRY(read_name(label, reader));
    VCH_TRY(vch_reader_u64le(reader, &size));
    if (size > reader->size - reader->offset) return VCH_FAIL(TRUNCATED);
    VCH_TRY(vch_reader_bytes(reader, (size_t)size, &bytes));
    *out = (struct vch_signer_item){.bytes = bytes, .size = (size_t)size};
    return VCH_OK;
}

static vch_status refuse(struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the key agent signs votes of its own node, and of statements for its own "
                        "ledger those of a seat or a dispute; this is neither");
}

static vch_status read_items(struct vch_request_text *out, struct vch_reader *reader, size_t kind,
                             struct vch_complaint *complaint)
{
    for (out->count = 0; out->count < TEXTS[kind].count; out->count++) {
        struct vch_signer_item *item = &out->items[out->count];
        const char *label = TEXTS[kind].items[out->count].label;
        struct name name;
        if (!vch_is_ok(read_item(&name, item, reader)))
            return vch_complain(complaint, VCH_CODE_MALFORMED, "a transcript ends before its item");
        if (!is_name(&name, label) || item->size < TEXTS[kind].items[out->count].least ||
            item->size > TEXTS[kind].items[out->count].most)
            return refuse(complaint);
        item->label = label;
    }
    return reader->offset == reader->size ? VCH_OK : refuse(complaint);
}

// A number as protobuf writes it, in one to five bytes.
static bool read_varint(uint64_t *out, struct vch_reader *reader)
{
    const uint8_t *byte = NULL;

    *out = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        if (!vch_is_ok(vch_reader_bytes(reader, 1, &byte))) return false;
        *out |= (uint64_t)(*byte & 0x7f) << shift;
        if ((*byte & 0x80) == 0) return shift == 0 || *byte != 0;
    }
    return false;
}

// One field, of one of those numbers, and nothing before or after it.
static bool is_statement(const uint8_t *bytes, size_t size)
{
    struct vch_reader reader = {.bytes = bytes, .size = size};
    uint64_t tag = 0, length = 0;

    if (!read_varint(&tag, &reader) || !read_varint(&length, &reader)) return false;
    if (length != reader.size - reader.offset) return false;
    for (size_t i = 0; i < sizeof STATEMENTS; i++)
        if (tag == (uint64_t)(STATEMENTS[i] << 3 | 2)) return true;
    return false;
}

static bool is_of(const struct vch_request_text *text, const struct vch_request_signer *signer)
{
    const struct vch_digest *ledger = signer->ledger;

    for (uint32_t i = 0; i < text->count; i++) {
        const struct vch_signer_item *item = &text->items[i];
        if (strcmp(item->label, "node") == 0 &&
            memcmp(item->bytes, signer->identity->bytes, VCH_SIGN_PUBLIC_SIZE) != 0)
            return false;
        if (strcmp(item->label, "ledger") == 0 &&
            (ledger == NULL || memcmp(item->bytes, ledger->bytes, VCH_DIGEST_SIZE) != 0))
            return false;
        if (strcmp(item->label, "statement") == 0 && !is_statement(item->bytes, item->size))
            return false;
    }
    return true;
}

vch_status vch_request_decode_text(struct vch_request_text *out, const uint8_t *bytes, size_t size,
                                   const struct vch_request_signer *signer,
                                   struct vch_complaint *complaint)
{
    struct vch_reader reader = {.bytes = bytes, .size = size};
    struct name protocol;

    if (!vch_is_ok(read_name(&protocol, &reader)))
        return vch_complain(complaint, VCH_CODE_MALFORMED, "a transcript ends before its name");
    for (size_t kind = 0; kind < sizeof TEXTS / sizeof *TEXTS; kind++) {
        if (!is_name(&protocol, TEXTS[kind].protocol)) continue;
        out->protocol = TEXTS[kind].protocol;
        VCH_TRY(read_items(out, &reader, kind, complaint));
        return is_of(out, signer) ? VCH_OK : refuse(complaint);
    }
    return refuse(complaint);
}
