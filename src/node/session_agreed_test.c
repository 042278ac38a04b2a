// Agreed jobs as a session serves them: nothing is run before the ledger says that the seat is this
// node's, nothing is shown before the ledger says that nobody can copy it, and what is owed is run
// whether or not its client waits for it.
#include "node/session.h"

#include "harness/session_client.h"

static struct fixture *on_ledger(enum vch_session_leave may_work)
{
    struct fixture *f = greeted();

    session_join_ledger(&f->s);
    f->s.may_work = may_work;
    f->s.may_show = VCH_SESSION_NOT_YET;
    return f;
}

static void ask_agreed(struct fixture *f, uint64_t id)
{
    Vouch__RunRequest request = request_of(f, id);

    request.agreed = true;
    ask(f, &request);
}

// With all of its tensor.
static void ask_whole(struct fixture *f, uint64_t id)
{
    ask_agreed(f, id);
    chunk(f, id, INPUT, SESSION_SIDE);
}

static void advance(struct fixture *f)
{
    vch_session_advance(&f->s.session, f->s.now);
    vch_orphans_advance(&f->s.host, f->s.now);
}

static void tick(struct fixture *f)
{
    vch_session_tick(&f->s.session, f->s.now);
    vch_orphans_advance(&f->s.host, f->s.now);
}

// The client goes; its session ends with it, and another begins.
static void leave(struct fixture *f)
{
    vch_session_release(&f->s.session);
    vch_session_init(&f->s.session, &f->s.host, &f->s.client_key.public_key, &f->s);
}

static void check_computed(struct fixture *f, uint32_t count)
{
    session_work(&f->s);
    CHECK_EQ(f->s.computed_count, count);
}

static void check_nothing_held(struct fixture *f)
{
    CHECK_EQ(f->s.host.orphan_count, 0);
    CHECK_EQ(f->s.queued, 0);
    CHECK_EQ(f->s.host.memory_used, 0);
    tear_down(f);
}

TEST(session_waits_for_the_seat_and_then_for_everybodys_commit)
{
    struct fixture *f = on_ledger(VCH_SESSION_NOT_YET);

    ask_whole(f, 1);
    CHECK_EQ(f->s.queued, 0);
    f->s.may_work = VCH_SESSION_OWED; // the seat, but no input yet
    advance(f);
    CHECK_EQ(f->s.queued, 0);
    f->s.may_work = VCH_SESSION_GO;
    advance(f);
    CHECK_EQ(f->s.queued, 1);
    check_computed(f, 1);
    CHECK(sent(f) == NULL); // others could commit to what they see
    advance(f);
    CHECK(sent(f) == NULL);
    f->s.may_show = VCH_SESSION_GO;
    advance(f);
    Vouch__Frame *result = sent(f);
    CHECK(result != NULL && result->body_case == VOUCH__FRAME__BODY_RUN_RESULT);
    result = sent(f);
    CHECK(result != NULL && result->body_case == VOUCH__FRAME__BODY_CHUNK);
    CHECK_EQ(f->s.computed_count, 1);
    check_nothing_held(f);
}

TEST(session_refuses_what_the_ledger_says_will_never_be)
{
    struct fixture *f = on_ledger(VCH_SESSION_NEVER);

    ask_whole(f, 1);
    check_refused(f, 1, VCH_CODE_REFUSED, "this node has no seat");
    f->s.may_work = VCH_SESSION_GO;
    ask_whole(f, 2);
    check_computed(f, 1);
    f->s.may_show = VCH_SESSION_NEVER;
    advance(f);
    check_refused(f, 2, VCH_CODE_REFUSED, "the job has ended");
    check_nothing_held(f);
}

TEST(session_of_a_node_on_no_ledger_takes_no_agreed_jobs)
{
    struct fixture *f = greeted();

    ask_agreed(f, 1);
    check_refused(f, 1, VCH_CODE_UNSUPPORTED, "on no ledger");
    tear_down(f);
}

TEST(session_refuses_what_could_not_be_kept_before_its_bytes_come)
{
    struct fixture *f = on_ledger(VCH_SESSION_GO);

    f->s.host.keep_max = SESSION_SIDE; // and a job
    ask_agreed(f, 1);
    check_refused(f, 1, VCH_CODE_LIMIT, "send fewer samples");
    f->s.host.keep_max = 1000;
    ask_whole(f, 2);
    check_computed(f, 1);
    tear_down(f);
}

static vch_status cannot_keep(struct session_fixture *fixture, const struct vch_task *task)
{
    (void)fixture, (void)task;
    return VCH_FAIL(IO);
}

TEST(session_shows_no_answer_that_could_not_be_kept)
{
    struct fixture *f = on_ledger(VCH_SESSION_GO);

    f->s.may_show = VCH_SESSION_GO;
    f->s.computed = cannot_keep;
    ask_whole(f, 1);
    check_computed(f, 1);
    check_refused(f, 1, VCH_CODE_IO, "not kept");
    check_nothing_held(f);
}

TEST(session_whose_client_leaves_is_answered_for_all_the_same)
{
    struct fixture *f = on_ledger(VCH_SESSION_NOT_YET);

    ask_whole(f, 1);
    leave(f);
    CHECK_EQ(f->s.host.orphan_count, 1);
    advance(f);
    CHECK_EQ(f->s.queued, 0);
    f->s.may_work = VCH_SESSION_GO;
    advance(f);
    CHECK_EQ(f->s.host.orphan_count, 0);
    check_computed(f, 1);
    CHECK(sent(f) == NULL); // there is nobody to show it to
    check_nothing_held(f);
}

// A cancel, and a client whose patience is over, change no more than one that is gone.
TEST(session_whose_client_cancels_or_tires_is_answered_for_all_the_same)
{
    struct fixture *f = on_ledger(VCH_SESSION_OWED);

    ask_whole(f, 1);
    cancel(f, 1);
    ask_whole(f, 2);
    f->s.now.monotonic_ms += 500; // its budget
    tick(f);
    Vouch__Frame *refusal = sent(f);
    CHECK(refusal != NULL && refusal->body_case == VOUCH__FRAME__BODY_REFUSAL);
    CHECK_EQ(refusal->refusal->code, VCH_CODE_TIMEOUT);
    CHECK_EQ(f->s.host.orphan_count, 2);
    f->s.now.monotonic_ms += UINT64_C(10) * VCH_ORPHANS_PATIENCE_MS; // what is owed is owed
    tick(f);
    CHECK_EQ(f->s.host.orphan_count, 2);
    f->s.may_work = VCH_SESSION_GO;
    tick(f);
    check_computed(f, 2);
    check_nothing_held(f);
}

TEST(session_that_is_left_before_all_of_a_tensor_or_after_its_answer_owes_nothing)
{
    struct fixture *f = on_ledger(VCH_SESSION_GO);

    ask_whole(f, 1);
    check_computed(f, 1);
    ask_agreed(f, 2);
    chunk(f, 2, INPUT, 1);
    leave(f);
    check_nothing_held(f);
}

TEST(session_orphans_that_nobody_is_owed_are_given_up)
{
    struct fixture *f = on_ledger(VCH_SESSION_NOT_YET);

    ask_whole(f, 1);
    leave(f);
    advance(f);
    f->s.now.monotonic_ms += VCH_ORPHANS_PATIENCE_MS - 1;
    advance(f);
    CHECK_EQ(f->s.host.orphan_count, 1);
    f->s.now.monotonic_ms++; // the ledger knows nothing of it
    advance(f);
    CHECK_EQ(f->s.host.orphan_count, 0);
    CHECK_EQ(f->s.host.memory_used, 0);
    hello(f, VCH_FRAME_VERSION);
    (void)sent(f);
    f->s.may_work = VCH_SESSION_OWED;
    ask_whole(f, 1);
    leave(f);
    f->s.may_work = VCH_SESSION_NEVER; // another has the seat, or time is over
    advance(f);
    check_nothing_held(f);
}

// Anybody may ask and leave: what that can make a node hold has an end.
TEST(session_orphans_are_bounded)
{
    struct fixture *f = on_ledger(VCH_SESSION_OWED);

    f->s.host.memory_max = (size_t)1 << 32;
    for (uint32_t i = 0; i < 10; i++) {
        for (uint64_t id = 1; id <= VCH_SESSION_REQUESTS_MAX; id++)
            ask_whole(f, id);
        leave(f);
        hello(f, VCH_FRAME_VERSION);
        (void)sent(f);
    }
    CHECK_EQ(f->s.host.orphan_count, VCH_ORPHANS_MAX);
    tear_down(f); // whatever is left is given back
}

TEST(session_asks_a_busy_worker_again_for_what_is_owed)
{
    struct fixture *f = on_ledger(VCH_SESSION_GO);

    for (uint64_t id = 1; id <= SESSION_QUEUE_MAX + 2; id++)
        ask_whole(f, id);
    CHECK_EQ(f->s.queued, SESSION_QUEUE_MAX);
    CHECK(sent(f) == NULL); // no refusal
    leave(f);
    CHECK_EQ(f->s.host.orphan_count, 2);
    advance(f);
    CHECK_EQ(f->s.host.orphan_count, 2);
    check_computed(f, SESSION_QUEUE_MAX);
    tick(f);
    check_computed(f, SESSION_QUEUE_MAX + 2);
    check_nothing_held(f);
}
