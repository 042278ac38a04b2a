#include "cli/fenced.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "confine/confine.h"
#include "host/log.h"

// Files that libraries read when they are first used.
static const char *const SYSTEM[] = {"/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf",
                                     "/etc/localtime", "/dev/urandom"};

struct paths {
    uint32_t count;
    struct vch_profile_path list[VCH_PROFILE_PATHS_MAX];
};

// A path that is not there needs no way through.
static vch_status add(struct paths *paths, const char *path, bool is_writable,
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
static vch_status add_folder(struct paths *paths, struct vch_tool *tool, const char *path)
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
static vch_status list_paths(struct paths *paths, struct vch_tool *tool,
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
    for (uint32_t i = 0; i < annex_count; i++)
        VCH_TRY(add_folder(paths, tool, annexes[i].files.key));
    return VCH_OK;
}

static void tell(const struct vch_confine_facts *facts)
{
    char granted[160] = "";
    size_t used = 0;

    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++) {
        const struct vch_fence_result *one = &facts->fences[fence];
        if (one->outcome == VCH_FENCE_REFUSED)
            vch_log_write(VCH_LOG_WARNING, "not confined by %s (%s): %s", vch_fence_name(fence),
                          vch_fence_text(fence), one->why);
        if (one->outcome == VCH_FENCE_GRANTED && used < sizeof granted)
            used += (size_t)snprintf(granted + used, sizeof granted - used, "%s%s",
                                     used > 0 ? ", " : "", vch_fence_name(fence));
    }
    vch_log_write(VCH_LOG_INFO, "confined by: %s", granted[0] != '\0' ? granted : "nothing");
}

static vch_status confine(struct vch_tool *tool, const struct vch_node_options *how,
                          const struct paths *paths)
{
    const uint16_t ports[] = {how->port, how->http_port};
    const struct vch_profile profile =
        vch_profile_node(paths->list, paths->count, ports, sizeof ports / sizeof *ports);
    unsigned threads = (unsigned)tool->workers->thread_count;
    struct vch_confine_facts facts;

    // A fence goes up around one thread and those that it starts: the others end and come back.
    vch_threads_free(tool->threads);
    tool->threads = NULL;
    VCH_TRY(vch_confine_self(&facts, &profile, &tool->complaint));
    tell(&facts);
    return vch_threads_new(&tool->threads, threads);
}

vch_status vch_fenced_node(struct vch_tool *tool, const struct vch_node_options *how,
                           const struct vch_annex_holder *annexes, uint32_t annex_count)
{
    const char *choice = vch_options_text(tool->options, "confine");
    struct paths paths = {0};

    if (choice == NULL) choice = "on";
    if (strcmp(choice, "on") != 0 && strcmp(choice, "off") != 0)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--confine is \"on\" (the default) or \"off\", not \"%.40s\"", choice);
    if (strcmp(choice, "off") == 0) {
        vch_log_write(VCH_LOG_WARNING, "not confined at all, as --confine off asks");
        return VCH_OK;
    }
#ifdef VCH_SANITIZED
    (void)how, (void)annexes, (void)annex_count, (void)paths;
    vch_log_write(VCH_LOG_WARNING, "not confined at all: a sanitizer looks into its own process");
    return VCH_OK;
#else
    VCH_TRY(list_paths(&paths, tool, how, annexes, annex_count));
    VCH_TRY(confine(tool, how, &paths));
    tool->workers = vch_threads_workers(tool->threads);
    return VCH_OK;
#endif
}
