// Rules, out of a signed file, over a live connection: a node's word where that does, and where it
// does not.
#include "channel/judge.h"

#include <stdio.h>

#include "harness/channels.h"

enum { TIME_S = 1790000000 };

static const char RULES[] =
    "{\"version\":1,\"name\":\"test\",\"environment\":\"test\","
    "\"not_after\":\"2040-01-31T00:00:00Z\","
    "\"levels\":{\"prompts\":[\"%s\"],\"weights:open\":[\"sandbox\"],\"weights:private\":[]},"
    "\"facts\":{\"builds\":\"any\",\"models\":\"any\",\"policies\":\"any\",\"confinement\":[%s]},"
    "\"hardware\":{\"registry\":\"none\"},"
    "\"freshness\":{\"nonce_s\":60,\"reattest_s\":600,\"result_s\":3600}}";

struct bench {
    struct vch_arena arena;
    struct vch_rules rules;
    struct vch_judge judge;
    struct channels *scene;
    struct channels_pair pair;
};

static void load_rules(struct bench *bench, const char *level, const char *confinement)
{
    const uint8_t seed[VCH_SIGN_SEED_SIZE] = {3};
    struct vch_secret_key signer;
    char policy[1024], *file = NULL;
    size_t size = 0;

    vch_arena_init(&bench->arena, VCH_RULES_ARENA_SIZE);
    vch_sign_key(&signer, seed);
    const int length = snprintf(policy, sizeof policy, RULES, level, confinement);
    CHECK_OK(vch_rules_sign(&file, &size, policy, (size_t)length, &signer, &bench->arena, NULL));
    const struct vch_rules_trust trust = {&signer.public_key, 1, TIME_S};
    CHECK_OK(vch_rules_decode(&bench->rules, file, size, &trust, &bench->arena, NULL));
}

static void set_up(struct bench *bench, enum vch_rules_class what, const char *level,
                   const char *confinement)
{
    load_rules(bench, level, confinement);
    bench->judge = (struct vch_judge){&bench->rules, what};
    bench->scene = channels_new();
    CHECK_OK(vch_judge_policy(&bench->scene->policy, &bench->judge, NULL));
    bench->scene->asks[CHANNELS_CLIENT] = true;
    channels_attest(bench->scene, CHANNELS_SERVER, VCH_BINDER_NONE);
    channels_connect(bench->scene, &bench->pair);
}

static const struct vch_channel *ask(struct bench *bench)
{
    struct vch_channel *channel = &bench->pair.ends[CHANNELS_CLIENT].channel;
    const char *why = NULL;

    vch_channel_begin(channel, vch_transport_now());
    while (vch_channel_trouble(channel, &why) == VCH_CODE_NONE &&
           !vch_channel_is_open(channel, vch_transport_now()))
        channels_turn(bench->scene);
    return channel;
}

static void tear_down(struct bench *bench)
{
    channels_disconnect(&bench->pair);
    channels_free(bench->scene);
    vch_arena_release(&bench->arena);
}

TEST(judge_takes_a_nodes_word_where_the_rules_do_and_says_that_it_is_no_more)
{
    struct bench bench;

    set_up(&bench, VCH_RULES_PROMPTS, "sandbox", "");
    const struct vch_channel *channel = ask(&bench);
    const struct vch_asker_verdict *verdict = &channel->asker.kept.verdict;
    CHECK(vch_channel_is_open(channel, vch_transport_now()));
    CHECK_EQ(verdict->level, VCH_RULES_SANDBOX);
    CHECK_EQ(verdict->word, VCH_RESULT_WARNING);
    CHECK(verdict->why[0] != '\0');
    CHECK(!vch_is_zero(verdict->digest.bytes, VCH_DIGEST_SIZE));
    CHECK_EQ(bench.scene->policy.again_ms, 600000);
    tear_down(&bench);
}

TEST(judge_refuses_a_statement_that_the_rules_ask_more_of)
{
    struct bench bench;
    const char *why = NULL;

    set_up(&bench, VCH_RULES_PROMPTS, "sandbox", "\"seccomp\"");
    const struct vch_channel *channel = ask(&bench);
    CHECK_EQ(vch_channel_trouble(channel, &why), VCH_CODE_REFUSED);
    CHECK(strstr(why, "result.confinement") != NULL);
    tear_down(&bench);
}

TEST(judge_asks_nobody_for_what_nobody_may_have)
{
    struct bench bench = {0};
    struct vch_asker_policy policy;
    struct vch_complaint complaint = {""};

    load_rules(&bench, "tee", ""); // and no section says what evidence of one has to show
    bench.judge = (struct vch_judge){&bench.rules, VCH_RULES_PROMPTS};
    CHECK_FAILS(vch_judge_policy(&policy, &bench.judge, &complaint), REFUSED);
    CHECK(strstr(complaint.text, "prompts") != NULL);
    bench.judge.what = VCH_RULES_PRIVATE_WEIGHTS;
    CHECK_FAILS(vch_judge_policy(&policy, &bench.judge, NULL), REFUSED);
    bench.judge.what = VCH_RULES_OPEN_WEIGHTS;
    CHECK_OK(vch_judge_policy(&policy, &bench.judge, NULL));
    vch_arena_release(&bench.arena);
}

// Zeroes are the narrowest that rules can say, and not the widest.
TEST(judge_takes_no_time_for_no_time)
{
    struct bench bench = {0};
    struct vch_asker_policy policy;
    struct vch_complaint complaint = {""};

    load_rules(&bench, "sandbox", "");
    bench.judge = (struct vch_judge){&bench.rules, VCH_RULES_PROMPTS};
    CHECK_OK(vch_judge_policy(&policy, &bench.judge, NULL));
    bench.rules.freshness.reattest_s = 0;
    CHECK_FAILS(vch_judge_policy(&policy, &bench.judge, &complaint), REFUSED);
    CHECK(strstr(complaint.text, "reattest_s") != NULL);
    bench.rules.freshness.reattest_s = 600;
    bench.rules.freshness.nonce_s = 0;
    CHECK_FAILS(vch_judge_policy(&policy, &bench.judge, NULL), REFUSED);
    vch_arena_release(&bench.arena);
}

// What is judged is what came: the answer, changed in each of its bytes, is never taken as it is.
TEST(judge_takes_no_answer_that_was_changed)
{
    struct vch_asker_verdict verdict;
    struct bench bench;
    uint32_t accepted = 0;

    set_up(&bench, VCH_RULES_PROMPTS, "sandbox", "");
    const struct vch_asker_kept *kept = &ask(&bench)->asker.kept;
    struct vch_asker_answer answer = bench.pair.ends[CHANNELS_CLIENT].channel.asker.answer;
    uint8_t *bytes = calloc(1, kept->size);
    CHECK(bytes != NULL);
    answer.bytes = bytes;
    for (size_t i = 0; i <= kept->size; i++) {
        memcpy(bytes, kept->bytes, kept->size);
        if (i < kept->size) bytes[i] ^= (uint8_t)(1 + test_below(255));
        answer.size = kept->size;
        vch_judge_answer(&verdict, &bench.judge, &answer);
        // A statement without evidence may say anything: then its block is another one.
        if (!verdict.is_accepted) CHECK(verdict.why[0] != '\0');
        if (memcmp(verdict.binder, kept->verdict.binder, VCH_BINDER_SIZE) == 0)
            accepted += verdict.is_accepted;
        answer.size = i;
        if (i < kept->size) vch_judge_answer(&verdict, &bench.judge, &answer);
        if (i < kept->size) CHECK(!verdict.is_accepted);
    }
    CHECK_EQ(accepted, 1);
    free(bytes);
    tear_down(&bench);
}
