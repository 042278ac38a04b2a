#include "cli/attest_checks.h"

#include <stdio.h>

#include "attest/result.h"

static const char *const results[] = {
    [VCH_APPRAISAL_FAILED] = "FAILED",
    [VCH_APPRAISAL_WARNED] = "warned",
    [VCH_APPRAISAL_PASSED] = "passed",
    [VCH_APPRAISAL_NOT_APPLICABLE] = "not applicable",
};

void vch_attest_checks_print(const struct vch_appraisal *appraisal)
{
    for (uint32_t i = 0; i < appraisal->count; i++) {
        const struct vch_appraisal_check *check = &appraisal->checks[i];
        printf("  %-14s %-26s %s\n", results[check->result], check->name,
               check->result == VCH_APPRAISAL_PASSED ? "" : check->text);
        const char *advice = vch_result_advice(check->name);
        if (check->result == VCH_APPRAISAL_FAILED && advice[0] != '\0')
            printf("  %-14s %-26s what to do: %s\n", "", "", advice);
    }
}

json_t *vch_attest_checks_json(const struct vch_appraisal *appraisal)
{
    json_t *checks = json_array();

    for (uint32_t i = 0; i < appraisal->count; i++) {
        const struct vch_appraisal_check *check = &appraisal->checks[i];
        json_array_append_new(checks,
                              json_pack("{s:s, s:s, s:s, s:s}", "name", check->name, "result",
                                        results[check->result], "text", check->text, "advice",
                                        vch_result_advice(check->name)));
    }
    return checks;
}
