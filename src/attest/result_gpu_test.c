// Verdicts where a statement names a GPU: of a vendor made here.
#include "attest/result.h"

#include <string.h>

#include "harness/gpu.h"
#include "harness/results.h"

static struct results scene;
static struct gpu gpu;

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
    results_put(&scene.response.evidence, "gpu-report", &evidence.report);
    results_put(&scene.response.evidence, "gpu-chain", &evidence.chain);
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
    results_check_refused(&scene, "gpu.firmware.taken");
    scene.rules.gpu.takes_unjudged_firmware = true;
    scene.rules.gpu.model_count = 0;
    results_check_refused(&scene, "gpu.model");
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
        results_check_refused(&scene, "gpu.form");
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
    results_check_refused(&scene, "gpu.nonce");
    results_check_refused(&scene, "binding.gpu");
    scene.response.evidence.count = 5;
    results_check_refused(&scene, "gpu.there");
    scene.response.evidence.count = 4;
    results_check_refused(&scene, "gpu.there");
    scene.facts.has_gpu = false;
    results_answer(&scene);
    results_check_refused(&scene, "gpu.there");
    scene.rules.gpu.is_required = false;
    CHECK_OK(results_judge(&scene));
    end_gpu();
}
