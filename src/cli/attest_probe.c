#include "cli/attest_probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "confine/probe.h"

static json_t *fences_json(const struct vch_confine_facts *facts)
{
    json_t *rows = json_array();

    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++) {
        const struct vch_fence_result *one = &facts->fences[fence];
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:s, s:s}", "fence", vch_fence_name(fence),
                                        "gives", vch_fence_text(fence), "result",
                                        vch_fence_outcome_text(one->outcome), "why", one->why));
    }
    return rows;
}

// NULL: none is set.
static json_t *limit_json(uint64_t limit)
{
    return limit == VCH_PROFILE_ANY ? json_null() : json_integer((json_int_t)limit);
}

static json_t *limits_json(const struct vch_profile_limits *limits)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "memory", limit_json(limits->memory), "locked",
                     limit_json(limits->locked), "written", limit_json(limits->written), "files",
                     limit_json(limits->files));
}

static json_t *roles_json(const struct vch_probe *probe)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < VCH_PROBE_ROLES; i++)
        json_array_append_new(rows, json_pack("{s:s, s:b, s:o, s:o}", "role", probe->roles[i].role,
                                              "can_run", probe->roles[i].can_run, "limits",
                                              limits_json(&probe->roles[i].limits), "fences",
                                              fences_json(&probe->roles[i].facts)));
    return rows;
}

static vch_status print_json(const struct vch_probe *probe, const char *kernel)
{
    const char *notice = probe->has_secret ? vch_secret_notice(probe->home) : NULL;

    return vch_tool_print_json(
        json_pack("{s:s, s:o, s:i, s:o, s:s?, s:s?}", "kernel", kernel, "fences",
                  fences_json(&probe->alone), "landlock_version", (int)probe->landlock_version,
                  "roles", roles_json(probe), "secret_memory",
                  probe->has_secret ? vch_secret_home_name(probe->home) : NULL, "notice", notice));
}

static void print_fence(enum vch_fence fence, const struct vch_fence_result *result)
{
    printf("  %-13s %-8s  %s\n", vch_fence_name(fence), vch_fence_outcome_text(result->outcome),
           vch_fence_text(fence));
    if (result->why[0] != '\0') printf("  %-13s %-8s  (%s)\n", "", "", result->why);
}

static void print_limits(const struct vch_profile_limits *limits)
{
    char memory[48] = "what its models take";

    if (limits->memory != VCH_PROFILE_ANY)
        (void)snprintf(memory, sizeof memory, "%" PRIu64 " MiB", limits->memory >> 20);
    printf("  %-13s memory %s, locked %" PRIu64 " KiB, log %" PRIu64 " KiB, %" PRIu64
           " descriptors\n",
           "", memory, limits->locked >> 10, limits->written >> 10, limits->files);
}

static void print_role(const struct vch_probe_role *role)
{
    uint32_t granted = 0, refused = 0;

    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++) {
        granted += role->facts.fences[fence].outcome == VCH_FENCE_GRANTED;
        refused += role->facts.fences[fence].outcome == VCH_FENCE_REFUSED;
    }
    printf("  %-13s %s: %u of %u fences\n", role->role, role->can_run ? "runs" : "will not run",
           granted, granted + refused);
    if (role->facts.fences[VCH_FENCE_LIMITS].outcome == VCH_FENCE_GRANTED)
        print_limits(&role->limits);
}

static void print_text(const struct vch_probe *probe, const char *kernel)
{
    printf("kernel %s grants to a process that confines itself:\n", kernel);
    for (enum vch_fence fence = 0; fence < VCH_FENCE_COUNT; fence++)
        print_fence(fence, &probe->alone.fences[fence]);
    printf("\nroles:\n");
    for (uint32_t i = 0; i < VCH_PROBE_ROLES; i++)
        print_role(&probe->roles[i]);
    printf("\nmemory for keys: %s\n",
           probe->has_secret ? vch_secret_home_name(probe->home) : "none can be locked");
    if (probe->has_secret && vch_secret_notice(probe->home) != NULL)
        printf("%s\n", vch_secret_notice(probe->home));
    printf("\nNone of this holds against whoever owns the machine, and none of it is shown to a "
           "remote party.\n");
}

static vch_status judge(const struct vch_probe *probe, struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < VCH_PROBE_ROLES; i++)
        if (!probe->roles[i].can_run)
            return vch_complain(complaint, VCH_CODE_REFUSED,
                                "this kernel refuses what the process \"%s\" cannot do without: "
                                "see above; in a container, its seccomp profile may be why",
                                probe->roles[i].role);
    return VCH_OK;
}

vch_status vch_attest_probe_run(struct vch_tool *tool)
{
    static struct vch_probe probe;
    struct utsname system = {0};

    (void)uname(&system);
    VCH_TRY(vch_probe_run(&probe, &tool->complaint));
    if (vch_options_has(tool->options, "json"))
        VCH_TRY(print_json(&probe, system.release));
    else
        print_text(&probe, system.release);
    return judge(&probe, &tool->complaint);
}
