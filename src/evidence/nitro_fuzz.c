// Any bytes at all as a document of a Nitro enclave: nothing of it verifies under AWS's root.
#include "evidence/nitro.h"

#include "base/check.h"
#include "evidence/roots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct vch_nitro_question question = {
        .root = vch_roots_get(VCH_ROOTS_AWS_NITRO)->certificate, .time_s = 1750000000};
    const struct vch_nitro_policy policy = {.age_max_s = UINT32_MAX};
    struct vch_complaint complaint = {0};
    struct vch_appraisal appraisal;
    struct vch_nitro_document document;

    vch_status status =
        vch_nitro_verify(&appraisal, &document, data, size, &question, &policy, &complaint);
    VCH_ASSERT(!vch_is_ok(status));
    VCH_ASSERT(appraisal.count > 0 || complaint.text[0] != '\0');
    return 0;
}
