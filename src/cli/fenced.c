#include "cli/fenced.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "attest/facts.h"
#include "cli/fenced_paths.h"
#include "confine/confine.h"
#include "host/log.h"
#include "net/listening.h"

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
                          const struct vch_fenced_paths *paths)
{
    const struct vch_profile profile = vch_profile_node(paths->list, paths->count);
    struct vch_confine_facts facts;
    unsigned threads = 0;

    vch_tool_end_threads(&threads, tool);
    VCH_TRY(vch_confine_self(&facts, &profile, &tool->complaint));
    tell("network", &facts);
    VCH_TRY(vch_fenced_paths_check(paths, &tool->complaint));
    *confinement = claim(&facts);
    return vch_tool_start_threads(tool, threads);
}

// A port below 1024 takes a right of root's, and any port a system call.
static vch_status open_doors(struct vch_node_options *how, struct vch_complaint *complaint)
{
    const char *host = how->host != NULL ? how->host : "127.0.0.1";

    VCH_TRY(vch_listening_open(&how->listening, host, how->port, complaint));
    return vch_listening_open(&how->http_listening, "127.0.0.1", how->http_port, complaint);
}

vch_status vch_fenced_node(uint32_t *confinement, struct vch_tool *tool,
                           struct vch_node_options *how, const struct vch_annex_holder *annexes,
                           uint32_t annex_count)
{
    struct vch_fenced_paths paths = {0};
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
    VCH_TRY(vch_fenced_paths_list(&paths, tool, how, annexes, annex_count));
    VCH_TRY(open_doors(how, &tool->complaint));
    return confine(confinement, tool, &paths);
}
