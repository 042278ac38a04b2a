// One good piece of evidence of every format, made here, cut into the parts that somebody could
// change on the way. Whoever includes this links the library `authority`.
#pragma once

#include <stdio.h>
#include <string.h>

#include "evidence/azure.h"
#include "evidence/tpm_public.h"
#include "harness/amd.h"
#include "harness/gpu.h"
#include "harness/intel.h"
#include "harness/nitro.h"
#include "harness/ratls.h"
#include "harness/test.h"
#include "harness/tpm.h"

enum { EVIDENCE_PCRS_SIZE = 3 * VCH_DIGEST_SIZE };
enum { EVIDENCE_PARTS = 8, EVIDENCE_PART_MAX = 1 << 15, EVIDENCE_FORMATS = 9 };

// What may differ without being something else: nothing, or what is between the words.
enum evidence_form {
    EVIDENCE_EXACT,
    EVIDENCE_PADDED, // zeroes may follow
    EVIDENCE_PEM,    // white space, and one NUL at the end
    EVIDENCE_CHAIN,  // the same, and the root at the end need not be there
    EVIDENCE_JSON,   // white space outside of what is signed, digits of either case
};

struct evidence_part {
    const char *name;
    enum evidence_form form;
    uint8_t *bytes; // EVIDENCE_PART_MAX
    size_t size;
};

struct evidence {
    const char *name;
    struct evidence_part parts[EVIDENCE_PARTS];
    size_t count;
    vch_status (*verify)(const struct evidence *evidence);
};

static struct {
    struct amd amd;
    struct intel intel[4]; // SGX 3; TDX 4 and 5; the RA-TLS certificate's
    struct tpm tpm, vtpm;
    struct gpu gpu;
    struct vch_gpu_question gpu_question;
    struct ratls ratls;
    struct nitro nitro;
    uint8_t azure_report_data[64];
    struct vch_appraisal appraisal;
    struct vch_complaint complaint;
} evidence_of;

static inline void evidence_add(struct evidence *evidence, const char *name,
                                enum evidence_form form, const void *bytes, size_t size)
{
    static uint8_t room[EVIDENCE_FORMATS * EVIDENCE_PARTS][EVIDENCE_PART_MAX];
    static size_t used;
    struct evidence_part *part = &evidence->parts[evidence->count++];

    CHECK(evidence->count <= EVIDENCE_PARTS && size <= EVIDENCE_PART_MAX);
    CHECK(used < sizeof room / sizeof *room);
    *part = (struct evidence_part){name, form, room[used++], size};
    memcpy(part->bytes, bytes, size);
}

static inline void evidence_add_piece(struct evidence *evidence, const char *name,
                                      enum evidence_form form,
                                      const struct vch_certificate_bytes *piece)
{
    evidence_add(evidence, name, form, piece->bytes, piece->size);
}

static inline struct vch_certificate_bytes evidence_piece(const struct evidence *evidence,
                                                          size_t part)
{
    return (struct vch_certificate_bytes){evidence->parts[part].bytes, evidence->parts[part].size};
}

static inline vch_status evidence_verify_snp(const struct evidence *evidence)
{
    const struct amd *amd = &evidence_of.amd;
    struct vch_snp_report report;
    const struct vch_certificate_bytes crl = evidence_piece(evidence, 3);
    const struct vch_snp_evidence shown = {.report = evidence_piece(evidence, 0),
                                           .key = evidence_piece(evidence, 1),
                                           .issuers = evidence_piece(evidence, 2),
                                           .crls = &crl,
                                           .crl_count = 1};

    return vch_snp_verify(&evidence_of.appraisal, &report, &shown, &amd->anchors, &amd->policy,
                          AMD_NOW, amd->report_data, &evidence_of.complaint);
}

static inline vch_status evidence_verify_dcap(const struct evidence *evidence,
                                              const struct intel *intel)
{
    struct vch_dcap_claims claims;
    struct vch_arena arena;
    const struct vch_certificate_bytes quote = evidence_piece(evidence, 0);
    const struct vch_dcap_collateral collateral = {
        .tcb_info = evidence_piece(evidence, 1),
        .identity = evidence_piece(evidence, 2),
        .signer = evidence_piece(evidence, 3),
        .root_crl = evidence_piece(evidence, 4),
        .pck_crl = evidence_piece(evidence, 5),
    };

    vch_arena_init(&arena, VCH_DCAP_ARENA_SIZE);
    vch_status status = vch_dcap_verify(&evidence_of.appraisal, &claims, &quote, &collateral,
                                        &intel->set.question, &arena, &evidence_of.complaint);
    vch_arena_release(&arena);
    return status;
}

static inline vch_status evidence_verify_sgx(const struct evidence *evidence)
{
    return evidence_verify_dcap(evidence, &evidence_of.intel[0]);
}

static inline vch_status evidence_verify_tdx_4(const struct evidence *evidence)
{
    return evidence_verify_dcap(evidence, &evidence_of.intel[1]);
}

static inline vch_status evidence_verify_tdx_5(const struct evidence *evidence)
{
    return evidence_verify_dcap(evidence, &evidence_of.intel[2]);
}

static inline vch_status evidence_verify_quote(const struct evidence *evidence, size_t first,
                                               const struct vch_spki *ak, const uint8_t nonce[32])
{
    struct vch_digest pcrs[VCH_TPM_QUOTE_PCRS] = {0};
    struct vch_tpm_quote quote;
    const struct evidence_part *parts = evidence->parts + first;
    const struct vch_tpm_quote_evidence shown = {
        .attest = parts[0].bytes,
        .attest_size = parts[0].size,
        .signature = {VCH_TPM_SIGNATURE_PLAIN, parts[1].bytes, parts[1].size},
        .pcrs = pcrs};
    const struct vch_tpm_quote_expected expected = {
        .nonce = nonce, .nonce_size = 32, .pcrs = TPM_SELECTED};

    for (size_t i = 0, at = 0; i < VCH_TPM_QUOTE_PCRS; i++) {
        if ((TPM_SELECTED >> i & 1) == 0) continue;
        if (at + VCH_DIGEST_SIZE <= parts[2].size)
            memcpy(pcrs[i].bytes, parts[2].bytes + at, VCH_DIGEST_SIZE);
        at += VCH_DIGEST_SIZE;
    }
    if (parts[2].size != EVIDENCE_PCRS_SIZE) { // a matter of whoever takes them apart
        (void)vch_complain(&evidence_of.complaint, VCH_CODE_MALFORMED, "not three PCRs");
        return VCH_FAIL(MALFORMED);
    }
    return vch_tpm_quote_verify(&evidence_of.appraisal, &quote, &shown, ak, &expected,
                                &evidence_of.complaint);
}

static inline vch_status evidence_verify_tpm(const struct evidence *evidence)
{
    vch_appraisal_init(&evidence_of.appraisal);
    return evidence_verify_quote(evidence, 0, &evidence_of.tpm.ak, evidence_of.tpm.nonce);
}

static inline vch_status evidence_verify_azure(const struct evidence *evidence)
{
    struct vch_spki ak;
    struct vch_arena arena;

    vch_appraisal_init(&evidence_of.appraisal);
    vch_arena_init(&arena, 1 << 20);
    vch_status status =
        vch_azure_verify(&evidence_of.appraisal, &ak, &arena, evidence_of.azure_report_data,
                         evidence->parts[3].bytes, evidence->parts[3].size, &evidence_of.complaint);
    vch_arena_release(&arena);
    if (!vch_is_ok(status)) return status;
    return evidence_verify_quote(evidence, 0, &ak, evidence_of.vtpm.nonce);
}

static inline vch_status evidence_verify_gpu(const struct evidence *evidence)
{
    static const struct vch_gpu_policy policy = {.architectures = 1 << VCH_GPU_HOPPER};
    const struct vch_gpu_evidence shown = {evidence_piece(evidence, 0),
                                           evidence_piece(evidence, 1)};
    struct vch_gpu_report report;
    struct vch_gpu_identity identity;

    vch_appraisal_init(&evidence_of.appraisal);
    return vch_gpu_verify(&evidence_of.appraisal, &report, &identity, &shown,
                          &evidence_of.gpu_question, &policy, &evidence_of.complaint);
}

static inline vch_status evidence_verify_ratls(const struct evidence *evidence)
{
    const struct dcap_set *set = &evidence_of.intel[3].set;
    const struct vch_certificate_bytes bytes = evidence_piece(evidence, 0);
    struct vch_dcap_claims claims;
    struct vch_arena arena;
    struct vch_ratls shown;

    vch_appraisal_init(&evidence_of.appraisal);
    vch_arena_init(&arena, VCH_DCAP_ARENA_SIZE);
    vch_status status = vch_ratls_decode(&shown, &bytes, &evidence_of.complaint);
    if (vch_is_ok(status))
        status = vch_ratls_verify(&evidence_of.appraisal, &claims, &shown, &set->collateral,
                                  &set->question, false, &arena, &evidence_of.complaint);
    vch_ratls_release(&shown);
    vch_arena_release(&arena);
    return status;
}

static inline vch_status evidence_verify_nitro(const struct evidence *evidence)
{
    const struct vch_nitro_question question = nitro_question(&evidence_of.nitro);
    const struct vch_nitro_policy policy = nitro_policy(&evidence_of.nitro);
    struct vch_nitro_document document;

    return vch_nitro_verify(&evidence_of.appraisal, &document, evidence->parts[0].bytes,
                            evidence->parts[0].size, &question, &policy, &evidence_of.complaint);
}

static inline void evidence_make_snp(struct evidence *out)
{
    struct amd *amd = &evidence_of.amd;
    const long nobody = 99;
    uint8_t crl[AMD_DER_MAX];

    out->name = "snp";
    out->verify = evidence_verify_snp;
    amd_begin(amd, &AMD_TURIN);
    amd->policy.crl_rule = VCH_CHAIN_CRLS_OF_ROOT;
    evidence_add_piece(out, "report", EVIDENCE_EXACT, &amd->evidence.report);
    evidence_add_piece(out, "key", EVIDENCE_EXACT, &amd->evidence.key);
    evidence_add_piece(out, "issuers", EVIDENCE_EXACT, &amd->evidence.issuers);
    size_t size = authority_revoke(&amd->ark, &nobody, 1, AMD_START, AMD_END, crl, sizeof crl);
    evidence_add(out, "crl", EVIDENCE_EXACT, crl, size);
}

static inline void evidence_make_dcap(struct evidence *out, const char *name, unsigned form,
                                      struct intel *intel,
                                      vch_status (*verify)(const struct evidence *))
{
    static const char *const names[] = {"quote",  "tcb-info", "identity",
                                        "signer", "root-crl", "pck-crl"};
    static const enum evidence_form forms[] = {EVIDENCE_PADDED, EVIDENCE_JSON,  EVIDENCE_JSON,
                                               EVIDENCE_PEM,    EVIDENCE_EXACT, EVIDENCE_EXACT};
    struct intel_plan plan = intel_honest;

    out->name = name;
    out->verify = verify;
    plan.form = form;
    if (dcap_forms[form].tee == 0) plan.quoting_product = 1;
    memset(intel->report_data, 0xd1, sizeof intel->report_data);
    intel_make(intel, &plan);
    for (int i = 0; i < DCAP_FILES; i++)
        evidence_add_piece(out, names[i], forms[i], &intel->set.files[i]);
}

static inline void evidence_add_quote(struct evidence *out, struct tpm *tpm)
{
    tpm_quote(tpm, 3, 1);
    evidence_add(out, "attest", EVIDENCE_EXACT, tpm->attest, tpm->size);
    evidence_add(out, "signature", EVIDENCE_EXACT, tpm->signature, tpm->signature_size);
    uint8_t pcrs[EVIDENCE_PCRS_SIZE]; // those that were quoted
    size_t at = 0;
    for (uint32_t i = 0; i < VCH_TPM_QUOTE_PCRS; i++)
        if ((TPM_SELECTED >> i & 1) != 0)
            memcpy(pcrs + VCH_DIGEST_SIZE * at++, tpm->pcrs[i].bytes, VCH_DIGEST_SIZE);
    evidence_add(out, "pcrs", EVIDENCE_EXACT, pcrs, sizeof pcrs);
}

static inline void evidence_make_tpm(struct evidence *out)
{
    out->name = "tpm2";
    out->verify = evidence_verify_tpm;
    tpm_init(&evidence_of.tpm);
    evidence_add_quote(out, &evidence_of.tpm);
}

// Base64 for URLs of the key's modulus, as Azure's paravisor writes it.
static inline void evidence_write_modulus(char *out, EVP_PKEY *key)
{
    BIGNUM *modulus = NULL;
    uint8_t bytes[256];

    CHECK_EQ(EVP_PKEY_get_bn_param(key, "n", &modulus), 1);
    CHECK_EQ(BN_bn2binpad(modulus, bytes, sizeof bytes), (int)sizeof bytes);
    BN_free(modulus);
    int size = EVP_EncodeBlock((unsigned char *)out, bytes, sizeof bytes);
    while (size > 0 && out[size - 1] == '=')
        out[--size] = '\0';
    for (int i = 0; i < size; i++)
        out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
}

static inline void evidence_make_azure(struct evidence *out)
{
    static char runtime[1024];
    char modulus[400];
    struct tpm *tpm = &evidence_of.vtpm;

    out->name = "az-vtpm";
    out->verify = evidence_verify_azure;
    tpm_init(tpm);
    EVP_PKEY_free(tpm->secret);
    tpm->secret = EVP_RSA_gen(2048);
    evidence_add_quote(out, tpm);
    evidence_write_modulus(modulus, tpm->secret);
    int size = snprintf(runtime, sizeof runtime,
                        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\","
                        "\"e\":\"AQAB\",\"n\":\"%s\"}],\"vm-configuration\":{}}",
                        modulus);
    evidence_add(out, "runtime", EVIDENCE_EXACT, runtime, (size_t)size);
    struct vch_digest digest = vch_hash_bytes(runtime, (size_t)size);
    memcpy(evidence_of.azure_report_data, digest.bytes, sizeof digest.bytes);
}

static inline void evidence_make_gpu(struct evidence *out)
{
    const uint8_t nonce[32] = {7};

    out->name = "gpu";
    out->verify = evidence_verify_gpu;
    gpu_make(&evidence_of.gpu, nonce);
    evidence_of.gpu_question = gpu_question(&evidence_of.gpu);
    evidence_add(out, "gpu-report", EVIDENCE_EXACT, evidence_of.gpu.report,
                 evidence_of.gpu.report_size);
    evidence_add(out, "gpu-chain", EVIDENCE_CHAIN, evidence_of.gpu.pem, evidence_of.gpu.pem_size);
}

static inline void evidence_make_ratls(struct evidence *out)
{
    static uint8_t der[EVIDENCE_PART_MAX];

    out->name = "ratls";
    out->verify = evidence_verify_ratls;
    ratls_begin(&evidence_of.ratls, &evidence_of.intel[3]);
    evidence_add(out, "certificate", EVIDENCE_EXACT, der,
                 ratls_make(&evidence_of.ratls, der, sizeof der));
}

static inline void evidence_make_nitro(struct evidence *out)
{
    out->name = "nitro";
    out->verify = evidence_verify_nitro;
    nitro_make(&evidence_of.nitro);
    evidence_add(out, "document", EVIDENCE_EXACT, evidence_of.nitro.document,
                 evidence_of.nitro.size);
}

// All of them, and that they are good.
static inline void evidence_make(struct evidence out[EVIDENCE_FORMATS])
{
    enum { SGX_3 = 0, TDX_4 = 2, TDX_5 = 5 };
    struct intel *intel = evidence_of.intel;

    memset(out, 0, EVIDENCE_FORMATS * sizeof *out);
    evidence_make_snp(&out[0]);
    evidence_make_dcap(&out[1], "sgx", SGX_3, &intel[0], evidence_verify_sgx);
    evidence_make_dcap(&out[2], "tdx-4", TDX_4, &intel[1], evidence_verify_tdx_4);
    evidence_make_dcap(&out[3], "tdx-5", TDX_5, &intel[2], evidence_verify_tdx_5);
    evidence_make_tpm(&out[4]);
    evidence_make_azure(&out[5]);
    evidence_make_gpu(&out[6]);
    evidence_make_ratls(&out[7]);
    evidence_make_nitro(&out[8]);
    for (size_t i = 0; i < EVIDENCE_FORMATS; i++)
        if (!vch_is_ok(out[i].verify(&out[i])))
            test_fail(__FILE__, __LINE__, "%s: %s", out[i].name, evidence_of.complaint.text);
}

static inline void evidence_release(void)
{
    amd_release(&evidence_of.amd);
    for (size_t i = 0; i < sizeof evidence_of.intel / sizeof *evidence_of.intel; i++)
        intel_release(&evidence_of.intel[i]);
    tpm_release(&evidence_of.tpm);
    tpm_release(&evidence_of.vtpm);
    gpu_release(&evidence_of.gpu);
    nitro_release(&evidence_of.nitro);
}
