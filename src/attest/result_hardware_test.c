// Verdicts over reports of processors and GPUs: of vendors made here, and of real machines, whose
// evidence was made for somebody else and shows it.
#include "attest/result.h"

#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "harness/amd.h"
#include "harness/dcap_set.h"
#include "harness/gpu.h"
#include "harness/results.h"

static struct results scene;
static struct amd amd;
static struct gpu gpu;

static void put(struct vch_cmw *collection, const char *label,
                const struct vch_certificate_bytes *bytes)
{
    collection->items[collection->count++] =
        results_item(label, bytes->bytes, bytes->size, VCH_CMW_EVIDENCE);
}

static void put_report(void)
{
    const struct vch_certificate_bytes report = {amd.report, sizeof amd.report};

    scene.response.evidence.count = scene.response.endorsements.count = 0;
    put(&scene.response.evidence, "report", &report);
    put(&scene.response.endorsements, "vek", &amd.evidence.key);
    put(&scene.response.endorsements, "issuers", &amd.evidence.issuers);
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
    put(&scene.response.endorsements, "crl.0", &crl);
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
    put(&scene.response.endorsements, "crl.0", &crl);
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
    put(&scene.response.endorsements, "crl.0", &crl);
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
    put(&scene.response.evidence, "runtime", &data);
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

// The GPU answers a nonce that the block makes, and the statement in the block names its key.
static void begin_gpu(void)
{
    static const char *models[] = {"GH100"};
    uint8_t nonce[32] = {1};

    results_init(&scene, VCH_BINDER_TPM);
    gpu_make(&gpu, nonce);
    scene.facts.has_gpu = true;
    scene.facts.gpu = gpu_question(&gpu).key;
    scene.time_s = GPU_NOW;
    results_answer(&scene);
    struct vch_digest answer = vch_binder_gpu_nonce(scene.bytes);
    memcpy(gpu.nonce, answer.bytes, sizeof gpu.nonce);
    gpu_report(&gpu);
    struct vch_gpu_evidence evidence = gpu_evidence(&gpu);
    put(&scene.response.evidence, "gpu-report", &evidence.report);
    put(&scene.response.evidence, "gpu-chain", &evidence.chain);
    scene.rules.anchors.nvidia = (struct vch_certificate_bytes){gpu.root, gpu.root_size};
    scene.rules.gpu = (struct vch_rules_gpu){true, true, models, 1};
    CHECK_OK(results_judge(&scene));
    CHECK(scene.result.word == VCH_RESULT_WARNING); // nobody judges its firmware
}

static void end_gpu(void)
{
    results_release(&scene);
    gpu_release(&gpu);
    memset(&gpu, 0, sizeof gpu);
}

TEST(result_takes_a_gpu_that_the_statement_names_and_the_policy_lists)
{
    begin_gpu();
    scene.rules.gpu.takes_unjudged_firmware = false;
    check_fails("gpu.firmware.taken");
    scene.rules.gpu.takes_unjudged_firmware = true;
    scene.rules.gpu.model_count = 0;
    check_fails("gpu.model");
    end_gpu();
}

TEST(result_refuses_a_gpu_whose_evidence_cannot_be_read)
{
    begin_gpu();
    for (size_t i = 1; i <= 2; i++) { // report, certificates
        struct vch_cmw_item *item =
            &scene.response.evidence.items[scene.response.evidence.count - i];
        const size_t size = item->size;
        item->size = size / 2;
        check_fails("gpu.form");
        item->size = size;
    }
    CHECK_OK(results_judge(&scene));
    end_gpu();
}

TEST(result_refuses_a_gpu_that_answers_somebody_else_or_is_not_there)
{
    begin_gpu();
    gpu.nonce[0] ^= 1;
    gpu_report(&gpu);
    check_fails("gpu.nonce");
    check_fails("binding.gpu");
    scene.response.evidence.count = 5;
    check_fails("gpu.there");
    scene.response.evidence.count = 4;
    check_fails("gpu.there");
    scene.facts.has_gpu = false;
    results_answer(&scene);
    check_fails("gpu.there");
    scene.rules.gpu.is_required = false;
    CHECK_OK(results_judge(&scene));
    end_gpu();
}

static struct dcap_set set;

// A real quote and its collateral, under a policy that allows just it.
static void begin_dcap(const char *folder, enum vch_binder_kind kind)
{
    static const char *const labels[] = {[DCAP_TCB_INFO] = "tcb-info",
                                         [DCAP_IDENTITY] = "identity",
                                         [DCAP_SIGNER] = "tcb-signer",
                                         [DCAP_ROOT_CRL] = "root-crl",
                                         [DCAP_PCK_CRL] = "pck-crl"};

    dcap_set_load(&set, folder);
    results_init(&scene, kind);
    results_block(&scene);
    put(&scene.response.evidence, "quote", &set.files[DCAP_QUOTE]);
    for (int i = DCAP_TCB_INFO; i < DCAP_FILES; i++)
        put(&scene.response.endorsements, labels[i], &set.files[i]);
    scene.time_s = set.question.time_s;
    scene.rules.has_tdx = scene.rules.has_sgx = true;
    scene.rules.dcap = set.policy;
    scene.rules.anchors.intel = set.question.root;
}

static void end_dcap(void)
{
    results_release(&scene);
    vch_arena_release(&set.arena);
}

// Everything about it is in order, but that it was made for somebody else.
static void check_only_binding(void)
{
    check_fails("binding.evidence");
    for (uint32_t i = 0; i < scene.result.appraisal.count; i++) {
        const struct vch_appraisal_check *check = &scene.result.appraisal.checks[i];
        bool is_binding = strcmp(check->name, "binding.evidence") == 0 ||
                          strcmp(check->name, "dcap.report_data") == 0;
        if ((check->result == VCH_APPRAISAL_FAILED) != is_binding)
            test_fail(__FILE__, __LINE__, "%s: %s", check->name, check->text);
    }
}

TEST(result_refuses_real_quotes_of_others_for_their_binding_alone)
{
    begin_dcap("tdx/sets/phala-v4-uptodate", VCH_BINDER_TDX);
    check_only_binding();
    CHECK(scene.result.hardware_size == 16);
    scene.response.kind = VCH_BINDER_SGX; // and for what they are not
    results_block(&scene);
    check_fails("result.kind");
    end_dcap();
    begin_dcap("sgx/sets/phala-v3-swhardening", VCH_BINDER_SGX);
    scene.rules.dcap.sgx.rules.statuses |=
        VCH_DCAP_BIT(VCH_DCAP_COLLATERAL_CONFIGURATION_AND_SW_HARDENING_NEEDED);
    check_only_binding();
    scene.response.kind = VCH_BINDER_TDX;
    results_block(&scene);
    check_fails("result.kind");
    scene.rules.has_tdx = false;
    check_fails("result.section");
    end_dcap();
}

// Genuine, up to date, and bound to nothing at all.
TEST(result_refuses_a_real_quote_whose_report_data_is_zero)
{
    begin_dcap("tdx/sets/gcp-v4-2026-06", VCH_BINDER_TDX);
    CHECK(vch_is_zero(set.own.report_data, VCH_BINDER_REPORT_SIZE));
    check_only_binding();
    end_dcap();
}

TEST(result_of_a_quote_without_its_collateral_is_malformed)
{
    begin_dcap("tdx/sets/phala-v4-uptodate", VCH_BINDER_TDX);
    scene.response.endorsements.count = 0;
    CHECK(!vch_is_ok(results_judge(&scene)));
    CHECK(scene.result.word == VCH_RESULT_CONTRAINDICATED);
    check_fails("result.evidence");
    end_dcap();
}
