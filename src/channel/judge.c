#include "channel/judge.h"

#include <stdio.h>
#include <string.h>

// A verdict, and the response decoded beside it.
enum { MEMORY_MAX = VCH_RESULT_ARENA_SIZE + (1 << 20) };

static void judge_now(void *context, struct vch_asker *asker)
{
    struct vch_asker_verdict verdict;

    vch_judge_answer(&verdict, context, &asker->answer);
    vch_asker_conclude(asker, &verdict);
}

vch_status vch_judge_policy(struct vch_asker_policy *out, struct vch_judge *judge,
                            struct vch_complaint *complaint)
{
    const struct vch_rules *rules = judge->rules;

    *out = (struct vch_asker_policy){.digest = rules->id,
                                     .answer_ms = rules->freshness.nonce_s * 1000,
                                     .again_ms = rules->freshness.reattest_s * 1000,
                                     .judge = judge_now,
                                     .context = judge};
    // An asker takes zeroes for its own limits, and they are wider than none.
    if (out->answer_ms == 0 || out->again_ms == 0)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the rules \"%.60s\" leave no time for evidence on a connection: "
                            "nonce_s and reattest_s are 1 at least",
                            rules->name);
    if (vch_rules_kinds(out->accepts, rules, judge->what)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the rules \"%.60s\" let nobody have %s: no level is listed for that, or "
                        "no section says what evidence of it has to show",
                        rules->name, vch_rules_class_name(judge->what));
}

static vch_status make_block(struct vch_asker_verdict *out, const struct vch_asker_answer *answer,
                             const struct vch_exchange_response *response, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    struct vch_appraisal *appraisal = VCH_ARENA_NEW(arena, struct vch_appraisal, 1);

    if (appraisal == NULL) return VCH_FAIL(NO_MEMORY);
    vch_appraisal_init(appraisal);
    if (vch_exchange_bind(out->binder, appraisal, &answer->request, response, &answer->channel))
        return VCH_OK;
    const struct vch_appraisal_check *last = &appraisal->checks[appraisal->count - 1];
    return vch_complain(complaint, VCH_CODE_REFUSED, "%s: %s", last->name, last->text);
}

static void take_checks(struct vch_asker_verdict *out, const struct vch_appraisal *appraisal)
{
    const struct vch_appraisal_check *binding = vch_appraisal_find(appraisal, "binding.evidence");

    out->is_bound = binding != NULL && binding->result == VCH_APPRAISAL_PASSED;
    for (uint32_t i = 0; i < appraisal->count; i++) {
        const struct vch_appraisal_check *check = &appraisal->checks[i];
        if (check->result != VCH_APPRAISAL_WARNED) continue;
        bool has_room =
            out->warned_count < VCH_ASKER_WARNED_MAX && strlen(check->name) < sizeof out->warned[0];
        if (!has_room) {
            out->warned_count = VCH_ASKER_WARNED_MAX + 1;
            return;
        }
        (void)snprintf(out->warned[out->warned_count++], sizeof out->warned[0], "%s", check->name);
    }
}

static void take_result(struct vch_asker_verdict *out, const struct vch_result *result)
{
    const struct vch_appraisal_check *reason = vch_result_reason(result);

    take_checks(out, &result->appraisal);
    out->level = result->level;
    out->word = result->word;
    out->is_test = result->is_test;
    out->until_ms = result->until_s < 0 ? 0 : (uint64_t)result->until_s * 1000;
    out->digest = result->digest;
    out->machine = vch_result_machine(result);
    out->history = result->history;
    memcpy(out->operator_name, result->operator_name, sizeof out->operator_name);
    if (reason != NULL)
        (void)snprintf(out->why, sizeof out->why, "%s: %s", reason->name, reason->text);
}

static vch_status decide(struct vch_asker_verdict *out, const struct vch_judge *judge,
                         const struct vch_asker_answer *answer, struct vch_arena *arena,
                         struct vch_complaint *complaint)
{
    struct vch_exchange_response *response = VCH_ARENA_NEW(arena, struct vch_exchange_response, 1);
    struct vch_result *result = VCH_ARENA_NEW(arena, struct vch_result, 1);
    struct vch_result_history history = answer->history;
    const int64_t time_s = (int64_t)(answer->time_ms / 1000);

    if (response == NULL || result == NULL) return VCH_FAIL(NO_MEMORY);
    history.asked_s = (int64_t)(answer->asked_ms / 1000);
    VCH_TRY(vch_exchange_decode_response(response, answer->bytes, answer->size, complaint));
    VCH_TRY(make_block(out, answer, response, arena, complaint));
    VCH_TRY(vch_result_judge(result, response, out->binder, judge->rules, &history, time_s, arena,
                             complaint));
    take_result(out, result);
    return vch_result_allows(result, judge->rules, judge->what, time_s, complaint);
}

void vch_judge_answer(struct vch_asker_verdict *out, const struct vch_judge *judge,
                      const struct vch_asker_answer *answer)
{
    struct vch_complaint complaint = {""};
    struct vch_arena arena;

    *out = (struct vch_asker_verdict){0};
    vch_arena_init(&arena, MEMORY_MAX);
    vch_status status = decide(out, judge, answer, &arena, &complaint);
    vch_arena_release(&arena);
    out->is_accepted = vch_is_ok(status);
    if (out->is_accepted) return;
    (void)snprintf(out->why, sizeof out->why, "%.*s", VCH_ASKER_WHY_SIZE - 1,
                   complaint.text[0] != '\0' ? complaint.text : vch_code_text(status.code));
}
