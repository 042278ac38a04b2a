// Any bytes at all after TLS: frames and the ledger's session stand them. What it says in return is
// always frames, and in the end it holds no memory for anyone.
#include "harness/desk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sent(struct desk *desk, struct vch_arena *arena)
{
    Vouch__Frame *frame = NULL;

    do {
        VCH_ASSERT(vch_is_ok(vch_frame_take(&frame, desk->sent, arena, NULL)));
        vch_arena_rewind(arena, (struct vch_arena_mark){0});
    } while (frame != NULL);
    VCH_ASSERT(evbuffer_get_length(desk->sent) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct desk desk;
    struct evbuffer *in = evbuffer_new();
    struct vch_arena arena;
    Vouch__Frame *frame = NULL;
    uint32_t frames = 0;

    VCH_ASSERT(in != NULL && evbuffer_add(in, data, size) == 0);
    vch_arena_init(&arena, VCH_FRAME_MEMORY_MAX);
    desk_init(&desk);
    while (desk.session.end_code == VCH_CODE_NONE &&
           vch_is_ok(vch_frame_take(&frame, in, &arena, NULL)) && frame != NULL) {
        // The keeper, the clock, the room and what is in memory come and go as the frames do.
        desk.is_full = frames % 5 == 3;
        desk.is_cold = frames % 3 == 1;
        desk.is_over = frames % 7 == 6;
        vch_ledger_session_receive(&desk.session, frame, desk.now);
        vch_arena_rewind(&arena, (struct vch_arena_mark){0});
        if (++frames % 3 == 0) desk_work(&desk);
        desk.now.monotonic_ms += 7;
        desk.is_full = false;
        vch_ledger_session_pump(&desk.session, desk.now);
    }
    desk_work(&desk);
    check_sent(&desk, &arena);
    desk_release(&desk);
    vch_arena_release(&arena);
    evbuffer_free(in);
    return 0;
}
