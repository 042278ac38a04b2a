#include "cli/verify_attested.h"

#include <stdio.h>
#include <string.h>

#include "attest/levels.h"
#include "base/bytes.h"
#include "cli/rules_file.h"

static const char *const verdicts[] = {
    [VCH_ATTESTED_STATEMENT] = "its own word",
    [VCH_ATTESTED_UNJUDGED] = "not judged",
    [VCH_ATTESTED_REFUSED] = "refused",
    [VCH_ATTESTED_SHOWN] = "shown",
    [VCH_ATTESTED_LIE] = "FALSE",
};

vch_status vch_verify_attested_load(const struct vch_rules **rules, struct vch_tool *tool,
                                    const struct vch_policy *policy, int64_t time_s)
{
    static const char *const policies[] = {"attest-policy", NULL};
    static const char *const with_policy[] = {"attest-signer", "attest-class", "crl"};
    static struct vch_rules loaded;
    struct vch_public_key signers[VCH_VERIFY_KEYS_MAX + VCH_RULES_FILE_SIGNERS_MAX];
    struct vch_rules_trust trust = {signers, policy->attest_signer_count, time_s};
    const char *path = vch_options_text(tool->options, "attest-policy"), *text = NULL;

    for (size_t i = 0; i < sizeof with_policy / sizeof *with_policy; i++)
        VCH_TRY(vch_options_only_with(tool->options, with_policy[i], policies, &tool->complaint));
    if (path == NULL) return VCH_OK;
    memcpy(signers, policy->attest_signers, trust.signer_count * sizeof *signers);
    for (uint32_t i = 0; (text = vch_options_nth(tool->options, "attest-signer", i)) != NULL; i++) {
        if (i == VCH_RULES_FILE_SIGNERS_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_LIMIT,
                                "more than %u keys for --attest-signer",
                                VCH_RULES_FILE_SIGNERS_MAX);
        VCH_TRY(vch_tool_public_key(&signers[trust.signer_count++], tool, text));
    }
    if (trust.signer_count == 0)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "a policy for evidence counts by who signed it: name the key with "
                            "--attest-signer, or in --policy by a line `attest-signer KEY`");
    VCH_TRY(vch_rules_file_read(&loaded, tool, path, &trust));
    VCH_TRY(vch_rules_file_crls(&loaded, tool, time_s));
    *rules = &loaded;
    return VCH_OK;
}

static void print_node(const struct vch_attested_node *node)
{
    char hex[2 * VCH_SIGN_PUBLIC_SIZE + 1];

    vch_hex_encode(hex, node->node.bytes, VCH_SIGN_PUBLIC_SIZE);
    printf("  node %s %s: %s", hex, vch_rules_level_name(node->level), verdicts[node->verdict]);
    if (node->passed + node->warned + node->failed > 0)
        printf(", %s (%u checks passed, %u warned, %u failed)", vch_result_word_text(node->word),
               node->passed, node->warned, node->failed);
    if (node->operator_name[0] != '\0') printf(", machine of %s", node->operator_name);
    printf("%s%s\n", node->why[0] != '\0' ? "; " : "", node->why);
}

void vch_verify_attested_print_level(enum vch_rules_level level)
{
    size_t count = 0;
    const struct vch_levels_reader *readers = vch_levels_readers(&count);

    printf("%s shows %s. Who may read what is private there:\n", vch_rules_level_name(level),
           vch_levels_meaning(level));
    for (size_t i = 0; i < count; i++)
        printf("  %-58s %s\n", readers[i].who, readers[i].answers[level]);
}

// What is false, refused or not judged shows nothing of the level that it claims.
static bool shows(enum vch_attested_verdict verdict)
{
    return verdict == VCH_ATTESTED_SHOWN || verdict == VCH_ATTESTED_STATEMENT;
}

void vch_verify_attested_print(const struct vch_verify_report *report)
{
    bool occurs[VCH_RULES_LEVEL_COUNT] = {false};

    for (uint32_t i = 0; i < report->attested_count; i++) {
        print_node(&report->attested[i]);
        if (shows(report->attested[i].verdict)) occurs[report->attested[i].level] = true;
    }
    for (enum vch_rules_level level = VCH_RULES_LEVEL_COUNT; level-- > 0;)
        if (occurs[level]) vch_verify_attested_print_level(level);
}

json_t *vch_verify_attested_json(const struct vch_verify_report *report)
{
    json_t *nodes = json_array();

    for (uint32_t i = 0; i < report->attested_count; i++) {
        const struct vch_attested_node *node = &report->attested[i];
        bool is_judged = node->passed + node->warned + node->failed > 0;
        json_array_append_new(
            nodes, json_pack("{s:o, s:s, s:s, s:s?, s:b, s:i, s:i, s:i, s:s, s:s}", "node",
                             vch_tool_json_hex(node->node.bytes, VCH_SIGN_PUBLIC_SIZE), "level",
                             vch_rules_level_name(node->level), "verdict", verdicts[node->verdict],
                             "word", is_judged ? vch_result_word_text(node->word) : NULL, "test",
                             (int)node->is_test, "passed", (int)node->passed, "warned",
                             (int)node->warned, "failed", (int)node->failed, "operator",
                             node->operator_name, "reason", node->why));
    }
    return nodes;
}
