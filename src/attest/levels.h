// Who may read what is private on a machine of a level, whatever its evidence says: the table of
// SOUNDNESS.md, for those who are about to rely on a verdict.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "attest/rules.h"

struct vch_levels_reader {
    const char *who;
    const char *answers[VCH_RULES_LEVEL_COUNT]; // "no", "yes", or with how far
};

// From those who are kept out first to those who never are.
const struct vch_levels_reader *vch_levels_readers(size_t *count);

// What the evidence of a level shows, in a sentence.
const char *vch_levels_meaning(enum vch_rules_level level);
