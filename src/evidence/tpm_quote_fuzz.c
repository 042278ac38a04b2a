// TPMS_ATTEST, TPMT_SIGNATURE and TPMT_PUBLIC: one input is tried as each.
#include "base/check.h"
#include "evidence/tpm_public.h"
#include "evidence/tpm_quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_quote(const uint8_t *data, size_t size)
{
    struct vch_tpm_quote quote;
    struct vch_complaint complaint = {0};
    vch_status status = vch_tpm_quote_decode(&quote, data, size, &complaint);

    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return;
    VCH_ASSERT(quote.bank_count <= VCH_TPM_QUOTE_BANKS_MAX);
    VCH_ASSERT(quote.pcr_digest + quote.pcr_digest_size == data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct vch_digest pcrs[VCH_TPM_QUOTE_PCRS];
    struct vch_complaint complaint = {0};
    struct vch_tpm_public ak;
    struct vch_tpm_quote quote;
    struct vch_appraisal appraisal;

    try_quote(data, size);
    vch_status status = vch_tpm_public_decode(&ak, data, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return 0;
    // A key signs nothing that was never signed.
    const struct vch_tpm_quote_evidence evidence = {
        .attest = data,
        .attest_size = size,
        .signature = {VCH_TPM_SIGNATURE_TPMT, data, size},
        .pcrs = pcrs};
    const struct vch_tpm_quote_expected expected = {.nonce = data, .nonce_size = 1, .pcrs = 1};
    vch_appraisal_init(&appraisal);
    VCH_ASSERT(!vch_is_ok(
        vch_tpm_quote_verify(&appraisal, &quote, &evidence, &ak.key, &expected, &complaint)));
    return 0;
}
