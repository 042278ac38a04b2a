// What a node says of itself: what that is worth, and what rules ask of it.
#include "attest/result.h"

#include <string.h>

#include "harness/results.h"

static struct results scene;

static void start(void)
{
    results_init(&scene, VCH_BINDER_NONE);
    results_answer(&scene);
}

TEST(statement_alone_is_a_warning_at_its_own_level)
{
    start();
    CHECK_OK(results_judge(&scene));
    CHECK(scene.result.word == VCH_RESULT_WARNING && scene.result.level == VCH_RULES_SANDBOX);
    CHECK(scene.result.facts.confinement == scene.facts.confinement);
    CHECK(scene.result.hardware_size == 0 && !scene.result.is_test);
    CHECK(strcmp(vch_result_reason(&scene.result)->name, "result.evidence") == 0);
    CHECK_OK(vch_result_allows(&scene.result, &scene.rules, VCH_RULES_OPEN_WEIGHTS, scene.time_s,
                               &scene.complaint));
    CHECK_FAILS(vch_result_allows(&scene.result, &scene.rules, VCH_RULES_PROMPTS, scene.time_s,
                                  &scene.complaint),
                REFUSED);
    results_release(&scene);
}

TEST(statement_that_the_policy_does_not_list_is_refused)
{
    start();
    scene.rules.facts.build_count = 0;
    results_check_refused(&scene, "result.build");
    scene.rules.facts.is_any_build = true;
    CHECK_OK(results_judge(&scene));
    scene.rules.facts.models = &scene.facts.build;
    results_check_refused(&scene, "result.model");
    scene.rules.facts.models = &scene.facts.model;
    scene.rules.facts.policy_count = 0;
    results_check_refused(&scene, "result.enforces");
    scene.rules.facts.is_any_policy = true;
    scene.rules.facts.confinement = VCH_FACTS_KEYS_APART;
    results_check_refused(&scene, "result.confinement");
    CHECK(strstr(scene.complaint.text, "a key process") != NULL);
    results_release(&scene);
}

// However little rules ask of it, and whatever the block says.
TEST(statement_that_cannot_be_read_is_refused)
{
    start();
    struct vch_rules_facts *rules = &scene.rules.facts;
    *rules =
        (struct vch_rules_facts){.is_any_build = true, .is_any_model = true, .is_any_policy = true};
    CHECK_OK(results_judge(&scene));
    scene.response.statement_size--;
    scene.block.facts = vch_hash_bytes(scene.response.statement, scene.response.statement_size);
    CHECK_OK(vch_binder_encode(scene.bytes, &scene.block));
    results_check_refused(&scene, "result.statement");
    results_release(&scene);
}
