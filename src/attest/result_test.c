// Verdicts over quotes, and ends that lie about what they are.
#include "attest/result.h"

#include <string.h>

#include "harness/results.h"

static struct results scene;

static void start(enum vch_binder_kind kind)
{
    results_init(&scene, kind);
    results_answer(&scene);
}

TEST(block_of_another_response_or_policy_is_refused)
{
    start(VCH_BINDER_NONE);
    scene.response.sealing_key[0] ^= 1;
    results_check_refused(&scene, "result.block");
    scene.response.sealing_key[0] ^= 1;
    scene.statement[30] ^= 1;
    results_check_refused(&scene, "result.block");
    scene.statement[30] ^= 1;
    CHECK_OK(results_judge(&scene));
    scene.rules.id.bytes[0] ^= 1;
    results_check_refused(&scene, "result.policy");
    results_release(&scene);
}

TEST(rules_that_are_over_take_nothing)
{
    start(VCH_BINDER_TPM);
    scene.time_s = scene.rules.until_s;
    CHECK_OK(results_judge(&scene));
    CHECK(scene.result.until_s == scene.rules.until_s);
    scene.time_s++;
    results_check_refused(&scene, "result.rules");
    results_release(&scene);
}

TEST(quote_of_an_enrolled_key_over_the_block_is_affirmed)
{
    start(VCH_BINDER_TPM);
    CHECK_OK(results_judge(&scene));
    CHECK(scene.result.word == VCH_RESULT_AFFIRMING && scene.result.level == VCH_RULES_TPM);
    CHECK(vch_result_reason(&scene.result) == NULL);
    CHECK(scene.result.until_s == scene.time_s + 3600);
    CHECK(scene.result.hardware_kind == VCH_RULES_ID_AK && scene.result.hardware_size == 34);
    CHECK(memcmp(scene.result.hardware, scene.ak.name, 34) == 0);
    CHECK(scene.result.history.has_quote && scene.result.history.clock.reset_count == 1);
    CHECK_OK(vch_result_allows(&scene.result, &scene.rules, VCH_RULES_PROMPTS, scene.time_s + 3600,
                               &scene.complaint));
    CHECK_FAILS(vch_result_allows(&scene.result, &scene.rules, VCH_RULES_PROMPTS,
                                  scene.time_s + 3601, &scene.complaint),
                REFUSED);
    CHECK_FAILS(vch_result_allows(&scene.result, &scene.rules, VCH_RULES_PRIVATE_WEIGHTS,
                                  scene.time_s, &scene.complaint),
                REFUSED);
    results_release(&scene);
}

// Every part of the block is part of what the TPM signed: the verifier's own block decides.
TEST(quote_over_a_block_that_differs_anywhere_is_refused)
{
    start(VCH_BINDER_TPM);
    const struct vch_binder honest = scene.block;
    uint8_t *fields[] = {scene.block.nonce, scene.block.exporter, scene.block.own.bytes,
                         scene.block.peer.bytes, scene.block.node};

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        fields[i][test_below(32)] ^= 1;
        CHECK_OK(vch_binder_encode(scene.bytes, &scene.block));
        results_check_refused(&scene, "tpm.nonce");
        CHECK(vch_appraisal_find(&scene.result.appraisal, "binding.evidence")->result ==
              VCH_APPRAISAL_FAILED);
        scene.block = honest;
    }
    scene.block.role = VCH_BINDER_CLIENT; // its own evidence, come back
    CHECK_OK(vch_binder_encode(scene.bytes, &scene.block));
    results_check_refused(&scene, "binding.evidence");
    results_release(&scene);
}

TEST(quote_of_a_key_that_nobody_enrolled_is_refused)
{
    start(VCH_BINDER_TPM);
    scene.key.name[5] ^= 1;
    results_check_refused(&scene, "tpm.ak.enrolled");
    scene.key.name[5] ^= 1;
    scene.rules.tpm.aks = VCH_RULES_AK_IN_TEE;
    results_check_refused(&scene, "tpm.ak.enrolled");
    scene.rules.tpm.aks = VCH_RULES_AK_ENROLLED;
    scene.rules.tpm.places = 1u << VCH_RULES_TPM_FIRMWARE;
    results_check_refused(&scene, "tpm.place");
    scene.rules.has_tpm = false;
    results_check_refused(&scene, "result.section");
    results_release(&scene);
}

TEST(tpm_in_software_is_said_to_be_a_test)
{
    start(VCH_BINDER_TPM);
    scene.key.place = VCH_RULES_TPM_SOFTWARE;
    scene.rules.tpm.places = 1u << VCH_RULES_TPM_SOFTWARE;
    CHECK_OK(results_judge(&scene));
    CHECK(scene.result.is_test && scene.result.word == VCH_RESULT_WARNING);
    CHECK(strcmp(vch_result_reason(&scene.result)->name, "result.anchors") == 0);
    results_release(&scene);
}

TEST(key_that_signs_what_it_is_given_is_refused_though_it_is_enrolled)
{
    start(VCH_BINDER_TPM);
    scene.public[5] = 4; // of the attributes: restricted is bit 16
    CHECK_OK(vch_tpm_public_decode(&scene.ak, scene.public, RESULTS_PUBLIC_SIZE, NULL));
    memcpy(scene.key.name, scene.ak.name, sizeof scene.key.name);
    results_check_refused(&scene, "tpm.ak.restricted");
    results_release(&scene);
}

TEST(other_pcrs_than_the_policy_has_are_refused)
{
    start(VCH_BINDER_TPM);
    struct vch_digest other = {{9}};
    scene.pcr_rules[1].allowed = &other;
    results_check_refused(&scene, "tpm.pcr.value");
    scene.rules.tpm.needs_log = true;
    results_check_refused(&scene, "tpm.log");
    scene.rules.tpm.pcrs = 0;
    results_check_refused(&scene, "tpm.selection");
    results_release(&scene);
}

// Where nothing but the log is wrong: whatever keeps it from being judged has failed.
TEST(boot_logs_that_cannot_be_judged_are_refused)
{
    static const struct vch_eventlog_rule events[VCH_EVENTLOG_RULES_MAX + 1];
    static const uint8_t no_log[200];

    start(VCH_BINDER_TPM);
    struct vch_rules_tpm *tpm = &scene.rules.tpm;
    scene.response.evidence.items[scene.response.evidence.count++] =
        results_item("eventlog", no_log, sizeof no_log, VCH_CMW_EVIDENCE);
    CHECK_OK(results_judge(&scene)); // nobody asks for it
    tpm->needs_log = true;
    tpm->log_pcrs = 1u << 4;
    results_check_refused(&scene, "eventlog.form");
    tpm->events = events; // more than rules may have, and than are looked for
    tpm->event_count = VCH_EVENTLOG_RULES_MAX + 1;
    results_check_refused(&scene, "eventlog.form");
    results_release(&scene);
}

// One node quotes for verifiers with different rules.
TEST(quote_may_cover_more_pcrs_than_the_policy_names_and_none_less)
{
    start(VCH_BINDER_TPM);
    uint32_t quoted = scene.rules.tpm.pcrs;
    scene.rules.tpm.pcrs = 1u << 4;
    scene.rules.tpm.pcr_rules = &scene.pcr_rules[1];
    scene.rules.tpm.pcr_rule_count = 1;
    CHECK_OK(results_judge(&scene));
    scene.rules.tpm.pcrs = quoted | 1u << 11;
    results_check_refused(&scene, "tpm.selection");
    results_release(&scene);
}

TEST(session_keeps_to_one_boot_and_one_key)
{
    start(VCH_BINDER_TPM);
    CHECK_OK(results_judge(&scene));
    scene.history = scene.result.history;
    scene.history.is_session = true;
    CHECK_OK(results_judge(&scene));
    results_quote(&scene, 2); // the machine was reset in between
    results_check_refused(&scene, "tpm.session");
    scene.history.is_session = false;
    CHECK_OK(results_judge(&scene));
    scene.history = scene.result.history;
    results_quote(&scene, 1); // and the TPM set back
    results_check_refused(&scene, "tpm.history");
    scene.history.ak.bytes[0] ^= 1;
    CHECK_OK(results_judge(&scene)); // what another key said is no history of this one
    scene.history.is_session = true;
    results_check_refused(&scene, "tpm.session.key");
    results_release(&scene);
}

TEST(evidence_without_a_connection_has_to_be_of_a_young_nonce)
{
    start(VCH_BINDER_TPM);
    scene.block.mode = VCH_BINDER_REGISTRATION;
    memset(scene.block.exporter, 0, sizeof scene.block.exporter);
    results_answer(&scene);
    results_check_refused(&scene, "result.age");
    scene.history.asked_s = scene.time_s - 300;
    CHECK_OK(results_judge(&scene));
    CHECK(scene.result.until_s == scene.time_s);
    scene.history.asked_s--;
    results_check_refused(&scene, "result.age");
    scene.history.asked_s = scene.time_s + 1;
    results_check_refused(&scene, "result.age");
    scene.rules.freshness.registration_s = 0; // none is taken, and so not in the same second
    scene.history.asked_s = scene.time_s;
    results_check_refused(&scene, "result.age");
    results_release(&scene);
}

TEST(items_that_are_missing_or_that_no_check_looks_at_are_refused)
{
    start(VCH_BINDER_TPM);
    struct vch_cmw *evidence = &scene.response.evidence;
    struct vch_cmw_item last = evidence->items[3];

    evidence->items[4] = results_item("report", "x", 1, VCH_CMW_EVIDENCE);
    evidence->count = 5;
    results_check_refused(&scene, "result.items");
    evidence->count = 3;
    CHECK_FAILS(results_judge(&scene), TRUNCATED);
    results_check_refused(&scene, "result.evidence");
    evidence->items[2] = last;
    CHECK_FAILS(results_judge(&scene), MALFORMED);
    results_release(&scene);
}

TEST(machine_that_is_not_listed_is_refused_where_the_policy_asks)
{
    start(VCH_BINDER_TPM);
    scene.rules.needs_machine = true;
    results_check_refused(&scene, "result.machine");
    scene.machine = (struct vch_rules_machine){VCH_RULES_ID_AK, scene.ak.name, 34, "Clinic", "Ulm"};
    scene.rules.machines = &scene.machine;
    scene.rules.machine_count = 1;
    CHECK_OK(results_judge(&scene));
    CHECK(strcmp(scene.result.operator_name, "Clinic") == 0);
    CHECK(strcmp(scene.result.site, "Ulm") == 0);
    results_release(&scene);
}

TEST(evidence_of_a_kind_is_not_taken_for_another)
{
    start(VCH_BINDER_TPM);
    scene.rules.has_snp = scene.rules.has_tdx = true;
    for (enum vch_binder_kind kind = VCH_BINDER_SNP; kind < VCH_BINDER_KIND_END; kind++) {
        if (kind == VCH_BINDER_TPM || kind == VCH_BINDER_NONE) continue;
        scene.response.kind = kind;
        results_block(&scene);
        CHECK(!vch_is_ok(results_judge(&scene)));
        CHECK(scene.result.word == VCH_RESULT_CONTRAINDICATED);
    }
    results_release(&scene);
}

TEST(verdicts_have_the_same_digest_exactly_where_they_are_the_same)
{
    start(VCH_BINDER_TPM);
    CHECK_OK(results_judge(&scene));
    struct vch_digest digest = scene.result.digest;
    CHECK_OK(results_judge(&scene));
    CHECK(vch_hash_is_equal(&digest, &scene.result.digest));
    scene.time_s++;
    CHECK_OK(results_judge(&scene));
    CHECK(!vch_hash_is_equal(&digest, &scene.result.digest));
    results_release(&scene);
}

TEST(result_words_are_those_of_the_page)
{
    CHECK(strcmp(vch_result_word_text(VCH_RESULT_AFFIRMING), "affirming") == 0);
    CHECK(strcmp(vch_result_word_text(VCH_RESULT_WARNING), "warning") == 0);
    CHECK(strcmp(vch_result_word_text(VCH_RESULT_CONTRAINDICATED), "contraindicated") == 0);
}
