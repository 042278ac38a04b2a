// Verdicts over reports of processors, and of what a paravisor hangs below one: of a vendor made
// here.
#include "attest/result.h"

#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "harness/amd.h"
#include "harness/results.h"

static struct results scene;
static struct amd amd;

static void put_report(void)
{
    const struct vch_certificate_bytes report = {amd.report, sizeof amd.report};

    scene.response.evidence.count = scene.response.endorsements.count = 0;
    results_put(&scene.response.evidence, "report", &report);
    results_put(&scene.response.endorsements, "vek", &amd.evidence.key);
    results_put(&scene.response.endorsements, "issuers", &amd.evidence.issuers);
}

static void allow_snp(void)
{
    scene.time_s = AMD_NOW;
    scene.rules.has_snp = true;
    scene.rules.snp = amd.policy;
    scene.rules.anchors.amd = amd.anchors;
}

// A processor's report of the block.
static void begin_snp(void)
{
    results_init(&scene, VCH_BINDER_SNP);
    results_block(&scene);
    if (amd.chip == NULL) amd_begin(&amd, &AMD_TURIN);
    vch_binder_report(amd.report_data, scene.bytes);
    amd_write_report(&amd);
    put_report();
    allow_snp();
    CHECK_OK(results_judge(&scene));
}

static void end_snp(void)
{
    results_release(&scene); // the vendor stays: making one takes long
}

static void check_fails(const char *name)
{
    results_check_refused(&scene, name);
}

TEST(result_affirms_an_snp_report_over_the_block)
{
    begin_snp();
    CHECK(scene.result.word == VCH_RESULT_AFFIRMING && scene.result.level == VCH_RULES_TEE);
    CHECK(scene.result.hardware_kind == VCH_RULES_ID_CHIP && scene.result.hardware_size == 64);
    CHECK(scene.result.hardware[0] == 0x5c && scene.result.until_s == AMD_NOW + 3600);
    scene.rules.freshness.result_s = 1u << 30;
    scene.rules.until_s = (int64_t)AMD_END + 1;
    CHECK_OK(results_judge(&scene));
    CHECK(scene.result.until_s == AMD_END); // its certificates'
    scene.rules.anchors.are_vendors = false;
    CHECK_OK(results_judge(&scene));
    CHECK(scene.result.word == VCH_RESULT_WARNING && scene.result.is_test);
    end_snp();
}

TEST(result_refuses_an_snp_report_of_another_block_image_or_vendor)
{
    begin_snp();
    scene.block.nonce[0] ^= 1;
    CHECK_OK(vch_binder_encode(scene.bytes, &scene.block));
    check_fails("snp.report_data");
    check_fails("binding.evidence");
    scene.block.nonce[0] ^= 1;
    CHECK_OK(vch_binder_encode(scene.bytes, &scene.block));
    scene.rules.snp.measurements.count = 0;
    check_fails("snp.measurement");
    scene.rules.snp.measurements.count = 1;
    scene.rules.anchors.amd = vch_snp_amd();
    check_fails("snp.chain");
    scene.rules.anchors.amd = amd.anchors;
    scene.rules.has_snp = false;
    check_fails("result.section");
    end_snp();
}

TEST(result_of_an_snp_report_that_is_cut_or_lacks_its_key_is_malformed)
{
    begin_snp();
    scene.response.evidence.items[0].size--;
    CHECK_FAILS(results_judge(&scene), TRUNCATED);
    check_fails("result.evidence");
    scene.response.evidence.items[0].size++;
    scene.response.endorsements.count = 0;
    CHECK_FAILS(results_judge(&scene), TRUNCATED);
    end_snp();
}

TEST(result_applies_the_revocation_lists_that_come_along)
{
    long serial = AMD_KEY_SERIAL;

    begin_snp();
    size_t size =
        authority_revoke(&amd.ask, &serial, 1, AMD_START, AMD_END, amd.crl_der[0], AMD_DER_MAX);
    const struct vch_certificate_bytes crl = {amd.crl_der[0], size};
    results_put(&scene.response.endorsements, "crl.0", &crl);
    check_fails("snp.chain");
    end_snp();
}

TEST(result_holds_no_longer_than_the_revocation_lists_it_rests_on)
{
    const int64_t end_s = AMD_NOW + 100;
    long serial = AMD_KEY_SERIAL + 1;

    begin_snp();
    CHECK(scene.result.until_s == AMD_NOW + 3600);
    size_t size =
        authority_revoke(&amd.ask, &serial, 1, AMD_START, end_s, amd.crl_der[0], AMD_DER_MAX);
    const struct vch_certificate_bytes crl = {amd.crl_der[0], size};
    results_put(&scene.response.endorsements, "crl.0", &crl);
    CHECK_OK(results_judge(&scene));
    CHECK(scene.result.until_s == end_s);
    end_snp();
}

// A list of the verifier's own: of the issuer of the processor's key.
static void have_list(struct vch_certificate_bytes *piece, long serial, int64_t end_s)
{
    piece->bytes = amd.crl_der[1];
    piece->size =
        authority_revoke(&amd.ask, &serial, 1, AMD_START, end_s, amd.crl_der[1], AMD_DER_MAX);
    scene.rules.own_crls = (struct vch_crl_own){piece, 1};
}

// Who is revoked brings another list, or none.
TEST(result_applies_the_revocation_lists_that_the_verifier_has)
{
    long other = AMD_KEY_SERIAL + 1;
    struct vch_certificate_bytes own;

    begin_snp();
    have_list(&own, AMD_KEY_SERIAL, AMD_END);
    check_fails("snp.chain");
    size_t size =
        authority_revoke(&amd.ask, &other, 1, AMD_START + 1, AMD_END, amd.crl_der[0], AMD_DER_MAX);
    const struct vch_certificate_bytes crl = {amd.crl_der[0], size};
    results_put(&scene.response.endorsements, "crl.0", &crl);
    check_fails("snp.chain");
    have_list(&own, other, AMD_END);
    CHECK_OK(results_judge(&scene));
    end_snp();
}

TEST(result_holds_no_longer_than_the_verifiers_own_lists)
{
    struct vch_certificate_bytes own;

    begin_snp();
    have_list(&own, AMD_KEY_SERIAL + 1, AMD_NOW + 100);
    CHECK_OK(results_judge(&scene));
    CHECK(scene.result.until_s == AMD_NOW + 100);
    have_list(&own, AMD_KEY_SERIAL + 1, AMD_NOW - 1);
    check_fails("snp.chain");
    own.size = authority_revoke(&amd.vcek, NULL, 0, AMD_START, AMD_NOW - 1, amd.crl_der[1],
                                AMD_DER_MAX); // of somebody else: it says nothing here
    CHECK_OK(results_judge(&scene));
    CHECK(scene.result.until_s == AMD_NOW + 3600);
    end_snp();
}

TEST(result_takes_the_verifiers_own_lists_where_rules_ask_for_some)
{
    long other = AMD_KEY_SERIAL + 1;
    struct vch_certificate_bytes own[2];

    begin_snp();
    scene.rules.snp.crl_rule = VCH_CHAIN_CRLS_OF_ALL;
    check_fails("snp.chain");
    have_list(own, other, AMD_END);
    check_fails("snp.chain"); // the root's is missing
    own[1].bytes = amd.crl_der[0];
    own[1].size =
        authority_revoke(&amd.ark, &other, 1, AMD_START, AMD_END, amd.crl_der[0], AMD_DER_MAX);
    scene.rules.own_crls.count = 2;
    scene.rules.own_crls.pieces = own;
    CHECK_OK(results_judge(&scene));
    end_snp();
}

TEST(result_looks_a_machine_up_by_its_chip)
{
    uint8_t chip[64] = {0};

    begin_snp();
    memset(chip, 0x5c, 8);
    scene.rules.needs_machine = true;
    check_fails("result.machine");
    scene.machine = (struct vch_rules_machine){VCH_RULES_ID_CHIP, chip, 64, "Clinic", "Ulm"};
    scene.rules.machines = &scene.machine;
    scene.rules.machine_count = 1;
    CHECK_OK(results_judge(&scene));
    CHECK(strcmp(scene.result.operator_name, "Clinic") == 0);
    amd.report[0x140] ^= 1; // whoever forges a report writes what chip they like
    check_fails("snp.signature");
    CHECK(scene.result.operator_name[0] == '\0' && scene.result.site[0] == '\0');
    end_snp();
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Base64 for URLs, of 256 bytes.
static void encode_modulus(char *out, EVP_PKEY *key)
{
    BIGNUM *n = NULL;
    uint8_t bytes[258] = {0};

    CHECK(EVP_PKEY_get_bn_param(key, "n", &n) == 1 && BN_bn2binpad(n, bytes, 256) == 256);
    BN_free(n);
    for (size_t i = 0; i < 342; i++) {
        size_t bit = 6 * i;
        unsigned two = (unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];
        out[i] = digits[two >> (10 - bit % 8) & 63];
    }
    out[342] = '\0';
}

// A paravisor: its runtime data name the TPM's key, the report names the runtime data.
static void begin_azure(char runtime[static 1024])
{
    static char modulus[343];

    results_init(&scene, VCH_BINDER_AZURE);
    EVP_PKEY_free(scene.tpm.secret);
    scene.tpm.secret = EVP_RSA_gen(2048);
    encode_modulus(modulus, scene.tpm.secret);
    int size = snprintf(runtime, 1024,
                        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\","
                        "\"e\":\"AQAB\",\"n\":\"%s\"}]}",
                        modulus);
    CHECK(size > 0 && size < 1024);
    results_block(&scene);
    results_quote(&scene, 1);
    struct vch_cmw quoted = scene.response.evidence;
    struct vch_digest digest = vch_hash_bytes(runtime, (size_t)size);
    const struct vch_certificate_bytes data = {(const uint8_t *)runtime, (size_t)size};
    if (amd.chip == NULL) amd_begin(&amd, &AMD_TURIN);
    memset(amd.report_data, 0, sizeof amd.report_data);
    memcpy(amd.report_data, digest.bytes, sizeof digest.bytes);
    amd_write_report(&amd);
    put_report();
    results_put(&scene.response.evidence, "runtime", &data);
    for (size_t i = 0; i < 3; i++)
        scene.response.evidence.items[scene.response.evidence.count++] = quoted.items[i];
    allow_snp();
    scene.rules.tpm.aks = VCH_RULES_AK_IN_TEE;
    scene.rules.tpm.places = 1u << VCH_RULES_TPM_IN_TEE;
    CHECK_OK(results_judge(&scene));
}

TEST(result_follows_a_paravisor_from_the_report_to_the_quote)
{
    char runtime[1024];

    begin_azure(runtime);
    CHECK(scene.result.level == VCH_RULES_TEE && scene.result.word == VCH_RESULT_AFFIRMING);
    CHECK(scene.result.hardware_kind == VCH_RULES_ID_CHIP);
    CHECK(scene.result.history.has_quote);
    scene.rules.tpm.places = 1u << VCH_RULES_TPM_DISCRETE;
    check_fails("tpm.place");
    scene.rules.tpm.places = 1u << VCH_RULES_TPM_IN_TEE;
    scene.rules.tpm.aks = VCH_RULES_AK_ENROLLED;
    check_fails("tpm.place");
    end_snp();
}

TEST(result_refuses_a_paravisor_whose_links_are_of_two)
{
    char runtime[1024], other[1024];

    begin_azure(runtime);
    memcpy(other, runtime, sizeof other);
    other[70] ^= 1; // in the key
    scene.response.evidence.items[1].bytes = (const uint8_t *)other;
    check_fails("snp.report_data");
    check_fails("binding.runtime");
    scene.response.evidence.items[1].bytes = (const uint8_t *)runtime;
    CHECK_OK(results_judge(&scene));
    scene.block.exporter[3] ^= 1; // the same machine, another connection
    CHECK_OK(vch_binder_encode(scene.bytes, &scene.block));
    check_fails("tpm.nonce");
    end_snp();
}

// Where rules take reports of guests at other levels, such a guest could name any key.
TEST(result_refuses_a_paravisor_that_is_the_guest)
{
    char runtime[1024];

    begin_azure(runtime);
    scene.rules.snp.vmpls = 1u << 0 | 1u << 2;
    amd.report[0x30] = 2;
    amd_sign(&amd);
    check_fails("azure.vmpl");
    amd.report[0x30] = 0;
    amd_sign(&amd);
    CHECK_OK(results_judge(&scene));
    end_snp();
}
