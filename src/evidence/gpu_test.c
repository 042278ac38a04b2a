// Real reports of two H100s. What none of them shows is made in gpu_lies_test.
#include "evidence/gpu.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "evidence/roots.h"
#include "harness/alone.h"
#include "harness/test.h"
#include "harness/vectors.h"

enum { YEAR_2026 = 1782864000, REPORT_MAX = 8192 };

static const struct sample {
    const char *report, *chain, *driver, *vbios, *device;
    size_t size; // one of the files has a byte behind the signature
} SAMPLES[] = {
    {"gpu/hopper-report.hex", "gpu/hopper-chain.txt", "550.90.07", "96.00.9f.00.01", "0456ef11",
     4117},
    {"gpu/hopper-coco-report.hex", "gpu/hopper-coco-chain.txt", "580.95.05", "96.00.74.00.1a",
     "ea7e1c77", 4129},
};

static uint8_t report_bytes[REPORT_MAX];
static size_t report_size;
static struct vch_gpu_evidence evidence;
static struct vch_gpu_question question;
static struct vch_gpu_policy policy;
static struct vch_gpu_report report;
static struct vch_gpu_identity identity;
static struct vch_appraisal appraisal;

static void load(const struct sample *sample)
{
    static char text[2 * REPORT_MAX + 1];
    size_t digits = 0;
    const uint8_t *hex = vectors_read(sample->report, &digits);

    while (digits > 0 && hex[digits - 1] <= ' ')
        digits--;
    CHECK(digits < sizeof text);
    memcpy(text, hex, digits);
    text[digits] = '\0';
    report_size = digits / 2;
    CHECK_OK(vch_hex_decode(report_bytes, report_size, text));
    CHECK(report_size >= sample->size);
    evidence.report = (struct vch_certificate_bytes){report_bytes, sample->size};
    evidence.chain.bytes = vectors_read(sample->chain, &evidence.chain.size);
    CHECK_OK(vch_gpu_identify(&identity, &evidence.chain, NULL));
    question = (struct vch_gpu_question){
        .root = vch_roots_get(VCH_ROOTS_NVIDIA_DEVICE)->certificate,
        .time_s = YEAR_2026,
        .key = identity.key,
    };
    memcpy(question.nonce, report_bytes + 4, sizeof question.nonce);
    policy = (struct vch_gpu_policy){.architectures = 1 << VCH_GPU_HOPPER};
}

static vch_status verify(void)
{
    vch_appraisal_init(&appraisal);
    return vch_gpu_verify(&appraisal, &report, &identity, &evidence, &question, &policy, NULL);
}

static void check_fails(const char *name)
{
    const vch_status status = verify();

    alone_fails(&appraisal, status, name);
}

static enum vch_appraisal_result result_of(const char *name)
{
    const struct vch_appraisal_check *check = vch_appraisal_find(&appraisal, name);

    CHECK(check != NULL);
    return check->result;
}

TEST(gpu_reports_are_taken_and_their_firmware_is_said_not_to_be_appraised)
{
    FOR_EACH(sample, SAMPLES)
    {
        char device[2 * VCH_DIGEST_SIZE + 1];
        load(sample);
        CHECK_OK(verify());
        CHECK(result_of("gpu.firmware") == VCH_APPRAISAL_WARNED);
        CHECK(result_of("gpu.revocation") == VCH_APPRAISAL_WARNED);
        CHECK_EQ(report.measurement_count, 64);
        CHECK(strcmp(report.driver, sample->driver) == 0);
        CHECK(strcmp(report.vbios, sample->vbios) == 0);
        CHECK(strcmp(identity.chip, "GH100") == 0);
        vch_hex_encode(device, identity.device.bytes, VCH_DIGEST_SIZE);
        if (strncmp(device, sample->device, 8) != 0) test_fail(__FILE__, __LINE__, "%s", device);
    }
}

TEST(gpu_report_with_a_byte_behind_it_is_malformed)
{
    load(&SAMPLES[1]);
    evidence.report.size = report_size;
    CHECK_EQ(report_size, SAMPLES[1].size + 1);
    CHECK_FAILS(verify(), MALFORMED);
    CHECK_EQ(appraisal.count, 0);
}

TEST(gpu_report_for_another_nonce_key_or_time_is_refused)
{
    load(&SAMPLES[0]);
    question.nonce[31] ^= 1;
    check_fails("gpu.nonce");
    load(&SAMPLES[0]);
    question.key.bytes[0] ^= 1;
    check_fails("gpu.key");
    load(&SAMPLES[0]);
    question.time_s = 1600000000; // before any of its certificates
    check_fails("gpu.chain");
    load(&SAMPLES[0]);
    policy.architectures = 1 << VCH_GPU_BLACKWELL;
    check_fails("gpu.architecture");
    policy.architectures = 0;
    check_fails("gpu.architecture");
}

TEST(gpu_report_of_another_gpu_is_refused)
{
    load(&SAMPLES[1]);
    struct vch_gpu_question other = question;
    load(&SAMPLES[0]);
    evidence.chain.bytes = vectors_read(SAMPLES[1].chain, &evidence.chain.size);
    memcpy(other.nonce, question.nonce, sizeof other.nonce);
    question = other; // the statement names the other GPU too
    CHECK_FAILS(verify(), REFUSED);
    CHECK(result_of("gpu.signature") == VCH_APPRAISAL_FAILED);
    CHECK(result_of("gpu.firmware.id") == VCH_APPRAISAL_FAILED);
    CHECK(result_of("gpu.chain") == VCH_APPRAISAL_PASSED);
}

TEST(gpu_chains_that_are_known_to_be_bad_are_refused)
{
    load(&SAMPLES[0]);
    evidence.chain.bytes = vectors_read("gpu/neg-hopper-chain-case2.txt", &evidence.chain.size);
    CHECK_FAILS(verify(), MALFORMED); // the root alone
    evidence.chain.bytes = vectors_read("gpu/neg-hopper-chain-case3.txt", &evidence.chain.size);
    check_fails("gpu.chain"); // an authority is missing
    evidence.chain.bytes = vectors_read("gpu/neg-hopper-chain-case4.txt", &evidence.chain.size);
    CHECK_FAILS(verify(), REFUSED); // the key's own certificate is missing
    CHECK(result_of("gpu.signature") == VCH_APPRAISAL_FAILED);
    CHECK(result_of("gpu.firmware.id") == VCH_APPRAISAL_FAILED);
}

// Bits of every `step`th byte from a place that the seed draws: VCH_EVERY=1 flips in each.
static size_t step(void)
{
    return getenv("VCH_EVERY") != NULL ? 1 : 16;
}

TEST(gpu_report_with_any_byte_flipped_or_cut_is_refused)
{
    load(&SAMPLES[0]);
    const size_t size = evidence.report.size;
    for (size_t i = test_below((uint32_t)step()); i < size; i += step()) {
        size_t bit = 8 * i + test_below(8);
        test_flip(report_bytes, bit);
        CHECK(!vch_is_ok(verify()));
        test_flip(report_bytes, bit);
    }
    for (evidence.report.size = 0; evidence.report.size < size; evidence.report.size++)
        CHECK_FAILS(verify(), TRUNCATED);
    CHECK_OK(verify());
}
