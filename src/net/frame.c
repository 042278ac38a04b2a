#include "net/frame.h"

#include <string.h>

#include "base/check.h"
#include "message/message.h"

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

static vch_status decode(Vouch__Frame **out, const uint8_t *bytes, size_t size,
                         struct vch_arena *arena, struct vch_complaint *complaint)
{
    ProtobufCMessage *message = NULL;

    if (!vch_is_ok(vch_message_read(&message, &vouch__frame__descriptor, bytes, size, arena)))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "a frame of %zu bytes that is no Frame message of at most %u bytes in "
                            "memory",
                            size, VCH_FRAME_MEMORY_MAX);
    Vouch__Frame *frame = (Vouch__Frame *)(void *)message;
    if (frame->body_case == VOUCH__FRAME__BODY__NOT_SET)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "a frame without a body that this version knows");
    if (!vch_is_ok(vch_message_check_canonical(message, bytes, size)))
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
