// Evidence judged in another process: the same verdicts, and what becomes of one that is taken over
// by what it reads.
#include "channel/parser.h"

#include <malloc.h>

#include "channel/verdict.h"
#include "confine/child.h"
#include "harness/attempts.h"
#include "harness/results.h"
#include "message/message.h"
#include "net/loop.h"

static struct results scene;

// An asker with an answer in hand, and where its verdict goes.
struct asked {
    struct vch_asker asker;
    uint32_t changed;
};

static struct {
    struct vch_judge judge;
    struct vch_asker_policy policy;
    struct vch_parser *parser;
    struct event_base *base;
    uint8_t response[VCH_EXCHANGE_SIZE_MAX];
    size_t size;
} court;

static void on_change(void *context, struct vch_asker *asker)
{
    struct asked *asked = context;

    CHECK(asker == &asked->asker);
    asked->changed++;
}

static void set_up_with(const struct vch_parser_setup *how)
{
    const struct vch_judge *judges[] = {&court.judge};
    struct vch_parser_setup setup = *how;
    struct vch_complaint complaint = {0};

    results_init(&scene, VCH_BINDER_TPM);
    results_answer(&scene);
    CHECK_OK(vch_exchange_encode_response(court.response, sizeof court.response, &court.size,
                                          &scene.response));
    court.judge = (struct vch_judge){&scene.rules, VCH_RULES_PROMPTS};
    CHECK_OK(vch_judge_policy(&court.policy, &court.judge, NULL));
    setup.judges = judges;
    setup.judge_count = 1;
    vch_status status = vch_parser_new(&court.parser, &setup, &complaint);
    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text); // which fence, and why
    CHECK_OK(status);
    vch_parser_serve(court.parser, 0, &court.policy);
    court.base = vch_loop_new();
    CHECK(court.base != NULL);
    CHECK_OK(vch_parser_join(court.parser, court.base));
}

static void set_up(void)
{
    const struct vch_parser_setup plain = {.judge_ms = 0};

    set_up_with(&plain);
}

static void tear_down(void)
{
    vch_parser_leave(court.parser);
    vch_parser_free(court.parser);
    event_base_free(court.base);
    results_release(&scene);
}

// As the asker has it when its policy's judge is called; of a peer by that number.
static struct asked *ask_peer(uint8_t peer)
{
    struct asked *asked = calloc(1, sizeof *asked);
    CHECK(asked != NULL);
    struct vch_asker *asker = &asked->asker;
    struct vch_asker_answer *answer = &asker->answer;

    asker->setup =
        (struct vch_asker_setup){.policy = &court.policy, .on_change = on_change, .context = asked};
    asker->setup.node.bytes[0] = peer;
    asker->state = VCH_ASKER_JUDGING;
    asker->bytes = calloc(1, court.size);
    CHECK(asker->bytes != NULL);
    memcpy(asker->bytes, court.response, court.size);
    answer->bytes = asker->bytes;
    answer->size = court.size;
    answer->asked_ms = answer->time_ms = (uint64_t)scene.time_s * 1000;
    answer->request =
        (struct vch_exchange_request){.policy = scene.rules.id, .role = VCH_BINDER_SERVER};
    answer->request.accepts[VCH_BINDER_TPM] = true;
    memcpy(answer->request.nonce, scene.block.nonce, sizeof answer->request.nonce);
    answer->channel =
        (struct vch_exchange_channel){.own = scene.block.own, .peer = scene.block.peer};
    memcpy(answer->channel.exporter, scene.block.exporter, sizeof answer->channel.exporter);
    memcpy(answer->channel.node, scene.block.node, sizeof answer->channel.node);
    return asked;
}

static struct asked *ask(void)
{
    return ask_peer(1);
}

static void take_up(struct asked *asked)
{
    asked->asker.is_inside = true;
    court.policy.judge(court.policy.context, &asked->asker);
    asked->asker.is_inside = false;
}

static void wait_for(struct asked *asked)
{
    while (asked->asker.state == VCH_ASKER_JUDGING)
        CHECK_EQ(event_base_loop(court.base, EVLOOP_ONCE), 0);
    CHECK_EQ(asked->changed, 1);
}

static void drop(struct asked *asked)
{
    vch_asker_release(&asked->asker);
    free(asked);
}

static void check_accepted(void)
{
    struct asked *asked = ask();

    take_up(asked);
    wait_for(asked);
    if (asked->asker.state != VCH_ASKER_SETTLED)
        test_fail(__FILE__, __LINE__, "%s", asked->asker.why);
    drop(asked);
}

TEST(parser_gives_the_verdict_that_is_given_here)
{
    struct vch_asker_verdict here;
    uint8_t mine[VCH_VERDICT_SIZE], theirs[VCH_VERDICT_SIZE];

    set_up();
    struct asked *asked = ask();
    vch_judge_answer(&here, &court.judge, &asked->asker.answer);
    CHECK(here.is_accepted);
    take_up(asked);
    wait_for(asked);
    CHECK_EQ(asked->asker.state, VCH_ASKER_SETTLED);
    vch_verdict_encode(mine, &here);
    vch_verdict_encode(theirs, &asked->asker.kept.verdict);
    CHECK(memcmp(mine, theirs, sizeof mine) == 0);
    drop(asked);
    CHECK_EQ(vch_parser_failures(court.parser), 0);
    tear_down();
}

TEST(parser_refuses_what_is_refused_here)
{
    struct vch_asker_verdict here;
    uint32_t refused = 0;

    set_up();
    for (size_t i = 0; i < court.size; i += court.size / 8) {
        struct asked *asked = ask();
        asked->asker.bytes[i] ^= 1;
        vch_judge_answer(&here, &court.judge, &asked->asker.answer);
        refused += !here.is_accepted;
        take_up(asked);
        wait_for(asked);
        CHECK_EQ(asked->asker.state, here.is_accepted ? VCH_ASKER_SETTLED : VCH_ASKER_FAILED);
        if (!here.is_accepted) CHECK(strcmp(asked->asker.why, here.why) == 0);
        drop(asked);
    }
    CHECK(refused >= 4);
    check_accepted();
    CHECK_EQ(vch_parser_failures(court.parser), 0);
    tear_down();
}

// What the evidence makes of the process that reads it; said by the first byte of its salt.
enum spell {
    HONEST,
    CRASH,
    ATTACK,
    LEAVE,
    HANG,
    OTHER_NONCE,
    OTHER_NODE,
    CLAIM,
    WORD,
    TEXT,
    GREED
};

static void fall(struct vch_asker_verdict *out, const struct vch_asker_answer *answer)
{
    volatile int *volatile nowhere = NULL;

    switch ((enum spell)answer->salt[0]) {
    case CRASH: *nowhere = 1; break;
    case ATTACK: (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL); break;
    case LEAVE: _exit(0);
    case HANG:
        for (;;)
            (void)usleep(1000);
    case OTHER_NONCE: out->binder[20] ^= 1; break;
    case OTHER_NODE: out->binder[180] ^= 1; break;
    case CLAIM: *out = (struct vch_asker_verdict){.is_accepted = true, .word = 2}; break;
    case WORD: out->word = 7; break;
    case GREED:
        for (;;) // and never asks whether it got it
            *(volatile char *)calloc(1, (size_t)1 << 30) = 1;
    case TEXT: memset(out->why, '\a', sizeof out->why); break;
    case HONEST: break;
    }
}

static void spell_judge(struct vch_asker_verdict *out, const struct vch_judge *judge,
                        const struct vch_asker_answer *answer)
{
    vch_judge_answer(out, judge, answer);
    fall(out, answer);
}

static void check_falls(enum spell spell, const char *why)
{
    struct asked *asked = ask();

    asked->asker.answer.salt[0] = (uint8_t)spell;
    take_up(asked);
    wait_for(asked);
    CHECK_EQ(asked->asker.state, VCH_ASKER_FAILED);
    if (strstr(asked->asker.why, why) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" in: %s", why, asked->asker.why);
    drop(asked);
}

TEST(parser_that_evidence_takes_over_accepts_nothing_and_meets_no_other)
{
    const struct vch_parser_setup setup = {.judge = spell_judge, .judge_ms = 60000};
    uint64_t count = 0;

    set_up_with(&setup);
#ifndef VCH_SANITIZED // whose handlers these would be
    check_falls(CRASH, "signal 11");
    check_falls(ATTACK, "ended by the kernel");
    check_falls(GREED, "signal 11");
    count += 3;
#endif
    check_falls(LEAVE, "said no verdict");
    check_falls(OTHER_NONCE, "said no verdict");
    check_falls(OTHER_NODE, "said no verdict");
    check_falls(CLAIM, "said no verdict");
    check_falls(WORD, "said no verdict");
    check_falls(TEXT, "said no verdict");
    check_accepted();
    CHECK_EQ(vch_parser_failures(court.parser), count + 6);
    tear_down();
}

TEST(parser_that_hangs_is_ended)
{
    const struct vch_parser_setup setup = {.judge = spell_judge, .judge_ms = 100};

    set_up_with(&setup);
    check_falls(HANG, "signal 9");
    tear_down();
}

static struct asked *hang(uint8_t peer)
{
    struct asked *asked = ask_peer(peer);

    asked->asker.answer.salt[0] = HANG;
    take_up(asked);
    return asked;
}

static void check_accepted_of(uint8_t peer)
{
    struct asked *asked = ask_peer(peer);

    take_up(asked);
    wait_for(asked);
    CHECK_EQ(asked->asker.state, VCH_ASKER_SETTLED);
    drop(asked);
}

// Nobody waits for who hangs: not others, however much one peer brings, and not who leaves. A judge
// may take ten minutes here, and the test does not.
TEST(parser_judges_one_peers_evidence_while_anothers_hangs)
{
    const struct vch_parser_setup setup = {.judge = spell_judge, .judge_ms = 600000};
    enum { COUNT = 2 * VCH_PARSER_AT_ONCE };
    struct asked *all[COUNT];

    set_up_with(&setup);
    for (int i = 0; i < COUNT; i++)
        all[i] = hang(1);
    for (int i = 0; i < 3; i++)
        check_accepted_of(2);
    struct asked *another = hang(3);
    check_accepted_of(2);
    CHECK_EQ(another->asker.state, VCH_ASKER_JUDGING);
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(all[i]->asker.state, VCH_ASKER_JUDGING);
    vch_parser_leave(court.parser);
    CHECK_EQ(vch_parser_failures(court.parser), 0); // nothing came of it for no fault of theirs
    for (int i = 0; i < COUNT; i++)
        drop(all[i]);
    drop(another);
    tear_down();
}

// What a judge leaves behind would be seen by the next one: there is none.
static void count_judge(struct vch_asker_verdict *out, const struct vch_judge *judge,
                        const struct vch_asker_answer *answer)
{
    static int met;

    (void)judge, (void)answer;
    *out = (struct vch_asker_verdict){0};
    (void)snprintf(out->why, sizeof out->why, "this is number %d", ++met);
}

TEST(parser_has_each_answer_judged_by_who_has_judged_no_other)
{
    const struct vch_parser_setup setup = {.judge = count_judge, .judge_ms = 60000};

    set_up_with(&setup);
    for (int i = 0; i < 3 * (int)VCH_PARSER_AT_ONCE; i++)
        check_falls(HONEST, "this is number 1");
    CHECK_EQ(vch_parser_failures(court.parser), 0);
    tear_down();
}

static void attempt_judge(struct vch_asker_verdict *out, const struct vch_judge *judge,
                          const struct vch_asker_answer *answer)
{
    (void)judge;
    *out = (struct vch_asker_verdict){.why = "it got what it wanted"};
    int error = ATTEMPTS[answer->salt[0]].make();
    if (error != 0) (void)snprintf(out->why, sizeof out->why, "denied: error %d", error);
}

TEST(parser_is_denied_each_attempt_while_it_judges)
{
    const struct vch_parser_setup setup = {.judge = attempt_judge, .judge_ms = 60000};

    attempts_set_up();
    set_up_with(&setup);
    for (size_t i = 0; i < sizeof ATTEMPTS / sizeof *ATTEMPTS; i++) {
#ifdef VCH_SANITIZED
        if (ATTEMPTS[i].is_deadly) continue; // whose handlers these would be
#endif
        check_falls((enum spell)i,
                    ATTEMPTS[i].is_deadly ? "ended by the kernel" : "denied: error ");
    }
    tear_down();
}

TEST(parser_forgets_askers_that_are_gone)
{
    enum { COUNT = 6 };
    struct asked *all[COUNT];

    set_up();
    for (int i = 0; i < COUNT; i++) {
        all[i] = ask();
        take_up(all[i]);
    }
    for (int i = 0; i < COUNT; i += 2)
        drop(all[i]); // running, or waiting
    for (int i = 1; i < COUNT; i += 2) {
        wait_for(all[i]);
        CHECK_EQ(all[i]->asker.state, VCH_ASKER_SETTLED);
        drop(all[i]);
    }
    tear_down();
}

// While one is judged for long, others come with evidence and go: none of it stays.
TEST(parser_keeps_no_evidence_of_askers_that_are_gone)
{
    const struct vch_parser_setup setup = {.judge = spell_judge, .judge_ms = 1000};
    enum { COUNT = 256 };

    set_up_with(&setup);
    struct asked *slow = ask();
    slow->asker.answer.salt[0] = HANG;
    take_up(slow);
    const size_t before = mallinfo2().uordblks;
    for (int i = 0; i < COUNT; i++) {
        struct asked *asked = ask();
        take_up(asked);
        drop(asked);
    }
    CHECK(mallinfo2().uordblks < before + COUNT / 8 * court.size);
    wait_for(slow);
    drop(slow);
    check_accepted();
    tear_down();
}

// The other end answers once more than it was asked, and is dropped for that at once.
TEST(parser_concludes_nothing_of_an_asker_that_failed_meanwhile)
{
    uint8_t bytes[] = "an answer";
    Vouch__AttestResponse response = VOUCH__ATTEST_RESPONSE__INIT;

    set_up();
    struct asked *first = ask(), *second = ask();
    take_up(first);
    take_up(second);
    response.response = vch_message_borrow(bytes, sizeof bytes);
    vch_asker_receive(&first->asker, &response, vch_transport_now());
    CHECK_EQ(first->asker.state, VCH_ASKER_FAILED);
    drop(first);
    wait_for(second); // judged after the first, which is of the same peer
    CHECK_EQ(second->asker.state, VCH_ASKER_SETTLED);
    drop(second);
    tear_down();
}

TEST(parser_that_left_judges_nothing)
{
    set_up();
    struct asked *waiting = ask(), *late = ask();
    take_up(waiting);
    vch_parser_leave(court.parser);
    take_up(late);
    CHECK_EQ(late->asker.state, VCH_ASKER_FAILED);
    CHECK(strstr(late->asker.why, "nobody to judge") != NULL);
    CHECK_EQ(waiting->asker.state, VCH_ASKER_JUDGING);
    drop(waiting);
    drop(late);
    tear_down();
}
