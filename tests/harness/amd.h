// A vendor made here, which makes Turins and Bergamos and signs their reports. Its root counts
// because it is handed in, and only then. Whoever includes this links the library `authority`.
#pragma once

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <string.h>

#include "base/bytes.h"
#include "evidence/snp.h"
#include "harness/authority.h"
#include "harness/test.h"

enum { AMD_START = 1700000000, AMD_NOW = 1750000000, AMD_END = 2140000000, AMD_DER_MAX = 4096 };
enum { AMD_ASK_SERIAL = 2, AMD_KEY_SERIAL = 3 };

// A processor, and the eight bytes of its versions.
static const struct amd_chip {
    enum vch_snp_report_product product;
    uint8_t family, model, id_size;
    const char *name, *issuer;
    uint8_t tcb[8];
    struct vch_snp_report_tcb parts;
} AMD_TURIN =
    {VCH_SNP_REPORT_TURIN, 0x1a, 0x02, 8, "Turin", "SEV-Turin", {1, 2, 3, 4, 0, 0, 0, 0x51},
     {1, 2, 3, 4, 0x51}},
  AMD_BERGAMO = {
      VCH_SNP_REPORT_GENOA, 0x19, 0xa0, 64, "Genoa", "SEV-Genoa", {10, 1, 0, 0, 0, 0, 27, 0x9b},
      {0, 10, 1, 27, 0x9b}};

struct amd {
    const struct amd_chip *chip;
    bool is_id_wrapped;
    bool has_authorities; // ark and ask are there already: another machine's
    struct authority ark, ask, vcek;
    uint8_t chip_id[64], report[VCH_SNP_REPORT_SIZE], report_data[64];
    uint8_t ark_der[AMD_DER_MAX], ask_der[AMD_DER_MAX], vcek_der[AMD_DER_MAX];
    uint8_t crl_der[2][AMD_DER_MAX];
    struct vch_certificate_bytes crls[2];
    struct vch_snp_evidence evidence;
    struct vch_snp_anchors anchors;
    struct vch_snp_floor floor;
    struct vch_snp_policy policy;
};

static struct amd *amd_at;           // for the extensions of a certificate that is being made
static int64_t amd_end_s = AMD_END;  // of what is issued
static uint8_t amd_chip_byte = 0x5c; // of which its id is made

static inline void amd_add_version(X509 *certificate, const char *oid, uint8_t version)
{
    const uint8_t small[] = {2, 1, version}, large[] = {2, 2, 0, version};

    if (version < 0x80)
        authority_extend(certificate, oid, small, sizeof small);
    else
        authority_extend(certificate, oid, large, sizeof large);
}

static inline void amd_add_claims(X509 *certificate)
{
    const struct amd *amd = amd_at;
    const struct amd_chip *chip = amd->chip;
    uint8_t name[16] = {0x16, (uint8_t)strlen(chip->name)}, wrapped[66] = {4, chip->id_size};

    memcpy(name + 2, chip->name, strlen(chip->name));
    memcpy(wrapped + 2, amd->chip_id, chip->id_size);
    amd_add_version(certificate, "1.3.6.1.4.1.3704.1.1", 0);
    authority_extend(certificate, "1.3.6.1.4.1.3704.1.2", name, 2 + strlen(chip->name));
    amd_add_version(certificate, "1.3.6.1.4.1.3704.1.3.1", chip->parts.bl);
    amd_add_version(certificate, "1.3.6.1.4.1.3704.1.3.2", chip->parts.tee);
    amd_add_version(certificate, "1.3.6.1.4.1.3704.1.3.3", chip->parts.snp);
    amd_add_version(certificate, "1.3.6.1.4.1.3704.1.3.4", 0);
    amd_add_version(certificate, "1.3.6.1.4.1.3704.1.3.5", 0);
    amd_add_version(certificate, "1.3.6.1.4.1.3704.1.3.6", 0);
    amd_add_version(certificate, "1.3.6.1.4.1.3704.1.3.7", 0);
    amd_add_version(certificate, "1.3.6.1.4.1.3704.1.3.8", chip->parts.ucode);
    if (chip == &AMD_TURIN) amd_add_version(certificate, "1.3.6.1.4.1.3704.1.3.9", chip->parts.fmc);
    authority_extend(certificate, "1.3.6.1.4.1.3704.1.4",
                     amd->is_id_wrapped ? wrapped : amd->chip_id,
                     chip->id_size + (amd->is_id_wrapped ? 2u : 0u));
}

static inline void amd_issue(struct amd *amd)
{
    const struct authority_plan root = {.name = "ARK",
                                        .path_length = AUTHORITY_ANY_LENGTH,
                                        .usage = "critical,keyCertSign,cRLSign",
                                        .start_s = AMD_START,
                                        .end_s = amd_end_s,
                                        .serial = 1};
    struct authority_plan middle = root, leaf = root;

    middle.name = amd->chip->issuer;
    middle.serial = AMD_ASK_SERIAL;
    leaf.name = "SEV-VCEK";
    leaf.path_length = AUTHORITY_LEAF;
    leaf.usage = NULL;
    leaf.serial = AMD_KEY_SERIAL + amd->has_authorities;
    leaf.curve = "P-384";
    leaf.extend = amd_add_claims;
    amd_at = amd;
    if (amd->ark.key == NULL) authority_issue(&amd->ark, NULL, &root);
    if (!amd->has_authorities) {
        authority_release(&amd->ask);
        authority_issue(&amd->ask, &amd->ark, &middle);
    }
    authority_release(&amd->vcek);
    authority_issue(&amd->vcek, &amd->ask, &leaf);
}

// Signs what stands in the report.
static inline void amd_sign(struct amd *amd)
{
    uint8_t der[160];
    const unsigned char *end = der;
    size_t size = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    CHECK_EQ(EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, amd->vcek.key), 1);
    CHECK_EQ(EVP_DigestSign(context, der, &size, amd->report, VCH_SNP_REPORT_SIGNED), 1);
    EVP_MD_CTX_free(context);
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &end, (long)size);
    CHECK_EQ(BN_bn2lebinpad(ECDSA_SIG_get0_r(numbers), amd->report + 0x2a0, 72), 72);
    CHECK_EQ(BN_bn2lebinpad(ECDSA_SIG_get0_s(numbers), amd->report + 0x2e8, 72), 72);
    ECDSA_SIG_free(numbers);
}

static inline void amd_write_report(struct amd *amd)
{
    static const uint16_t versions[] = {0x38, 0x180, 0x1e0, 0x1f0};

    memset(amd->report, 0, sizeof amd->report);
    vch_put_u32le(amd->report, 5);
    vch_put_u64le(amd->report + 0x08, 1 << 17);
    vch_put_u32le(amd->report + 0x34, 1);
    amd->report[0x40] = 0x65; // with the bit that has no meaning yet, as a real Turin's
    memcpy(amd->report + 0x50, amd->report_data, sizeof amd->report_data);
    FOR_EACH(offset, versions)
    memcpy(amd->report + *offset, amd->chip->tcb, 8);
    amd->report[0x188] = amd->chip->family;
    amd->report[0x189] = amd->chip->model;
    memcpy(amd->report + 0x1a0, amd->chip_id, amd->chip->id_size);
    amd->report[0x1f8] = amd->report[0x200] = 1; // a mitigation, at launch and now
    amd_sign(amd);
}

static inline void amd_begin(struct amd *amd, const struct amd_chip *which)
{
    static const uint8_t zeroes[48];

    amd->chip = which;
    memset(amd->chip_id, amd_chip_byte, sizeof amd->chip_id);
    memset(amd->report_data, 0xd4, sizeof amd->report_data);
    amd_issue(amd);
    amd_write_report(amd);
    amd->evidence = (struct vch_snp_evidence){
        .report = {amd->report, sizeof amd->report},
        .key = {amd->vcek_der, authority_der(&amd->vcek, amd->vcek_der, AMD_DER_MAX)},
        .issuers = {amd->ask_der, authority_der(&amd->ask, amd->ask_der, AMD_DER_MAX)},
        .crls = amd->crls,
    };
    amd->anchors = (struct vch_snp_anchors){0};
    amd->anchors.roots[amd->chip->product] = (struct vch_certificate_bytes){
        amd->ark_der, authority_der(&amd->ark, amd->ark_der, AMD_DER_MAX)};
    amd->floor = (struct vch_snp_floor){amd->chip->family, amd->chip->model, amd->chip->parts};
    amd->policy = (struct vch_snp_policy){.products = 1u << amd->chip->product,
                                          .signers = 1 << VCH_SNP_REPORT_VCEK,
                                          .vmpls = 1,
                                          .measurements = {zeroes, 1},
                                          .host_data = {zeroes, 1},
                                          .ignores_unknown_platform = true,
                                          .floors = &amd->floor,
                                          .floor_count = 1,
                                          .launch_mitigations = 1,
                                          .current_mitigations = 1};
}

static inline void amd_release(struct amd *amd)
{
    authority_release(&amd->ark);
    authority_release(&amd->ask);
    authority_release(&amd->vcek);
}
