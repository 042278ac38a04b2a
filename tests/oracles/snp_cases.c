// vouch's verifier of SEV-SNP, asked piece by piece, for snp_test.py: each line of standard input
// is
//
//     REPORT KEY CHAIN TIME
//
// three files and seconds since 1970; the answer is one line: the status and the checks that
// failed.
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "evidence/snp.h"

enum { FILES = 3, NAME_SIZE = 1024 };

int main(void)
{
    static char names[FILES][NAME_SIZE], time[32];
    static struct vch_appraisal appraisal;
    const struct vch_snp_anchors anchors = vch_snp_amd();
    const struct vch_snp_policy policy = {.takes_version_2 = true};
    static const uint8_t report_data[VCH_SNP_REPORT_DATA_SIZE];
    struct vch_snp_report report;

    while (scanf("%1023s %1023s %1023s %31s", names[0], names[1], names[2], time) == 4) {
        const struct vch_snp_evidence evidence = {.report = cases_read(names[0], 0),
                                                  .key = cases_read(names[1], 1),
                                                  .issuers = cases_read(names[2], 2)};
        vch_status status = vch_snp_verify(&appraisal, &report, &evidence, &anchors, &policy,
                                           strtoll(time, NULL, 10), report_data, NULL);
        cases_answer(&appraisal, status);
        printf("\n");
        (void)fflush(stdout);
    }
    return 0;
}
