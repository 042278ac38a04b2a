#include "cli/attest_policy.h"

#include <stdio.h>
#include <time.h>

#include "attest/rules_lint.h"
#include "base/bytes.h"
#include "cli/actions.h"
#include "cli/print.h"
#include "cli/rules_file.h"
#include "host/clock.h"

enum { TIME_SIZE = 32 };

// To whoever signs, on the side: it is theirs to decide.
static vch_status say_unwise(struct vch_tool *tool, const char *path)
{
    struct vch_rules rules;
    struct vch_rules_lint found;
    bool is_signed = false;

    VCH_TRY(vch_rules_file_look(&rules, &is_signed, tool, path));
    vch_rules_lint(&found, &rules, (int64_t)(vch_clock_unix_ms() / 1000));
    if (found.error_count > 0)
        (void)fprintf(stderr,
                      "signed, though `vouch attest policy lint` has %u errors: look at them\n",
                      found.error_count);
    return VCH_OK;
}

static vch_status sign(struct vch_tool *tool)
{
    const char *path = tool->options->operands[2], *key_path = NULL, *output = NULL;
    struct vch_secret_key key;
    uint8_t *draft = NULL;
    char *file = NULL;
    size_t draft_size = 0, size = 0;

    VCH_TRY(vch_options_required(&key_path, tool->options, "key", &tool->complaint));
    VCH_TRY(vch_options_required(&output, tool->options, "output", &tool->complaint));
    VCH_TRY(vch_tool_file(&draft, &draft_size, tool, path, VCH_RULES_SIZE_MAX));
    VCH_TRY(vch_tool_secret_key(&key, tool, key_path));
    vch_status status =
        vch_rules_sign(&file, &size, draft, draft_size, &key, &tool->arena, &tool->complaint);
    vch_wipe(&key, sizeof key);
    VCH_TRY(status);
    VCH_TRY(vch_file_write(output, file, size, false, &tool->complaint));
    return say_unwise(tool, path);
}

static vch_status lint(struct vch_tool *tool)
{
    const char *path = tool->options->operands[2];
    struct vch_rules rules;
    struct vch_rules_lint found;
    bool is_signed = false;
    int64_t time_s = 0;

    VCH_TRY(vch_rules_file_time(&time_s, tool, "at"));
    VCH_TRY(vch_rules_file_look(&rules, &is_signed, tool, path));
    vch_rules_lint(&found, &rules, time_s);
    if (vch_options_has(tool->options, "json")) {
        json_t *rows = json_array();
        for (uint32_t i = 0; i < found.count; i++)
            json_array_append_new(rows, json_pack("{s:b, s:s}", "error", found.items[i].is_error,
                                                  "text", found.items[i].text));
        VCH_TRY(vch_tool_print_json(
            json_pack("{s:i, s:o}", "errors", (int)found.error_count, "findings", rows)));
    }
    for (uint32_t i = 0; i < found.count && !vch_options_has(tool->options, "json"); i++)
        printf("%-5s  %s\n", found.items[i].is_error ? "error" : "note", found.items[i].text);
    if (found.error_count == 0) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                        "%u errors: what \"%s\" says is legal and unwise", found.error_count,
                        rules.name);
}

static json_t *levels_json(const struct vch_rules *rules, unsigned what)
{
    json_t *levels = json_array();

    for (unsigned level = 0; level < VCH_RULES_LEVEL_COUNT; level++)
        if (vch_rules_allows(rules, what, level))
            json_array_append_new(levels, json_string(vch_rules_level_name(level)));
    return levels;
}

static json_t *kinds_json(const struct vch_rules *rules, unsigned what)
{
    bool kinds[VCH_BINDER_KIND_END];
    json_t *rows = json_array();

    (void)vch_rules_kinds(kinds, rules, what);
    for (enum vch_binder_kind kind = VCH_BINDER_SNP; kind < VCH_BINDER_KIND_END; kind++)
        if (kinds[kind]) json_array_append_new(rows, json_string(vch_binder_kind_name(kind)));
    return rows;
}

static json_t *classes_json(const struct vch_rules *rules)
{
    json_t *classes = json_object();

    for (unsigned what = 0; what < VCH_RULES_CLASS_COUNT; what++)
        json_object_set_new(classes, vch_rules_class_name(what),
                            json_pack("{s:o, s:o}", "levels", levels_json(rules, what), "evidence",
                                      kinds_json(rules, what)));
    return classes;
}

static json_t *rules_json(const struct vch_rules *rules, bool is_signed, bool is_trusted)
{
    char until[TIME_SIZE] = "?";
    time_t seconds = (time_t)rules->until_s;
    struct tm fields;
    json_t *machines = json_array();

    if (gmtime_r(&seconds, &fields) != NULL)
        (void)strftime(until, sizeof until, "%Y-%m-%dT%H:%M:%SZ", &fields);
    for (size_t i = 0; i < rules->machine_count; i++)
        json_array_append_new(machines,
                              json_pack("{s:s, s:s}", "operator", rules->machines[i].operator,
                                        "site", rules->machines[i].site));
    return json_pack(
        "{s:s, s:o, s:s, s:s, s:b, s:o, s:b, s:o, s:b, s:o, s:{s:i, s:i, s:i, s:i}}", "name",
        rules->name, "id", vch_tool_json_hex(rules->id.bytes, sizeof rules->id.bytes),
        "environment", rules->environment == VCH_RULES_TEST ? "test" : "production", "not_after",
        until, "signed", is_signed, "signer",
        is_signed ? vch_tool_json_hex(rules->signer.bytes, sizeof rules->signer.bytes)
                  : json_null(),
        "trusted", is_trusted, "classes", classes_json(rules), "only_listed_machines",
        rules->needs_machine, "machines", machines, "freshness", "nonce_s",
        (int)rules->freshness.nonce_s, "reattest_s", (int)rules->freshness.reattest_s, "result_s",
        (int)rules->freshness.result_s, "registration_s", (int)rules->freshness.registration_s);
}

static void print_words(const char *before, const json_t *words)
{
    size_t count = json_array_size(words);

    printf("%s", before);
    for (size_t i = 0; i < count; i++)
        printf(" %s", json_string_value(json_array_get(words, i)));
    printf(count == 0 ? " none\n" : "\n");
}

// From the JSON, so that both say the same.
static void print_text(json_t *told, const struct vch_rules *rules)
{
    const char *name = NULL, *signer = json_string_value(json_object_get(told, "signer"));
    json_t *one = NULL;

    printf("%s, for %s, until %s\n", rules->name,
           json_string_value(json_object_get(told, "environment")),
           json_string_value(json_object_get(told, "not_after")));
    printf("id         %s\n", json_string_value(json_object_get(told, "id")));
    printf("signed by  %s\n", signer == NULL ? "nobody: a draft, which no verifier takes" : signer);
    if (signer != NULL && !json_is_true(json_object_get(told, "trusted")))
        printf("           (ask with --signer whether it is a key you take policies of)\n");
    json_object_foreach(json_object_get(told, "classes"), name, one)
    {
        printf("%s\n", name);
        print_words("  levels  ", json_object_get(one, "levels"));
        print_words("  evidence", json_object_get(one, "evidence"));
    }
    printf("machines   %zu listed, %s\n", rules->machine_count,
           rules->needs_machine ? "and no other" : "and any other");
    if (!rules->anchors.are_vendors)
        printf("ROOTS OF A TEST: what evidence shows under them is nothing of hardware\n");
}

static vch_status show(struct vch_tool *tool)
{
    const char *path = tool->options->operands[2];
    bool is_asked = vch_options_has(tool->options, "signer"), is_signed = true;
    struct vch_rules rules;
    int64_t time_s = 0;

    VCH_TRY(vch_rules_file_time(&time_s, tool, "at"));
    VCH_TRY(is_asked ? vch_rules_file_load(&rules, tool, path, "signer", time_s)
                     : vch_rules_file_look(&rules, &is_signed, tool, path));
    json_t *told = rules_json(&rules, is_signed, is_asked);
    if (told == NULL) return VCH_FAIL(NO_MEMORY);
    if (vch_options_has(tool->options, "json")) return vch_tool_print_json(told);
    print_text(told, &rules);
    json_decref(told);
    return VCH_OK;
}

static const struct vch_action VERBS[] = {
    {"sign", "one FILE", 1, 1, sign},
    {"lint", "one FILE", 1, 1, lint},
    {"show", "one FILE", 1, 1, show},
};

vch_status vch_attest_policy_run(struct vch_tool *tool)
{
    return vch_actions_run(tool, "attest policy", 1, VERBS, sizeof VERBS / sizeof *VERBS);
}
