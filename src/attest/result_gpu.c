// The GPU that a statement names, where it names one.
#include <string.h>

#include "attest/result_parts.h"
#include "evidence/gpu.h"

// All that the verifier knows: which of them may be used, rules say by the chip's name.
enum { ANY_ARCHITECTURE = (1u << VCH_GPU_ARCHITECTURES) - 1 };

static bool is_listed(const struct vch_rules_gpu *rules, const char *chip)
{
    for (size_t i = 0; i < rules->model_count; i++)
        if (strncmp(rules->models[i], chip, strlen(rules->models[i])) == 0) return true;
    return false;
}

static void verify(struct vch_result_parts *parts, const struct vch_gpu_evidence *evidence)
{
    const struct vch_rules_gpu *rules = &parts->rules->gpu;
    const struct vch_gpu_policy policy = {ANY_ARCHITECTURE};
    struct vch_gpu_question question = {.root = parts->rules->anchors.nvidia,
                                        .time_s = parts->time_s,
                                        .key = parts->result->facts.gpu};
    struct vch_digest nonce = vch_binder_gpu_nonce(parts->bytes);
    struct vch_gpu_identity identity = {0};
    struct vch_gpu_report report;
    struct vch_complaint why = {0};

    memcpy(question.nonce, nonce.bytes, sizeof question.nonce);
    vch_status status =
        vch_gpu_verify(parts->appraisal, &report, &identity, evidence, &question, &policy, &why);
    bool is_read = vch_is_ok(status) || status.code == VCH_CODE_REFUSED;
    if (!vch_appraisal_check(parts->appraisal, "gpu.form", is_read, "%s", why.text)) return;
    (void)vch_binder_check_gpu(parts->appraisal, parts->bytes, report.nonce,
                               VCH_GPU_REPORT_NONCE_SIZE);
    vch_appraisal_check(parts->appraisal, "gpu.model", is_listed(rules, identity.chip),
                        "the policy does not list %s", identity.chip);
    vch_appraisal_check(parts->appraisal, "gpu.firmware.taken", rules->takes_unjudged_firmware,
                        "nobody has judged the GPU's firmware, and the policy does not say "
                        "that it takes that");
    vch_result_parts_until_certificates(parts, &evidence->chain);
}

void vch_result_parts_gpu(struct vch_result_parts *parts)
{
    const struct vch_cmw *items = &parts->response->evidence;
    const struct vch_gpu_evidence evidence = {vch_result_parts_item(items, "gpu-report"),
                                              vch_result_parts_item(items, "gpu-chain")};
    bool is_named = parts->result->facts.has_gpu, is_required = parts->rules->gpu.is_required;
    bool is_there = evidence.report.size > 0 && evidence.chain.size > 0;
    bool is_some = evidence.report.size > 0 || evidence.chain.size > 0;

    if (!is_named && !is_some && !is_required) {
        vch_appraisal_add(parts->appraisal, "gpu.there", VCH_APPRAISAL_NOT_APPLICABLE,
                          "the statement names no GPU, and the policy asks for none");
        return;
    }
    if (vch_appraisal_check(parts->appraisal, "gpu.there", is_named && is_there,
                            "expected a GPU in the statement and its evidence (report and "
                            "certificates), found %s",
                            is_named  ? "the statement alone"
                            : is_some ? "evidence alone"
                                      : "neither"))
        verify(parts, &evidence);
}
