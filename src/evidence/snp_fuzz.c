// Any bytes at all as a report, and as the certificates behind it: nothing of it verifies.
#include "evidence/snp.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t report_data[VCH_SNP_REPORT_DATA_SIZE];
    size_t report_size = size < VCH_SNP_REPORT_SIZE ? size : VCH_SNP_REPORT_SIZE;
    struct vch_snp_evidence evidence = {
        .report = {data, report_size},
        .key = {data + report_size, size - report_size},
        .issuers = {data + report_size, size - report_size},
    };
    struct vch_snp_anchors anchors = vch_snp_amd();
    struct vch_snp_policy policy = {.takes_version_2 = true};
    struct vch_appraisal appraisal;
    struct vch_complaint complaint = {0};
    struct vch_snp_report report;
    struct vch_snp_report_tcb tcb;

    if (vch_is_ok(vch_snp_report_decode(&report, data, report_size, true, &complaint)))
        (void)vch_snp_report_tcb_of(&tcb, report.product, report.raw_launch);
    else
        VCH_ASSERT(complaint.text[0] != '\0');
    VCH_ASSERT(!vch_is_ok(
        vch_snp_verify(&appraisal, &report, &evidence, &anchors, &policy, 0, report_data, NULL)));
    return 0;
}
