// Releases of keys as a session takes them; what they open is tested beside node/weights.h.
#include "harness/session_client.h"
#include "node/session.h"

// What stands for a node's sealed weights.
static struct {
    vch_status taken, state;
    const char *why;
    uint32_t taken_count;
    uint64_t id;
} weights;

static vch_status take(void *context, const uint8_t *shown, const Vouch__Grant *grant,
                       uint32_t *place, struct vch_complaint *complaint)
{
    (void)context;
    CHECK_EQ(shown[0], 7);
    weights.taken_count++;
    weights.id = grant->id;
    *place = 3;
    if (vch_is_ok(weights.taken)) return VCH_OK;
    return vch_complain(complaint, weights.taken.code, "%s", weights.why);
}

static vch_status ask_state(void *context, uint32_t place, struct vch_complaint *complaint)
{
    (void)context;
    CHECK_EQ(place, 3);
    if (vch_is_ok(weights.state)) return VCH_OK;
    return vch_complain(complaint, weights.state.code, "%s", weights.why);
}

static struct fixture *with_weights(void)
{
    struct fixture *f = greeted();

    f->s.host.take_grant = take;
    f->s.host.ask_grant = ask_state;
    f->s.session.channel.has_shown = true;
    f->s.session.channel.shown[0] = 7;
    weights.taken = VCH_OK;
    weights.state = VCH_FAIL(BUSY);
    weights.why = "not that one";
    weights.taken_count = 0;
    return f;
}

static void release_key(struct fixture *f, uint64_t id)
{
    Vouch__Grant grant = VOUCH__GRANT__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    grant.id = id;
    frame.body_case = VOUCH__FRAME__BODY_GRANT;
    frame.grant = &grant;
    vch_session_receive(&f->s.session, &frame, f->s.now);
}

static void check_answer(struct fixture *f, uint64_t id, enum vch_code code, const char *text)
{
    Vouch__Frame *frame = sent(f);

    CHECK(frame != NULL && frame->body_case == VOUCH__FRAME__BODY_GRANT_RESULT);
    CHECK_EQ(frame->grant_result->id, id);
    CHECK_EQ(frame->grant_result->code, code);
    CHECK(strstr(frame->grant_result->text, text) != NULL);
    CHECK(sent(f) == NULL);
}

TEST(session_answers_a_release_when_the_weights_are_open)
{
    struct fixture *f = with_weights();

    release_key(f, 1);
    CHECK(sent(f) == NULL && !vch_session_is_idle(&f->s.session));
    vch_session_tick(&f->s.session, f->s.now);
    CHECK(sent(f) == NULL);
    release_key(f, 2); // one at a time
    check_answer(f, 2, VCH_CODE_BUSY, "another release");
    weights.state = VCH_OK;
    vch_session_tick(&f->s.session, f->s.now);
    check_answer(f, 1, VCH_CODE_NONE, "");
    CHECK(vch_session_is_idle(&f->s.session));
    release_key(f, 3); // open already
    check_answer(f, 3, VCH_CODE_NONE, "");
    CHECK_EQ(weights.taken_count, 2);
    CHECK_EQ(weights.id, 3);
    tear_down(f);
}

TEST(session_says_why_a_release_opens_nothing)
{
    struct fixture *f = with_weights();

    weights.taken = VCH_FAIL(REFUSED);
    release_key(f, 1);
    check_answer(f, 1, VCH_CODE_REFUSED, "not that one");
    weights.taken = VCH_OK;
    release_key(f, 2);
    weights.state = VCH_FAIL(BAD_PROOF); // found while they were opened
    vch_session_tick(&f->s.session, f->s.now);
    check_answer(f, 2, VCH_CODE_BAD_PROOF, "not that one");
    f->s.host.is_draining = true;
    release_key(f, 3);
    check_answer(f, 3, VCH_CODE_UNAVAILABLE, "about to stop");
    CHECK_EQ(weights.taken_count, 2);
    f->s.host.is_draining = false;
    f->s.session.channel.has_shown = false;
    release_key(f, 4);
    check_answer(f, 4, VCH_CODE_REFUSED, "nothing was attested on this stream");
    CHECK_EQ(weights.taken_count, 2);
    f->s.host.take_grant = NULL;
    release_key(f, 5);
    check_answer(f, 5, VCH_CODE_UNSUPPORTED, "no sealed weights");
    tear_down(f);
}

TEST(session_ends_with_a_client_that_breaks_the_protocol_of_releases)
{
    struct fixture *f = with_weights();

    release_key(f, 2);
    release_key(f, 2);
    check_ended(f, VCH_CODE_MALFORMED);
    f = set_up(); // before the hello
    release_key(f, 1);
    check_ended(f, VCH_CODE_MALFORMED);
    f = with_weights();
    f->s.is_full = true;
    weights.taken = VCH_FAIL(REFUSED);
    for (uint64_t id = 1; id <= VCH_SESSION_REFUSALS_MAX + 1; id++)
        release_key(f, id);
    CHECK_EQ(f->s.session.end_code, VCH_CODE_LIMIT);
    tear_down(f);
}

// What waited for the answer is gone; the weights go on being opened, for whoever asks next.
TEST(session_that_is_gone_leaves_a_release_to_itself)
{
    struct fixture *f = with_weights();

    release_key(f, 1);
    vch_session_release(&f->s.session);
    tear_down(f);
}
