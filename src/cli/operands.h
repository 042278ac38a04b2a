// Operands that several kinds of entries have. USAGE with a complaint for what is none.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "cli/tool.h"
#include "crypto/hash.h"

// 64 hexadecimal digits.
vch_status vch_operands_digest(struct vch_digest *out, struct vch_tool *tool, const char *what,
                               const char *text);
// A package's file, or its identity.
vch_status vch_operands_model(struct vch_digest *out, struct vch_tool *tool, const char *text);
// FIRST:LAST, such as 2:6; FIRST < LAST.
vch_status vch_operands_range(uint32_t *first, uint32_t *last, struct vch_tool *tool,
                              const char *text);
