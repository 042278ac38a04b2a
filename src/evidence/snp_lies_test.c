// A vendor made here, for what no real report shows: version 5, Turin's and Bergamo's layouts,
// revoked keys, signatures that are none.
#include "evidence/snp.h"

#include <string.h>

#include "harness/alone.h"
#include "harness/amd.h"

static struct amd amd;
static struct vch_appraisal appraisal;

static vch_status verify(void)
{
    struct vch_snp_report report;

    return vch_snp_verify(&appraisal, &report, &amd.evidence, &amd.anchors, &amd.policy, AMD_NOW,
                          amd.report_data, NULL);
}

static void check_fails(const char *name)
{
    const vch_status status = verify();

    alone_fails(&appraisal, status, name);
}

static void add_crl(const struct authority *issuer, long serial)
{
    size_t at = amd.evidence.crl_count++;
    size_t size =
        authority_revoke(issuer, &serial, 1, AMD_START, AMD_END, amd.crl_der[at], AMD_DER_MAX);

    amd.crls[at] = (struct vch_certificate_bytes){amd.crl_der[at], size};
}

TEST(snp_version_5_of_turin_and_bergamo_is_taken)
{
    amd_begin(&amd, &AMD_TURIN);
    CHECK_OK(verify());
    amd_begin(&amd, &AMD_BERGAMO);
    CHECK_OK(verify());
    // Under AMD's roots it is nothing.
    amd.anchors = vch_snp_amd();
    check_fails("snp.chain");
}

TEST(snp_versions_of_turin_stand_in_their_own_order)
{
    amd_begin(&amd, &AMD_TURIN);
    amd.floor.tcb.snp = 5;
    CHECK_FAILS(verify(), REFUSED);
    amd.floor.tcb = (struct vch_snp_report_tcb){2, 2, 3, 4, 0x51};
    CHECK_FAILS(verify(), REFUSED);
    // Bytes 6 and 7 would be snp and ucode of the lines before it.
    amd_begin(&amd, &AMD_TURIN);
    amd.report[0x1f0 + 6] = 9;
    amd_sign(&amd);
    check_fails("snp.tcb.launch");
}

TEST(snp_key_or_authority_that_is_revoked_is_refused)
{
    amd_begin(&amd, &AMD_TURIN);
    amd.policy.crl_rule = VCH_CHAIN_CRLS_OF_ALL;
    check_fails("snp.chain"); // no list
    add_crl(&amd.ark, 99);
    check_fails("snp.chain"); // one of two
    amd.policy.crl_rule = VCH_CHAIN_CRLS_OF_ROOT;
    CHECK_OK(verify());
    amd.policy.crl_rule = VCH_CHAIN_CRLS_OF_ALL;
    add_crl(&amd.ask, 99);
    CHECK_OK(verify());
    amd.evidence.crl_count = 0;
    amd.policy.crl_rule = VCH_CHAIN_CRLS_IF_PRESENT;
    CHECK_OK(verify());
    add_crl(&amd.ark, AMD_ASK_SERIAL);
    check_fails("snp.chain");
    amd.evidence.crl_count = 0;
    add_crl(&amd.ask, AMD_KEY_SERIAL);
    check_fails("snp.chain");
}

TEST(snp_signature_that_is_none_is_refused)
{
    amd_begin(&amd, &AMD_TURIN);
    memset(amd.report + 0x2a0, 0, 72);
    check_fails("snp.signature"); // r is 0
    amd_sign(&amd);
    memset(amd.report + 0x2e8, 0, 48);
    check_fails("snp.signature"); // s is 0
    amd_sign(&amd);
    memset(amd.report + 0x2e8, 0xff, 48);
    check_fails("snp.signature"); // s is above the order
    amd_sign(&amd);
    amd.report[0x2e8 + 48] = 1;
    CHECK_FAILS(verify(), MALFORMED); // s has a byte more
    amd_sign(&amd);
    amd.report[VCH_SNP_REPORT_SIZE - 1] = 1;
    CHECK_FAILS(verify(), MALFORMED);
    memset(amd.report + 0x2a0, 0, 512);
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

    amd_begin(&amd, &AMD_TURIN);
    FOR_EACH(lie, lies)
    {
        amd_write_report(&amd);
        amd.report[lie->offset] ^= lie->bits;
        amd_sign(&amd);
        check_fails(lie->check);
    }
    amd_write_report(&amd);
    amd.policy.ignores_unknown_platform = false;
    check_fails("snp.platform.known");
    amd.policy.ignores_unknown_platform = true;
    amd.policy.signers |= 1 << VCH_SNP_REPORT_VLEK;
    amd.report[0x48] |= VCH_SNP_REPORT_VLEK << 2; // by a chip's own key, it says by one on loan
    amd_sign(&amd);
    check_fails("snp.key.kind");
}

// Even where rules take firmware that the host can take back, and have no floors to speak of.
TEST(snp_versions_that_no_firmware_has_at_once_are_refused)
{
    static const uint16_t places[] = {0x1e0, 0x38}; // committed below reported, current below both

    amd_begin(&amd, &AMD_TURIN);
    amd.policy.takes_provisional = true;
    amd.floor.tcb = (struct vch_snp_report_tcb){0};
    CHECK_OK(verify());
    FOR_EACH(place, places)
    {
        amd_write_report(&amd);
        amd.report[*place + 3]--; // of the snp part
        amd_sign(&amd);
        check_fails("snp.tcb.order");
    }
}

TEST(snp_certificate_whose_hardware_id_is_wrapped_is_malformed)
{
    amd.is_id_wrapped = true;
    amd_begin(&amd, &AMD_BERGAMO);
    amd.is_id_wrapped = false;
    CHECK_FAILS(verify(), MALFORMED);
    amd.evidence.key = amd.evidence.issuers; // an authority is no key
    CHECK_FAILS(verify(), MALFORMED);
}
