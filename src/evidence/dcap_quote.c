#include "evidence/dcap_quote.h"

#include "base/bytes.h"
#include "base/reader.h"

enum {
    HEADER_SIZE = 48,
    VENDOR_SIZE = 16,
    ECDSA_P256 = 2,
    DOMAIN_SIZE = 584,     // TDX 1.0
    DOMAIN_NOW_SIZE = 648, // TDX 1.5
    SIGNATURE_SIZE = 64,
    KEY_SIZE = 64,
    CERTIFIED_CHAIN = 5,  // types of certification data
    CERTIFIED_REPORT = 6, // the quoting enclave's report, and what certifies it
};

static vch_status refuse(struct vch_complaint *complaint, enum vch_code code, const char *expected,
                         unsigned long found)
{
    return vch_complain(complaint, code,
                        "expected a DCAP quote with %s, found %lu; ask for a quote of version 4 or "
                        "5 (SGX: 3) with its PCK chain",
                        expected, found);
}

static vch_status end(vch_status status, struct vch_complaint *complaint, const char *where,
                      size_t size)
{
    if (vch_is_ok(status)) return status;
    return vch_complain(complaint, status.code,
                        "the DCAP quote ends within its %s, after %zu bytes; collect it again",
                        where, size);
}

static struct vch_dcap_quote_enclave enclave_of(const uint8_t *b)
{
    return (struct vch_dcap_quote_enclave){.bytes = b,
                                           .misc_select = b + 16,
                                           .attributes = b + 48,
                                           .measurement = b + 64,
                                           .signer = b + 128,
                                           .product = (uint16_t)(b[256] | b[257] << 8),
                                           .svn = (uint16_t)(b[258] | b[259] << 8),
                                           .report_data = b + 320,
                                           .config = b + 192,
                                           .extended_product = b + 32,
                                           .family = b + 304,
                                           .config_svn = (uint16_t)(b[260] | b[261] << 8)};
}

static struct vch_dcap_quote_domain domain_of(const uint8_t *b, size_t size)
{
    bool has_now = size == DOMAIN_NOW_SIZE;

    return (struct vch_dcap_quote_domain){
        .tcb_svn = b,
        .module = b + 16,
        .module_signer = b + 64,
        .module_attributes = b + 112,
        .attributes = b + 120,
        .features = b + 128,
        .measurement = b + 136,
        .config_id = b + 184,
        .owner = b + 232,
        .owner_config = b + 280,
        .registers = {b + 328, b + 376, b + 424, b + 472},
        .report_data = b + 520,
        .tcb_svn_now = has_now ? b + DOMAIN_SIZE : NULL,
        .service = has_now ? b + DOMAIN_SIZE + VCH_DCAP_QUOTE_SVN_SIZE : NULL,
    };
}

static vch_status read_header(struct vch_dcap_quote *out, struct vch_reader *reader,
                              struct vch_complaint *complaint)
{
    const uint8_t *header = NULL;

    VCH_TRY(end(vch_reader_bytes(reader, HEADER_SIZE, &header), complaint, "header", reader->size));
    unsigned version = header[0] | (unsigned)header[1] << 8;
    unsigned key_type = header[2] | (unsigned)header[3] << 8;
    uint32_t tee = vch_get_u32le(header + 4);
    if (version < 3 || version > 5)
        return refuse(complaint, VCH_CODE_UNSUPPORTED, "version 3, 4 or 5", version);
    if (key_type != ECDSA_P256)
        return refuse(complaint, VCH_CODE_UNSUPPORTED, "a key of type 2 (ECDSA, P-256)", key_type);
    if (tee != VCH_DCAP_QUOTE_SGX && (tee != VCH_DCAP_QUOTE_TDX || version == 3))
        return refuse(complaint, VCH_CODE_UNSUPPORTED, "a TEE of type 0 or, from version 4, 129",
                      tee);
    if (version > 3 && vch_get_u32le(header + 8) != 0)
        return refuse(complaint, VCH_CODE_MALFORMED, "its reserved header bytes zero",
                      vch_get_u32le(header + 8));
    out->version = (uint16_t)version;
    out->tee = (enum vch_dcap_quote_tee)tee;
    out->vendor = header + 12;
    return VCH_OK;
}

// Version 5 says what kind of body follows, by its type and again by its size.
static vch_status read_descriptor(const struct vch_dcap_quote *out, struct vch_reader *reader,
                                  size_t *size, struct vch_complaint *complaint)
{
    static const struct {
        enum vch_dcap_quote_tee tee;
        uint32_t size;
    } bodies[] = {{VCH_DCAP_QUOTE_SGX, VCH_DCAP_QUOTE_ENCLAVE_SIZE},
                  {VCH_DCAP_QUOTE_TDX, DOMAIN_SIZE},
                  {VCH_DCAP_QUOTE_TDX, DOMAIN_NOW_SIZE}};
    uint16_t type = 0;
    uint32_t stated = 0;

    VCH_TRY(end(vch_reader_u16le(reader, &type), complaint, "body descriptor", reader->size));
    VCH_TRY(end(vch_reader_u32le(reader, &stated), complaint, "body descriptor", reader->size));
    if (type < 1 || type > 3 || bodies[type - 1].tee != out->tee)
        return refuse(complaint, VCH_CODE_MALFORMED, "a body of its TEE's type", type);
    if (stated != bodies[type - 1].size)
        return refuse(complaint, VCH_CODE_MALFORMED, "a body of its type's size", stated);
    *size = stated;
    return VCH_OK;
}

static vch_status read_body(struct vch_dcap_quote *out, struct vch_reader *reader,
                            struct vch_complaint *complaint)
{
    size_t size = out->tee == VCH_DCAP_QUOTE_SGX ? VCH_DCAP_QUOTE_ENCLAVE_SIZE : DOMAIN_SIZE;
    const uint8_t *body = NULL;

    if (out->version == 5) VCH_TRY(read_descriptor(out, reader, &size, complaint));
    VCH_TRY(end(vch_reader_bytes(reader, size, &body), complaint, "report", reader->size));
    if (out->tee == VCH_DCAP_QUOTE_SGX) {
        out->enclave = enclave_of(body);
        out->report_data = out->enclave.report_data;
    } else {
        out->domain = domain_of(body, size);
        out->report_data = out->domain.report_data;
    }
    out->signed_bytes = reader->bytes;
    out->signed_size = reader->offset;
    return VCH_OK;
}

// Data of a type, which fill what there is.
static vch_status read_certified(struct vch_reader *reader, unsigned expected,
                                 struct vch_reader *inside, struct vch_complaint *complaint)
{
    uint16_t type = 0;
    uint32_t size = 0;

    VCH_TRY(end(vch_reader_u16le(reader, &type), complaint, "certification data", reader->size));
    VCH_TRY(end(vch_reader_u32le(reader, &size), complaint, "certification data", reader->size));
    if (type != expected)
        return refuse(complaint, VCH_CODE_UNSUPPORTED,
                      expected == CERTIFIED_CHAIN ? "certification data of type 5 (a PCK chain)"
                                                  : "certification data of type 6 (QE report)",
                      type);
    if (size != reader->size - reader->offset)
        return refuse(complaint, VCH_CODE_MALFORMED,
                      "certification data that fill its signature data", size);
    *inside = (struct vch_reader){reader->bytes + reader->offset, size, 0};
    return VCH_OK;
}

static vch_status read_quoting(struct vch_dcap_quote *out, struct vch_reader *reader,
                               struct vch_complaint *complaint)
{
    const uint8_t *report = NULL;
    struct vch_reader chain;
    uint16_t size = 0;

    VCH_TRY(end(vch_reader_bytes(reader, VCH_DCAP_QUOTE_ENCLAVE_SIZE, &report), complaint,
                "quoting enclave's report", reader->size));
    out->quoting = enclave_of(report);
    VCH_TRY(end(vch_reader_bytes(reader, SIGNATURE_SIZE, &out->quoting_signature), complaint,
                "quoting enclave's signature", reader->size));
    VCH_TRY(end(vch_reader_u16le(reader, &size), complaint, "authentication data", reader->size));
    VCH_TRY(end(vch_reader_bytes(reader, size, &out->authenticated), complaint,
                "authentication data", reader->size));
    out->authenticated_size = size;
    VCH_TRY(read_certified(reader, CERTIFIED_CHAIN, &chain, complaint));
    out->chain = (const char *)chain.bytes;
    out->chain_size = chain.size;
    while (out->chain_size > 0 && out->chain[out->chain_size - 1] == '\0')
        out->chain_size--;
    return VCH_OK;
}

static vch_status read_signatures(struct vch_dcap_quote *out, struct vch_reader *reader,
                                  struct vch_complaint *complaint)
{
    struct vch_reader data, certified;
    uint32_t size = 0;

    VCH_TRY(end(vch_reader_u32le(reader, &size), complaint, "signature data", reader->size));
    data = (struct vch_reader){.size = size};
    VCH_TRY(end(vch_reader_bytes(reader, size, &data.bytes), complaint, "signature data",
                reader->size));
    VCH_TRY(end(vch_reader_bytes(&data, SIGNATURE_SIZE, &out->signature), complaint, "signature",
                data.size));
    VCH_TRY(end(vch_reader_bytes(&data, KEY_SIZE, &out->key), complaint, "key", data.size));
    if (out->version == 3) return read_quoting(out, &data, complaint);
    VCH_TRY(read_certified(&data, CERTIFIED_REPORT, &certified, complaint));
    return read_quoting(out, &certified, complaint);
}

vch_status vch_dcap_quote_decode(struct vch_dcap_quote *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint)
{
    struct vch_reader reader = {bytes, size, 0};

    *out = (struct vch_dcap_quote){0};
    if (size > VCH_DCAP_QUOTE_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected a DCAP quote of %u bytes at most, found %zu",
                            VCH_DCAP_QUOTE_SIZE_MAX, size);
    VCH_TRY(read_header(out, &reader, complaint));
    VCH_TRY(read_body(out, &reader, complaint));
    VCH_TRY(read_signatures(out, &reader, complaint));
    if (!vch_is_zero(bytes + reader.offset, size - reader.offset))
        return refuse(complaint, VCH_CODE_MALFORMED, "nothing but zeros after its end, at byte",
                      (unsigned long)reader.offset);
    out->size = reader.offset;
    return VCH_OK;
}
