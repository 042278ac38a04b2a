// Any bytes at all after TLS: frames, the node's session, the referee and the engine stand them.
// What the node says in return is always frames, and in the end it holds no memory for anyone.
//
// Each input comes three times: from a client, from one that is held to a policy first, and from a
// side of a dispute that the node referees.
#include <stdlib.h>

#include "harness/referees.h"
#include "harness/session_annex.h"
#include "harness/session_attest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What the harness calls where its scene cannot be set, or a check of its own fails.
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
{
    (void)file, (void)line, (void)format;
    abort();
}

static struct referees referees;

static void set_scene(void)
{
    static bool is_set;

    if (is_set) return;
    referees_new(&referees, REFEREES_FIRST);
    session_release(&referees.session);
    is_set = true;
}

// Nobody guesses digests: those of the dispute at hand stand where a request leaves them out.
static void fill_in(Vouch__Frame *frame)
{
    if (frame->body_case != VOUCH__FRAME__BODY_REFEREE_REQUEST) return;
    Vouch__RefereeRequest *request = frame->referee_request;
    if (request->dispute.len == 0)
        request->dispute = vch_message_borrow(referees.dispute.bytes, VCH_DIGEST_SIZE);
    if (request->job.len == 0) request->job = vch_message_borrow(referees.job, referees.job_size);
    if (request->input_nonce.len == 0)
        request->input_nonce =
            vch_message_borrow(referees.input_nonce.bytes, sizeof referees.input_nonce.bytes);
    if (request->output_nonce.len == 0)
        request->output_nonce =
            vch_message_borrow(referees.output_nonce.bytes, sizeof referees.output_nonce.bytes);
}

static void check_sent(struct session_fixture *fixture, struct vch_arena *arena)
{
    Vouch__Frame *frame = NULL;

    do {
        VCH_ASSERT(vch_is_ok(vch_frame_take(&frame, fixture->sent, arena, NULL)));
        vch_arena_rewind(arena, (struct vch_arena_mark){0});
    } while (frame != NULL);
    VCH_ASSERT(evbuffer_get_length(fixture->sent) == 0);
}

// The worker, the clock, the room and the ledger come and go as the frames do.
static void turn(struct session_fixture *fixture, uint32_t frames)
{
    static const enum vch_session_leave leaves[] = {VCH_SESSION_NOT_YET, VCH_SESSION_OWED,
                                                    VCH_SESSION_GO, VCH_SESSION_NEVER};

    fixture->may_work = leaves[frames % 4];
    fixture->may_show = leaves[frames / 2 % 4];
    if (frames % 3 == 0) session_work(fixture);
    fixture->now.monotonic_ms += 7;
    fixture->now.unix_ms += 7;
    vch_session_tick(&fixture->session, fixture->now);
    fixture->is_full = false;
    vch_session_advance(&fixture->session, fixture->now);
    vch_orphans_advance(&fixture->host, fixture->now);
}

static void try_session(struct session_fixture *fixture, const uint8_t *data, size_t size)
{
    struct evbuffer *in = evbuffer_new();
    struct vch_arena arena;
    Vouch__Frame *frame = NULL;
    uint32_t frames = 0;

    VCH_ASSERT(in != NULL && evbuffer_add(in, data, size) == 0);
    vch_arena_init(&arena, VCH_FRAME_MEMORY_MAX);
    while (fixture->session.end_code == VCH_CODE_NONE &&
           vch_is_ok(vch_frame_take(&frame, in, &arena, NULL)) && frame != NULL) {
        fill_in(frame);
        fixture->is_full = frames % 5 == 3;
        vch_session_receive(&fixture->session, frame, fixture->now);
        vch_arena_rewind(&arena, (struct vch_arena_mark){0});
        turn(fixture, ++frames);
    }
    session_work(fixture);
    check_sent(fixture, &arena);
    session_release(fixture);
    vch_arena_release(&arena);
    evbuffer_free(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct session_fixture fixture;
    static struct attested attested;

    set_scene();
    session_init(&fixture);
    session_add_annex(&fixture, 1);
    session_join_ledger(&fixture);
    fixture.host.state = referees_state;
    try_session(&fixture, data, size);
    session_init(&fixture);
    session_hold_client(&fixture, &attested);
    try_session(&fixture, data, size);
    referees_connect(&referees, referees.truth.node);
    try_session(&referees.session, data, size);
    return 0;
}
