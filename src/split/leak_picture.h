// Pictures of a measurement: originals beside what the inverters made of them; for a table, a map
// of R2 by cut and column.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "model/graph.h"
#include "split/leak.h"

// Images: rows of held-out samples. First the originals, then the blind guess, then for each cut
// the linear and the convolutional guess, where it was made. Cuts with the same numbers as an
// earlier one are left out.
vch_status vch_leak_picture_png(uint8_t **out, size_t *size, const struct vch_leak *leak,
                                struct vch_arena *arena);

// The same with labels, or a table's map. `columns` are names, or NULL.
vch_status vch_leak_picture_svg(uint8_t **out, size_t *size, const struct vch_leak *leak,
                                const struct vch_graph *graph, const char *const *columns,
                                struct vch_arena *arena);
