// A vendor made here, for what no real report shows: version 5, Turin's and Bergamo's layouts,
// revoked keys, signatures that are none. Its root counts because it is handed in, and only then.
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <string.h>

#include "attest/snp.h"
#include "base/bytes.h"
#include "harness/authority.h"
#include "harness/test.h"

enum { START = 1700000000, NOW = 1750000000, END = 1800000000, DER_MAX = 4096 };
enum { ASK_SERIAL = 2, KEY_SERIAL = 3 };

// A processor, and the eight bytes of its versions.
static const struct chip {
    enum vch_snp_report_product product;
    uint8_t family, model, id_size;
    const char *name, *issuer;
    uint8_t tcb[8];
    struct vch_snp_report_tcb parts;
} TURIN = {VCH_SNP_REPORT_TURIN, 0x1a, 0x02, 8, "Turin", "SEV-Turin", {1, 2, 3, 4, 0, 0, 0, 0x51},
           {1, 2, 3, 4, 0x51}},
  BERGAMO = {
      VCH_SNP_REPORT_GENOA, 0x19, 0xa0, 64, "Genoa", "SEV-Genoa", {10, 1, 0, 0, 0, 0, 27, 0x9b},
      {0, 10, 1, 27, 0x9b}};

static const struct chip *chip;
static bool is_id_wrapped;
static struct authority ark, ask, vcek;
static uint8_t chip_id[64], report_bytes[VCH_SNP_REPORT_SIZE], report_data[64];
static uint8_t ark_der[DER_MAX], ask_der[DER_MAX], vcek_der[DER_MAX], crl_der[2][DER_MAX];
static struct vch_certificate_bytes crls[2];
static struct vch_snp_evidence evidence;
static struct vch_snp_anchors anchors;
static struct vch_snp_floor floor_here;
static struct vch_snp_policy policy;
static struct vch_appraisal appraisal;

static void add_version(X509 *certificate, const char *oid, uint8_t version)
{
    const uint8_t small[] = {2, 1, version}, large[] = {2, 2, 0, version};

    if (version < 0x80)
        authority_extend(certificate, oid, small, sizeof small);
    else
        authority_extend(certificate, oid, large, sizeof large);
}

static void add_claims(X509 *certificate)
{
    uint8_t name[16] = {0x16, (uint8_t)strlen(chip->name)}, wrapped[66] = {4, chip->id_size};

    memcpy(name + 2, chip->name, strlen(chip->name));
    memcpy(wrapped + 2, chip_id, chip->id_size);
    add_version(certificate, "1.3.6.1.4.1.3704.1.1", 0);
    authority_extend(certificate, "1.3.6.1.4.1.3704.1.2", name, 2 + strlen(chip->name));
    add_version(certificate, "1.3.6.1.4.1.3704.1.3.1", chip->parts.bl);
    add_version(certificate, "1.3.6.1.4.1.3704.1.3.2", chip->parts.tee);
    add_version(certificate, "1.3.6.1.4.1.3704.1.3.3", chip->parts.snp);
    add_version(certificate, "1.3.6.1.4.1.3704.1.3.4", 0);
    add_version(certificate, "1.3.6.1.4.1.3704.1.3.5", 0);
    add_version(certificate, "1.3.6.1.4.1.3704.1.3.6", 0);
    add_version(certificate, "1.3.6.1.4.1.3704.1.3.7", 0);
    add_version(certificate, "1.3.6.1.4.1.3704.1.3.8", chip->parts.ucode);
    if (chip == &TURIN) add_version(certificate, "1.3.6.1.4.1.3704.1.3.9", chip->parts.fmc);
    authority_extend(certificate, "1.3.6.1.4.1.3704.1.4", is_id_wrapped ? wrapped : chip_id,
                     chip->id_size + (is_id_wrapped ? 2u : 0u));
}

static void issue(void)
{
    const struct authority_plan root = {.name = "ARK",
                                        .path_length = AUTHORITY_ANY_LENGTH,
                                        .usage = "critical,keyCertSign,cRLSign",
                                        .start_s = START,
                                        .end_s = END,
                                        .serial = 1};
    struct authority_plan middle = root, leaf = root;

    middle.name = chip->issuer;
    middle.serial = ASK_SERIAL;
    leaf.name = "SEV-VCEK";
    leaf.path_length = AUTHORITY_LEAF;
    leaf.usage = NULL;
    leaf.serial = KEY_SERIAL;
    leaf.curve = "P-384";
    leaf.extend = add_claims;
    if (ark.key == NULL) authority_issue(&ark, NULL, &root);
    authority_release(&ask);
    authority_release(&vcek);
    authority_issue(&ask, &ark, &middle);
    authority_issue(&vcek, &ask, &leaf);
}

// Signs what stands in the report.
static void sign(void)
{
    uint8_t der[160];
    const unsigned char *end = der;
    size_t size = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    CHECK_EQ(EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, vcek.key), 1);
    CHECK_EQ(EVP_DigestSign(context, der, &size, report_bytes, VCH_SNP_REPORT_SIGNED), 1);
    EVP_MD_CTX_free(context);
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &end, (long)size);
    CHECK_EQ(BN_bn2lebinpad(ECDSA_SIG_get0_r(numbers), report_bytes + 0x2a0, 72), 72);
    CHECK_EQ(BN_bn2lebinpad(ECDSA_SIG_get0_s(numbers), report_bytes + 0x2e8, 72), 72);
    ECDSA_SIG_free(numbers);
}

static void write_report(void)
{
    static const uint16_t versions[] = {0x38, 0x180, 0x1e0, 0x1f0};

    memset(report_bytes, 0, sizeof report_bytes);
    vch_put_u32le(report_bytes, 5);
    vch_put_u64le(report_bytes + 0x08, 1 << 17);
    vch_put_u32le(report_bytes + 0x34, 1);
    report_bytes[0x40] = 0x65; // with the bit that has no meaning yet, as a real Turin's
    memcpy(report_bytes + 0x50, report_data, sizeof report_data);
    FOR_EACH(offset, versions)
    memcpy(report_bytes + *offset, chip->tcb, 8);
    report_bytes[0x188] = chip->family;
    report_bytes[0x189] = chip->model;
    memcpy(report_bytes + 0x1a0, chip_id, chip->id_size);
    report_bytes[0x1f8] = report_bytes[0x200] = 1; // a mitigation, at launch and now
    sign();
}

static void begin(const struct chip *which)
{
    static const uint8_t zeroes[48];

    chip = which;
    memset(chip_id, 0x5c, sizeof chip_id);
    memset(report_data, 0xd4, sizeof report_data);
    issue();
    write_report();
    evidence = (struct vch_snp_evidence){
        .report = {report_bytes, sizeof report_bytes},
        .key = {vcek_der, authority_der(&vcek, vcek_der, DER_MAX)},
        .issuers = {ask_der, authority_der(&ask, ask_der, DER_MAX)},
        .crls = crls,
    };
    anchors = (struct vch_snp_anchors){0};
    anchors.roots[chip->product] =
        (struct vch_certificate_bytes){ark_der, authority_der(&ark, ark_der, DER_MAX)};
    floor_here = (struct vch_snp_floor){chip->family, chip->model, chip->parts};
    policy = (struct vch_snp_policy){.products = 1u << chip->product,
                                     .signers = 1 << VCH_SNP_REPORT_VCEK,
                                     .vmpls = 1,
                                     .measurements = {zeroes, 1},
                                     .host_data = {zeroes, 1},
                                     .ignores_unknown_platform = true,
                                     .floors = &floor_here,
                                     .floor_count = 1,
                                     .launch_mitigations = 1,
                                     .current_mitigations = 1};
}

static vch_status verify(void)
{
    struct vch_snp_report report;

    return vch_snp_verify(&appraisal, &report, &evidence, &anchors, &policy, NOW, report_data,
                          NULL);
}

// That one check fails, and no other.
static void check_fails(const char *name)
{
    CHECK_FAILS(verify(), REFUSED);
    for (uint32_t i = 0; i < appraisal.count; i++)
        if ((appraisal.checks[i].result == VCH_APPRAISAL_FAILED) !=
            (strcmp(appraisal.checks[i].name, name) == 0))
            test_fail(__FILE__, __LINE__, "%s, where %s was to fail alone",
                      appraisal.checks[i].name, name);
}

static void add_crl(const struct authority *issuer, long serial)
{
    size_t at = evidence.crl_count++;
    size_t size = authority_revoke(issuer, &serial, 1, START, END, crl_der[at], DER_MAX);

    crls[at] = (struct vch_certificate_bytes){crl_der[at], size};
}

TEST(snp_version_5_of_turin_and_bergamo_is_taken)
{
    begin(&TURIN);
    CHECK_OK(verify());
    begin(&BERGAMO);
    CHECK_OK(verify());
    // Under AMD's roots it is nothing.
    anchors = vch_snp_amd();
    check_fails("snp.chain");
}

TEST(snp_versions_of_turin_stand_in_their_own_order)
{
    begin(&TURIN);
    floor_here.tcb.snp = 5;
    CHECK_FAILS(verify(), REFUSED);
    floor_here.tcb = (struct vch_snp_report_tcb){2, 2, 3, 4, 0x51};
    CHECK_FAILS(verify(), REFUSED);
    // Bytes 6 and 7 would be snp and ucode of the lines before it.
    begin(&TURIN);
    report_bytes[0x1f0 + 6] = 9;
    sign();
    check_fails("snp.tcb.launch");
}

TEST(snp_key_or_authority_that_is_revoked_is_refused)
{
    begin(&TURIN);
    policy.crl_rule = VCH_CHAIN_CRLS_OF_ALL;
    check_fails("snp.chain"); // no list
    add_crl(&ark, 99);
    check_fails("snp.chain"); // one of two
    policy.crl_rule = VCH_CHAIN_CRLS_OF_ROOT;
    CHECK_OK(verify());
    policy.crl_rule = VCH_CHAIN_CRLS_OF_ALL;
    add_crl(&ask, 99);
    CHECK_OK(verify());
    evidence.crl_count = 0;
    policy.crl_rule = VCH_CHAIN_CRLS_IF_PRESENT;
    CHECK_OK(verify());
    add_crl(&ark, ASK_SERIAL);
    check_fails("snp.chain");
    evidence.crl_count = 0;
    add_crl(&ask, KEY_SERIAL);
    check_fails("snp.chain");
}

TEST(snp_signature_that_is_none_is_refused)
{
    begin(&TURIN);
    memset(report_bytes + 0x2a0, 0, 72);
    check_fails("snp.signature"); // r is 0
    sign();
    memset(report_bytes + 0x2e8, 0, 48);
    check_fails("snp.signature"); // s is 0
    sign();
    memset(report_bytes + 0x2e8, 0xff, 48);
    check_fails("snp.signature"); // s is above the order
    sign();
    report_bytes[0x2e8 + 48] = 1;
    CHECK_FAILS(verify(), MALFORMED); // s has a byte more
    sign();
    report_bytes[VCH_SNP_REPORT_SIZE - 1] = 1;
    CHECK_FAILS(verify(), MALFORMED);
    memset(report_bytes + 0x2a0, 0, 512);
    CHECK_FAILS(verify(), REFUSED);
    CHECK(vch_appraisal_find(&appraisal, "snp.signature.present")->result == VCH_APPRAISAL_FAILED);
}

TEST(snp_report_signed_but_not_to_be_trusted_is_refused)
{
    static const struct {
        uint16_t offset;
        uint8_t bits;
        const char *check;
    } lies[] = {
        {0x0a, 0x04, "snp.guest.allowed"}, // migrate_ma
        {0x0a, 0x08, "snp.guest.debug"},
        {0x0a, 0x20, "snp.guest.allowed"}, // CXL
        {0x30, 0x01, "snp.vmpl"},
        {0x38, 0x10, "snp.tcb.provisional"},
        {0x40, 0x20, "snp.platform.alias_check"},
        {0x48, 0x01, "snp.author_key"},
        {0x48, 0x02, "snp.key.chip"}, // masked
        {0x90, 0x80, "snp.measurement"},
        {0xc0, 0x01, "snp.host_data"},
        {0xe0, 0x01, "snp.id_key"},
        {0x110, 0x01, "snp.author_key"},
        {0x1a0, 0x01, "snp.key.chip"},
        {0x1a0 + 8, 0x01, "snp.key.chip"},
        {0x1e8, 0x01, "snp.tcb.provisional"},
        {0x1f8, 0x01, "snp.mitigations"},
        {0x200, 0x01, "snp.mitigations"},
        {0x8f, 0x01, "snp.report_data"},
    };

    begin(&TURIN);
    FOR_EACH(lie, lies)
    {
        write_report();
        report_bytes[lie->offset] ^= lie->bits;
        sign();
        check_fails(lie->check);
    }
    write_report();
    policy.ignores_unknown_platform = false;
    check_fails("snp.platform.known");
}

TEST(snp_certificate_whose_hardware_id_is_wrapped_is_malformed)
{
    is_id_wrapped = true;
    begin(&BERGAMO);
    is_id_wrapped = false;
    CHECK_FAILS(verify(), MALFORMED);
    evidence.key = evidence.issuers; // an authority is no key
    CHECK_FAILS(verify(), MALFORMED);
}
