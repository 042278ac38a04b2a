// Any bytes at all as an RA-TLS certificate: what is read of it verifies under no root of Intel's.
#include "evidence/ratls.h"

#include "base/check.h"
#include "evidence/roots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct vch_certificate_bytes bytes = {data, size};
    const struct vch_dcap_policy policy = {0};
    const struct vch_dcap_collateral none = {0};
    const struct vch_dcap_question question = {
        .root = vch_roots_get(VCH_ROOTS_INTEL_SGX)->certificate,
        .time_s = 1750000000,
        .policy = &policy,
    };
    struct vch_complaint complaint = {0};
    struct vch_appraisal appraisal;
    struct vch_dcap_claims claims;
    struct vch_ratls shown;

    if (vch_is_ok(vch_ratls_decode(&shown, &bytes, &complaint))) {
        struct vch_arena arena;
        vch_arena_init(&arena, VCH_DCAP_ARENA_SIZE);
        VCH_ASSERT(!vch_is_ok(
            vch_ratls_verify(&appraisal, &claims, &shown, &none, &question, false, &arena, NULL)));
        vch_arena_release(&arena);
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
    }
    vch_ratls_release(&shown);
    return 0;
}
