#include "agent/asking.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/bytes.h"
#include "base/check.h"
#include "confine/child.h"

enum { HEAD = VCH_REQUEST_HEAD_SIZE };

void vch_asking_init(struct vch_asking *asking, int channel)
{
    *asking = (struct vch_asking){.channel = channel};
    (void)pthread_mutex_init(&asking->turn, NULL);
}

void vch_asking_release(struct vch_asking *asking)
{
    (void)pthread_mutex_destroy(&asking->turn);
}

vch_status vch_asking_gone(struct vch_asking *asking, struct vch_complaint *complaint)
{
    asking->is_gone = true;
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                        "the key agent has ended: start this node anew");
}

static bool send_all(int channel, struct iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};

    while (message.msg_iovlen > 0) {
        ssize_t sent = sendmsg(channel, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        while (message.msg_iovlen > 0 && (size_t)sent >= message.msg_iov->iov_len) {
            sent -= (ssize_t)message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen == 0) break;
        message.msg_iov->iov_base = (uint8_t *)message.msg_iov->iov_base + sent;
        message.msg_iov->iov_len -= (size_t)sent;
    }
    return true;
}

static bool send_request(int channel, enum vch_request_kind kind,
                         const struct vch_asking_part *parts, size_t count)
{
    struct iovec out[VCH_ASKING_PARTS_MAX + 1];
    uint8_t head[HEAD];
    size_t size = 0;

    VCH_ASSERT(count <= VCH_ASKING_PARTS_MAX);
    for (size_t i = 0; i < count; i++) {
        out[i + 1] = (struct iovec){(void *)(uintptr_t)parts[i].bytes, parts[i].size}; // only read
        size += parts[i].size;
    }
    vch_put_u32le(head, kind);
    vch_put_u32le(head + 4, (uint32_t)size);
    out[0] = (struct iovec){head, sizeof head};
    return send_all(channel, out, count + 1);
}

// An answer has exactly the size that was asked for, or is a text that says why there is none.
static vch_status hear_answer(struct vch_asking *asking, void *out, size_t size,
                              struct vch_complaint *complaint)
{
    char text[VCH_COMPLAINT_SIZE] = "";
    uint8_t head[HEAD];
    int channel = asking->channel;

    if (!vch_is_ok(vch_child_read(channel, head, sizeof head)))
        return vch_asking_gone(asking, complaint);
    const vch_status status = {(enum vch_code)vch_get_u32le(head)};
    const size_t got = vch_get_u32le(head + 4);
    if (vch_is_ok(status)) {
        if (got != size || !vch_is_ok(vch_child_read(channel, out, size)))
            return vch_asking_gone(asking, complaint);
        return VCH_OK;
    }
    if (got >= sizeof text || status.code > VCH_CODE_TIMEOUT ||
        !vch_is_ok(vch_child_read(channel, text, got)))
        return vch_asking_gone(asking, complaint);
    return vch_complain(complaint, status.code, "%s", text[0] ? text : vch_code_text(status.code));
}

vch_status vch_asking_ask_in_turn(struct vch_asking *asking, enum vch_request_kind kind,
                                  const struct vch_asking_part *parts, size_t count, void *out,
                                  size_t size, struct vch_complaint *complaint)
{
    if (asking->is_gone || !send_request(asking->channel, kind, parts, count))
        return vch_asking_gone(asking, complaint);
    return hear_answer(asking, out, size, complaint);
}

vch_status vch_asking_ask(struct vch_asking *asking, enum vch_request_kind kind,
                          const struct vch_asking_part *parts, size_t count, void *out, size_t size,
                          struct vch_complaint *complaint)
{
    vch_asking_take_turn(asking);
    vch_status status = vch_asking_ask_in_turn(asking, kind, parts, count, out, size, complaint);
    vch_asking_end_turn(asking);
    return status;
}

void vch_asking_take_turn(struct vch_asking *asking)
{
    (void)pthread_mutex_lock(&asking->turn);
}

void vch_asking_end_turn(struct vch_asking *asking)
{
    (void)pthread_mutex_unlock(&asking->turn);
}
