// When a verdict holds, when another is asked for, and what comes too late. No connection is here,
// and time stands still unless told otherwise.
#include "channel/asker.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"
#include "message/message.h"

enum { AGAIN_MS = 600000, ANSWER_MS = 60000 };

struct scene {
    struct vch_asker asker;
    struct vch_asker_policy policy;
    struct vch_transport_time now;
    uint32_t sent, judged, forgotten, changed;
    uint8_t nonces[4][32]; // of the requests
    bool is_broken, waits; // the connection takes nothing; the judge takes its time
    bool refuses;
    uint64_t until_ms;
};

static vch_status take(void *context, const Vouch__Frame *frame)
{
    struct scene *scene = context;
    struct vch_exchange_request request;

    if (scene->is_broken) return VCH_FAIL(UNAVAILABLE);
    CHECK_EQ(frame->body_case, VOUCH__FRAME__BODY_ATTEST_REQUEST);
    CHECK_OK(vch_exchange_decode_request(&request, frame->attest_request->request.data,
                                         frame->attest_request->request.len, NULL));
    CHECK(scene->sent < 4);
    memcpy(scene->nonces[scene->sent++], request.nonce, sizeof request.nonce);
    return VCH_OK;
}

static vch_status tie(void *context, struct vch_transport_ties *out, const uint8_t nonce[static 32])
{
    (void)context;
    *out = (struct vch_transport_ties){.own = {{1}}, .peer = {{2}}};
    memcpy(out->exporter, nonce, sizeof out->exporter);
    return VCH_OK;
}

static void conclude(struct scene *scene)
{
    const struct vch_asker_verdict verdict = {.is_accepted = !scene->refuses,
                                              .until_ms = scene->until_ms,
                                              .history = {.clock = {.reset_count = 7}},
                                              .why = "a check: text"};

    vch_asker_conclude(&scene->asker, &verdict);
}

static void judge(void *context, struct vch_asker *asker)
{
    struct scene *scene = context;

    CHECK(asker == &scene->asker);
    scene->judged++;
    if (!scene->waits) conclude(scene);
}

static void forget(void *context, struct vch_asker *asker)
{
    struct scene *scene = context;

    CHECK(asker == &scene->asker);
    scene->forgotten++;
}

static void on_change(void *context, struct vch_asker *asker)
{
    struct scene *scene = context;

    (void)asker;
    scene->changed++;
}

static void set_up(struct scene *scene)
{
    *scene = (struct scene){.now = {1000000000, 5000}, .until_ms = UINT64_MAX};
    scene->policy = (struct vch_asker_policy){.digest = vch_hash_bytes("rules", 5),
                                              .accepts = {[VCH_BINDER_NONE] = true},
                                              .answer_ms = ANSWER_MS,
                                              .again_ms = AGAIN_MS,
                                              .judge = judge,
                                              .forget = forget,
                                              .context = scene};
    const struct vch_asker_setup setup = {.policy = &scene->policy,
                                          .transport = {scene, take, tie},
                                          .role = VCH_BINDER_SERVER,
                                          .on_change = on_change,
                                          .context = scene};
    vch_asker_init(&scene->asker, &setup);
}

static void answer(struct scene *scene)
{
    uint8_t bytes[] = "an answer";
    Vouch__AttestResponse response = VOUCH__ATTEST_RESPONSE__INIT;

    response.response = vch_message_borrow(bytes, sizeof bytes);
    vch_asker_receive(&scene->asker, &response, scene->now);
}

static void pass(struct scene *scene, uint64_t ms)
{
    scene->now.unix_ms += ms;
    scene->now.monotonic_ms += ms;
    vch_asker_tick(&scene->asker, scene->now);
}

static bool allows(const struct scene *scene)
{
    return vch_asker_allows(&scene->asker, scene->now);
}

TEST(asker_allows_nothing_before_a_verdict)
{
    struct scene scene;

    set_up(&scene);
    CHECK(!allows(&scene));
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    CHECK(!allows(&scene));
    CHECK_FAILS(vch_asker_ask(&scene.asker, scene.now), BUSY); // its answer will do
    scene.waits = true;
    answer(&scene);
    CHECK(!allows(&scene));
    CHECK_EQ(scene.asker.state, VCH_ASKER_JUDGING);
    conclude(&scene);
    CHECK(allows(&scene));
    CHECK_EQ(scene.changed, 1); // it came from elsewhere
    vch_asker_release(&scene.asker);
    CHECK(!allows(&scene));
}

TEST(asker_nonces_are_fresh_each_time)
{
    struct scene scene;

    set_up(&scene);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
        answer(&scene);
        for (uint32_t j = 0; j < i; j++)
            CHECK(memcmp(scene.nonces[i], scene.nonces[j], sizeof scene.nonces[i]) != 0);
    }
    CHECK_EQ(scene.changed, 0); // all from inside a call
    vch_asker_release(&scene.asker);
}

TEST(asker_answers_that_come_too_late_are_not_read)
{
    struct scene scene;

    set_up(&scene);
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    pass(&scene, ANSWER_MS); // still in time
    CHECK_EQ(scene.asker.state, VCH_ASKER_WAITING);
    scene.now.monotonic_ms++; // and no tick between
    answer(&scene);
    CHECK_EQ(scene.judged, 0);
    CHECK_EQ(scene.asker.code, VCH_CODE_TIMEOUT);
    CHECK(!allows(&scene));
    CHECK_FAILS(vch_asker_ask(&scene.asker, scene.now), UNAVAILABLE); // failed for good
    vch_asker_release(&scene.asker);
}

TEST(asker_does_not_wait_for_ever)
{
    struct scene scene;

    set_up(&scene);
    scene.policy.answer_ms = 0; // a policy that does not say
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    pass(&scene, 60000);
    CHECK_EQ(scene.asker.state, VCH_ASKER_WAITING);
    pass(&scene, 1);
    CHECK_EQ(scene.asker.state, VCH_ASKER_FAILED);
    CHECK_EQ(scene.asker.code, VCH_CODE_TIMEOUT);
    vch_asker_release(&scene.asker);
}

TEST(asker_asks_again_before_its_verdict_ends_and_allows_nothing_after)
{
    struct scene scene;

    set_up(&scene);
    scene.policy.answer_ms = AGAIN_MS;
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    answer(&scene);
    pass(&scene, AGAIN_MS - AGAIN_MS / 4 - 1);
    CHECK_EQ(scene.sent, 1);
    pass(&scene, 1);
    CHECK_EQ(scene.sent, 2);
    CHECK(allows(&scene)); // what is under way goes on
    scene.now.monotonic_ms += AGAIN_MS / 4 - 1;
    CHECK(allows(&scene));
    scene.now.monotonic_ms++;
    CHECK(!allows(&scene)); // the interval has passed, and no answer came
    vch_asker_release(&scene.asker);
}

TEST(asker_goes_on_where_the_second_answer_is_good_and_fails_where_it_is_not)
{
    for (int is_good = 0; is_good < 2; is_good++) {
        struct scene scene;

        set_up(&scene);
        CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
        answer(&scene);
        pass(&scene, AGAIN_MS - AGAIN_MS / 4);
        scene.refuses = !is_good;
        answer(&scene);
        CHECK_EQ(allows(&scene), is_good);
        scene.now.monotonic_ms += AGAIN_MS / 2; // past the end of the first
        CHECK_EQ(allows(&scene), is_good);
        if (!is_good) CHECK(strcmp(scene.asker.why, "a check: text") == 0);
        vch_asker_release(&scene.asker);
    }
}

TEST(asker_verdicts_hold_no_longer_than_they_say)
{
    struct scene scene;

    set_up(&scene);
    scene.until_ms = scene.now.unix_ms + 1000;
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    answer(&scene);
    CHECK(allows(&scene));
    scene.now.unix_ms += 999;
    CHECK(allows(&scene));
    scene.now.unix_ms++;
    CHECK(!allows(&scene));
    pass(&scene, 0);
    CHECK_EQ(scene.sent, 2);
    vch_asker_release(&scene.asker);
}

// A clock that is set forward ends what ends by the clock; one that is set back gives nothing more
// than the time between verdicts, and an answer no more than its own, which no clock counts.
TEST(asker_gains_nothing_from_a_clock_that_jumps)
{
    struct scene scene;
    const uint64_t day_ms = 86400000;

    set_up(&scene);
    scene.until_ms = scene.now.unix_ms + 2 * AGAIN_MS;
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    answer(&scene);
    scene.now.unix_ms += day_ms;
    CHECK(!allows(&scene));
    scene.now.unix_ms -= 2 * day_ms;
    CHECK(allows(&scene));
    scene.now.monotonic_ms += AGAIN_MS - 1;
    CHECK(allows(&scene));
    scene.now.monotonic_ms++;
    CHECK(!allows(&scene));
    pass(&scene, 0);
    CHECK_EQ(scene.sent, 2);
    scene.now.unix_ms -= day_ms;
    pass(&scene, ANSWER_MS + 1);
    CHECK_EQ(scene.asker.code, VCH_CODE_TIMEOUT);
    vch_asker_release(&scene.asker);
}

// As before a release: what was accepted earlier does not do, however fresh.
TEST(asker_can_be_held_to_what_was_asked_since)
{
    struct scene scene;

    set_up(&scene);
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    answer(&scene);
    pass(&scene, 10);
    const uint64_t since_ms = scene.now.monotonic_ms;
    CHECK(allows(&scene));
    CHECK(!vch_asker_allows_since(&scene.asker, since_ms, scene.now));
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    CHECK(!vch_asker_allows_since(&scene.asker, since_ms, scene.now));
    answer(&scene);
    CHECK(vch_asker_allows_since(&scene.asker, since_ms, scene.now));
    vch_asker_release(&scene.asker);
}

// A job's evidence is for that job: the next one asks anew.
TEST(asker_verdicts_count_for_the_occasion_they_were_asked_for)
{
    struct scene scene;

    set_up(&scene);
    scene.policy.occasion[0] = 1;
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    answer(&scene);
    CHECK(allows(&scene));
    scene.policy.occasion[0] = 2;
    CHECK(!allows(&scene));
    pass(&scene, 1);
    CHECK_EQ(scene.sent, 2);
    CHECK(!allows(&scene));
    answer(&scene);
    CHECK(allows(&scene));
    CHECK_EQ(scene.asker.kept.occasion[0], 2);
    vch_asker_release(&scene.asker);
}

// A TPM that was reset since, or is another one: its judge is told what came before.
TEST(asker_hands_its_judge_what_the_node_said_before)
{
    struct scene scene;

    set_up(&scene);
    scene.asker.setup.history.clock.reset_count = 5; // on an earlier stream
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    CHECK_EQ(scene.asker.answer.history.clock.reset_count, 5);
    CHECK(!scene.asker.answer.history.is_session);
    CHECK_EQ(scene.asker.answer.asked_ms, scene.now.unix_ms);
    answer(&scene);
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    CHECK_EQ(scene.asker.answer.history.clock.reset_count, 7); // as the verdict had it
    CHECK(scene.asker.answer.history.is_session);
    vch_asker_release(&scene.asker);
}

TEST(asker_that_goes_while_its_judge_works_is_forgotten_by_it)
{
    struct scene scene;

    set_up(&scene);
    scene.waits = true;
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    answer(&scene);
    vch_asker_release(&scene.asker);
    CHECK_EQ(scene.forgotten, 1);
}

// Else the judge would conclude what has failed, or what is no more.
TEST(asker_that_fails_while_its_judge_works_is_forgotten_by_it)
{
    struct scene scene;

    set_up(&scene);
    scene.waits = true;
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    answer(&scene);
    answer(&scene); // that nobody asked for
    CHECK_EQ(scene.asker.state, VCH_ASKER_FAILED);
    CHECK_EQ(scene.asker.code, VCH_CODE_MALFORMED);
    CHECK_EQ(scene.forgotten, 1);
    vch_asker_release(&scene.asker);
    CHECK_EQ(scene.forgotten, 1);
}

TEST(asker_over_a_connection_that_takes_nothing_fails)
{
    struct scene scene;

    set_up(&scene);
    scene.is_broken = true;
    CHECK_FAILS(vch_asker_ask(&scene.asker, scene.now), UNAVAILABLE);
    CHECK_EQ(scene.asker.state, VCH_ASKER_FAILED);
    vch_asker_release(&scene.asker);
}

TEST(asker_takes_no_answer_of_no_size)
{
    struct scene scene;
    Vouch__AttestResponse response = VOUCH__ATTEST_RESPONSE__INIT;

    set_up(&scene);
    CHECK_OK(vch_asker_ask(&scene.asker, scene.now));
    vch_asker_receive(&scene.asker, &response, scene.now);
    CHECK_EQ(scene.asker.code, VCH_CODE_LIMIT);
    CHECK_EQ(scene.judged, 0);
    vch_asker_release(&scene.asker);
}
