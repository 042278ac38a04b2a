// The protocol as a node speaks it, frame by frame, with no socket and no real clock.
#include "node/session.h"

#include "harness/session_client.h"

TEST(session_answers_a_request_with_a_vote_that_its_client_can_check)
{
    struct fixture *f = greeted();
    static const int8_t expected[SESSION_SIDE] = {25, -1, 0, 32};
    Vouch__RunRequest request = request_of(f, 1);
    struct vch_digest job_id = vch_job_id(request.job.data, request.job.len);
    struct vch_tensor output = f->input;
    struct vch_vote vote = {.node = f->s.node_key.public_key};

    ask(f, &request);
    CHECK(f->s.is_owed);
    chunk(f, 1, INPUT, 1);
    chunk(f, 1, INPUT + 1, SESSION_SIDE - 1);
    CHECK(!f->s.is_owed);
    CHECK(sent(f) == NULL);
    session_work(&f->s);
    Vouch__Frame *result = sent(f), *data = sent(f);
    CHECK(result != NULL && result->body_case == VOUCH__FRAME__BODY_RUN_RESULT);
    CHECK(data != NULL && data->body_case == VOUCH__FRAME__BODY_CHUNK);
    CHECK_EQ(result->run_result->size, SESSION_SIDE);
    CHECK_EQ(data->chunk->data.len, SESSION_SIDE);
    CHECK(memcmp(data->chunk->data.data, expected, SESSION_SIDE) == 0);
    output.data = data->chunk->data.data;
    memcpy(&vote.input, result->run_result->input.data, 32);
    memcpy(&vote.output, result->run_result->output.data, 32);
    memcpy(&vote.signature, result->run_result->signature.data, 64);
    CHECK_OK(vch_vote_verify(&vote, &job_id, 0));
    struct vch_digest commitment = vch_tensor_commit(&output, 1, &f->output_nonce);
    CHECK(vch_hash_is_equal(&vote.output, &commitment));
    CHECK(vch_hash_is_equal(&vote.input, &f->job.input));
    CHECK(vch_session_is_idle(&f->s.session));
    CHECK_EQ(f->s.host.memory_used, 0);
    CHECK_EQ(f->s.metrics.jobs_answered, 1);
    tear_down(f);
}

TEST(session_wants_a_hello_first_once_and_in_its_version)
{
    struct fixture *f = set_up();

    ask_plainly(f, 1);
    check_ended(f, VCH_CODE_MALFORMED);
    f = greeted();
    hello(f, VCH_FRAME_VERSION);
    check_ended(f, VCH_CODE_MALFORMED);
    f = set_up();
    hello(f, 2);
    check_ended(f, VCH_CODE_UNSUPPORTED);
}

TEST(session_says_what_it_holds)
{
    struct fixture *f = set_up();

    hello(f, VCH_FRAME_VERSION);
    Vouch__Frame *frame = sent(f);
    CHECK_EQ(frame->welcome->n_holdings, 1);
    CHECK_EQ(frame->welcome->holdings[0]->first, 0);
    CHECK_EQ(frame->welcome->holdings[0]->last, 2);
    CHECK_EQ(frame->welcome->queue_room, SESSION_QUEUE_MAX);
    tear_down(f);
}

// One thing wrong with the job or the request, and what the refusal says.
static void spoil_client(struct fixture *f)
{
    f->job.client.bytes[0] ^= 1;
}
static void spoil_registry(struct fixture *f)
{
    f->job.registry.bytes[0] ^= 1;
}
static void spoil_model(struct fixture *f)
{
    f->job.model.bytes[0] ^= 1;
}
static void spoil_deadline(struct fixture *f)
{
    f->job.deadline_ms = f->s.now.unix_ms;
}
static void spoil_length(struct fixture *f)
{
    f->job.segments[0].last = 1;
}
static void spoil_expiry(struct fixture *f)
{
    f->s.registry.expires_ms = f->s.now.unix_ms;
}
static void spoil_membership(struct fixture *f)
{
    f->s.member.key.bytes[0] ^= 1; // the client got in as a side of a dispute
}
static void spoil_draining(struct fixture *f)
{
    f->s.host.is_draining = true;
}
static void spoil_batch(struct fixture *f)
{
    f->job.batch = 2;
}
static void spoil_memory(struct fixture *f)
{
    f->s.host.memory_max = 1 << 12;
}

static void spoil_owner(struct fixture *f)
{
    f->job.segment_count = 2;
    f->job.segments[0] = (struct vch_job_segment){0, 1, VCH_JOB_BY_CLIENT};
    f->job.segments[1] = (struct vch_job_segment){1, 2, VCH_JOB_BY_NODES};
}

TEST(session_refuses_requests_that_it_should_not_serve)
{
    static const struct {
        void (*spoil)(struct fixture *);
        enum vch_code code;
        const char *text;
    } lies[] = {
        {spoil_client, VCH_CODE_REFUSED, "another client"},
        {spoil_registry, VCH_CODE_REFUSED, "another registry"},
        {spoil_model, VCH_CODE_UNSUPPORTED, "does not hold that model"},
        {spoil_deadline, VCH_CODE_TIMEOUT, "deadline has passed"},
        {spoil_length, VCH_CODE_MALFORMED, "end at operator 1"},
        {spoil_expiry, VCH_CODE_REFUSED, "expired"},
        {spoil_membership, VCH_CODE_REFUSED, "no member"},
        {spoil_draining, VCH_CODE_UNAVAILABLE, "about to stop"},
        {spoil_batch, VCH_CODE_MALFORMED, "have 8"},
        {spoil_memory, VCH_CODE_LIMIT, "send fewer samples"},
        {spoil_owner, VCH_CODE_MALFORMED, "not one for nodes"},
    };

    FOR_EACH(lie, lies)
    {
        struct fixture *f = greeted();
        lie->spoil(f);
        ask_plainly(f, 1);
        check_refused(f, 1, lie->code, lie->text);
        chunk(f, 1, INPUT, SESSION_SIDE); // was on its way: no harm
        CHECK(sent(f) == NULL);
        CHECK_EQ(f->s.session.end_code, VCH_CODE_NONE);
        tear_down(f);
    }
}

TEST(session_refuses_malformed_requests)
{
    struct fixture *f = greeted();
    Vouch__RunRequest request = request_of(f, 1);
    uint8_t other[33] = {0};

    request.segment = 1;
    ask(f, &request);
    check_refused(f, 1, VCH_CODE_MALFORMED, "segment 1");
    request = request_of(f, 2);
    request.input_nonce.len = 31;
    ask(f, &request);
    check_refused(f, 2, VCH_CODE_MALFORMED, "32 bytes");
    request = request_of(f, 3);
    request.output_nonce = (ProtobufCBinaryData){33, other};
    ask(f, &request);
    check_refused(f, 3, VCH_CODE_MALFORMED, "32 bytes");
    request = request_of(f, 4);
    request.size = UINT64_MAX;
    ask(f, &request);
    check_refused(f, 4, VCH_CODE_MALFORMED, "announces");
    request = request_of(f, 5);
    for (size_t i = 0; i < request.job.len; i++) {
        request.id = 5 + i;
        request.job.data[i] ^= 0x80;
        ask(f, &request);
        request.job.data[i] ^= 0x80;
        cancel(f, request.id); // a flipped nonce or quorum is another job, and as good
        while (sent(f) != NULL)
            continue;
        CHECK_EQ(f->s.session.end_code, VCH_CODE_NONE);
    }
    tear_down(f);
}

// A client that gave one node another nonce than the others would make its honest vote a lie.
TEST(session_refuses_nonces_that_the_job_does_not_pin)
{
    struct fixture *f = greeted();

    f->output_nonce.bytes[31] ^= 1;
    Vouch__RunRequest request = request_of(f, 1);
    ask(f, &request);
    check_refused(f, 1, VCH_CODE_REFUSED, "nonces");
    f->output_nonce.bytes[31] ^= 1;
    f->input_nonce.bytes[0] ^= 1;
    request = request_of(f, 2);
    ask(f, &request);
    check_refused(f, 2, VCH_CODE_REFUSED, "nonces");
    tear_down(f);
}

TEST(session_refuses_an_input_that_the_job_did_not_commit_to)
{
    struct fixture *f = greeted();

    ask_plainly(f, 1);
    chunk(f, 1, "\1\2\3\4", SESSION_SIDE);
    session_work(&f->s);
    check_refused(f, 1, VCH_CODE_REFUSED, "not the one that the job commits to");
    tear_down(f);
}

TEST(session_refuses_an_input_outside_its_range)
{
    struct fixture *f = greeted();

    ask_plainly(f, 1);
    chunk(f, 1, "\1\2\3\x80", SESSION_SIDE);
    session_work(&f->s);
    check_refused(f, 1, VCH_CODE_MALFORMED, "symmetric range");
    tear_down(f);
}

TEST(session_ends_with_a_client_that_breaks_the_protocol)
{
    struct fixture *f = greeted();
    static uint8_t large[VCH_FRAME_CHUNK_MAX + 1];

    ask_plainly(f, 5);
    ask_plainly(f, 5);
    check_ended(f, VCH_CODE_MALFORMED); // identifiers grow
    f = greeted();
    chunk(f, 1, INPUT, 1);
    check_ended(f, VCH_CODE_MALFORMED); // no request
    f = greeted();
    ask_plainly(f, 1);
    chunk(f, 1, INPUT, 0);
    check_ended(f, VCH_CODE_MALFORMED); // nothing in it
    f = greeted();
    ask_plainly(f, 1);
    chunk(f, 1, "12345", SESSION_SIDE + 1);
    check_ended(f, VCH_CODE_MALFORMED); // more than announced
    f = greeted();
    ask_plainly(f, 1);
    chunk(f, 1, INPUT, SESSION_SIDE);
    chunk(f, 1, INPUT, 1);
    check_ended(f, VCH_CODE_MALFORMED); // after the end
    f = greeted();
    ask_plainly(f, 1);
    chunk(f, 1, large, sizeof large);
    check_ended(f, VCH_CODE_MALFORMED);
    f = greeted();
    cancel(f, 1);
    check_ended(f, VCH_CODE_MALFORMED); // nothing to cancel
}

TEST(session_ends_with_frames_that_only_nodes_send)
{
    struct fixture *f = greeted();
    Vouch__Welcome welcome = VOUCH__WELCOME__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    frame.body_case = VOUCH__FRAME__BODY_WELCOME;
    frame.welcome = &welcome;
    receive(f, &frame);
    check_ended(f, VCH_CODE_MALFORMED);
}

TEST(session_bounds_requests_memory_and_queue)
{
    struct fixture *f = greeted();

    for (uint64_t id = 1; id <= VCH_SESSION_REQUESTS_MAX; id++)
        ask_plainly(f, id);
    CHECK(sent(f) == NULL);
    size_t each = f->s.host.memory_used / VCH_SESSION_REQUESTS_MAX;
    ask_plainly(f, 100);
    CHECK_EQ(sent(f)->refusal->code, VCH_CODE_BUSY);
    for (uint64_t id = 1; id <= VCH_SESSION_REQUESTS_MAX; id++)
        chunk(f, id, INPUT, SESSION_SIDE);
    for (int i = SESSION_QUEUE_MAX; i < (int)VCH_SESSION_REQUESTS_MAX; i++)
        CHECK_EQ(sent(f)->refusal->code, VCH_CODE_BUSY); // the queue was full
    session_work(&f->s);
    CHECK_EQ(f->s.metrics.jobs_answered, SESSION_QUEUE_MAX);
    while (sent(f) != NULL)
        continue;
    f->s.host.memory_max = 2 * each;
    for (uint64_t id = 101; id <= 103; id++)
        ask_plainly(f, id);
    CHECK_EQ(sent(f)->refusal->code, VCH_CODE_BUSY); // the third found no memory
    CHECK(sent(f) == NULL);
    tear_down(f);
}

TEST(session_takes_no_memory_for_bytes_that_were_only_announced)
{
    struct fixture *f = greeted();

    ask_plainly(f, 1);
    CHECK(f->s.host.memory_used > 0); // set aside, so that nobody else counts on it
    CHECK_EQ(f->s.session.tasks[0]->arena.used, 0);
    tear_down(f);
}

TEST(session_gives_up_when_the_budget_or_the_tensor_does_not_come)
{
    struct fixture *f = greeted();

    ask_plainly(f, 1);
    chunk(f, 1, INPUT, 2);
    f->s.now.monotonic_ms += 499;
    vch_session_tick(&f->s.session, f->s.now);
    CHECK(sent(f) == NULL);
    f->s.now.monotonic_ms += 1;
    vch_session_tick(&f->s.session, f->s.now);
    check_refused(f, 1, VCH_CODE_TIMEOUT, "time is over");
    tear_down(f);
}

TEST(session_forgets_what_is_cancelled_at_every_stage)
{
    struct fixture *f = greeted();

    ask_plainly(f, 1);
    cancel(f, 1); // before its tensor
    ask_plainly(f, 2);
    chunk(f, 2, INPUT, SESSION_SIDE);
    cancel(f, 2); // while it waits for the worker
    session_work(&f->s);
    f->s.is_full = true;
    ask_plainly(f, 3);
    chunk(f, 3, INPUT, SESSION_SIDE);
    session_work(&f->s);
    cancel(f, 3); // before its result could be sent
    f->s.is_full = false;
    vch_session_pump(&f->s.session, f->s.now);
    CHECK(sent(f) == NULL);
    CHECK_EQ(f->s.host.memory_used, 0);
    CHECK(vch_session_is_idle(&f->s.session));
    tear_down(f);
}

TEST(session_sends_only_while_there_is_room)
{
    struct fixture *f = greeted();

    f->s.is_full = true;
    ask_plainly(f, 1);
    chunk(f, 1, INPUT, SESSION_SIDE);
    session_work(&f->s);
    CHECK(sent(f) == NULL);
    f->s.is_full = false;
    vch_session_pump(&f->s.session, f->s.now);
    CHECK(sent(f)->body_case == VOUCH__FRAME__BODY_RUN_RESULT);
    CHECK(sent(f)->body_case == VOUCH__FRAME__BODY_CHUNK);
    tear_down(f);
}

TEST(session_ends_with_a_client_that_provokes_refusals_and_reads_none)
{
    struct fixture *f = greeted();

    spoil_client(f);
    f->s.is_full = true;
    for (uint64_t id = 1; id <= VCH_SESSION_REFUSALS_MAX; id++)
        ask_plainly(f, id);
    CHECK_EQ(f->s.session.end_code, VCH_CODE_NONE); // a large result may be in the way
    ask_plainly(f, 1000);
    check_ended(f, VCH_CODE_LIMIT);
}
