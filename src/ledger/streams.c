#include "ledger/streams.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/clock.h"
#include "host/log.h"

struct vch_streams_connection {
    struct vch_streams *streams;
    struct vch_streams_connection *next, **back;
    struct vch_stream *stream;
    bool is_open;
    struct vch_ledger_session session;
};

static struct vch_ledger_session_time now(void)
{
    return (struct vch_ledger_session_time){.unix_ms = vch_clock_unix_ms(),
                                            .monotonic_ms = vch_clock_monotonic_us() / 1000};
}

static void name_of(char out[static 17], const struct vch_public_key *key)
{
    vch_hex_encode(out, key->bytes, 8); // enough to tell peers apart in a log
}

static vch_status send_frame(void *transport, const Vouch__Frame *frame)
{
    struct vch_streams_connection *connection = transport;

    return vch_stream_send(connection->stream, frame);
}

static bool has_room(void *transport)
{
    struct vch_streams_connection *connection = transport;

    return vch_stream_has_room(connection->stream);
}

static void set_owed(void *transport, bool is_owed)
{
    struct vch_streams_connection *connection = transport;

    vch_stream_set_owed(connection->stream, is_owed);
}

// The stream has been, or is being, closed: only our side of it is left.
static void forget(struct vch_streams_connection *connection)
{
    struct vch_streams *streams = connection->streams;

    streams->counts.bytes_in += vch_stream_bytes_in(connection->stream);
    streams->counts.bytes_out += vch_stream_bytes_out(connection->stream);
    if (connection->is_open) vch_ledger_session_release(&connection->session);
    *connection->back = connection->next;
    if (connection->next != NULL) connection->next->back = connection->back;
    streams->count--;
    free(connection);
}

static void close_refused(struct vch_streams_connection *connection, enum vch_code code,
                          const char *why)
{
    char name[17];

    name_of(name, vch_stream_peer(connection->stream));
    vch_log_write(VCH_LOG_WARNING, "member %s: stream refused: %s", name, why);
    connection->streams->counts.failed++;
    vch_stream_refuse(connection->stream, code, why);
    forget(connection);
}

static bool ends(struct vch_streams_connection *connection)
{
    const struct vch_ledger_session *session = &connection->session;

    if (session->end_code != VCH_CODE_NONE) {
        close_refused(connection, session->end_code, session->end_text);
        return true;
    }
    bool is_over = connection->streams->setup.host->is_draining || session->is_leaving;
    if (!is_over || !vch_ledger_session_is_idle(session)) return false;
    if (!vch_stream_is_flushed(connection->stream)) return false; // the next tick looks again
    vch_stream_close(connection->stream);
    forget(connection);
    return true;
}

static uint32_t count_key(const struct vch_streams *streams, const struct vch_public_key *key)
{
    uint32_t count = 0;

    for (const struct vch_streams_connection *at = streams->first; at != NULL; at = at->next)
        count += at->is_open && vch_is_equal(&at->session.peer, key, sizeof *key);
    return count;
}

static void on_open(void *context, struct vch_stream *stream)
{
    struct vch_streams_connection *connection = context;
    const struct vch_streams_setup *setup = &connection->streams->setup;
    const struct vch_public_key *peer = vch_stream_peer(stream);
    char name[17];

    if (count_key(connection->streams, peer) >= setup->per_key_max) {
        close_refused(connection, VCH_CODE_BUSY, "too many connections of this member");
        return;
    }
    vch_ledger_session_init(&connection->session, setup->host, peer, connection);
    connection->is_open = true;
    name_of(name, peer);
    vch_log_write(VCH_LOG_DEBUG, "member %s: connected", name);
}

static void on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct vch_streams_connection *connection = context;

    (void)stream;
    vch_ledger_session_receive(&connection->session, frame, now());
    (void)ends(connection);
}

static void on_room(void *context, struct vch_stream *stream)
{
    struct vch_streams_connection *connection = context;

    (void)stream;
    vch_ledger_session_pump(&connection->session, now());
    (void)ends(connection);
}

static void on_close(void *context, struct vch_stream *stream, enum vch_code code, const char *why)
{
    struct vch_streams_connection *connection = context;
    struct vch_streams_counts *counts = &connection->streams->counts;
    char name[17] = "(unknown)";

    if (!connection->is_open)
        counts->handshakes_failed++;
    else if (code != VCH_CODE_UNAVAILABLE)
        counts->failed++;
    if (connection->is_open) name_of(name, vch_stream_peer(stream));
    vch_log_write(code == VCH_CODE_UNAVAILABLE ? VCH_LOG_DEBUG : VCH_LOG_WARNING, "member %s: %s",
                  name, why);
    forget(connection);
}

static void connect_member(struct vch_streams *streams, evutil_socket_t socket)
{
    const struct vch_streams_setup *own = &streams->setup;
    struct vch_streams_connection *connection = calloc(1, sizeof *connection);
    struct vch_stream_setup setup = {
        .base = own->base,
        .tls = own->tls,
        .live_count = &streams->live_streams,
        .limits = own->limits,
        .events = {on_open, on_frame, on_room, on_close, NULL},
        .context = connection,
    };
    struct vch_tls_admission admission = {own->admit, own->context};

    if (connection == NULL) {
        (void)close(socket);
        return;
    }
    if (!vch_is_ok(vch_stream_accept(&connection->stream, &setup, socket, &admission))) {
        free(connection);
        return;
    }
    connection->streams = streams;
    connection->next = streams->first;
    connection->back = &streams->first;
    if (connection->next != NULL) connection->next->back = &connection->next;
    streams->first = connection;
    streams->count++;
}

// Anyone may begin a handshake, and so take a place without a key: when all places are taken, the
// handshake that has lasted longest gives way.
static bool drop_oldest_stranger(struct vch_streams *streams)
{
    struct vch_streams_connection *oldest = NULL;

    for (struct vch_streams_connection *at = streams->first; at != NULL; at = at->next)
        if (!at->is_open) oldest = at; // the newest comes first
    if (oldest == NULL) return false;
    streams->counts.handshakes_failed++;
    vch_stream_drop(oldest->stream);
    forget(oldest);
    return true;
}

void vch_streams_accept(struct vch_streams *streams, evutil_socket_t socket)
{
    streams->counts.accepted++;
    // Streams that linger, or are about to be freed, count too: they hold memory as well.
    if (streams->live_streams < 2 * streams->setup.count_max &&
        (streams->count < streams->setup.count_max || drop_oldest_stranger(streams))) {
        connect_member(streams, socket);
        return;
    }
    streams->counts.refused++;
    (void)close(socket);
}

void vch_streams_pump(struct vch_streams *streams)
{
    for (struct vch_streams_connection *at = streams->first, *next = NULL; at != NULL; at = next) {
        next = at->next;
        if (!at->is_open) continue;
        vch_ledger_session_pump(&at->session, now());
        (void)ends(at);
    }
}

void vch_streams_tick(struct vch_streams *streams)
{
    for (struct vch_streams_connection *at = streams->first, *next = NULL; at != NULL; at = next) {
        next = at->next;
        if (at->is_open) {
            (void)ends(at);
        } else if (streams->setup.host->is_draining) {
            vch_stream_drop(at->stream);
            forget(at);
        }
    }
}

void vch_streams_say_goodbye(struct vch_streams *streams)
{
    for (struct vch_streams_connection *at = streams->first; at != NULL; at = at->next)
        if (at->is_open) vch_ledger_session_send_goodbye(&at->session);
}

void vch_streams_finish(struct vch_streams *streams, struct vch_request *request)
{
    struct vch_ledger_session *session = request->session;

    vch_ledger_session_finish(streams->setup.host, request, now());
    if (session != NULL) (void)ends(session->transport);
}

bool vch_streams_are_gone(const struct vch_streams *streams)
{
    return streams->first == NULL && streams->live_streams == 0;
}

void vch_streams_init(struct vch_streams *streams, const struct vch_streams_setup *setup)
{
    *streams = (struct vch_streams){.setup = *setup};
    setup->host->send = send_frame;
    setup->host->has_room = has_room;
    setup->host->set_owed = set_owed;
}

void vch_streams_drop(struct vch_streams *streams)
{
    for (struct vch_streams_connection *at = streams->first, *next = NULL; at != NULL; at = next) {
        next = at->next;
        vch_stream_drop(at->stream);
        forget(at);
    }
    while (streams->live_streams > 0) // each ends within its linger
        if (event_base_loop(streams->setup.base, EVLOOP_ONCE) != 0) break;
}
