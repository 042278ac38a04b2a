// Names of classes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "import/ensemble.h"

// Decimal texts in the arena; count 0 when the labels are 0, 1, 2, ..., which the index itself
// says.
vch_status vch_labels_from_integers(struct vch_ensemble_labels *out, const int64_t *labels,
                                    size_t count, struct vch_arena *arena);

// Texts that a package may hold: MALFORMED or LIMIT for others. Borrows the list.
vch_status vch_labels_from_texts(struct vch_ensemble_labels *out, const char *const *texts,
                                 size_t count, struct vch_complaint *complaint);

// The classifier's labels under two attribute names; `text_name` counts when both are there.
// `count` is how many classes there are.
vch_status vch_labels_read(struct vch_ensemble_labels *out, size_t *count,
                           const struct vch_network_node *node, const char *integer_name,
                           const char *text_name, struct vch_arena *arena,
                           struct vch_complaint *complaint);
