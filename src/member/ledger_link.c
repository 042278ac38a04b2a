#include "member/ledger_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "host/clock.h"
#include "member/ledger_link_parts.h"
#include "net/greeting.h"

enum {
    TICK_MS = 25,        // while something is about to be done again
    QUIET_TICK_MS = 250, // while what comes wakes us
    RETRY_MS = 100,      // doubles
    RETRY_DOUBLINGS_MAX = 5,
    GREETING_MS = 10000,
    KEEP_ALIVE_MS = 15000,
    SCRATCH_MAX = 4 << 20,
};

// A quiet tick comes at whole intervals of the clock, as those of streams do (net/stream_waits.c).
static void schedule_tick(struct vch_ledger_link *link)
{
    const bool is_quiet = link->state == VCH_LEDGER_LINK_READY && !link->is_leaving;
    const uint64_t left_ms =
        is_quiet ? QUIET_TICK_MS - vch_clock_monotonic_ms() % QUIET_TICK_MS : TICK_MS;
    const struct timeval left = {.tv_usec = (suseconds_t)left_ms * 1000};

    VCH_ASSERT(event_add(link->tick, &left) == 0);
}

static void enter(struct vch_ledger_link *link, enum vch_ledger_link_state state)
{
    if (link->state == state) return;
    link->state = state;
    link->since_ms = vch_clock_monotonic_ms();
    schedule_tick(link);
    if (link->setup.on_change != NULL) link->setup.on_change(link->setup.context, state);
}

static void set_trouble(struct vch_ledger_link *link, const char *why)
{
    struct vch_complaint text = {""}; // also makes the ledger's text printable

    (void)vch_complain(&text, VCH_CODE_UNAVAILABLE, "%.400s", why);
    memcpy(link->trouble, text.text, sizeof link->trouble);
}

// The stream is gone: what was sent has no answer, what was not waits for the next one.
static void go_down(struct vch_ledger_link *link, const char *why)
{
    uint32_t doublings =
        link->failures < RETRY_DOUBLINGS_MAX ? link->failures : RETRY_DOUBLINGS_MAX;

    link->stream = NULL;
    link->is_leaving = false;
    link->failures++;
    link->retry_ms = vch_clock_monotonic_ms() + ((uint64_t)RETRY_MS << doublings);
    set_trouble(link, why);
    enter(link, VCH_LEDGER_LINK_DOWN);
    vch_ledger_link_parts_fail_sent(link, VCH_FAIL(UNAVAILABLE), link->trouble);
}

static void hang_up(struct vch_ledger_link *link, const char *why)
{
    if (link->stream != NULL) vch_stream_drop(link->stream);
    go_down(link, why);
}

void vch_ledger_link_parts_break_off(struct vch_ledger_link *link, const char *why)
{
    if (link->stream != NULL) vch_stream_drop(link->stream);
    link->stream = NULL;
    set_trouble(link, why);
    enter(link, VCH_LEDGER_LINK_BROKEN);
    vch_ledger_link_parts_fail_all(link, VCH_FAIL(BAD_PROOF), link->trouble);
}

// A stream that takes no frames is about to say that it ended.
static void forgive(vch_status unsent)
{
    (void)unsent;
}

void vch_ledger_link_parts_send(struct vch_ledger_link *link, const Vouch__Frame *frame)
{
    if (link->stream != NULL) forgive(vch_stream_send(link->stream, frame));
}

static void receive_welcome(struct vch_ledger_link *link, const Vouch__Welcome *welcome)
{
    if (link->state != VCH_LEDGER_LINK_CONNECTING || welcome->version != VCH_FRAME_VERSION) {
        hang_up(link, "the ledger speaks another version of the protocol");
        return;
    }
    link->failures = 0;
    link->last_id = 0; // identifiers belong to a stream
    link->trouble[0] = '\0';
    enter(link, VCH_LEDGER_LINK_READY);
    vch_ledger_link_parts_follow(link);
    vch_ledger_link_parts_watch_all(link);
    vch_ledger_link_parts_pump(link);
}

static void expect(struct vch_ledger_link *link, bool was_asked_for)
{
    if (!was_asked_for) vch_ledger_link_parts_break_off(link, "an answer that nobody asked for");
}

static void on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct vch_ledger_link *link = context;

    link->heard_ms = vch_clock_monotonic_ms();
    switch ((int)frame->body_case) { // generated with a value more, for some compilers
    case VOUCH__FRAME__BODY_WELCOME: receive_welcome(link, frame->welcome); break;
    case VOUCH__FRAME__BODY_LEDGER_APPENDED:
        expect(link, vch_ledger_link_parts_appended(link, frame->ledger_appended));
        break;
    case VOUCH__FRAME__BODY_LEDGER_PROOF:
        expect(link, vch_ledger_link_parts_proof(link, frame->ledger_proof));
        break;
    case VOUCH__FRAME__BODY_LEDGER_BLOB:
        expect(link, vch_ledger_link_parts_blob(link, frame->ledger_blob));
        break;
    case VOUCH__FRAME__BODY_CHUNK:
        expect(link, vch_ledger_link_parts_chunk(link, frame->chunk));
        break;
    case VOUCH__FRAME__BODY_LEDGER_BLOB_RESULT:
        expect(link, vch_ledger_link_parts_result(link, frame->ledger_blob_result));
        break;
    case VOUCH__FRAME__BODY_LEDGER_ENTRIES:
        vch_ledger_link_parts_receive_entries(link, frame->ledger_entries);
        break;
    case VOUCH__FRAME__BODY_LEDGER_EVENTS:
        vch_ledger_link_parts_receive_events(link, frame->ledger_events);
        break;
    case VOUCH__FRAME__BODY_PING: forgive(vch_greeting_send_pong(stream, frame->ping)); break;
    case VOUCH__FRAME__BODY_PONG: break;
    case VOUCH__FRAME__BODY_GOODBYE:
        link->is_leaving = true;
        schedule_tick(link);
        break;
    case VOUCH__FRAME__BODY_REFUSAL: hang_up(link, frame->refusal->text); break;
    default: vch_ledger_link_parts_break_off(link, "a frame that ledgers do not send"); break;
    }
    vch_ledger_link_parts_pump(link);
}

static void on_open(void *context, struct vch_stream *stream)
{
    (void)context;
    forgive(vch_greeting_send_hello(stream));
}

static void on_room(void *context, struct vch_stream *stream)
{
    (void)stream;
    vch_ledger_link_parts_pump(context);
}

static void on_close(void *context, struct vch_stream *stream, enum vch_code code, const char *why)
{
    (void)stream, (void)code;
    go_down(context, why);
}

static void connect_link(struct vch_ledger_link *link)
{
    const struct vch_ledger_link_setup *own = &link->setup;
    struct vch_stream_setup setup = {.base = own->base,
                                     .dns = own->dns,
                                     .tls = own->tls != NULL ? own->tls : link->own_tls,
                                     .live_count = own->live_count,
                                     .limits = own->limits,
                                     .events = {on_open, on_frame, on_room, on_close, NULL},
                                     .context = link};
    vch_status status =
        vch_stream_connect(&link->stream, &setup, &own->charter.clerk, link->host, own->port);

    if (!vch_is_ok(status)) {
        go_down(link, vch_code_text(status.code));
        return;
    }
    link->heard_ms = link->pinged_ms = vch_clock_monotonic_ms();
    enter(link, VCH_LEDGER_LINK_CONNECTING);
}

static void on_tick(evutil_socket_t unused, short what, void *context)
{
    struct vch_ledger_link *link = context;
    uint64_t now = vch_clock_monotonic_ms();

    (void)unused, (void)what;
    vch_ledger_link_parts_expire(link, now);
    if (link->state == VCH_LEDGER_LINK_DOWN && now >= link->retry_ms) {
        connect_link(link);
    } else if (link->state == VCH_LEDGER_LINK_CONNECTING && now - link->since_ms >= GREETING_MS) {
        hang_up(link, "no greeting in time");
    } else if (link->state == VCH_LEDGER_LINK_READY) {
        uint64_t last = link->heard_ms > link->pinged_ms ? link->heard_ms : link->pinged_ms;
        if (now - last >= KEEP_ALIVE_MS) {
            link->pinged_ms = now;
            forgive(vch_greeting_send_ping(link->stream, now));
        }
        vch_ledger_link_parts_fetch_missing(link);
        vch_ledger_link_parts_pump(link);
        if (link->is_leaving && !vch_ledger_link_parts_are_sent(link))
            hang_up(link, "the ledger is about to stop");
    }
    schedule_tick(link);
}

static vch_status set_up(struct vch_ledger_link *link, struct vch_complaint *complaint)
{
    struct vch_ledger_link_setup *setup = &link->setup;

    if (setup->limits.window_ms == 0) setup->limits = vch_stream_default_limits();
    link->last = &link->first;
    vch_arena_init(&link->scratch, SCRATCH_MAX);
    VCH_TRY(vch_charter_notes_init(&link->notes, &setup->charter, complaint));
    if (setup->tls == NULL) VCH_TRY(vch_tls_new(&link->own_tls, setup->signer, complaint));
    link->host = strdup(setup->host);
    link->tick = event_new(setup->base, -1, 0, on_tick, link);
    if (link->host == NULL || link->tick == NULL) return VCH_FAIL(NO_MEMORY);
    event_active(link->tick, EV_TIMEOUT, 1); // connects, from the loop
    return VCH_OK;
}

vch_status vch_ledger_link_new(struct vch_ledger_link **out,
                               const struct vch_ledger_link_setup *setup,
                               struct vch_complaint *complaint)
{
    struct vch_ledger_link *link = calloc(1, sizeof *link);

    if (link == NULL) return VCH_FAIL(NO_MEMORY);
    link->setup = *setup;
    vch_status status = set_up(link, complaint);
    if (vch_is_ok(status))
        *out = link;
    else
        vch_ledger_link_free(link);
    return status;
}

void vch_ledger_link_free(struct vch_ledger_link *link)
{
    if (link == NULL) return;
    if (link->stream != NULL) vch_stream_close(link->stream);
    vch_ledger_link_parts_drop(link);
    if (link->tick != NULL) event_free(link->tick);
    vch_tls_free(link->own_tls); // streams hold it for as long as they need
    vch_arena_release(&link->scratch);
    free(link->host);
    free(link);
}

enum vch_ledger_link_state vch_ledger_link_state(const struct vch_ledger_link *link)
{
    return link->state;
}

const char *vch_ledger_link_trouble(const struct vch_ledger_link *link)
{
    return link->trouble[0] ? link->trouble : "not connected yet";
}
