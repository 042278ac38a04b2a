#include "cli/fenced.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/facts.h"
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

vch_status vch_fenced_reaches(enum vch_fenced_reach *out, struct vch_tool *tool,
                              const struct vch_node_options *how,
                              const struct vch_annex_holder *annexes, uint32_t annex_count,
                              const char *path)
{
    struct paths paths = {0};

    *out = VCH_FENCED_OUT_OF_REACH;
    VCH_TRY(list_paths(&paths, tool, how, annexes, annex_count));
    for (uint32_t i = 0; i < paths.count; i++) {
        const struct vch_profile_path *one = &paths.list[i];
        enum vch_fenced_reach reach = one->is_writable ? VCH_FENCED_WRITES : VCH_FENCED_READS;
        if (reach > *out && is_under(path, one->path)) *out = reach;
    }
    return VCH_OK;
}

static void tell(const char *role, const struct vch_confine_facts *facts)
{
    char granted[160] = "";
    size_t used = 0;

    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++) {
        const struct vch_fence_result *one = &facts->fences[fence];
        if (one->outcome == VCH_FENCE_REFUSED)
            vch_log_write(VCH_LOG_WARNING, "%s: not confined by %s (%s): %s", role,
                          vch_fence_name(fence), vch_fence_text(fence), one->why);
        if (one->outcome == VCH_FENCE_GRANTED && used < sizeof granted)
            used += (size_t)snprintf(granted + used, sizeof granted - used, "%s%s",
                                     used > 0 ? ", " : "", vch_fence_name(fence));
    }
    vch_log_write(VCH_LOG_INFO, "%s: confined by: %s", role,
                  granted[0] != '\0' ? granted : "nothing");
}

// By --confine.
static vch_status is_asked_for(bool *out, struct vch_tool *tool)
{
    const char *choice = vch_options_text(tool->options, "confine");

    if (choice == NULL) choice = "on";
    if (strcmp(choice, "on") != 0 && strcmp(choice, "off") != 0)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--confine is \"on\" (the default) or \"off\", not \"%.40s\"", choice);
    *out = strcmp(choice, "on") == 0;
    return VCH_OK;
}

// And by how this program was built.
static vch_status is_wanted(bool *out, struct vch_tool *tool)
{
    VCH_TRY(is_asked_for(out, tool));
#ifdef VCH_SANITIZED
    *out = false;
#endif
    return VCH_OK;
}

vch_status vch_fenced_agent(struct vch_agent **out, struct vch_opened *opened,
                            struct vch_tool *tool)
{
    bool is_confined = false;
    unsigned threads = 0;

    *out = NULL;
    VCH_TRY(is_asked_for(&is_confined, tool)); // what does so little can be confined and sanitized
    if (!is_confined) return VCH_OK;
    vch_tool_end_threads(&threads, tool);
    VCH_TRY(vch_agent_start(out, opened, &tool->complaint));
    const struct vch_agent_facts *facts = vch_agent_facts(*out);
    tell("key agent", &facts->fences);
    if (vch_secret_notice(facts->home) != NULL)
        vch_log_write(VCH_LOG_WARNING, "key agent: %s", vch_secret_notice(facts->home));
    return vch_tool_start_threads(tool, threads);
}

static vch_status start_parser(struct vch_parser **out, struct vch_tool *tool,
                               struct vch_demands *const *demands, uint32_t count)
{
    VCH_TRY(vch_demands_judge_apart(out, tool, demands, count));
    const struct vch_confine_facts facts = vch_parser_facts(*out);
    tell("parser", &facts);
    return VCH_OK;
}

vch_status vch_fenced_parser(struct vch_parser **out, struct vch_tool *tool,
                             struct vch_demands *const *demands, uint32_t count)
{
    bool is_confined = false;

    *out = NULL;
    VCH_TRY(is_wanted(&is_confined, tool));
    return is_confined ? start_parser(out, tool, demands, count) : VCH_OK;
}

// Of what is opened later: no more than what lies sealed.
static uint64_t sealed_size(const struct vch_node_options *how)
{
    struct stat facts;
    uint64_t sum = 0;

    for (uint32_t i = 0; how->weights != NULL && i < how->weights->path_count; i++)
        if (stat(how->weights->paths[i], &facts) == 0) sum += (uint64_t)facts.st_size;
    return sum;
}

static vch_status start_engine(struct vch_apart **out, struct vch_tool *tool,
                               const struct vch_node_options *how)
{
    struct vch_inference_setup setup = {
        .packages = how->packages,
        .package_count = how->package_count,
        .annexes = how->annexes,
        .annex_count = how->annex_count,
        .kernels = how->kernels,
        .memory_max = how->memory_max > 0 ? how->memory_max : VCH_NODE_MEMORY_DEFAULT,
        .prove_memory_max = how->prove_memory_max,
        .later_max = sealed_size(how),
    };

    if (setup.prove_memory_max == 0 || setup.prove_memory_max > setup.memory_max)
        setup.prove_memory_max = setup.memory_max;
    vch_tool_end_threads(&setup.threads, tool);
    VCH_TRY(vch_apart_new(out, &setup, &tool->complaint));
    const struct vch_confine_facts facts = vch_apart_facts(*out);
    tell("inference", &facts);
    return vch_tool_start_threads(tool, setup.threads);
}

vch_status vch_fenced_engine(struct vch_apart **out, struct vch_tool *tool,
                             const struct vch_node_options *how)
{
    bool is_confined = false;

    *out = NULL;
    VCH_TRY(is_wanted(&is_confined, tool));
    return is_confined ? start_engine(out, tool, how) : VCH_OK;
}

// Claimed is what was granted whole: a fence that a kernel gave in part only is none.
static uint32_t claim(const struct vch_confine_facts *facts)
{
    static const struct {
        uint32_t fences, claims;
    } rows[] = {
        {VCH_FENCE_BIT(LIMITS) | VCH_FENCE_BIT(DUMPABLE), VCH_FACTS_NO_DUMPS},
        {VCH_FENCE_BIT(PRIVILEGES), VCH_FACTS_NO_NEW_PRIVILEGES},
        {VCH_FENCE_BIT(NAMESPACES), VCH_FACTS_USER_NAMESPACE | VCH_FACTS_PROCESS_NAMESPACE |
                                        VCH_FACTS_NETWORK_NAMESPACE | VCH_FACTS_IPC_NAMESPACE},
        {VCH_FENCE_BIT(NAMESPACES) | VCH_FENCE_BIT(ROOT), VCH_FACTS_EMPTY_ROOT},
        {VCH_FENCE_BIT(CAPABILITIES), VCH_FACTS_NO_CAPABILITIES},
        {VCH_FENCE_BIT(LANDLOCK), VCH_FACTS_LANDLOCK},
        {VCH_FENCE_BIT(SYSCALLS), VCH_FACTS_SECCOMP},
    };
    uint32_t granted = 0, claims = 0;

    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++)
        if (facts->fences[fence].outcome == VCH_FENCE_GRANTED &&
            facts->fences[fence].why[0] == '\0')
            granted |= 1u << fence;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if ((granted & rows[i].fences) == rows[i].fences) claims |= rows[i].claims;
    return claims;
}

static vch_status confine(uint32_t *confinement, struct vch_tool *tool,
                          const struct vch_node_options *how, const struct paths *paths)
{
    const uint16_t ports[] = {how->port, how->http_port};
    const struct vch_profile profile =
        vch_profile_node(paths->list, paths->count, ports, sizeof ports / sizeof *ports);
    struct vch_confine_facts facts;
    unsigned threads = 0;

    vch_tool_end_threads(&threads, tool);
    VCH_TRY(vch_confine_self(&facts, &profile, &tool->complaint));
    tell("network", &facts);
    *confinement = claim(&facts);
    return vch_tool_start_threads(tool, threads);
}

vch_status vch_fenced_node(uint32_t *confinement, struct vch_tool *tool,
                           const struct vch_node_options *how,
                           const struct vch_annex_holder *annexes, uint32_t annex_count)
{
    struct paths paths = {0};
    bool is_confined = false;

    *confinement = 0;
    VCH_TRY(is_wanted(&is_confined, tool));
    if (!is_confined) {
        vch_log_write(VCH_LOG_WARNING, "not confined at all, %s",
                      vch_options_has(tool->options, "confine")
                          ? "as --confine off asks"
                          : "as a sanitizer looks into its own process");
        return VCH_OK;
    }
    VCH_TRY(list_paths(&paths, tool, how, annexes, annex_count));
    return confine(confinement, tool, how, &paths);
}
