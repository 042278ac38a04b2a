#include "cli/node_folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

vch_status vch_node_folder_file(const char **out, struct vch_tool *tool, const char *name)
{
    static const char suffix[] = ".node";
    const char *key = NULL;

    VCH_TRY(vch_options_required(&key, tool->options, "key", &tool->complaint));
    const size_t folder = strlen(key) + sizeof suffix - 1, all = folder + strlen(name) + 2;
    char *path = vch_arena_alloc(&tool->arena, all, 1);
    if (path == NULL) return VCH_FAIL(NO_MEMORY);
    (void)snprintf(path, all, "%s%s", key, suffix);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return vch_complain(&tool->complaint, VCH_CODE_IO, "cannot make the folder %s: %s", path,
                            strerror(errno));
    (void)snprintf(path + folder, all - folder, "/%s", name);
    *out = path;
    return VCH_OK;
}
