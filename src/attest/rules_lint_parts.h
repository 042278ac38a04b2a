// The parts of the lint: each looks at some sections.
#pragma once

#include "attest/rules_lint.h"

struct vch_rules_lint_parts {
    const struct vch_rules *rules;
    int64_t time_s;
    struct vch_rules_lint *out;
};

void vch_rules_lint_parts_error(struct vch_rules_lint_parts *parts, bool is_found,
                                const char *format, ...) __attribute__((format(printf, 3, 4)));
void vch_rules_lint_parts_note(struct vch_rules_lint_parts *parts, bool is_found,
                               const char *format, ...) __attribute__((format(printf, 3, 4)));
bool vch_rules_lint_parts_has_zero(const uint8_t *values, size_t count, size_t size);

void vch_rules_lint_parts_snp(struct vch_rules_lint_parts *parts);
void vch_rules_lint_parts_dcap(struct vch_rules_lint_parts *parts);
void vch_rules_lint_parts_tpm(struct vch_rules_lint_parts *parts);
