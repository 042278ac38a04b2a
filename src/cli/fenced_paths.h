// The files and folders that a fenced node still reaches.
#pragma once

#include "cli/annex_holder.h"
#include "cli/tool.h"
#include "confine/profile.h"
#include "node/node.h"

struct vch_fenced_paths {
    uint32_t count;
    struct vch_profile_path list[VCH_PROFILE_PATHS_MAX];
};

// What its options name, and what libraries read. LIMIT: they are too many.
vch_status vch_fenced_paths_list(struct vch_fenced_paths *paths, struct vch_tool *tool,
                                 const struct vch_node_options *how,
                                 const struct vch_annex_holder *annexes, uint32_t annex_count);

// Whether the network process, once fenced, can still open that file; or replace it.
enum vch_fenced_paths_way {
    VCH_FENCED_PATHS_NONE,
    VCH_FENCED_PATHS_READS,
    VCH_FENCED_PATHS_WRITES,
};
vch_status vch_fenced_paths_reach(enum vch_fenced_paths_way *out, struct vch_tool *tool,
                                  const struct vch_node_options *how,
                                  const struct vch_annex_holder *annexes, uint32_t annex_count,
                                  const char *path);

// Inside the fences: whether their owner lets this process in. REFUSED.
vch_status vch_fenced_paths_check(const struct vch_fenced_paths *paths,
                                  struct vch_complaint *complaint);
