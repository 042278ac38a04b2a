#include "channel/transport.h"

#include "host/clock.h"

static vch_status send_frame(void *context, const Vouch__Frame *frame)
{
    return vch_stream_send(context, frame);
}

static vch_status tie(void *context, struct vch_transport_ties *out, const uint8_t nonce[static 32])
{
    VCH_TRY(vch_stream_export(out->exporter, context, VCH_BINDER_EXPORTER_LABEL, nonce, 32));
    return vch_stream_keys(&out->own, &out->peer, context);
}

struct vch_transport vch_transport_of(struct vch_stream *stream)
{
    return (struct vch_transport){stream, send_frame, tie};
}

struct vch_transport_time vch_transport_now(void)
{
    return (struct vch_transport_time){vch_clock_unix_ms(), vch_clock_monotonic_ms()};
}
