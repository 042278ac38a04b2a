// Any bytes at all as a GPU's report, and what follows it as its certificates: nothing of it
// verifies under NVIDIA's root.
#include "evidence/gpu.h"

#include <string.h>

#include "base/check.h"
#include "evidence/roots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char mark[] = "-----BEGIN";
    const uint8_t *pem = size == 0 ? NULL : memmem(data, size, mark, sizeof mark - 1);
    size_t report_size = pem == NULL ? size : (size_t)(pem - data);
    const struct vch_gpu_evidence evidence = {{data, report_size},
                                              {data + report_size, size - report_size}};
    struct vch_gpu_question question = {.root = vch_roots_get(VCH_ROOTS_NVIDIA_DEVICE)->certificate,
                                        .time_s = 1750000000};
    const struct vch_gpu_policy policy = {.architectures = ~0u};
    struct vch_complaint complaint = {0};
    struct vch_appraisal appraisal;
    struct vch_gpu_report report;
    struct vch_gpu_identity identity;

    if (vch_is_ok(vch_gpu_report_decode(&report, data, report_size, &complaint))) {
        VCH_ASSERT(report.signature + VCH_GPU_REPORT_SIGNATURE_SIZE == data + report_size);
        memcpy(question.nonce, report.nonce, sizeof question.nonce);
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
    }
    if (vch_is_ok(vch_gpu_identify(&identity, &evidence.chain, NULL))) question.key = identity.key;
    vch_appraisal_init(&appraisal);
    VCH_ASSERT(!vch_is_ok(
        vch_gpu_verify(&appraisal, &report, &identity, &evidence, &question, &policy, NULL)));
    return 0;
}
