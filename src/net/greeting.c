#include "net/greeting.h"

vch_status vch_greeting_send_hello(struct vch_stream *stream)
{
    static char software[] = VCH_GREETING_SOFTWARE;
    Vouch__Hello hello = VOUCH__HELLO__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    hello.version = VCH_FRAME_VERSION;
    hello.software = software;
    frame.body_case = VOUCH__FRAME__BODY_HELLO;
    frame.hello = &hello;
    return vch_stream_send(stream, &frame);
}

vch_status vch_greeting_send_ping(struct vch_stream *stream, uint64_t token)
{
    Vouch__Ping ping = VOUCH__PING__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    ping.token = token;
    frame.body_case = VOUCH__FRAME__BODY_PING;
    frame.ping = &ping;
    return vch_stream_send(stream, &frame);
}

vch_status vch_greeting_send_pong(struct vch_stream *stream, const Vouch__Ping *ping)
{
    Vouch__Pong pong = VOUCH__PONG__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    pong.token = ping->token;
    frame.body_case = VOUCH__FRAME__BODY_PONG;
    frame.pong = &pong;
    return vch_stream_has_room(stream) ? vch_stream_send(stream, &frame) : VCH_OK;
}
