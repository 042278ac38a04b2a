#include "net/frame.h"

#include <stdbool.h>
#include <string.h>

#include "base/check.h"

static uint32_t get_u32be(const uint8_t in[static 4])
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static void put_u32be(uint8_t out[static 4], uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

vch_status vch_frame_write(struct evbuffer *out, const Vouch__Frame *frame)
{
    size_t size = vouch__frame__get_packed_size(frame);
    struct evbuffer_iovec space;

    VCH_ASSERT(size > 0 && size <= VCH_FRAME_SIZE_MAX);
    if (evbuffer_reserve_space(out, (ev_ssize_t)(VCH_FRAME_PREFIX_SIZE + size), &space, 1) != 1)
        return VCH_FAIL(NO_MEMORY);
    put_u32be(space.iov_base, (uint32_t)size);
    (void)vouch__frame__pack(frame, (uint8_t *)space.iov_base + VCH_FRAME_PREFIX_SIZE);
    space.iov_len = VCH_FRAME_PREFIX_SIZE + size;
    return evbuffer_commit_space(out, &space, 1) == 0 ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static void *take_memory(void *arena, size_t size)
{
    return vch_arena_alloc(arena, 1, size);
}

static void keep_memory(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer; // the arena gives everything back at once
}

// A protobuf sink that compares instead of storing, so that checking the canonical form costs no
// memory.
struct comparison {
    ProtobufCBuffer base; // first, because the sink is handed back as this type
    const uint8_t *expected;
    size_t size, offset;
    bool is_equal;
};

static void compare(ProtobufCBuffer *sink, size_t size, const uint8_t *bytes)
{
    struct comparison *seen = (struct comparison *)(void *)sink;

    if (!seen->is_equal) return;
    seen->is_equal = size <= seen->size - seen->offset &&
                     (size == 0 || memcmp(seen->expected + seen->offset, bytes, size) == 0);
    seen->offset += seen->is_equal ? size : 0;
}

static bool is_canonical(const Vouch__Frame *frame, const uint8_t *bytes, size_t size)
{
    struct comparison seen = {
        .base.append = compare, .expected = bytes, .size = size, .is_equal = true};

    (void)vouch__frame__pack_to_buffer(frame, &seen.base);
    return seen.is_equal && seen.offset == size;
}

// protobuf-c keeps fields that it does not know, and would write them again.
static bool has_unknown(const Vouch__Frame *frame)
{
    const ProtobufCMessage *body = (const ProtobufCMessage *)frame->hello; // whichever it is

    if (frame->base.n_unknown_fields > 0 || body->n_unknown_fields > 0) return true;
    if (frame->body_case != VOUCH__FRAME__BODY_WELCOME) return false;
    for (size_t i = 0; i < frame->welcome->n_holdings; i++)
        if (frame->welcome->holdings[i]->base.n_unknown_fields > 0) return true;
    return false;
}

static vch_status decode(Vouch__Frame **out, const uint8_t *bytes, size_t size,
                         struct vch_arena *arena, struct vch_complaint *complaint)
{
    ProtobufCAllocator allocator = {take_memory, keep_memory, arena};
    Vouch__Frame *frame = vouch__frame__unpack(&allocator, size, bytes);

    if (frame == NULL)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "a frame of %zu bytes that is no Frame message of at most %u bytes in "
                            "memory",
                            size, VCH_FRAME_MEMORY_MAX);
    if (frame->body_case == VOUCH__FRAME__BODY__NOT_SET)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "a frame without a body that this version knows");
    if (has_unknown(frame) || !is_canonical(frame, bytes, size))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "a %s frame that is not in canonical form", vch_frame_name(frame));
    *out = frame;
    return VCH_OK;
}

vch_status vch_frame_take(Vouch__Frame **frame, struct evbuffer *in, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    size_t available = evbuffer_get_length(in);
    uint8_t prefix[VCH_FRAME_PREFIX_SIZE];

    *frame = NULL;
    if (available < sizeof prefix) return VCH_OK;
    if (evbuffer_copyout(in, prefix, sizeof prefix) != sizeof prefix) return VCH_FAIL(NO_MEMORY);

    uint32_t size = get_u32be(prefix);
    if (size > VCH_FRAME_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a frame announced %u bytes; the limit is %u", size,
                            VCH_FRAME_SIZE_MAX);
    if (size == 0) return vch_complain(complaint, VCH_CODE_MALFORMED, "an empty frame");
    if (available - sizeof prefix < size) return VCH_OK;

    uint8_t *bytes = evbuffer_pullup(in, (ev_ssize_t)(sizeof prefix + size));
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(decode(frame, bytes + sizeof prefix, size, arena, complaint));
    return evbuffer_drain(in, sizeof prefix + size) == 0 ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

const char *vch_frame_name(const Vouch__Frame *frame)
{
    for (unsigned i = 0; i < vouch__frame__descriptor.n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &vouch__frame__descriptor.fields[i];
        if (field->id == (uint32_t)frame->body_case) return field->name;
    }
    return "unknown";
}
