#include "evidence/snp_key.h"

#include <stdio.h>
#include <string.h>

#define AMD "1.3.6.1.4.1.3704.1."

enum {
    INTEGER = 0x02,
    IA5_STRING = 0x16,
    NAME_MAX = 32,
    LONG_HARDWARE_ID = 64,
    TURIN_HARDWARE_ID = 8
};

// DER of an INTEGER of 0 to 255, in its one form.
static vch_status read_version(const struct x509_st *certificate, const char *oid, uint8_t *out)
{
    struct vch_certificate_bytes value;

    VCH_TRY(vch_certificate_extension(certificate, oid, &value));
    const uint8_t *b = value.bytes;
    bool is_short = value.size == 3 && b[0] == INTEGER && b[1] == 1 && b[2] < 0x80;
    bool is_long = value.size == 4 && b[0] == INTEGER && b[1] == 2 && b[2] == 0 && b[3] >= 0x80;
    if (!is_short && !is_long) return VCH_FAIL(MALFORMED);
    *out = b[value.size - 1];
    return VCH_OK;
}

static vch_status read_text(const struct x509_st *certificate, const char *oid, char *out,
                            size_t out_size)
{
    struct vch_certificate_bytes value;

    VCH_TRY(vch_certificate_extension(certificate, oid, &value));
    if (value.size < 2 || value.bytes[0] != IA5_STRING || value.bytes[1] != value.size - 2 ||
        value.size - 2 >= out_size)
        return VCH_FAIL(MALFORMED);
    for (size_t i = 2; i < value.size; i++)
        if (value.bytes[i] < ' ' || value.bytes[i] > '~') return VCH_FAIL(MALFORMED);
    memcpy(out, value.bytes + 2, value.size - 2);
    out[value.size - 2] = '\0';
    return VCH_OK;
}

// "Milan-B0": a name, perhaps a dash and a stepping.
static enum vch_snp_report_product product_of(const char *name)
{
    static const struct {
        const char *name;
        enum vch_snp_report_product product;
    } PRODUCTS[] = {{"Milan", VCH_SNP_REPORT_MILAN},
                    {"Genoa", VCH_SNP_REPORT_GENOA},
                    {"Bergamo", VCH_SNP_REPORT_GENOA},
                    {"Siena", VCH_SNP_REPORT_GENOA},
                    {"Turin", VCH_SNP_REPORT_TURIN}};
    size_t size = strcspn(name, "-");

    for (size_t i = 0; i < sizeof PRODUCTS / sizeof *PRODUCTS; i++)
        if (strlen(PRODUCTS[i].name) == size && memcmp(PRODUCTS[i].name, name, size) == 0)
            return PRODUCTS[i].product;
    return VCH_SNP_REPORT_UNKNOWN;
}

static vch_status read_tcb(struct vch_snp_key *out, const struct x509_st *certificate)
{
    uint8_t reserved[4];
    bool is_turin = out->product == VCH_SNP_REPORT_TURIN;

    VCH_TRY(read_version(certificate, AMD "3.1", &out->tcb.bl));
    VCH_TRY(read_version(certificate, AMD "3.2", &out->tcb.tee));
    VCH_TRY(read_version(certificate, AMD "3.3", &out->tcb.snp));
    VCH_TRY(read_version(certificate, AMD "3.8", &out->tcb.ucode));
    for (int i = 0; i < 4; i++) { // Turin has no eighth part, and FMC in its place
        char oid[] = AMD "3.4";
        oid[sizeof oid - 2] = (char)('4' + i);
        if (is_turin && !vch_certificate_has_extension(certificate, oid)) continue;
        VCH_TRY(read_version(certificate, oid, &reserved[i]));
        if (reserved[i] != 0) return VCH_FAIL(MALFORMED);
    }
    if (is_turin) return read_version(certificate, AMD "3.9", &out->tcb.fmc);
    return vch_certificate_has_extension(certificate, AMD "3.9") ? VCH_FAIL(MALFORMED) : VCH_OK;
}

// Raw bytes, not wrapped in DER.
static vch_status read_hardware_id(struct vch_snp_key *out, const struct x509_st *certificate)
{
    size_t want = out->product == VCH_SNP_REPORT_TURIN ? TURIN_HARDWARE_ID : LONG_HARDWARE_ID;

    VCH_TRY(vch_certificate_extension(certificate, AMD "4", &out->hardware_id));
    return out->hardware_id.size == want ? VCH_OK : VCH_FAIL(MALFORMED);
}

// "CN=" and the provider's name; without the former where it is not there.
static vch_status read_csp_id(struct vch_snp_key *out, const struct x509_st *certificate)
{
    char text[VCH_SNP_CSP_ID_MAX];

    if (vch_certificate_has_extension(certificate, AMD "4")) return VCH_FAIL(MALFORMED);
    VCH_TRY(read_text(certificate, AMD "5", text, sizeof text));
    const char *name = strncmp(text, "CN=", 3) == 0 ? text + 3 : text;
    if (*name == '\0') return VCH_FAIL(MALFORMED);
    memcpy(out->csp_id, name, strlen(name) + 1);
    return VCH_OK;
}

static vch_status read_all(struct vch_snp_key *out, const struct x509_st *certificate)
{
    char subject[NAME_MAX], product[NAME_MAX];
    uint8_t structure = 0;

    VCH_TRY(vch_certificate_subject_name(certificate, subject, sizeof subject));
    out->is_vlek = strcmp(subject, "SEV-VLEK") == 0;
    if (!out->is_vlek && strcmp(subject, "SEV-VCEK") != 0) return VCH_FAIL(MALFORMED);
    VCH_TRY(read_version(certificate, AMD "1", &structure));
    VCH_TRY(read_text(certificate, AMD "2", product, sizeof product));
    out->product = product_of(product);
    VCH_TRY(read_tcb(out, certificate));
    VCH_TRY(out->is_vlek ? read_csp_id(out, certificate) : read_hardware_id(out, certificate));
    VCH_TRY(vch_certificate_spki(certificate, &out->spki));
    return out->spki.kind == VCH_SPKI_P384 ? VCH_OK : VCH_FAIL(MALFORMED);
}

vch_status vch_snp_key_read(struct vch_snp_key *out, const struct x509_st *certificate,
                            struct vch_complaint *complaint)
{
    *out = (struct vch_snp_key){0};
    if (vch_is_ok(read_all(out, certificate))) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "expected the certificate of a SEV-VCEK or SEV-VLEK, for P-384, with AMD's "
                        "extensions for product, firmware versions, and hardware or provider");
}
