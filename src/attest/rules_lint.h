// What rules may say and had better not: for whoever writes them (specs/rules.md, section 3).
#pragma once

#include "attest/rules.h"

#define VCH_RULES_LINT_MAX 48
#define VCH_RULES_LINT_TEXT_SIZE 240

struct vch_rules_lint_finding {
    bool is_error; // else a note
    char text[VCH_RULES_LINT_TEXT_SIZE];
};

struct vch_rules_lint {
    struct vch_rules_lint_finding items[VCH_RULES_LINT_MAX];
    uint32_t count, error_count; // errors are counted whether or not there was room for them
};

// In environment "test" everything is a note.
void vch_rules_lint(struct vch_rules_lint *out, const struct vch_rules *rules, int64_t time_s);
