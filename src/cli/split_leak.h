// vouch split --leak: samples read, leakage measured, shown, and read back as a limit for plans.
#pragma once

#include "cli/tool.h"
#include "split/leak.h"
#include "split/plan.h"

// Measures with --calibrate, --calibrate-max, --seed and --image, behind a progress bar.
// `position_count` 0: every legal cut.
vch_status vch_split_leak_measure(struct vch_leak *out, struct vch_tool *tool,
                                  const struct vch_package *package, const uint32_t *positions,
                                  uint32_t position_count);

// Prints for people, and writes --leak-report.
vch_status vch_split_leak_show(const struct vch_leak *leak, struct vch_tool *tool,
                               const struct vch_package *package);

// The same figures for machines; NULL in `out` only where memory is short.
vch_status vch_split_leak_json(json_t **out, const struct vch_leak *leak, struct vch_tool *tool,
                               const struct vch_package *package);

// Fills the problem's leaks where --leak-max is given: from --leak-file, or measured now.
vch_status vch_split_leak_limit(struct vch_plan_problem *problem, struct vch_tool *tool,
                                const struct vch_package *package);
