#include "cli/attest_verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "attest/result.h"
#include "base/bytes.h"
#include "cli/attest_checks.h"
#include "cli/attest_record.h"
#include "cli/rules_file.h"
#include "cli/verify_attested.h"

#define X(name, text) text,
static const char *const ids[] = {VCH_RULES_IDS(X)};
#undef X

// Everything that one file is judged by.
struct question {
    struct vch_rules rules;
    struct vch_record record;
    struct vch_binder binder;
    struct vch_exchange_response response;
    struct vch_result_history history;
    int64_t time_s;
    bool is_class_asked;
    enum vch_rules_class what;
};

// Out of a file nobody has a connection any more, whatever a block says that it was bound to: where
// the reader knows the nonce's age, it is held to the rules' all the same.
static vch_status check_age(const struct question *question, struct vch_tool *tool)
{
    int64_t age_s = question->time_s - question->history.asked_s;
    uint32_t age_max_s = question->rules.freshness.registration_s;

    if (question->binder.mode != VCH_BINDER_CHANNEL) return VCH_OK; // result.age judges it
    if (age_max_s > 0 && age_s >= 0 && age_s <= age_max_s) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                        "the nonce was drawn %" PRId64 " s before, and the policy takes kept "
                        "evidence for %u s: collect it again, under a new one",
                        age_s, age_max_s);
}

// A reader who knows when the nonce was drawn knows which one.
static vch_status read_nonce(struct question *question, struct vch_tool *tool)
{
    const char *text = vch_options_text(tool->options, "nonce");
    uint8_t nonce[32];

    if (text == NULL && !vch_options_has(tool->options, "asked")) return VCH_OK;
    if (text == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--asked says when a nonce was drawn: give --nonce too");
    if (!vch_is_ok(vch_hex_decode(nonce, sizeof nonce, text)))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--nonce takes 64 hexadecimal digits, not \"%.70s\"", text);
    if (!vch_is_equal(nonce, question->binder.nonce, sizeof nonce))
        return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                            "the evidence answers another nonce than the one you drew");
    if (!vch_options_has(tool->options, "asked")) return VCH_OK;
    VCH_TRY(vch_rules_file_time(&question->history.asked_s, tool, "asked"));
    return check_age(question, tool);
}

static vch_status read_node(const struct question *question, struct vch_tool *tool)
{
    const char *text = vch_options_text(tool->options, "node");
    struct vch_public_key node;

    if (text == NULL) return VCH_OK;
    VCH_TRY(vch_tool_public_key(&node, tool, text));
    if (vch_is_equal(node.bytes, question->binder.node, sizeof node.bytes)) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                        "the evidence is of another node than the one you named");
}

static vch_status read_question(struct question *question, struct vch_tool *tool)
{
    const char *policy = NULL;

    VCH_TRY(vch_options_required(&policy, tool->options, "policy", &tool->complaint));
    question->is_class_asked = vch_options_has(tool->options, "class");
    VCH_TRY(vch_rules_file_class(&question->what, tool, "class"));
    VCH_TRY(vch_rules_file_time(&question->time_s, tool, "at"));
    VCH_TRY(vch_rules_file_load(&question->rules, tool, policy, "signer", question->time_s));
    VCH_TRY(vch_attest_record_read(&question->record, tool, tool->options->operands[1]));
    VCH_TRY(vch_binder_decode(&question->binder, question->record.binder, VCH_BINDER_SIZE,
                              &tool->complaint));
    VCH_TRY(vch_exchange_decode_response(&question->response, question->record.response,
                                         question->record.response_size, &tool->complaint));
    VCH_TRY(vch_attest_record_endorse(&question->response, tool));
    VCH_TRY(read_nonce(question, tool));
    return read_node(question, tool);
}

static bool is_allowed(const struct question *question, const struct vch_result *result,
                       enum vch_rules_class what)
{
    return vch_is_ok(vch_result_allows(result, &question->rules, what, question->time_s, NULL));
}

static void print_time(const char *label, int64_t time_s)
{
    time_t seconds = (time_t)time_s;
    struct tm fields;
    char text[32] = "";

    if (gmtime_r(&seconds, &fields) != NULL)
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields);
    printf("%s%s", label, text);
}

static void print_machine(const struct vch_result *result)
{
    char hex[2 * VCH_RESULT_HARDWARE_MAX + 1];

    if (result->hardware_size == 0) return;
    vch_hex_encode(hex, result->hardware, result->hardware_size);
    printf("machine %s%s %s", result->word == VCH_RESULT_CONTRAINDICATED ? "(not shown) " : "",
           ids[result->hardware_kind], hex);
    if (result->operator_name[0] != '\0')
        printf(", of %s at %s", result->operator_name, result->site);
    printf("\n");
}

static void print_verdict(const struct question *question, const struct vch_result *result)
{
    char hex[2 * 32 + 1];

    vch_hex_encode(hex, question->binder.node, 32);
    printf("node %s\nevidence %s, %s\n", hex, vch_binder_kind_name(result->kind),
           question->binder.mode == VCH_BINDER_CHANNEL
               ? "bound to one connection (that its nonce was fresh is the word of who kept it)"
               : "bound to no connection");
    vch_attest_checks_print(&result->appraisal);
    print_machine(result);
    if (result->word != VCH_RESULT_CONTRAINDICATED) // else nothing is shown of any level
        vch_verify_attested_print_level(result->level);
    for (enum vch_rules_class what = 0; what < VCH_RULES_CLASS_COUNT; what++)
        printf("%s%s: %s", what == 0 ? "" : ", ", vch_rules_class_name(what),
               is_allowed(question, result, what) ? "yes" : "no");
    printf("\n%s, at the level %s, by the policy \"%s\"%s", vch_result_word_text(result->word),
           vch_rules_level_name(result->level), question->rules.name,
           result->is_test ? " (a test, not production)" : "");
    if (result->word != VCH_RESULT_CONTRAINDICATED) print_time(", until ", result->until_s);
    printf("\n");
}

static json_t *json_machine(const struct vch_result *result)
{
    if (result->hardware_size == 0) return json_null();
    return json_pack("{s:s, s:o, s:s, s:s}", "kind", ids[result->hardware_kind], "id",
                     vch_tool_json_hex(result->hardware, result->hardware_size), "operator",
                     result->operator_name, "site", result->site);
}

static vch_status print_json(const struct question *question, const struct vch_result *result)
{
    json_t *classes = json_object();

    for (enum vch_rules_class what = 0; what < VCH_RULES_CLASS_COUNT; what++)
        json_object_set_new(classes, vch_rules_class_name(what),
                            json_boolean(is_allowed(question, result, what)));
    return vch_tool_print_json(json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:I, s:o, s:o, s:o, s:o, s:o}", "word",
        vch_result_word_text(result->word), "mode",
        question->binder.mode == VCH_BINDER_CHANNEL ? "channel" : "registration", "level",
        vch_rules_level_name(result->level), "kind", vch_binder_kind_name(result->kind), "test",
        (int)result->is_test, "until", (json_int_t)result->until_s, "node",
        vch_tool_json_hex(question->binder.node, 32), "digest",
        vch_tool_json_hex(result->digest.bytes, VCH_DIGEST_SIZE), "classes", classes, "machine",
        json_machine(result), "checks", vch_attest_checks_json(&result->appraisal)));
}

vch_status vch_attest_verify_run(struct vch_tool *tool)
{
    static struct question question;
    static struct vch_result result;

    VCH_TRY(read_question(&question, tool));
    vch_status status =
        vch_result_judge(&result, &question.response, question.record.binder, &question.rules,
                         &question.history, question.time_s, &tool->arena, &tool->complaint);
    if (status.code == VCH_CODE_NO_MEMORY) return status;
    if (vch_options_has(tool->options, "json"))
        VCH_TRY(print_json(&question, &result));
    else
        print_verdict(&question, &result);
    if (vch_is_ok(status) && question.is_class_asked)
        return vch_result_allows(&result, &question.rules, question.what, question.time_s,
                                 &tool->complaint);
    return status;
}
