#include "node/clients.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/clock.h"
#include "host/log.h"

struct vch_clients_connection {
    struct vch_clients *clients;
    struct vch_clients_connection *next, **back;
    struct vch_stream *stream;
    bool is_open;
    struct vch_session session;
};

static struct vch_session_time now(void)
{
    return (struct vch_session_time){.unix_ms = vch_clock_unix_ms(),
                                     .monotonic_ms = vch_clock_monotonic_us() / 1000};
}

static void name_of(char out[static 17], const struct vch_public_key *key)
{
    vch_hex_encode(out, key->bytes, 8); // enough to tell peers apart in a log
}

static vch_status send_frame(void *transport, const Vouch__Frame *frame)
{
    struct vch_clients_connection *connection = transport;

    return vch_stream_send(connection->stream, frame);
}

static bool has_room(void *transport)
{
    struct vch_clients_connection *connection = transport;

    return vch_stream_has_room(connection->stream);
}

static void set_owed(void *transport, bool is_owed)
{
    struct vch_clients_connection *connection = transport;

    vch_stream_set_owed(connection->stream, is_owed);
}

static void count_bytes(struct vch_clients_connection *connection)
{
    struct vch_metrics *metrics = connection->clients->setup.host->metrics;

    metrics->bytes_in += vch_stream_bytes_in(connection->stream);
    metrics->bytes_out += vch_stream_bytes_out(connection->stream);
}

// The stream has been, or is being, closed: only our side of it is left.
static void forget(struct vch_clients_connection *connection)
{
    struct vch_clients *clients = connection->clients;

    count_bytes(connection);
    if (connection->is_open) vch_session_release(&connection->session);
    *connection->back = connection->next;
    if (connection->next != NULL) connection->next->back = connection->back;
    clients->count--;
    free(connection);
}

static void close_refused(struct vch_clients_connection *connection, enum vch_code code,
                          const char *why)
{
    char name[17];

    name_of(name, vch_stream_peer(connection->stream));
    vch_log_write(VCH_LOG_WARNING, "client %s: stream refused: %s", name, why);
    connection->clients->setup.host->metrics->streams_failed++;
    vch_stream_refuse(connection->stream, code, why);
    forget(connection);
}

static bool ends(struct vch_clients_connection *connection)
{
    const struct vch_session *session = &connection->session;

    if (session->end_code != VCH_CODE_NONE) {
        close_refused(connection, session->end_code, session->end_text);
        return true;
    }
    bool is_over = connection->clients->setup.host->is_draining || session->is_leaving;
    if (!is_over || !vch_session_is_idle(session)) return false;
    if (!vch_stream_is_flushed(connection->stream)) return false; // the next tick looks again
    vch_stream_close(connection->stream);
    forget(connection);
    return true;
}

static uint32_t count_key(const struct vch_clients *clients, const struct vch_public_key *key)
{
    uint32_t count = 0;

    for (const struct vch_clients_connection *at = clients->first; at != NULL; at = at->next)
        count += at->is_open && vch_is_equal(&at->session.peer, key, sizeof *key);
    return count;
}

static void on_open(void *context, struct vch_stream *stream)
{
    struct vch_clients_connection *connection = context;
    const struct vch_clients_setup *setup = &connection->clients->setup;
    const struct vch_public_key *peer = vch_stream_peer(stream);
    char name[17];

    if (count_key(connection->clients, peer) >= setup->per_key_max) {
        vch_metrics_refuse(setup->host->metrics, VCH_CODE_BUSY);
        close_refused(connection, VCH_CODE_BUSY, "too many connections of this client");
        return;
    }
    vch_session_init(&connection->session, setup->host, peer, connection);
    connection->is_open = true;
    name_of(name, peer);
    vch_log_write(VCH_LOG_DEBUG, "client %s: connected", name);
}

static void on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct vch_clients_connection *connection = context;

    (void)stream;
    vch_session_receive(&connection->session, frame, now());
    (void)ends(connection);
}

static void on_room(void *context, struct vch_stream *stream)
{
    struct vch_clients_connection *connection = context;

    (void)stream;
    vch_session_pump(&connection->session, now());
    (void)ends(connection);
}

static void on_close(void *context, struct vch_stream *stream, enum vch_code code, const char *why)
{
    struct vch_clients_connection *connection = context;
    struct vch_metrics *metrics = connection->clients->setup.host->metrics;
    char name[17] = "(unknown)";

    if (!connection->is_open) {
        metrics->handshakes_failed++;
    } else if (code != VCH_CODE_UNAVAILABLE) {
        metrics->streams_failed++;
        vch_metrics_refuse(metrics, code);
    }
    if (connection->is_open) name_of(name, vch_stream_peer(stream));
    vch_log_write(code == VCH_CODE_UNAVAILABLE ? VCH_LOG_DEBUG : VCH_LOG_WARNING, "client %s: %s",
                  name, why);
    forget(connection);
}

static void on_send(void *context, struct vch_stream *stream, const Vouch__Frame *frame,
                    struct evbuffer *bytes)
{
    const struct vch_clients_connection *connection = context;
    const struct vch_clients_setup *setup = &connection->clients->setup;

    setup->on_send(setup->on_send_context, stream, frame, bytes);
}

static bool admit(void *context, const struct vch_public_key *key)
{
    const struct vch_registry *registry = context;

    if (registry->expires_ms != 0 && vch_clock_unix_ms() >= registry->expires_ms) return false;
    return vch_registry_find(registry, key) != NULL;
}

static void connect_client(struct vch_clients *clients, evutil_socket_t socket)
{
    const struct vch_clients_setup *own = &clients->setup;
    struct vch_clients_connection *connection = calloc(1, sizeof *connection);
    struct vch_stream_setup setup = {
        .base = own->base,
        .tls = own->tls,
        .live_count = &clients->live_streams,
        .limits = own->limits,
        .events = {on_open, on_frame, on_room, on_close, own->on_send != NULL ? on_send : NULL},
        .context = connection,
    };
    // The registry is only read; admissions carry a context that others may write.
    struct vch_tls_admission admission = {admit, (void *)(uintptr_t)own->registry};

    if (connection == NULL) {
        (void)close(socket);
        return;
    }
    if (!vch_is_ok(vch_stream_accept(&connection->stream, &setup, socket, &admission))) {
        free(connection);
        return;
    }
    connection->clients = clients;
    connection->next = clients->first;
    connection->back = &clients->first;
    if (connection->next != NULL) connection->next->back = &connection->next;
    clients->first = connection;
    clients->count++;
}

// Anyone may begin a handshake, and so take a place without a key: when all places are taken, the
// handshake that has lasted longest gives way.
static bool drop_oldest_stranger(struct vch_clients *clients)
{
    struct vch_clients_connection *oldest = NULL;

    for (struct vch_clients_connection *at = clients->first; at != NULL; at = at->next)
        if (!at->is_open) oldest = at; // the newest comes first
    if (oldest == NULL) return false;
    clients->setup.host->metrics->handshakes_failed++;
    vch_stream_drop(oldest->stream);
    forget(oldest);
    return true;
}

void vch_clients_accept(struct vch_clients *clients, evutil_socket_t socket)
{
    struct vch_metrics *metrics = clients->setup.host->metrics;

    metrics->connections_accepted++;
    // Streams that linger, or are about to be freed, count too: they hold memory as well.
    if (clients->live_streams < 2 * clients->setup.count_max &&
        (clients->count < clients->setup.count_max || drop_oldest_stranger(clients))) {
        connect_client(clients, socket);
        return;
    }
    metrics->connections_refused++;
    (void)close(socket);
}

static void tick_connection(struct vch_clients_connection *connection,
                            struct vch_session_time time)
{
    if (connection->is_open) {
        vch_session_tick(&connection->session, time);
        (void)ends(connection);
    } else if (connection->clients->setup.host->is_draining) {
        vch_stream_drop(connection->stream);
        forget(connection);
    }
}

void vch_clients_tick(struct vch_clients *clients)
{
    const struct vch_session_time time = now();

    for (struct vch_clients_connection *at = clients->first, *next = NULL; at != NULL; at = next) {
        next = at->next;
        tick_connection(at, time);
    }
}

void vch_clients_advance(struct vch_clients *clients)
{
    const struct vch_session_time time = now();

    for (struct vch_clients_connection *at = clients->first, *next = NULL; at != NULL; at = next) {
        next = at->next;
        if (!at->is_open) continue;
        vch_session_advance(&at->session, time);
        (void)ends(at);
    }
}

void vch_clients_say_goodbye(struct vch_clients *clients)
{
    for (struct vch_clients_connection *at = clients->first; at != NULL; at = at->next)
        if (at->is_open) vch_session_send_goodbye(&at->session);
}

static void log_task(const struct vch_task *task)
{
    char name[17] = "(gone)", job[17];

    if (task->session != NULL) name_of(name, &task->session->peer);
    vch_hex_encode(job, task->job_id.bytes, 8);
    vch_log_write(VCH_LOG_DEBUG,
                  "client %s: job %s segment %u, %u samples: %s after %" PRIu64 " us", name, job,
                  task->segment, task->batch, vch_code_text(task->status.code), task->compute_us);
}

void vch_clients_finish(struct vch_clients *clients, struct vch_task *task)
{
    struct vch_session *session = task->session;

    log_task(task);
    vch_session_finish(clients->setup.host, task, now());
    if (session != NULL) (void)ends(session->transport);
}

bool vch_clients_are_gone(const struct vch_clients *clients)
{
    return clients->first == NULL && clients->live_streams == 0;
}

void vch_clients_bytes(const struct vch_clients *clients, uint64_t *in, uint64_t *out)
{
    *in = *out = 0;
    for (const struct vch_clients_connection *at = clients->first; at != NULL; at = at->next) {
        *in += vch_stream_bytes_in(at->stream);
        *out += vch_stream_bytes_out(at->stream);
    }
}

void vch_clients_init(struct vch_clients *clients, const struct vch_clients_setup *setup)
{
    *clients = (struct vch_clients){.setup = *setup};
    setup->host->send = send_frame;
    setup->host->has_room = has_room;
    setup->host->set_owed = set_owed;
}

void vch_clients_drop(struct vch_clients *clients)
{
    for (struct vch_clients_connection *at = clients->first, *next = NULL; at != NULL; at = next) {
        next = at->next;
        vch_stream_drop(at->stream);
        forget(at);
    }
    while (clients->live_streams > 0) // each ends within its linger
        if (event_base_loop(clients->setup.base, EVLOOP_ONCE) != 0) break;
}
