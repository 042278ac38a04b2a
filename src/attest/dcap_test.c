#include "attest/dcap.h"

#include <stdio.h>
#include <string.h>

#include "harness/dcap_set.h"
#include "harness/test.h"

static struct dcap_set set;

static void check_failed(const char *names)
{
    const char *found = dcap_set_names(&set, VCH_APPRAISAL_FAILED);

    if (strcmp(found, names) != 0) test_fail(__FILE__, __LINE__, "failed: %s", found);
}

static const struct {
    const char *folder;
    const char *failed; // at its time, by a policy that takes it at its best
    int status;         // of vch_dcap_collateral_status; -1: none
    uint32_t evaluation;
} sets[] = {
    {"tdx/sets/phala-v4-uptodate", "", 0, 17},
    {"tdx/sets/fb-v4-2025-12", "", 0, 18},
    {"tdx/sets/gcp-v4-2026-06", "dcap.report_data ", 0, 19},
    {"tdx/sets/google-v4-cos113", "dcap.report_data ", 0, 17},
    {"tdx/sets/alibaba-v5", "dcap.domain.service ", 0, 17},
    {"tdx/sets/phala-v5-no-tcb-level", "dcap.platform.level dcap.status ", -1, 18},
    {"tdx/sets/google-v4-spr-e4", "dcap.platform.level dcap.status ", -1, 15},
    {"tdx/sets/azure-td", "dcap.module.level dcap.status ", 4, 17},
    {"tdx/sets/oe-v5-2025",
     "dcap.module.level dcap.status dcap.domain.attributes dcap.domain.service ", 4, 17},
    {"tdx/sets/oe-v5-moduleupdate", "", 0, 17},
    {"tdx/sets/oe-v5-moduleupdate-2025-02", "dcap.module.level dcap.status ", 4, 18},
    {"tdx/sets/oe-v4", "dcap.report_data ", 0, 15},
    {"tdx/sets/trustee-v4-DEBUG", "dcap.domain.debug dcap.domain.attributes ", 0, 15},
    {"tdx/sets/neg-fmspc-mismatch",
     "dcap.tcb_info.fmspc dcap.platform.level dcap.module.level dcap.status dcap.domain.attributes "
     "dcap.domain.service ",
     -1, 18},
    {"sgx/sets/phala-v3-swhardening", "dcap.status ", 3, 17},
};

TEST(dcap_sets_get_the_verdicts_of_their_manifest_at_their_time)
{
    FOR_EACH(it, sets)
    {
        printf("# %s\n", it->folder);
        dcap_set_load(&set, it->folder);
        vch_status status = dcap_set_verify(&set);
        check_failed(it->failed);
        CHECK_EQ(status.code, it->failed[0] == '\0' ? VCH_CODE_NONE : VCH_CODE_REFUSED);
        CHECK(set.claims.is_status_known == (it->status >= 0));
        if (it->status >= 0) CHECK_EQ(set.claims.status, it->status);
        CHECK_EQ(set.claims.evaluation, it->evaluation);
    }
}
