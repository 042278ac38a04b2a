// What a policy says of a report, whoever signed it. Half of vch_snp_verify.
#pragma once

#include "evidence/snp.h"

// `product` is that of the report, or for version 2 that of the key.
void vch_snp_policy_appraise(struct vch_appraisal *appraisal, const struct vch_snp_report *report,
                             enum vch_snp_report_product product,
                             const struct vch_snp_policy *policy);
