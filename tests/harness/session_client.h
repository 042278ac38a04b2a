// The client's side of a node's session under test: frames go in by hand, and what comes out is
// read.
#pragma once

#include <stdlib.h>
#include <string.h>

#include "harness/session.h"
#include "harness/test.h"

static const int8_t INPUT[SESSION_SIDE] = {100, -7, 0, 127};

struct fixture {
    struct session_fixture s;
    struct vch_arena frames; // of what was sent
    struct vch_tensor input;
    struct vch_nonce input_nonce, output_nonce;
    struct vch_job job;
};

static inline struct fixture *set_up(void)
{
    struct fixture *f = calloc(1, sizeof *f);

    CHECK(f != NULL);
    session_init(&f->s);
    vch_arena_init(&f->frames, 1 << 26);
    f->input = (struct vch_tensor){.type = VCH_TYPE_I8, .shape = {1, {SESSION_SIDE}}};
    f->input.data = vch_arena_alloc(&f->frames, SESSION_SIDE, 1);
    memcpy(f->input.data, INPUT, sizeof INPUT);
    memset(f->input_nonce.bytes, 1, sizeof f->input_nonce);
    memset(f->output_nonce.bytes, 2, sizeof f->output_nonce);
    f->job = session_job(&f->s, &f->input, &f->input_nonce, &f->output_nonce);
    return f;
}

static inline void tear_down(struct fixture *f)
{
    session_release(&f->s);
    vch_arena_release(&f->frames);
    free(f);
}

static inline void receive(struct fixture *f, const Vouch__Frame *frame)
{
    vch_session_receive(&f->s.session, frame, f->s.now);
}

static inline void hello(struct fixture *f, uint32_t version)
{
    Vouch__Hello body = VOUCH__HELLO__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.version = version;
    frame.body_case = VOUCH__FRAME__BODY_HELLO;
    frame.hello = &body;
    receive(f, &frame);
}

static inline Vouch__RunRequest request_of(struct fixture *f, uint64_t id)
{
    Vouch__RunRequest request = VOUCH__RUN_REQUEST__INIT;
    size_t size = 0;
    uint8_t *job = NULL;

    CHECK_OK(vch_job_encode(&job, &size, &f->job, &f->frames, NULL));
    request.id = id;
    request.job = (ProtobufCBinaryData){size, job};
    request.input_nonce = (ProtobufCBinaryData){32, f->input_nonce.bytes};
    request.output_nonce = (ProtobufCBinaryData){32, f->output_nonce.bytes};
    request.size = SESSION_SIDE;
    request.budget_ms = 500;
    return request;
}

static inline void ask(struct fixture *f, Vouch__RunRequest *request)
{
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    frame.body_case = VOUCH__FRAME__BODY_RUN_REQUEST;
    frame.run_request = request;
    receive(f, &frame);
}

static inline void ask_plainly(struct fixture *f, uint64_t id)
{
    Vouch__RunRequest request = request_of(f, id);

    ask(f, &request);
}

static inline void chunk(struct fixture *f, uint64_t id, const void *data, size_t size)
{
    Vouch__Chunk body = VOUCH__CHUNK__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    uint8_t *copy = vch_arena_alloc(&f->frames, size + 1, 1);

    memcpy(copy, data, size);
    body.id = id;
    body.data = (ProtobufCBinaryData){size, copy};
    frame.body_case = VOUCH__FRAME__BODY_CHUNK;
    frame.chunk = &body;
    receive(f, &frame);
}

static inline void cancel(struct fixture *f, uint64_t id)
{
    Vouch__Cancel body = VOUCH__CANCEL__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.id = id;
    frame.body_case = VOUCH__FRAME__BODY_CANCEL;
    frame.cancel = &body;
    receive(f, &frame);
}

// The next frame that the node sent, or NULL.
static inline Vouch__Frame *sent(struct fixture *f)
{
    Vouch__Frame *frame = NULL;

    CHECK_OK(vch_frame_take(&frame, f->s.sent, &f->frames, NULL));
    return frame;
}

static inline struct fixture *greeted(void)
{
    struct fixture *f = set_up();

    hello(f, VCH_FRAME_VERSION);
    Vouch__Frame *frame = sent(f);
    CHECK(frame != NULL && frame->body_case == VOUCH__FRAME__BODY_WELCOME);
    return f;
}

static inline void check_ended(struct fixture *f, enum vch_code code)
{
    CHECK_EQ(f->s.session.end_code, code);
    tear_down(f);
}

static inline void check_refused(struct fixture *f, uint64_t id, enum vch_code code,
                                 const char *text)
{
    Vouch__Frame *frame = sent(f);

    CHECK(frame != NULL && frame->body_case == VOUCH__FRAME__BODY_REFUSAL);
    CHECK_EQ(frame->refusal->id, id);
    CHECK_EQ(frame->refusal->code, code);
    if (strstr(frame->refusal->text, text) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", frame->refusal->text, text);
    CHECK_EQ(f->s.session.end_code, VCH_CODE_NONE);
    CHECK_EQ(f->s.host.memory_used, 0);
    CHECK(!f->s.is_owed);
}
