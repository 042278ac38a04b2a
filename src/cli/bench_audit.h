// What traces and audits cost here, over a plain run of the model in the same process.
#pragma once

#include "cli/tool.h"
#include "model/package.h"

// One row a batch, all of it on one thread: a plain run, a run that is traced, one that gives its
// accumulators, an audit of these; and the linear operators alone, run and audited. Medians of
// the thread's own time over `milliseconds` a row, taken in turns.
vch_status vch_bench_audit(struct vch_tool *tool, const struct vch_package *package,
                           const uint32_t *batches, uint32_t count, uint64_t milliseconds);
