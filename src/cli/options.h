// What a subcommand accepts, as data; and what was given, checked against it.
//
// Usage errors (unknown option, missing value, too many operands) are told with what is accepted,
// and end in exit code 2. `--help` prints the table.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

#define VCH_OPTIONS_GIVEN_MAX 256u

struct vch_option {
    const char *name;        // without the dashes
    const char *placeholder; // of its value; NULL for a flag
    const char *help;
    bool is_repeatable;
};

struct vch_options_given {
    const struct vch_option *option;
    const char *value; // borrowed from argv; NULL for a flag
};

struct vch_options {
    uint32_t given_count, operand_count;
    struct vch_options_given given[VCH_OPTIONS_GIVEN_MAX];
    const char *operands[VCH_OPTIONS_GIVEN_MAX]; // borrowed from argv
};

// Parses argv[0..argc), which excludes program and subcommand. `known` ends with a NULL name.
// Accepts `--name value`, `--name=value`, `--` and, for `output`, `-o`. USAGE with a complaint.
vch_status vch_options_parse(struct vch_options *out, const struct vch_option *known, int argc,
                             char **argv, struct vch_complaint *complaint);

bool vch_options_has(const struct vch_options *options, const char *name);

// The value of the last `--name`, or NULL.
const char *vch_options_text(const struct vch_options *options, const char *name);

// The `index`-th value of a repeatable option, or NULL past the last.
const char *vch_options_nth(const struct vch_options *options, const char *name, uint32_t index);

// A decimal number in [least, most]; `out` keeps its value when the option is absent.
vch_status vch_options_u64(uint64_t *out, const struct vch_options *options, const char *name,
                           uint64_t least, uint64_t most, struct vch_complaint *complaint);

// The value of a required option, or USAGE.
vch_status vch_options_required(const char **out, const struct vch_options *options,
                                const char *name, struct vch_complaint *complaint);

// USAGE where --`name` is there and none of `with`, a list that ends with NULL: it would do
// nothing, and whoever wrote it does not know.
vch_status vch_options_only_with(const struct vch_options *options, const char *name,
                                 const char *const *with, struct vch_complaint *complaint);

// A whole decimal string in [least, most], for operands and parts of values.
bool vch_options_is_number(uint64_t *out, const char *text, uint64_t least, uint64_t most);
