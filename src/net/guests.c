#include "net/guests.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/log.h"

struct vch_guests_connection {
    struct vch_guests *guests;
    struct vch_guests_connection *next, **back;
    struct vch_stream *stream;
    bool is_open;
    _Alignas(max_align_t) uint8_t session[];
};

static const struct vch_guests_session *kind_of(const struct vch_guests_connection *connection)
{
    return connection->guests->setup.session;
}

static void name_of(char out[static 17], const struct vch_public_key *key)
{
    vch_hex_encode(out, key->bytes, 8); // enough to tell peers apart in a log
}

vch_status vch_guests_send(void *transport, const Vouch__Frame *frame)
{
    struct vch_guests_connection *connection = transport;

    return vch_stream_send(connection->stream, frame);
}

bool vch_guests_has_room(void *transport)
{
    struct vch_guests_connection *connection = transport;

    return vch_stream_has_room(connection->stream);
}

void vch_guests_set_owed(void *transport, bool is_owed)
{
    struct vch_guests_connection *connection = transport;

    vch_stream_set_owed(connection->stream, is_owed);
}

struct vch_stream *vch_guests_stream(void *transport)
{
    struct vch_guests_connection *connection = transport;

    return connection->stream;
}

// The stream has been, or is being, closed: only our side of it is left.
static void forget(struct vch_guests_connection *connection)
{
    struct vch_guests *guests = connection->guests;

    guests->counts.bytes_in += vch_stream_bytes_in(connection->stream);
    guests->counts.bytes_out += vch_stream_bytes_out(connection->stream);
    if (connection->is_open) kind_of(connection)->release(connection->session);
    *connection->back = connection->next;
    if (connection->next != NULL) connection->next->back = connection->back;
    guests->count--;
    free(connection);
}

static void close_refused(struct vch_guests_connection *connection, enum vch_code code,
                          const char *why)
{
    char name[17];

    name_of(name, vch_stream_peer(connection->stream));
    vch_log_write(VCH_LOG_WARNING, "%s %s: stream refused: %s", kind_of(connection)->name, name,
                  why);
    connection->guests->counts.failed++;
    vch_stream_refuse(connection->stream, code, why);
    forget(connection);
}

void vch_guests_look(void *transport)
{
    struct vch_guests_connection *connection = transport;
    const struct vch_guests_standing standing = kind_of(connection)->standing(connection->session);

    if (standing.end_code != VCH_CODE_NONE) {
        close_refused(connection, standing.end_code, standing.end_text);
        return;
    }
    bool is_over = *connection->guests->setup.is_draining || standing.is_leaving;
    if (!is_over || !standing.is_idle) return;
    if (!vch_stream_is_flushed(connection->stream)) return; // the next tick looks again
    vch_stream_close(connection->stream);
    forget(connection);
}

static void note_refused(const struct vch_guests_connection *connection, enum vch_code code)
{
    const struct vch_guests_session *kind = kind_of(connection);

    if (kind->refused != NULL) kind->refused(connection->guests->setup.context, code);
}

static uint32_t count_key(const struct vch_guests *guests, const struct vch_public_key *key)
{
    uint32_t count = 0;

    for (const struct vch_guests_connection *at = guests->first; at != NULL; at = at->next)
        count += at->is_open && vch_is_equal(vch_stream_peer(at->stream), key, sizeof *key);
    return count;
}

static void on_open(void *context, struct vch_stream *stream)
{
    struct vch_guests_connection *connection = context;
    const struct vch_guests_setup *setup = &connection->guests->setup;
    const struct vch_public_key *peer = vch_stream_peer(stream);
    char name[17];

    if (count_key(connection->guests, peer) >= setup->per_key_max) {
        note_refused(connection, VCH_CODE_BUSY);
        close_refused(connection, VCH_CODE_BUSY, "too many connections under one key");
        return;
    }
    setup->session->open(connection->session, setup->context, peer, connection);
    connection->is_open = true;
    name_of(name, peer);
    vch_log_write(VCH_LOG_DEBUG, "%s %s: connected", setup->session->name, name);
}

static void on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct vch_guests_connection *connection = context;

    (void)stream;
    kind_of(connection)->receive(connection->session, frame);
    vch_guests_look(connection);
}

static void on_room(void *context, struct vch_stream *stream)
{
    struct vch_guests_connection *connection = context;

    (void)stream;
    kind_of(connection)->pump(connection->session);
    vch_guests_look(connection);
}

static void on_close(void *context, struct vch_stream *stream, enum vch_code code, const char *why)
{
    struct vch_guests_connection *connection = context;
    struct vch_guests_counts *counts = &connection->guests->counts;
    char name[17] = "(unknown)";

    if (!connection->is_open) {
        counts->handshakes_failed++;
    } else if (code != VCH_CODE_UNAVAILABLE) {
        counts->failed++;
        note_refused(connection, code);
    }
    if (connection->is_open) name_of(name, vch_stream_peer(stream));
    vch_log_write(code == VCH_CODE_UNAVAILABLE ? VCH_LOG_DEBUG : VCH_LOG_WARNING, "%s %s: %s",
                  kind_of(connection)->name, name, why);
    forget(connection);
}

static void on_send(void *context, struct vch_stream *stream, const Vouch__Frame *frame,
                    struct evbuffer *bytes)
{
    const struct vch_guests_connection *connection = context;
    const struct vch_guests_setup *setup = &connection->guests->setup;

    setup->on_send(setup->on_send_context, stream, frame, bytes);
}

static void connect_guest(struct vch_guests *guests, evutil_socket_t socket)
{
    const struct vch_guests_setup *own = &guests->setup;
    struct vch_guests_connection *connection = calloc(1, sizeof *connection + own->session->size);
    struct vch_stream_setup setup = {
        .base = own->base,
        .tls = own->tls,
        .live_count = &guests->live_streams,
        .limits = own->limits,
        .events = {on_open, on_frame, on_room, on_close, own->on_send != NULL ? on_send : NULL},
        .context = connection,
    };

    if (connection == NULL) {
        (void)close(socket);
        return;
    }
    connection->guests = guests;
    if (!vch_is_ok(vch_stream_accept(&connection->stream, &setup, socket, &own->admission))) {
        free(connection);
        return;
    }
    connection->next = guests->first;
    connection->back = &guests->first;
    if (connection->next != NULL) connection->next->back = &connection->next;
    guests->first = connection;
    guests->count++;
}

// Anyone may begin a handshake, and so take a place without a key: when all places are taken, the
// handshake that has lasted longest gives way.
static bool drop_oldest_stranger(struct vch_guests *guests)
{
    struct vch_guests_connection *oldest = NULL;

    for (struct vch_guests_connection *at = guests->first; at != NULL; at = at->next)
        if (!at->is_open) oldest = at; // the newest comes first
    if (oldest == NULL) return false;
    guests->counts.handshakes_failed++;
    vch_stream_drop(oldest->stream);
    forget(oldest);
    return true;
}

void vch_guests_accept(struct vch_guests *guests, evutil_socket_t socket)
{
    guests->counts.accepted++;
    // Streams that linger, or are about to be freed, count too: they hold memory as well.
    if (guests->live_streams < 2 * guests->setup.count_max &&
        (guests->count < guests->setup.count_max || drop_oldest_stranger(guests))) {
        connect_guest(guests, socket);
        return;
    }
    guests->counts.refused++;
    (void)close(socket);
}

void vch_guests_each(struct vch_guests *guests, void (*each)(void *session, const void *what),
                     const void *what)
{
    for (struct vch_guests_connection *at = guests->first, *next = NULL; at != NULL; at = next) {
        next = at->next;
        if (!at->is_open) continue;
        each(at->session, what);
        vch_guests_look(at);
    }
}

static void tick(struct vch_guests_connection *connection)
{
    const struct vch_guests_session *kind = kind_of(connection);

    if (connection->is_open) {
        if (kind->tick != NULL) kind->tick(connection->session);
        vch_guests_look(connection);
    } else if (*connection->guests->setup.is_draining) {
        vch_stream_drop(connection->stream);
        forget(connection);
    }
}

void vch_guests_tick(struct vch_guests *guests)
{
    for (struct vch_guests_connection *at = guests->first, *next = NULL; at != NULL; at = next) {
        next = at->next;
        tick(at);
    }
}

void vch_guests_say_goodbye(struct vch_guests *guests)
{
    for (struct vch_guests_connection *at = guests->first; at != NULL; at = at->next)
        if (at->is_open) guests->setup.session->say_goodbye(at->session);
}

bool vch_guests_are_gone(const struct vch_guests *guests)
{
    return guests->first == NULL && guests->live_streams == 0;
}

void vch_guests_bytes(const struct vch_guests *guests, uint64_t *in, uint64_t *out)
{
    *in = guests->counts.bytes_in;
    *out = guests->counts.bytes_out;
    for (const struct vch_guests_connection *at = guests->first; at != NULL; at = at->next) {
        *in += vch_stream_bytes_in(at->stream);
        *out += vch_stream_bytes_out(at->stream);
    }
}

void vch_guests_init(struct vch_guests *guests, const struct vch_guests_setup *setup)
{
    *guests = (struct vch_guests){.setup = *setup};
}

void vch_guests_drop(struct vch_guests *guests)
{
    for (struct vch_guests_connection *at = guests->first, *next = NULL; at != NULL; at = next) {
        next = at->next;
        vch_stream_drop(at->stream);
        forget(at);
    }
    while (guests->live_streams > 0) // each ends within its linger
        if (event_base_loop(guests->setup.base, EVLOOP_ONCE) != 0) break;
}
