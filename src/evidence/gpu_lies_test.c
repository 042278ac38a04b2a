// A GPU made here (harness/gpu.h), for what no real report shows.
#include "evidence/gpu.h"

#include "evidence/roots.h"
#include "harness/alone.h"
#include "harness/gpu.h"

static struct gpu gpu;
static struct vch_gpu_question question;
static struct vch_gpu_policy policy;
static struct vch_gpu_report report;
static struct vch_gpu_identity identity;
static struct vch_appraisal appraisal;

static vch_status verify(void)
{
    const struct vch_gpu_evidence evidence = gpu_evidence(&gpu);

    vch_appraisal_init(&appraisal);
    return vch_gpu_verify(&appraisal, &report, &identity, &evidence, &question, &policy, NULL);
}

static void begin(void)
{
    uint8_t nonce[32];

    memset(nonce, 0x4e, sizeof nonce);
    gpu_make(&gpu, nonce);
    question = gpu_question(&gpu);
    policy = (struct vch_gpu_policy){.architectures = 1 << VCH_GPU_HOPPER};
    CHECK_OK(verify());
}

static void check_fails(const char *name)
{
    const vch_status status = verify();

    alone_fails(&appraisal, status, name);
}

// The certificates anew, with these names.
static void reissue(void)
{
    gpu.composite_size = 0;
    gpu_issue(&gpu, GPU_ROOT);
    gpu_report(&gpu);
    question = gpu_question(&gpu);
}

TEST(gpu_under_a_root_that_only_has_nvidias_name_is_refused)
{
    begin();
    question.root = vch_roots_get(VCH_ROOTS_NVIDIA_DEVICE)->certificate;
    check_fails("gpu.chain");
    question.root = (struct vch_certificate_bytes){NULL, 0};
    check_fails("gpu.chain");
    gpu_release(&gpu);
}

TEST(gpu_of_another_line_and_what_is_no_gpu_is_refused)
{
    begin();
    gpu.names[GPU_KEY] = "GB100 A01 GSP FMC LF"; // by a device of Hopper's line
    reissue();
    policy.architectures = 1 << VCH_GPU_HOPPER | 1 << VCH_GPU_BLACKWELL;
    check_fails("gpu.line");
    gpu.names[GPU_LINE] = "NVIDIA GB100 Identity";
    reissue();
    CHECK_OK(verify());
    CHECK_EQ(identity.architecture, VCH_GPU_BLACKWELL);
    gpu.names[GPU_KEY] = "LS10 A01 FSP FMC LF"; // a switch
    gpu.names[GPU_LINE] = "NVIDIA LS10 Identity";
    reissue();
    policy.architectures = ~0u;
    check_fails("gpu.architecture");
    gpu.names[GPU_KEY] = "A-CHIP-WITHOUT-A-NAME LF";
    gpu_issue(&gpu, GPU_KEY);
    CHECK_FAILS(verify(), MALFORMED);
    gpu_release(&gpu);
}

TEST(gpu_line_is_the_one_right_below_the_root_whether_that_is_shown_or_not)
{
    begin();
    gpu_write_pem(&gpu, GPU_ROOT);
    CHECK_OK(verify());
    gpu.names[GPU_DEVICE] = "NVIDIA GH100 Identity"; // says the authority of a switch
    gpu.names[GPU_LINE] = "NVIDIA LS10 Identity";
    reissue();
    check_fails("gpu.line");
    gpu_write_pem(&gpu, GPU_ROOT);
    check_fails("gpu.line");
    gpu_release(&gpu);
}

TEST(gpu_signature_that_is_none_is_refused)
{
    begin();
    uint8_t *signature = gpu.report + gpu.report_size - 96;
    memset(signature, 0, 96);
    check_fails("gpu.signature");
    gpu_sign(&gpu);
    memset(signature, 0, 48); // r is 0
    check_fails("gpu.signature");
    gpu_sign(&gpu);
    memset(signature + 48, 0xff, 48); // s is above the order
    check_fails("gpu.signature");
    gpu_sign(&gpu);
    CHECK_OK(verify());
    gpu_release(&gpu);
}

TEST(gpu_with_other_firmware_than_was_certified_is_refused)
{
    begin();
    memset(gpu.firmware_id, 0xf2, sizeof gpu.firmware_id); // the report alone
    gpu_report(&gpu);
    check_fails("gpu.firmware.id");
    memset(gpu.firmware_id, 0xf1, sizeof gpu.firmware_id);
    for (size_t i = 0; i < gpu.composite_size; i += 5) { // every part of what is certified
        gpu.composite[i] ^= 4;
        gpu_issue(&gpu, GPU_KEY);
        gpu_report(&gpu);
        question = gpu_question(&gpu);
        check_fails("gpu.firmware.id");
        gpu.composite[i] ^= 4;
    }
    gpu_issue(&gpu, GPU_KEY);
    gpu_report(&gpu);
    question = gpu_question(&gpu);
    CHECK_OK(verify()); // it is the bytes that counted
    gpu.composite_size = 20;
    gpu_issue(&gpu, GPU_KEY);
    gpu_report(&gpu);
    question = gpu_question(&gpu);
    check_fails("gpu.firmware.id");
    gpu_release(&gpu);
}

TEST(gpu_certificates_are_three_at_least_and_of_p384)
{
    const struct vch_certificate_bytes nothing = {NULL, 0};
    struct vch_gpu_identity found;
    uint8_t der[4096];

    begin();
    CHECK(!vch_is_ok(vch_gpu_identify(&found, &nothing, NULL)));
    const struct vch_certificate_bytes one = {der, authority_der(&gpu.chain[GPU_KEY], der, 4096)};
    CHECK_FAILS(vch_gpu_identify(&found, &one, NULL), MALFORMED);
    gpu_release(&gpu);
}

TEST(gpu_report_whose_parts_contradict_each_other_is_malformed)
{
    static const struct {
        uint16_t offset;
        uint8_t value;
        enum vch_code code;
    } lies[] = {
        {0, 0x12, VCH_CODE_UNSUPPORTED},  // SPDM 1.2
        {1, 0xe1, VCH_CODE_MALFORMED},    // another request
        {2, 0x00, VCH_CODE_MALFORMED},    // for no signature
        {3, 0x01, VCH_CODE_MALFORMED},    // for one measurement
        {36, 1, VCH_CODE_MALFORMED},      // of another slot
        {37, 0x10, VCH_CODE_UNSUPPORTED}, // an answer of SPDM 1.0
        {38, 0x7f, VCH_CODE_MALFORMED},   // an error
        {40, 1, VCH_CODE_MALFORMED},      // of another slot
        {41, 63, VCH_CODE_MALFORMED},     // one block less than there are bytes for
        {41, 0, VCH_CODE_MALFORMED},
        {42, 0xff, VCH_CODE_MALFORMED},
        {44, 0xff, VCH_CODE_MALFORMED},         // 16 million bytes
        {GPU_BLOCKS_AT, 2, VCH_CODE_MALFORMED}, // twice the same
        {GPU_BLOCKS_AT, 0, VCH_CODE_MALFORMED},
        {GPU_BLOCKS_AT + 63 * 55, 65, VCH_CODE_MALFORMED},
        {GPU_BLOCKS_AT + 1, 2, VCH_CODE_UNSUPPORTED},
        {GPU_BLOCKS_AT + 2, 50, VCH_CODE_UNSUPPORTED},
        {GPU_BLOCKS_AT + 5, 32, VCH_CODE_UNSUPPORTED},  // a SHA-256
        {GPU_FIELDS_AT, 0, VCH_CODE_MALFORMED},         // bytes are left over
        {GPU_FIELDS_AT + 1, 0xff, VCH_CODE_TRUNCATED},  // 65,000 bytes
        {GPU_FIELDS_AT + 2, 3, VCH_CODE_MALFORMED},     // two versions of the driver
        {GPU_FIELDS_AT + 2, 7, VCH_CODE_MALFORMED},     // no version of the VBIOS
        {GPU_FIELDS_AT + 3, 1, VCH_CODE_MALFORMED},     // kind 262
        {GPU_FIELDS_AT + 4, 9, VCH_CODE_MALFORMED},     // another size
        {GPU_FIELDS_AT + 13, 1, VCH_CODE_MALFORMED},    // a VBIOS of six bytes
        {GPU_FIELDS_AT + 18, '\n', VCH_CODE_MALFORMED}, // a driver of two lines
        {GPU_FIELDS_AT + 27, 'x', VCH_CODE_MALFORMED},  // without its end
    };

    begin();
    FOR_EACH(lie, lies)
    {
        gpu_report(&gpu);
        gpu.report[lie->offset] = lie->value;
        gpu_sign(&gpu); // a device would sign it
        enum vch_code code = verify().code;
        if (code != lie->code)
            test_fail(__FILE__, __LINE__, "%u: %s", lie->offset, vch_code_text(code));
        CHECK_EQ(appraisal.count, 0);
    }
    gpu.report_size = VCH_GPU_REPORT_SIZE_MAX + 1;
    struct vch_gpu_report found;
    CHECK_FAILS(vch_gpu_report_decode(&found, gpu.report, gpu.report_size, NULL), LIMIT);
    gpu_release(&gpu);
}
