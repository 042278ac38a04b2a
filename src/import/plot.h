// The report as a picture: the error of every tensor, layer by layer, as SVG.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "import/import.h"

// `title` names the model. The text is in the arena.
vch_status vch_plot_report(const char **out, size_t *size, const char *title,
                           const struct vch_import_report *report, struct vch_arena *arena);
