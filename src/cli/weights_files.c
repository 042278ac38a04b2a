#include "cli/weights_files.h"

#include <string.h>

// What this node has opened before, where no file is named for that.
static vch_status beside_key(const char **out, struct vch_tool *tool)
{
    static const char suffix[] = ".opened";
    const char *key = NULL;

    VCH_TRY(vch_options_required(&key, tool->options, "key", &tool->complaint));
    size_t size = strlen(key);
    char *path = vch_arena_alloc(&tool->arena, size + sizeof suffix, 1);
    if (path == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(path, key, size);
    memcpy(path + size, suffix, sizeof suffix);
    *out = path;
    return VCH_OK;
}

vch_status vch_weights_files_load(struct vch_weights_setup *out, struct vch_tool *tool)
{
    static const char *paths[VCH_OPTIONS_GIVEN_MAX];
    const char *path = NULL, *owner = NULL;

    *out = (struct vch_weights_setup){.paths = paths};
    while ((path = vch_options_nth(tool->options, "sealed", out->path_count)) != NULL)
        paths[out->path_count++] = path;
    if (out->path_count == 0) return VCH_OK;
    if (!vch_options_has(tool->options, "attest"))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "sealed weights open for what a node has shown: --attest is missing");
    VCH_TRY(vch_options_required(&owner, tool->options, "owner", &tool->complaint));
    VCH_TRY(vch_tool_public_key(&out->owner, tool, owner));
    out->counters = vch_options_text(tool->options, "opened");
    return out->counters != NULL ? VCH_OK : beside_key(&out->counters, tool);
}
