#include "collect/hearing.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "host/clock.h"

enum { SLACK_MS = 1000 }; // the process that asks the hardware gives up first

// Until the deadline, all of it.
static vch_status read_until(int channel, void *bytes, size_t size, uint64_t deadline_us)
{
    size_t done = 0;

    while (done < size) {
        uint64_t now_us = vch_clock_monotonic_us();
        if (now_us >= deadline_us) return VCH_FAIL(TIMEOUT);
        struct pollfd ready = {.fd = channel, .events = POLLIN};
        int count = poll(&ready, 1, (int)((deadline_us - now_us) / 1000 + 1));
        if (count < 0 && errno != EINTR) return VCH_FAIL(IO);
        if (count <= 0) continue;
        ssize_t got = recv(channel, (uint8_t *)bytes + done, size - done, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return VCH_FAIL(TRUNCATED);
        done += (size_t)got;
    }
    return VCH_OK;
}

static vch_status take(struct vch_cmw *out, int channel, uint32_t size, uint64_t deadline_us,
                       struct vch_arena *arena, struct vch_complaint *complaint)
{
    out->count = 0;
    if (size == 0) return VCH_OK;
    uint8_t *bytes = vch_arena_alloc(arena, size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(read_until(channel, bytes, size, deadline_us));
    return vch_cmw_decode(out, bytes, size, complaint);
}

// Whoever took that process over must not take this one over, too.
static bool is_sane(const struct vch_inquiry_reply *reply)
{
    return (unsigned)reply->status.code <= VCH_CODE_TIMEOUT &&
           (unsigned)reply->kind < VCH_BINDER_KIND_END &&
           reply->evidence_size <= VCH_CMW_SIZE_MAX &&
           reply->endorsements_size <= VCH_CMW_SIZE_MAX &&
           reply->secret_size <= VCH_TPM_CREDENTIAL_SECRET_MAX;
}

static vch_status hear(struct vch_hearing *question, int channel, uint64_t deadline_us,
                       struct vch_complaint *complaint)
{
    struct vch_inquiry_reply *reply = &question->reply;

    VCH_TRY(read_until(channel, reply, sizeof *reply, deadline_us));
    reply->complaint.text[VCH_COMPLAINT_SIZE - 1] = '\0';
    if (!is_sane(reply))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the process that asks the hardware answered with what is no answer");
    if (!vch_is_ok(reply->status))
        return vch_complain(complaint, reply->status.code, "%s", reply->complaint.text);
    if (question->evidence == NULL) return VCH_OK;
    VCH_TRY(take(question->evidence, channel, reply->evidence_size, deadline_us, question->arena,
                 complaint));
    return take(question->endorsements, channel, reply->endorsements_size, deadline_us,
                question->arena, complaint);
}

vch_status vch_hearing_ask(struct vch_hearing *question, int channel, uint32_t timeout_ms,
                           struct vch_complaint *complaint)
{
    const uint64_t now_us = vch_clock_monotonic_us(), span_us = timeout_ms * 1000ull;

    question->request.deadline_us = now_us + span_us;
    vch_status told =
        vch_child_write_with(channel, &question->request, sizeof question->request, -1);
    if (vch_is_ok(told))
        told = hear(question, channel, now_us + span_us + SLACK_MS * 1000ull, complaint);
    if (told.code == VCH_CODE_TIMEOUT)
        return vch_complain(complaint, VCH_CODE_TIMEOUT, "the hardware did not answer within %u ms",
                            timeout_ms);
    return told;
}
