// vouch's verifier of SEV-SNP, asked piece by piece, for snp_test.py: each line of standard input
// is
//
//     REPORT KEY CHAIN TIME
//
// three files and seconds since 1970; the answer is one line: the status and the checks that
// failed.
#include <stdio.h>
#include <stdlib.h>

#include "evidence/snp.h"

enum { FILES = 3, FILE_MAX = 1 << 16, NAME_SIZE = 1024 };

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
    const struct vch_snp_anchors anchors = vch_snp_amd();
    const struct vch_snp_policy policy = {.takes_version_2 = true};
    static const uint8_t report_data[VCH_SNP_REPORT_DATA_SIZE];
    struct vch_snp_report report;

    while (scanf("%1023s %1023s %1023s %31s", names[0], names[1], names[2], time) == 4) {
        const struct vch_snp_evidence evidence = {.report = read_file(names[0], 0),
                                                  .key = read_file(names[1], 1),
                                                  .issuers = read_file(names[2], 2)};
        vch_status status = vch_snp_verify(&appraisal, &report, &evidence, &anchors, &policy,
                                           strtoll(time, NULL, 10), report_data, NULL);
        printf("%d", (int)status.code);
        for (uint32_t i = 0; i < appraisal.count; i++)
            if (appraisal.checks[i].result == VCH_APPRAISAL_FAILED)
                printf(" %s", appraisal.checks[i].name);
        printf("\n");
        (void)fflush(stdout);
    }
    return 0;
}
