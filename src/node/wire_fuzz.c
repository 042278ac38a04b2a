// Any bytes at all after TLS: frames, the node's session and the engine stand them. What the node
// says in return is always frames, and in the end it holds no memory for anyone.
#include "harness/session_annex.h"

#include "node/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sent(struct session_fixture *fixture, struct vch_arena *arena)
{
    Vouch__Frame *frame = NULL;

    do {
        VCH_ASSERT(vch_is_ok(vch_frame_take(&frame, fixture->sent, arena, NULL)));
        vch_arena_rewind(arena, (struct vch_arena_mark){0});
    } while (frame != NULL);
    VCH_ASSERT(evbuffer_get_length(fixture->sent) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct session_fixture fixture;
    struct evbuffer *in = evbuffer_new();
    struct vch_arena arena;
    Vouch__Frame *frame = NULL;
    uint32_t frames = 0;

    VCH_ASSERT(in != NULL && evbuffer_add(in, data, size) == 0);
    vch_arena_init(&arena, VCH_FRAME_MEMORY_MAX);
    session_init(&fixture);
    session_add_annex(&fixture, 1);
    while (fixture.session.end_code == VCH_CODE_NONE &&
           vch_is_ok(vch_frame_take(&frame, in, &arena, NULL)) && frame != NULL) {
        // The worker, the clock and the room come and go as the frames do.
        fixture.is_full = frames % 5 == 3;
        vch_session_receive(&fixture.session, frame, fixture.now);
        vch_arena_rewind(&arena, (struct vch_arena_mark){0});
        if (++frames % 3 == 0) session_work(&fixture);
        fixture.now.monotonic_ms += 7;
        fixture.now.unix_ms += 7;
        vch_session_tick(&fixture.session, fixture.now);
        fixture.is_full = false;
        vch_session_pump(&fixture.session, fixture.now);
    }
    session_work(&fixture);
    check_sent(&fixture, &arena);
    session_release(&fixture);
    vch_arena_release(&arena);
    evbuffer_free(in);
    return 0;
}
