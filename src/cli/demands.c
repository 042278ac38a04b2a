#include "cli/demands.h"

#include "cli/rules_file.h"
#include "host/clock.h"

// Whoever names a signer, a class or a list believes that somebody is held to it.
static vch_status check_meant(struct vch_tool *tool, const char *signer)
{
    static const char *const policies[] = {"policy", "client-policy", NULL};
    const char *const names[] = {signer, "class", "crl"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        VCH_TRY(vch_options_only_with(tool->options, names[i], policies, &tool->complaint));
    return VCH_OK;
}

vch_status vch_demands_load(struct vch_demands *out, struct vch_tool *tool, const char *option,
                            const char *signer, enum vch_rules_class what)
{
    const char *path = vch_options_text(tool->options, option);
    const int64_t now_s = (int64_t)(vch_clock_unix_ms() / 1000);

    *out = (struct vch_demands){0};
    if (path == NULL) return check_meant(tool, signer);
    VCH_TRY(vch_rules_file_class(&what, tool, "class"));
    VCH_TRY(vch_rules_file_load(&out->rules, tool, path, signer, now_s));
    out->judge = (struct vch_judge){.rules = &out->rules, .what = what};
    out->is_set = true;
    return vch_judge_policy(&out->policy, &out->judge, &tool->complaint);
}

const struct vch_asker_policy *vch_demands_policy(const struct vch_demands *demands)
{
    return demands->is_set ? &demands->policy : NULL;
}

vch_status vch_demands_judge_apart(struct vch_parser **out, struct vch_tool *tool,
                                   struct vch_demands *const *demands, uint32_t count)
{
    const struct vch_judge *judges[VCH_PARSER_JUDGES_MAX];
    const struct vch_parser_setup setup = {.judges = judges, .judge_count = count};
    unsigned threads = 0;

    for (uint32_t i = 0; i < count; i++)
        judges[i] = &demands[i]->judge;
    vch_tool_end_threads(&threads, tool);
    VCH_TRY(vch_parser_new(out, &setup, &tool->complaint));
    for (uint32_t i = 0; i < count; i++)
        vch_parser_serve(*out, i, &demands[i]->policy);
    return vch_tool_start_threads(tool, threads);
}

vch_status vch_demands_judge_one(struct vch_parser **out, struct vch_tool *tool,
                                 struct vch_demands *demands)
{
    *out = NULL;
#ifdef VCH_SANITIZED
    (void)tool, (void)demands;
    return VCH_OK;
#else
    return demands->is_set ? vch_demands_judge_apart(out, tool, &demands, 1) : VCH_OK;
#endif
}
