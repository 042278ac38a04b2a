// Nitro's documents are not in our one form of CBOR: the payload's map has no length, and its keys
// come in an order of their own. All of it is signed as it is.
#include <string.h>

#include "evidence/cbor.h"
#include "evidence/cbor_head.h"
#include "evidence/nitro.h"

enum { MAP_WITHOUT_LENGTH = 0xbf, BREAK = 0xff, SIMPLE_NULL = 22, CERTIFICATE_MAX = 4096 };

// {1: -35}, ECDSA with SHA-384 on P-384.
static const uint8_t protected_es384[] = {0xa1, 0x01, 0x38, 0x22};

static vch_status refuse(struct vch_complaint *complaint, enum vch_code code, const char *what)
{
    return vch_complain(complaint, code, "not a document of a Nitro enclave: %s", what);
}

static vch_status read_bytes(struct vch_cbor_reader *reader, struct vch_certificate_bytes *out)
{
    return vch_cbor_read_bytes(reader, &out->bytes, &out->size);
}

// Bytes, or null for none.
static vch_status read_optional(struct vch_cbor_reader *reader, struct vch_certificate_bytes *out)
{
    struct vch_cbor_head head;

    *out = (struct vch_certificate_bytes){NULL, 0};
    if (vch_cbor_type(reader) != VCH_CBOR_SIMPLE) return read_bytes(reader, out);
    VCH_TRY(vch_cbor_head(reader, &head));
    return head.value == SIMPLE_NULL ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status read_module(struct vch_cbor_reader *reader, struct vch_nitro_document *out)
{
    const char *text = NULL;

    VCH_TRY(vch_cbor_read_text(reader, &text, &out->module.size));
    out->module.bytes = (const uint8_t *)text;
    return out->module.size > 0 ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status read_digest(struct vch_cbor_reader *reader, struct vch_nitro_document *out)
{
    static const char sha384[] = "SHA384";
    const char *text = NULL;
    size_t size = 0;

    (void)out;
    VCH_TRY(vch_cbor_read_text(reader, &text, &size));
    return size == sizeof sha384 - 1 && memcmp(text, sha384, size) == 0 ? VCH_OK
                                                                        : VCH_FAIL(UNSUPPORTED);
}

static vch_status read_timestamp(struct vch_cbor_reader *reader, struct vch_nitro_document *out)
{
    VCH_TRY(vch_cbor_read_uint(reader, &out->timestamp_ms));
    return out->timestamp_ms <= INT64_MAX ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status read_pcrs(struct vch_cbor_reader *reader, struct vch_nitro_document *out)
{
    size_t pairs = 0;

    VCH_TRY(vch_cbor_read_map(reader, &pairs));
    if (pairs == 0 || pairs > VCH_NITRO_PCRS) return VCH_FAIL(LIMIT);
    for (size_t i = 0; i < pairs; i++) {
        struct vch_certificate_bytes value;
        uint64_t pcr = 0;
        VCH_TRY(vch_cbor_read_uint(reader, &pcr));
        VCH_TRY(read_bytes(reader, &value));
        if (pcr >= VCH_NITRO_PCRS || out->pcrs[pcr] != NULL || value.size != VCH_NITRO_PCR_SIZE)
            return VCH_FAIL(MALFORMED);
        out->pcrs[pcr] = value.bytes;
    }
    return VCH_OK;
}

static vch_status read_certificate(struct vch_cbor_reader *reader,
                                   struct vch_certificate_bytes *out)
{
    VCH_TRY(read_bytes(reader, out));
    return out->size > 0 && out->size <= CERTIFICATE_MAX ? VCH_OK : VCH_FAIL(LIMIT);
}

static vch_status read_own(struct vch_cbor_reader *reader, struct vch_nitro_document *out)
{
    return read_certificate(reader, &out->certificate);
}

static vch_status read_bundle(struct vch_cbor_reader *reader, struct vch_nitro_document *out)
{
    size_t items = 0;

    VCH_TRY(vch_cbor_read_array(reader, &items));
    if (items == 0 || items > VCH_NITRO_BUNDLE_MAX) return VCH_FAIL(LIMIT);
    out->bundle_count = (uint32_t)items;
    for (size_t i = 0; i < items; i++)
        VCH_TRY(read_certificate(reader, &out->bundle[i]));
    return VCH_OK;
}

static vch_status read_user_data(struct vch_cbor_reader *reader, struct vch_nitro_document *out)
{
    return read_optional(reader, &out->user_data);
}

static vch_status read_nonce(struct vch_cbor_reader *reader, struct vch_nitro_document *out)
{
    return read_optional(reader, &out->nonce);
}

static vch_status read_public_key(struct vch_cbor_reader *reader, struct vch_nitro_document *out)
{
    return read_optional(reader, &out->public_key);
}

static const struct member {
    const char *name;
    vch_status (*read)(struct vch_cbor_reader *reader, struct vch_nitro_document *out);
    bool is_optional;
} MEMBERS[] = {
    {"module_id", read_module, false},     {"digest", read_digest, false},
    {"timestamp", read_timestamp, false},  {"pcrs", read_pcrs, false},
    {"certificate", read_own, false},      {"cabundle", read_bundle, false},
    {"public_key", read_public_key, true}, {"user_data", read_user_data, true},
    {"nonce", read_nonce, true},
};
enum { MEMBER_COUNT = sizeof MEMBERS / sizeof *MEMBERS };

// One member that was not there before; what is not in the table is no document's.
static vch_status read_member(struct vch_cbor_reader *reader, struct vch_nitro_document *out,
                              uint32_t *seen)
{
    const char *name = NULL;
    size_t size = 0;

    VCH_TRY(vch_cbor_read_text(reader, &name, &size));
    for (uint32_t i = 0; i < MEMBER_COUNT; i++) {
        if (strlen(MEMBERS[i].name) != size || memcmp(MEMBERS[i].name, name, size) != 0) continue;
        if ((*seen & 1u << i) != 0) return VCH_FAIL(MALFORMED);
        *seen |= 1u << i;
        return MEMBERS[i].read(reader, out);
    }
    return VCH_FAIL(MALFORMED);
}

static bool is_at(const struct vch_cbor_reader *reader, uint8_t byte)
{
    return reader->offset < reader->size && reader->bytes[reader->offset] == byte;
}

static vch_status read_members(struct vch_cbor_reader *reader, struct vch_nitro_document *out)
{
    uint32_t seen = 0;
    size_t pairs = MEMBER_COUNT;
    bool has_length = !is_at(reader, MAP_WITHOUT_LENGTH);

    if (has_length)
        VCH_TRY(vch_cbor_read_map(reader, &pairs));
    else
        reader->offset++;
    for (size_t i = 0; i < pairs && (has_length || !is_at(reader, BREAK)); i++)
        VCH_TRY(read_member(reader, out, &seen));
    if (!has_length && !is_at(reader, BREAK)) return VCH_FAIL(MALFORMED);
    if (!has_length) reader->offset++;
    for (uint32_t i = 0; i < MEMBER_COUNT; i++)
        if (!MEMBERS[i].is_optional && (seen & 1u << i) == 0) return VCH_FAIL(MALFORMED);
    return vch_cbor_read_end(reader);
}

// [protected, {}, payload, signature], without a tag.
static vch_status read_sign1(struct vch_nitro_document *out, const uint8_t *bytes, size_t size)
{
    struct vch_cbor_reader reader = {bytes, size, 0};
    struct vch_certificate_bytes signature = {NULL, 0};
    size_t items = 0, headers = 0;

    VCH_TRY(vch_cbor_read_array(&reader, &items));
    VCH_TRY(read_bytes(&reader, &out->protected));
    VCH_TRY(vch_cbor_read_map(&reader, &headers));
    VCH_TRY(read_bytes(&reader, &out->payload));
    VCH_TRY(read_bytes(&reader, &signature));
    VCH_TRY(vch_cbor_read_end(&reader));
    if (items != 4 || headers != 0 || signature.size != VCH_NITRO_SIGNATURE_SIZE)
        return VCH_FAIL(MALFORMED);
    out->signature = signature.bytes;
    return VCH_OK;
}

vch_status vch_nitro_decode(struct vch_nitro_document *out, const uint8_t *bytes, size_t size,
                            struct vch_complaint *complaint)
{
    *out = (struct vch_nitro_document){0};
    if (size > VCH_NITRO_SIZE_MAX)
        return refuse(complaint, VCH_CODE_LIMIT, "it has more than 16 KiB");
    vch_status status = read_sign1(out, bytes, size);
    if (!vch_is_ok(status))
        return refuse(complaint, status.code,
                      "expected COSE_Sign1, whole, with nothing that is not signed");
    if (out->protected.size != sizeof protected_es384 ||
        memcmp(out->protected.bytes, protected_es384, sizeof protected_es384) != 0)
        return refuse(complaint, VCH_CODE_UNSUPPORTED, "it is not signed by ES384");
    struct vch_cbor_reader payload = {out->payload.bytes, out->payload.size, 0};
    status = read_members(&payload, out);
    if (!vch_is_ok(status))
        return refuse(
            complaint, status.code,
            "a member of its payload is missing, there twice, unknown or of another form");
    return VCH_OK;
}
