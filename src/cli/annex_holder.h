// An annex on disk as those prove with it who know no files: nodes and clients.
#pragma once

#include "annex/annex_source.h"
#include "cli/annex_files.h"
#include "cli/tool.h"

// Stays where it is for as long as its source is used, from one thread at a time; while that is
// another than the tool's, the tool is left alone.
struct vch_annex_holder {
    struct vch_tool *tool;
    struct vch_annex_files files;
};

// Reads the annex at `path`, whose key lies beside it. The key must be its own, but may be spent.
vch_status vch_annex_holder_open(struct vch_annex_holder *holder, struct vch_annex_source *source,
                                 struct vch_tool *tool, const char *path);
