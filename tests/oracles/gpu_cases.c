// vouch's verifier of NVIDIA's GPUs, asked piece by piece, for gpu_test.py: each line of standard
// input is
//
//     REPORT CHAIN TIME
//
// two files and seconds since 1970; the answer is one line: the status and the checks that failed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "evidence/gpu.h"
#include "evidence/roots.h"

enum { FILES = 2, NAME_SIZE = 1024 };

int main(void)
{
    static char names[FILES][NAME_SIZE], time[32];
    static struct vch_appraisal appraisal;
    const struct vch_gpu_policy policy = {.architectures = ~0u};
    struct vch_gpu_question question = {.root =
                                            vch_roots_get(VCH_ROOTS_NVIDIA_DEVICE)->certificate};

    while (scanf("%1023s %1023s %31s", names[0], names[1], time) == 3) {
        question.time_s = strtoll(time, NULL, 10);
        const struct vch_gpu_evidence evidence = {cases_read(names[0], 0), cases_read(names[1], 1)};
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
        cases_answer(&appraisal, status);
        printf("\n");
        (void)fflush(stdout);
    }
    return 0;
}
