// Which entries speak of which job: for watchers and pages. Kept in memory, from the first entry
// on: 8 bytes an entry and some hundred a job.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "crypto/hash.h"
#include "entry/entry.h"

struct vch_index;

vch_status vch_index_new(struct vch_index **out);
void vch_index_free(struct vch_index *index);

// The next entry of the log. An anchor speaks of every job that has an entry below its size which
// no earlier anchor covers. NO_MEMORY: the index lacks it from now on.
vch_status vch_index_note(struct vch_index *index, uint64_t position,
                          const struct vch_entry *entry);

// The positions of a job's entries, ascending, that of its registry before them; of a dispute's id,
// those of its job. 0: unknown.
size_t vch_index_find(const struct vch_index *index, const struct vch_digest *subject,
                      const uint64_t **positions);
// The newest jobs, newest first; returns how many.
size_t vch_index_latest(const struct vch_index *index, struct vch_digest *out, size_t count);
uint64_t vch_index_jobs(const struct vch_index *index);
