// What was checked of a piece of evidence, check by check, each by its name.
//
// A verifier enters every check that its format has, in the order of its specification, passed or
// not, so that a reader sees what was looked at and a reader of two verdicts can compare them. A
// check that cannot be decided is a failed one.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

#define VCH_APPRAISAL_CHECKS_MAX 96
#define VCH_APPRAISAL_TEXT_SIZE 160

enum vch_appraisal_result {
    VCH_APPRAISAL_FAILED, // also: unknown
    VCH_APPRAISAL_WARNED, // a status that is known to be worse than the best: policy decides
    VCH_APPRAISAL_PASSED,
    VCH_APPRAISAL_NOT_APPLICABLE, // evidence of this kind or version has nothing there to check
};

struct vch_appraisal_check {
    const char *name; // static, lower case with dots: "snp.signature"
    enum vch_appraisal_result result;
    char text[VCH_APPRAISAL_TEXT_SIZE]; // expected, found, what to do; empty where it passed
};

struct vch_appraisal {
    struct vch_appraisal_check checks[VCH_APPRAISAL_CHECKS_MAX];
    uint32_t count;
    bool is_cut; // more checks than there is room for: refused
};

void vch_appraisal_init(struct vch_appraisal *appraisal);

// The text is cut to fit; what is not printable ASCII becomes '?'. `name` outlives the appraisal.
void vch_appraisal_add(struct vch_appraisal *appraisal, const char *name,
                       enum vch_appraisal_result result, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// Passed where `holds`, else failed with the text. Returns `holds`.
bool vch_appraisal_check(struct vch_appraisal *appraisal, const char *name, bool holds,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

// The first check of that name; NULL: none was entered.
const struct vch_appraisal_check *vch_appraisal_find(const struct vch_appraisal *appraisal,
                                                     const char *name);

// VCH_OK when something was checked, and nothing failed. Else REFUSED. Warnings are the policy's.
vch_status vch_appraisal_status(const struct vch_appraisal *appraisal);
