// A node that holds its clients to a policy listens to nothing of a job before its verdict.
#include "harness/session_attest.h"

#include "harness/session_client.h"
#include "message/message.h"

static struct attested attested;

// A client that has said hello: the welcome and the request for its evidence came.
static struct fixture *asked(void)
{
    struct fixture *f = set_up();

    session_hold_client(&f->s, &attested);
    hello(f, VCH_FRAME_VERSION);
    Vouch__Frame *welcome = sent(f), *request = sent(f);
    CHECK(welcome != NULL && welcome->body_case == VOUCH__FRAME__BODY_WELCOME);
    CHECK(request != NULL && request->body_case == VOUCH__FRAME__BODY_ATTEST_REQUEST);
    CHECK(sent(f) == NULL);
    return f;
}

static void respond(struct fixture *f, const uint8_t *bytes, size_t size)
{
    Vouch__AttestResponse response = VOUCH__ATTEST_RESPONSE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    response.response = vch_message_borrow(bytes, size);
    frame.body_case = VOUCH__FRAME__BODY_ATTEST_RESPONSE;
    frame.attest_response = &response;
    receive(f, &frame);
}

static void respond_well(struct fixture *f)
{
    static uint8_t bytes[VCH_EXCHANGE_SIZE_MAX];

    respond(f, bytes, attested_response(bytes));
}

static void ping(struct fixture *f, uint64_t token)
{
    Vouch__Ping body = VOUCH__PING__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.token = token;
    frame.body_case = VOUCH__FRAME__BODY_PING;
    frame.ping = &body;
    receive(f, &frame);
}

static void check_pong(struct fixture *f, uint64_t token)
{
    Vouch__Frame *frame = sent(f);

    CHECK(frame != NULL && frame->body_case == VOUCH__FRAME__BODY_PONG);
    CHECK_EQ(frame->pong->token, token);
}

TEST(session_attested_client_is_served)
{
    struct fixture *f = asked();

    respond_well(f);
    ask_plainly(f, 1);
    chunk(f, 1, INPUT, SESSION_SIDE);
    session_work(&f->s);
    CHECK_EQ(sent(f)->body_case, VOUCH__FRAME__BODY_RUN_RESULT);
    CHECK_EQ(f->s.metrics.evidence_accepted, 1);
    CHECK_EQ(f->s.metrics.evidence_refused, 0);
    tear_down(f);
}

TEST(session_request_before_the_verdict_ends_it_unread)
{
    struct fixture *f = asked();

    ask_plainly(f, 1);
    CHECK_EQ(f->s.metrics.jobs_admitted, 0);
    check_ended(f, VCH_CODE_REFUSED);

    f = asked();
    attested.waits = true;
    respond_well(f); // which is being judged
    ask_plainly(f, 1);
    CHECK_EQ(f->s.metrics.jobs_admitted, 0);
    check_ended(f, VCH_CODE_REFUSED);
    CHECK(attested.waiting == NULL); // its judge has been told
}

TEST(session_pong_waits_for_the_verdict)
{
    struct fixture *f = asked();

    attested.waits = true;
    ping(f, 5);
    respond_well(f);
    ping(f, 6);
    CHECK(sent(f) == NULL);
    attested_conclude(attested.waiting);
    check_pong(f, 6);
    CHECK(sent(f) == NULL);
    ping(f, 7);
    check_pong(f, 7);
    tear_down(f);
}

TEST(session_client_whose_evidence_does_not_hold_is_told_which_check)
{
    struct fixture *f = asked();
    const uint8_t bytes[] = "no response";

    respond(f, bytes, sizeof bytes);
    CHECK(strcmp(f->s.session.end_text, "a check: its text") == 0);
    CHECK_EQ(f->s.metrics.evidence_accepted, 0);
    CHECK_EQ(f->s.metrics.evidence_refused, 1);
    check_ended(f, VCH_CODE_REFUSED);
}

TEST(session_client_that_says_nothing_is_left)
{
    struct fixture *f = asked();

    f->s.now.monotonic_ms += 60001;
    vch_session_tick(&f->s.session, f->s.now);
    check_ended(f, VCH_CODE_TIMEOUT);
}

// A verdict that holds no more: no request is taken, and no result goes out, until the next one.
TEST(session_results_wait_where_the_verdict_has_run_out)
{
    struct fixture *f = asked();

    respond_well(f);
    ask_plainly(f, 1);
    chunk(f, 1, INPUT, SESSION_SIDE);
    f->s.now.monotonic_ms += 600000;
    session_work(&f->s);
    CHECK(sent(f) == NULL);
    f->s.session.tasks[0]->give_up_ms = UINT64_MAX;
    vch_session_tick(&f->s.session, f->s.now); // asks again
    CHECK_EQ(sent(f)->body_case, VOUCH__FRAME__BODY_ATTEST_REQUEST);
    respond_well(f);
    CHECK_EQ(sent(f)->body_case, VOUCH__FRAME__BODY_RUN_RESULT);
    tear_down(f);

    f = asked();
    respond_well(f);
    f->s.now.monotonic_ms += 600000;
    ask_plainly(f, 1);
    check_ended(f, VCH_CODE_REFUSED);
}

TEST(session_that_asks_for_nothing_takes_no_evidence_and_has_none)
{
    struct fixture *f = greeted();

    respond_well(f);
    check_ended(f, VCH_CODE_MALFORMED);
    f = greeted();
    Vouch__AttestRequest request = VOUCH__ATTEST_REQUEST__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    frame.body_case = VOUCH__FRAME__BODY_ATTEST_REQUEST;
    frame.attest_request = &request;
    receive(f, &frame);
    check_ended(f, VCH_CODE_UNSUPPORTED);
}
