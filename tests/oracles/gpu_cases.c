// vouch's verifier of NVIDIA's GPUs, asked piece by piece, for gpu_test.py: each line of standard
// input is
//
//     REPORT CHAIN TIME
//
// two files and seconds since 1970; the answer is one line: the status and the checks that failed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/gpu.h"
#include "evidence/roots.h"

enum { FILES = 2, FILE_MAX = 1 << 16, NAME_SIZE = 1024 };

static struct vch_certificate_bytes read_file(const char *name, int which)
{
    static uint8_t bytes[FILES][FILE_MAX];
    FILE *file = fopen(name, "rb");

    if (file == NULL) abort();
    size_t size = fread(bytes[which], 1, FILE_MAX, file);
    (void)fclose(file);
    return (struct vch_certificate_bytes){bytes[which], size};
}

int main(void)
{
    static char names[FILES][NAME_SIZE], time[32];
    static struct vch_appraisal appraisal;
    const struct vch_gpu_policy policy = {.architectures = ~0u};
    struct vch_gpu_question question = {.root =
                                            vch_roots_get(VCH_ROOTS_NVIDIA_DEVICE)->certificate};

    while (scanf("%1023s %1023s %31s", names[0], names[1], time) == 3) {
        question.time_s = strtoll(time, NULL, 10);
        const struct vch_gpu_evidence evidence = {read_file(names[0], 0), read_file(names[1], 1)};
        struct vch_gpu_identity identity = {0};
        struct vch_gpu_report report;
        // What it is bound to is not what the two are compared about.
        if (vch_is_ok(vch_gpu_identify(&identity, &evidence.chain, NULL)))
            question.key = identity.key;
        if (vch_is_ok(
                vch_gpu_report_decode(&report, evidence.report.bytes, evidence.report.size, NULL)))
            memcpy(question.nonce, report.nonce, sizeof question.nonce);
        vch_appraisal_init(&appraisal);
        vch_status status =
            vch_gpu_verify(&appraisal, &report, &identity, &evidence, &question, &policy, NULL);
        printf("%d", (int)status.code);
        for (uint32_t i = 0; i < appraisal.count; i++)
            if (appraisal.checks[i].result == VCH_APPRAISAL_FAILED)
                printf(" %s", appraisal.checks[i].name);
        printf("\n");
        (void)fflush(stdout);
    }
    return 0;
}
