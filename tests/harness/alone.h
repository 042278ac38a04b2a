// That of all checks of a verdict one fails, and no other.
#pragma once

#include <string.h>

#include "evidence/appraisal.h"
#include "harness/test.h"

static inline void alone_fails(const struct vch_appraisal *appraisal, vch_status status,
                               const char *name)
{
    CHECK_FAILS(status, REFUSED);
    for (uint32_t i = 0; i < appraisal->count; i++)
        if ((appraisal->checks[i].result == VCH_APPRAISAL_FAILED) !=
            (strcmp(appraisal->checks[i].name, name) == 0))
            test_fail(__FILE__, __LINE__, "%s, where %s was to fail alone",
                      appraisal->checks[i].name, name);
}
