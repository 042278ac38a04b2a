#include "evidence/snp_report.h"

#include <string.h>

#include "base/bytes.h"

// Offsets of the table, and what is reserved between them.
enum {
    VERSION = 0x00,
    GUEST_SVN = 0x04,
    POLICY = 0x08,
    FAMILY_ID = 0x10,
    IMAGE_ID = 0x20,
    VMPL = 0x30,
    ALGORITHM = 0x34,
    CURRENT_TCB = 0x38,
    PLATFORM = 0x40,
    FLAGS = 0x48,
    AFTER_FLAGS = 0x4c,
    DATA = 0x50,
    MEASUREMENT = 0x90,
    HOST_DATA = 0xc0,
    ID_KEY = 0xe0,
    AUTHOR_KEY = 0x110,
    REPORTED_TCB = 0x180,
    CPUID = 0x188,
    AFTER_CPUID = 0x18b,
    CHIP_ID = 0x1a0,
    COMMITTED_TCB = 0x1e0,
    CURRENT_BUILD = 0x1e8,
    COMMITTED_BUILD = 0x1ec,
    LAUNCH_TCB = 0x1f0,
    MITIGATIONS = 0x1f8,
    AFTER_MITIGATIONS = 0x208,
    R = 0x2a0,
    S = R + VCH_SNP_REPORT_NUMBER,
    AFTER_S = S + VCH_SNP_REPORT_NUMBER,
};

static const uint32_t ECDSA_P384_SHA384 = 1;

static const struct gap {
    uint16_t start, end;
    uint8_t version_min, version_max;
} GAPS[] = {
    {AFTER_FLAGS, DATA, 2, 5},
    {CPUID, CHIP_ID, 2, 2},
    {AFTER_CPUID, CHIP_ID, 3, 5},
    {CURRENT_BUILD + 3, COMMITTED_BUILD, 2, 5},
    {COMMITTED_BUILD + 3, LAUNCH_TCB, 2, 5},
    {MITIGATIONS, R, 2, 3},
    {AFTER_MITIGATIONS, R, 5, 5},
    {R + 48, S, 2, 5}, // the numbers have 48 bytes
    {S + 48, AFTER_S, 2, 5},
    {AFTER_S, VCH_SNP_REPORT_SIZE, 2, 5}, // not signed, so nothing but this keeps it what it is
};

// By family and the upper half of the model. AMD's publications 57230 and 55898.
static const struct model {
    uint8_t family, models;
    enum vch_snp_report_product product;
} MODELS[] = {
    {0x19, 0x0, VCH_SNP_REPORT_MILAN}, {0x19, 0x1, VCH_SNP_REPORT_GENOA},
    {0x19, 0xa, VCH_SNP_REPORT_GENOA}, {0x1a, 0x0, VCH_SNP_REPORT_TURIN},
    {0x1a, 0x1, VCH_SNP_REPORT_TURIN},
};

static enum vch_snp_report_product product_of(uint8_t family, uint8_t model)
{
    for (size_t i = 0; i < sizeof MODELS / sizeof *MODELS; i++)
        if (MODELS[i].family == family && MODELS[i].models == model >> 4) return MODELS[i].product;
    return VCH_SNP_REPORT_UNKNOWN;
}

static vch_status check_gaps(const uint8_t *bytes, uint32_t version,
                             struct vch_complaint *complaint)
{
    for (size_t i = 0; i < sizeof GAPS / sizeof *GAPS; i++) {
        const struct gap *gap = &GAPS[i];
        if (version < gap->version_min || version > gap->version_max) continue;
        if (!vch_is_zero(bytes + gap->start, (size_t)(gap->end - gap->start)))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "expected zeroes in bytes 0x%x to 0x%x of a report of version %u",
                                gap->start, gap->end - 1, version);
    }
    if (vch_get_u64le(bytes + POLICY) >> 26 != 0 ||
        (vch_get_u64le(bytes + POLICY) >> 17 & 1) != 1 || vch_get_u32le(bytes + FLAGS) >> 5 != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected a report's policy with bit 17 and without bits 26 to 63, and "
                            "flags without bits 5 to 31");
    return VCH_OK;
}

static vch_status check_head(const uint8_t *bytes, size_t size, bool takes_version_2,
                             struct vch_complaint *complaint)
{
    if (size < VCH_SNP_REPORT_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "expected a report of %d bytes; found %zu", VCH_SNP_REPORT_SIZE, size);
    if (size > VCH_SNP_REPORT_SIZE)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected a report of %d bytes; found %zu", VCH_SNP_REPORT_SIZE, size);
    uint32_t version = vch_get_u32le(bytes + VERSION);
    if (version != 3 && version != 5 && !(version == 2 && takes_version_2))
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "expected a report of version 3 or 5; found version %u: update the "
                            "host's firmware",
                            version);
    if (vch_get_u32le(bytes + ALGORITHM) != ECDSA_P384_SHA384)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "expected signature algorithm 1, ECDSA P-384 with SHA-384; found %u",
                            vch_get_u32le(bytes + ALGORITHM));
    return check_gaps(bytes, version, complaint);
}

vch_status vch_snp_report_decode(struct vch_snp_report *out, const uint8_t *bytes, size_t size,
                                 bool takes_version_2, struct vch_complaint *complaint)
{
    VCH_TRY(check_head(bytes, size, takes_version_2, complaint));
    uint32_t flags = vch_get_u32le(bytes + FLAGS);
    *out = (struct vch_snp_report){
        .version = vch_get_u32le(bytes + VERSION),
        .guest_svn = vch_get_u32le(bytes + GUEST_SVN),
        .policy = vch_get_u64le(bytes + POLICY),
        .platform = vch_get_u64le(bytes + PLATFORM),
        .vmpl = vch_get_u32le(bytes + VMPL),
        .has_author_key = (flags & 1) != 0,
        .is_chip_key_masked = (flags & 2) != 0,
        .signer = (uint8_t)(flags >> 2),
        .family_id = bytes + FAMILY_ID,
        .image_id = bytes + IMAGE_ID,
        .data = bytes + DATA,
        .measurement = bytes + MEASUREMENT,
        .host_data = bytes + HOST_DATA,
        .id_key_digest = bytes + ID_KEY,
        .author_key_digest = bytes + AUTHOR_KEY,
        .chip_id = bytes + CHIP_ID,
        .cpu_family = bytes[CPUID],
        .cpu_model = bytes[CPUID + 1],
        .cpu_stepping = bytes[CPUID + 2],
        .raw_current = vch_get_u64le(bytes + CURRENT_TCB),
        .raw_reported = vch_get_u64le(bytes + REPORTED_TCB),
        .raw_committed = vch_get_u64le(bytes + COMMITTED_TCB),
        .raw_launch = vch_get_u64le(bytes + LAUNCH_TCB),
        .r = bytes + R,
        .s = bytes + S,
    };
    memcpy(out->current_build, bytes + CURRENT_BUILD, sizeof out->current_build);
    memcpy(out->committed_build, bytes + COMMITTED_BUILD, sizeof out->committed_build);
    if (out->version >= 3) out->product = product_of(out->cpu_family, out->cpu_model);
    if (out->version >= 5) {
        out->launch_mitigations = vch_get_u64le(bytes + MITIGATIONS);
        out->current_mitigations = vch_get_u64le(bytes + MITIGATIONS + 8);
    }
    return VCH_OK;
}

bool vch_snp_report_tcb_of(struct vch_snp_report_tcb *out, enum vch_snp_report_product product,
                           uint64_t raw)
{
    uint8_t b[8];

    *out = (struct vch_snp_report_tcb){0};
    vch_put_u64le(b, raw);
    if (product == VCH_SNP_REPORT_MILAN || product == VCH_SNP_REPORT_GENOA) {
        *out = (struct vch_snp_report_tcb){0, b[0], b[1], b[6], b[7]};
        return vch_is_zero(b + 2, 4);
    }
    *out = (struct vch_snp_report_tcb){b[0], b[1], b[2], b[3], b[7]};
    return product == VCH_SNP_REPORT_TURIN && vch_is_zero(b + 4, 3);
}

bool vch_snp_report_reaches(const struct vch_snp_report_tcb *tcb,
                            const struct vch_snp_report_tcb *floor)
{
    return tcb->fmc >= floor->fmc && tcb->bl >= floor->bl && tcb->tee >= floor->tee &&
           tcb->snp >= floor->snp && tcb->ucode >= floor->ucode;
}

const char *vch_snp_report_product_name(enum vch_snp_report_product product)
{
    static const char *const NAMES[VCH_SNP_REPORT_PRODUCTS] = {"unknown", "Milan", "Genoa",
                                                               "Turin"};

    return NAMES[product];
}
