// What a proof costs here, over a plain run of the model in the same process.
#pragma once

#include "cli/tool.h"
#include "model/package.h"

// Makes an annex that is forgotten afterwards, proves and verifies `rounds` times, and prints
// medians; `plain_us` is one plain run.
vch_status vch_bench_prove(struct vch_tool *tool, const struct vch_package *package,
                           uint32_t rounds, double plain_us);
