#include "cli/weights_files.h"

#include <stdio.h>
#include <string.h>

// Beside the key file, and in no folder that the node writes to: there whoever took it over could
// put an older file in the place of this one.
static vch_status choose(const char **out, struct vch_tool *tool)
{
    static const char suffix[] = ".opened";
    const char *key = NULL;

    *out = vch_options_text(tool->options, "opened");
    if (*out != NULL) return VCH_OK;
    VCH_TRY(vch_options_required(&key, tool->options, "key", &tool->complaint));
    const size_t size = strlen(key) + sizeof suffix;
    char *path = vch_arena_alloc(&tool->arena, size, 1);
    if (path == NULL) return VCH_FAIL(NO_MEMORY);
    (void)snprintf(path, size, "%s%s", key, suffix);
    *out = path;
    return VCH_OK;
}

vch_status vch_weights_files_load(struct vch_weights_setup *out, struct vch_opened *opened,
                                  struct vch_tool *tool)
{
    static const char *paths[VCH_OPTIONS_GIVEN_MAX];
    const char *path = NULL, *owner = NULL;

    opened->file = -1;
    *out = (struct vch_weights_setup){.paths = paths};
    while ((path = vch_options_nth(tool->options, "sealed", out->path_count)) != NULL)
        paths[out->path_count++] = path;
    if (out->path_count == 0) return VCH_OK;
    if (!vch_options_has(tool->options, "attest"))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "sealed weights open for what a node has shown: --attest is missing");
    VCH_TRY(vch_options_required(&owner, tool->options, "owner", &tool->complaint));
    VCH_TRY(vch_tool_public_key(&out->owner, tool, owner));
    out->opened = &opened->counters;
    VCH_TRY(choose(&path, tool));
    return vch_opened_open(opened, path, &out->owner, &tool->complaint);
}
