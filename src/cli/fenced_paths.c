#include "cli/fenced_paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Files that libraries read when they are first used.
static const char *const SYSTEM[] = {"/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf",
                                     "/etc/localtime", "/dev/urandom"};

// A path that is not there needs no way through.
static vch_status add(struct vch_fenced_paths *paths, const char *path, bool is_writable,
                      struct vch_complaint *complaint)
{
    if (access(path, F_OK) != 0) return VCH_OK;
    if (paths->count == VCH_PROFILE_PATHS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a confined node has at most %u files and folders; `--confine off` "
                            "takes more",
                            VCH_PROFILE_PATHS_MAX);
    paths->list[paths->count++] = (struct vch_profile_path){path, is_writable};
    return VCH_OK;
}

// The folder that `path` lies in: what replaces files there makes new ones.
static vch_status add_folder(struct vch_fenced_paths *paths, struct vch_tool *tool,
                             const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) return add(paths, ".", true, &tool->complaint);
    size_t size = slash == path ? 1 : (size_t)(slash - path);
    char *folder = vch_arena_alloc(&tool->arena, size + 1, 1);
    if (folder == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(folder, path, size);
    folder[size] = '\0';
    return add(paths, folder, true, &tool->complaint);
}

// Journal, runs and the keys of annexes, which count, are written; the file of peers is read again.
vch_status vch_fenced_paths_list(struct vch_fenced_paths *paths, struct vch_tool *tool,
                                 const struct vch_node_options *how,
                                 const struct vch_annex_holder *annexes, uint32_t annex_count)
{
    for (size_t i = 0; i < sizeof SYSTEM / sizeof *SYSTEM; i++)
        VCH_TRY(add(paths, SYSTEM[i], false, &tool->complaint));
    if (how->journal != NULL) VCH_TRY(add_folder(paths, tool, how->journal));
    // A peers file may be replaced, and then is another: so its folder, for reading.
    if (how->peers != NULL) {
        VCH_TRY(add_folder(paths, tool, how->peers));
        paths->list[paths->count - 1].is_writable = false;
    }
    for (uint32_t i = 0; how->weights != NULL && i < how->weights->path_count; i++)
        VCH_TRY(add(paths, how->weights->paths[i], false, &tool->complaint));
    for (uint32_t i = 0; i < annex_count; i++)
        VCH_TRY(add_folder(paths, tool, annexes[i].files.key));
    return VCH_OK;
}

// Whether `path` lies at or under `place`, both as the system resolves them.
static bool is_under(const char *path, const char *place)
{
    char *inner = realpath(path, NULL), *outer = realpath(place, NULL);
    size_t size = outer != NULL ? strlen(outer) : 0;
    bool is_there = inner != NULL && outer != NULL && strncmp(inner, outer, size) == 0 &&
                    (inner[size] == '\0' || inner[size] == '/' || size == 1);

    free(inner);
    free(outer);
    return is_there;
}

vch_status vch_fenced_paths_reach(enum vch_fenced_paths_way *out, struct vch_tool *tool,
                                  const struct vch_node_options *how,
                                  const struct vch_annex_holder *annexes, uint32_t annex_count,
                                  const char *path)
{
    struct vch_fenced_paths paths = {0};

    *out = VCH_FENCED_PATHS_NONE;
    VCH_TRY(vch_fenced_paths_list(&paths, tool, how, annexes, annex_count));
    for (uint32_t i = 0; i < paths.count; i++) {
        const struct vch_profile_path *one = &paths.list[i];
        enum vch_fenced_paths_way way =
            one->is_writable ? VCH_FENCED_PATHS_WRITES : VCH_FENCED_PATHS_READS;
        if (way > *out && is_under(path, one->path)) *out = way;
    }
    return VCH_OK;
}

// Who was root a moment ago may have been let into folders of others.
vch_status vch_fenced_paths_check(const struct vch_fenced_paths *paths,
                                  struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < paths->count; i++) {
        const struct vch_profile_path *path = &paths->list[i];
        if (access(path->path, path->is_writable ? R_OK | W_OK : R_OK) == 0 || errno != EACCES)
            continue;
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "%s is closed to the user who runs this node, which gives up root's "
                            "rights to what others own: chown it",
                            path->path);
    }
    return VCH_OK;
}
