#include "cli/weights_files.h"

#include "cli/node_folder.h"

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
    return out->counters != NULL ? VCH_OK : vch_node_folder_file(&out->counters, tool, "opened");
}
