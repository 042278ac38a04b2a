// Pings: how far away the node is, and that both are still there.
#include "client/link_parts.h"
#include "host/clock.h"
#include "net/greeting.h"

enum { KEEP_ALIVE_MS = 15000 };

void vch_link_parts_send_ping(struct vch_link *link)
{
    link->probed_us = vch_clock_monotonic_us();
    if (!vch_is_ok(vch_greeting_send_ping(link->stream, link->probed_us)))
        vch_link_parts_break_off(link, VCH_FAULT_UNREACHABLE, "the connection takes no frames");
}

void vch_link_parts_receive_ping(struct vch_link *link, const Vouch__Ping *ping)
{
    if (!vch_is_ok(vch_greeting_send_pong(link->stream, ping)))
        vch_link_parts_break_off(link, VCH_FAULT_UNREACHABLE, "the connection takes no frames");
}

void vch_link_parts_receive_pong(struct vch_link *link, const Vouch__Pong *pong)
{
    if (link->state != VCH_LINK_PROBING || pong->token != link->probed_us) return;
    link->rtt_us = vch_clock_monotonic_us() - link->probed_us;
    link->state = VCH_LINK_READY;
}

void vch_link_probe(struct vch_link *link)
{
    if (link->state != VCH_LINK_READY || link->is_asking) return;
    link->state = VCH_LINK_PROBING;
    vch_link_parts_send_ping(link);
}

void vch_link_keep_alive(struct vch_link *link)
{
    uint64_t now_ms = vch_clock_monotonic_ms();
    uint64_t last_ms = link->heard_ms > link->pinged_ms ? link->heard_ms : link->pinged_ms;

    if (link->state != VCH_LINK_READY || now_ms - last_ms < KEEP_ALIVE_MS) return;
    link->pinged_ms = now_ms;
    vch_link_parts_send_ping(link);
}
