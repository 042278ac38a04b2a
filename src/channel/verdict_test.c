// A verdict that comes from another process is taken in one encoding, about one question.
#include "channel/verdict.h"

#include <string.h>

#include "harness/test.h"

static struct vch_asker_answer answer;
static struct vch_asker_verdict verdict;
static uint8_t bytes[VCH_VERDICT_SIZE];

static void set_up(void)
{
    struct vch_binder block = {.mode = VCH_BINDER_CHANNEL,
                               .role = VCH_BINDER_CLIENT,
                               .kind = VCH_BINDER_SNP,
                               .nonce = {1},
                               .exporter = {2},
                               .own = {{3}},
                               .peer = {{4}},
                               .sealing_key = {5},
                               .node = {6},
                               .facts = {{7}},
                               .policy = {{8}}};

    answer = (struct vch_asker_answer){
        .request = {.nonce = {1}, .role = VCH_BINDER_CLIENT, .policy = {{8}}},
        .channel = {.exporter = {2}, .own = {{3}}, .peer = {{4}}, .node = {6}},
        .history = {.is_session = true, .asked_s = 77}};
    answer.request.accepts[VCH_BINDER_SNP] = true;
    verdict = (struct vch_asker_verdict){.is_accepted = true,
                                         .level = VCH_RULES_TEE,
                                         .word = VCH_RESULT_WARNING,
                                         .until_ms = 1234567890123,
                                         .digest = {{9}},
                                         .machine = {{14}},
                                         .history = {.has_quote = true,
                                                     .ak = {{10}},
                                                     .clock = {11, 12, 13, true},
                                                     .is_session = true,
                                                     .asked_s = 77},
                                         .operator_name = "us",
                                         .why = "a check: text",
                                         .is_bound = true,
                                         .warned_count = 2,
                                         .warned = {"a.check", "another.check"}};
    CHECK_OK(vch_binder_encode(verdict.binder, &block));
    vch_verdict_encode(bytes, &verdict);
}

static vch_status decode(struct vch_asker_verdict *out)
{
    return vch_verdict_decode(out, bytes, &answer);
}

TEST(verdict_comes_out_as_it_went_in)
{
    struct vch_asker_verdict out;
    uint8_t again[VCH_VERDICT_SIZE];

    set_up();
    CHECK_OK(decode(&out));
    vch_verdict_encode(again, &out);
    CHECK(memcmp(again, bytes, sizeof bytes) == 0);
    CHECK(out.is_accepted && !out.is_test && out.level == VCH_RULES_TEE);
    CHECK(out.history.has_quote && out.history.clock.is_safe && out.history.is_session);
    CHECK_EQ(out.history.asked_s, 77);
    CHECK_EQ(out.machine.bytes[0], 14);
    CHECK(strcmp(out.operator_name, "us") == 0);
}

// Whatever is changed in what the asker knows itself, the verdict is none.
TEST(verdict_on_another_question_is_none)
{
    struct vch_asker_verdict out;
    uint8_t *const fields[] = {answer.request.nonce,      answer.request.policy.bytes,
                               answer.channel.exporter,   answer.channel.own.bytes,
                               answer.channel.peer.bytes, answer.channel.node};

    FOR_EACH(field, fields)
    {
        set_up();
        (*field)[31] ^= 1;
        CHECK_FAILS(decode(&out), MALFORMED);
    }
    set_up();
    answer.request.role = VCH_BINDER_SERVER;
    CHECK_FAILS(decode(&out), MALFORMED);
    set_up();
    answer.request.accepts[VCH_BINDER_SNP] = false;
    CHECK_FAILS(decode(&out), MALFORMED);
}

TEST(verdict_that_accepts_what_is_contraindicated_is_none)
{
    struct vch_asker_verdict out;

    set_up();
    verdict.word = VCH_RESULT_CONTRAINDICATED;
    vch_verdict_encode(bytes, &verdict);
    CHECK_FAILS(decode(&out), MALFORMED);
    verdict.is_accepted = false;
    vch_verdict_encode(bytes, &verdict);
    CHECK_OK(decode(&out));
    CHECK(!out.is_accepted);
}

TEST(verdict_without_a_block_accepts_nothing)
{
    struct vch_asker_verdict out;

    set_up();
    memset(verdict.binder, 0, sizeof verdict.binder);
    vch_verdict_encode(bytes, &verdict);
    CHECK_FAILS(decode(&out), MALFORMED);
}

TEST(verdict_has_no_values_that_are_none)
{
    struct vch_asker_verdict out;

    for (size_t i = 0; i < 12; i++) { // flags, level, word
        set_up();
        bytes[i] ^= 0x80;
        CHECK_FAILS(decode(&out), MALFORMED);
    }
}

TEST(verdict_texts_end_and_can_be_shown)
{
    struct vch_asker_verdict out;

    set_up();
    memset(verdict.why, 'x', sizeof verdict.why);
    vch_verdict_encode(bytes, &verdict);
    CHECK_FAILS(decode(&out), MALFORMED);
    set_up();
    verdict.why[100] = 'x'; // a longer one was there before
    vch_verdict_encode(bytes, &verdict);
    CHECK_OK(decode(&out));
    CHECK(out.why[100] == '\0');
    bytes[VCH_VERDICT_SIZE - sizeof verdict.warned - 4 - 1] = 'x'; // behind its end
    CHECK_FAILS(decode(&out), MALFORMED);
    set_up();
    verdict.operator_name[0] = '\033';
    verdict.operator_name[1] = (char)0xc3;
    vch_verdict_encode(bytes, &verdict);
    CHECK_OK(decode(&out));
    CHECK(strcmp(out.operator_name, "??") == 0);
}

// An affirming verdict has no warnings, one that warns names them, each in its place.
TEST(verdict_names_what_was_only_warned_about)
{
    struct vch_asker_verdict out;

    set_up();
    CHECK_OK(decode(&out));
    CHECK(out.is_bound && out.warned_count == 2);
    CHECK(strcmp(out.warned[1], "another.check") == 0);
    verdict.word = VCH_RESULT_AFFIRMING;
    vch_verdict_encode(bytes, &verdict);
    CHECK_FAILS(decode(&out), MALFORMED);
    set_up();
    verdict.warned_count = 1; // and two names
    vch_verdict_encode(bytes, &verdict);
    CHECK_FAILS(decode(&out), MALFORMED);
    verdict.warned_count = 3; // of which one is missing
    vch_verdict_encode(bytes, &verdict);
    CHECK_FAILS(decode(&out), MALFORMED);
    verdict.warned_count = VCH_ASKER_WARNED_MAX + 1; // too many to name
    vch_verdict_encode(bytes, &verdict);
    CHECK_OK(decode(&out));
    verdict.warned_count = VCH_ASKER_WARNED_MAX + 2;
    vch_verdict_encode(bytes, &verdict);
    CHECK_FAILS(decode(&out), MALFORMED);
}
