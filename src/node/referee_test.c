// A referee: runs the one operator that two sides differ about, on what either of them opens, and
// on nothing else that anybody sends.
#include "node/referee.h"

#include "harness/referees.h"

static struct referees r;
static struct vch_digest answer;
static const enum referees_lie LIES[] = {REFEREES_FIRST, REFEREES_SECOND, REFEREES_OUTPUT};

static vch_status take_answer(struct session_fixture *fixture, const struct vch_task *task)
{
    (void)fixture;
    CHECK(task->referee != NULL);
    CHECK(vch_hash_is_equal(&task->referee->contest.subject, &r.dispute));
    answer = task->referee->answer;
    return VCH_OK;
}

static void receive(const Vouch__Frame *frame)
{
    vch_session_receive(&r.session.session, frame, r.session.now);
}

static const Vouch__Frame *sent(void)
{
    Vouch__Frame *frame = NULL;

    CHECK_OK(vch_frame_take(&frame, r.session.sent, &r.arena, NULL));
    return frame;
}

static void greet(void)
{
    Vouch__Hello hello = VOUCH__HELLO__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    hello.version = VCH_FRAME_VERSION;
    frame.body_case = VOUCH__FRAME__BODY_HELLO;
    frame.hello = &hello;
    receive(&frame);
    CHECK_EQ(sent()->body_case, VOUCH__FRAME__BODY_WELCOME);
}

static void connect_side(const struct referees_side *side)
{
    session_release(&r.session);
    referees_connect(&r, side->node);
    r.session.computed = take_answer;
    answer = (struct vch_digest){{0}};
    greet();
}

static void ask(Vouch__RefereeRequest *request)
{
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    frame.body_case = VOUCH__FRAME__BODY_REFEREE_REQUEST;
    frame.referee_request = request;
    receive(&frame);
}

static void send_tensor(const int8_t *data, size_t size)
{
    Vouch__Chunk chunk = VOUCH__CHUNK__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    chunk.id = 1;
    chunk.data = vch_message_borrow(data, size);
    frame.body_case = VOUCH__FRAME__BODY_CHUNK;
    frame.chunk = &chunk;
    receive(&frame);
    session_work(&r.session);
}

static void check_refused(enum vch_code code, const char *text)
{
    const Vouch__Frame *frame = sent();

    CHECK(frame != NULL && frame->body_case == VOUCH__FRAME__BODY_REFUSAL);
    if (frame->refusal->code != code || strstr(frame->refusal->text, text) == NULL)
        test_fail(__FILE__, __LINE__, "%s, \"%s\", does not say \"%s\"",
                  vch_code_text((enum vch_code)frame->refusal->code), frame->refusal->text, text);
    CHECK_EQ(r.session.computed_count, 0);
    CHECK_EQ(r.session.host.memory_used, 0);
}

static struct vch_digest right_answer(enum referees_lie lie)
{
    if (lie == REFEREES_OUTPUT) return r.truth.output;
    return r.truth.leaves[lie];
}

TEST(referee_finds_what_is_true_whichever_side_opens)
{
    FOR_EACH(lie, LIES)
    {
        referees_new(&r, *lie);
        const struct referees_side *sides[] = {&r.truth, &r.liar};
        for (uint32_t i = 0; i < 2; i++) {
            Vouch__RefereeRequest request;
            const struct vch_digest right = right_answer(*lie);
            connect_side(sides[i]);
            const int8_t *tensor = referees_opening(&request, &r, sides[i], *lie);
            ask(&request);
            CHECK(sent() == NULL);
            send_tensor(tensor, SESSION_SIDE);
            const Vouch__Frame *frame = sent();
            CHECK(frame != NULL && frame->body_case == VOUCH__FRAME__BODY_REFEREE_RESULT);
            CHECK_EQ(frame->referee_result->code, 0);
            CHECK_EQ(r.session.computed_count, 1);
            CHECK(vch_hash_is_equal(&answer, &right));
            CHECK_EQ(r.session.host.memory_used, 0);
        }
        referees_free(&r);
    }
}

// Who need not be a member to get in, and how long.
TEST(referee_awaits_the_sides_of_its_dispute_until_it_has_answered)
{
    referees_new(&r, REFEREES_FIRST);
    const struct vch_public_key *self = &ledger.nodes[r.self].key.public_key;
    const struct vch_public_key *sides[] = {&ledger.nodes[r.truth.node].key.public_key,
                                            &ledger.nodes[r.liar.node].key.public_key};
    const struct vch_digest found = r.truth.leaves[0], nothing = {{0}};

    FOR_EACH(side, sides)
    {
        CHECK(vch_referee_awaits(ledger.state, self, *side));
        CHECK(!vch_referee_awaits(ledger.state, *side, *side)); // that has no seat there
    }
    CHECK(!vch_referee_awaits(ledger.state, self, self));
    CHECK(!vch_referee_awaits(ledger.state, self, &ledger.stranger.public_key));
    ledger_do(ledger_commit_entry(&r.drawn, r.self, &found, &nothing), &ledger.nodes[r.self].key);
    FOR_EACH(side, sides) CHECK(!vch_referee_awaits(ledger.state, self, *side));
    referees_free(&r);
}

// Another tensor than the one behind the commitment that both sides are held to.
TEST(referee_opens_what_it_is_sent)
{
    FOR_EACH(lie, LIES)
    {
        Vouch__RefereeRequest request;
        int8_t other[SESSION_SIDE];
        referees_new(&r, *lie);
        connect_side(&r.liar);
        memcpy(other, referees_opening(&request, &r, &r.liar, *lie), sizeof other);
        other[test_below(SESSION_SIDE)] ^= 1;
        ask(&request);
        send_tensor(other, sizeof other);
        check_refused(VCH_CODE_REFUSED, "does not open");
        referees_free(&r);
    }
}

static void lie_path(Vouch__RefereeRequest *request)
{
    request->inputs[0]->path[0] = vch_message_borrow(r.dispute.bytes, VCH_DIGEST_SIZE);
}
static void lie_no_path(Vouch__RefereeRequest *request)
{
    request->inputs[0]->n_path = 0;
}

TEST(referee_wants_the_path_to_the_senders_trace)
{
    void (*const lies[])(Vouch__RefereeRequest *) = {lie_path, lie_no_path};

    FOR_EACH(lie, lies)
    {
        Vouch__RefereeRequest request;
        referees_new(&r, REFEREES_SECOND);
        connect_side(&r.truth);
        const int8_t *tensor = referees_opening(&request, &r, &r.truth, REFEREES_SECOND);
        (*lie)(&request);
        ask(&request);
        send_tensor(tensor, SESSION_SIDE);
        check_refused(VCH_CODE_REFUSED, "does not open what both sides are held to");
        referees_free(&r);
    }
}

static void spoil_dispute(Vouch__RefereeRequest *request)
{
    request->dispute = vch_message_borrow(r.contest.subject.bytes, VCH_DIGEST_SIZE);
}
static void spoil_dispute_size(Vouch__RefereeRequest *request)
{
    request->dispute.len--;
}
static void spoil_job(Vouch__RefereeRequest *request)
{
    request->job.len--;
}
static void spoil_job_size(Vouch__RefereeRequest *request)
{
    static uint8_t large[VCH_JOB_SIZE_MAX + 1];

    request->job = vch_message_borrow(large, sizeof large);
}
static void spoil_input_nonce(Vouch__RefereeRequest *request)
{
    request->input_nonce = request->output_nonce;
}
static void spoil_output_nonce(Vouch__RefereeRequest *request)
{
    request->output_nonce = request->input_nonce;
}
static void spoil_nonce_size(Vouch__RefereeRequest *request)
{
    request->input_nonce.len = 31;
}
static void spoil_inputs(Vouch__RefereeRequest *request)
{
    request->n_inputs = 0;
}
static void spoil_place(Vouch__RefereeRequest *request)
{
    request->inputs[0]->place ^= 1;
}
static void spoil_input_size(Vouch__RefereeRequest *request)
{
    request->inputs[0]->size = UINT64_MAX;
}
static void spoil_size(Vouch__RefereeRequest *request)
{
    request->size++;
}
static void spoil_path_size(Vouch__RefereeRequest *request)
{
    request->inputs[0]->path[0].len = 31;
}
static void spoil_path_count(Vouch__RefereeRequest *request)
{
    request->inputs[0]->n_path = VCH_MERKLE_DEPTH_MAX + 1;
}
static void spoil_model(Vouch__RefereeRequest *request)
{
    (void)request;
    r.session.models.models[0].package.identity.bytes[0] ^= 1;
}
static void spoil_memory(Vouch__RefereeRequest *request)
{
    (void)request;
    r.session.host.memory_max = 1 << 12;
}
static void spoil_draining(Vouch__RefereeRequest *request)
{
    (void)request;
    r.session.host.is_draining = true;
}

TEST(referee_refuses_requests_with_anything_wrong)
{
    static const struct {
        void (*spoil)(Vouch__RefereeRequest *);
        enum vch_code code;
        const char *text;
    } lies[] = {
        {spoil_dispute, VCH_CODE_REFUSED, "no seat in that dispute"},
        {spoil_dispute_size, VCH_CODE_MALFORMED, "dispute"},
        {spoil_job, VCH_CODE_REFUSED, "not the disputed job"},
        {spoil_job_size, VCH_CODE_LIMIT, "a job of 65537 bytes"},
        {spoil_input_nonce, VCH_CODE_REFUSED, "not those that the job pins"},
        {spoil_output_nonce, VCH_CODE_REFUSED, "not those that the job pins"},
        {spoil_nonce_size, VCH_CODE_MALFORMED, "input nonce"},
        {spoil_inputs, VCH_CODE_MALFORMED, "0 inputs for an operator that reads 1"},
        {spoil_place, VCH_CODE_MALFORMED, "the operator reads place 1"},
        {spoil_input_size, VCH_CODE_MALFORMED, "the operator reads place 1 with 4"},
        {spoil_size, VCH_CODE_MALFORMED, "5 bytes are announced for inputs of 4"},
        {spoil_path_size, VCH_CODE_MALFORMED, "digest of a path"},
        {spoil_path_count, VCH_CODE_MALFORMED, "an input at place 1"},
        {spoil_model, VCH_CODE_UNSUPPORTED, "does not hold operators 0 to 2"},
        {spoil_memory, VCH_CODE_LIMIT, "this node allows 4096"},
        {spoil_draining, VCH_CODE_UNAVAILABLE, "about to stop"},
    };

    referees_new(&r, REFEREES_SECOND);
    FOR_EACH(lie, lies)
    {
        Vouch__RefereeRequest request;
        connect_side(&r.truth);
        (void)referees_opening(&request, &r, &r.truth, REFEREES_SECOND);
        lie->spoil(&request);
        ask(&request);
        check_refused(lie->code, lie->text);
    }
    referees_free(&r);
}

TEST(referee_listens_to_the_sides_alone_and_only_while_it_has_to_answer)
{
    Vouch__RefereeRequest request;
    struct referees_side onlooker;

    referees_new(&r, REFEREES_FIRST);
    onlooker = r.truth;
    onlooker.node = ledger_seat(&r.drawn, 1); // another referee
    connect_side(&onlooker);
    (void)referees_opening(&request, &r, &r.truth, REFEREES_FIRST);
    ask(&request);
    check_refused(VCH_CODE_REFUSED, "only a side of the dispute");
    r.self = r.truth.node; // has no seat as a referee
    connect_side(&r.liar);
    ask(&request);
    check_refused(VCH_CODE_REFUSED, "no seat in that dispute");
    r.self = ledger_seat(&r.drawn, 0);
    const struct vch_digest leaf = r.truth.leaves[0];
    ledger_do(ledger_commit_entry(&r.drawn, r.self, &leaf, NULL), &ledger.nodes[r.self].key);
    connect_side(&r.liar);
    ask(&request);
    check_refused(VCH_CODE_REFUSED, "need not answer now");
    referees_free(&r);
}
