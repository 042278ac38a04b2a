#include "node/node.h"

#include <event2/listener.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "host/clock.h"
#include "host/log.h"
#include "net/http.h"
#include "node/session.h"
#include "node/worker.h"

enum {
    TICK_MS = 50,
    ARENA_MAX = INT32_MAX, // manifests of all models
    BACKLOG = 128,
    STOP = 1, // written to the control descriptor
    ABORT = 1 << 16,
};

// A client's connection: a stream, and a session once the peer is known.
struct connection {
    struct vch_node *node;
    struct connection *next, **back;
    struct vch_stream *stream;
    bool is_open;
    struct vch_session session;
};

struct vch_node {
    struct vch_node_options options;
    char host[128];
    struct vch_arena arena;
    struct vch_models models;
    struct vch_registry registry;
    struct vch_metrics metrics;
    struct vch_session_host session_host;
    struct vch_worker *worker;
    struct vch_tls *tls;
    struct event_base *base;
    struct evconnlistener *listener;
    struct vch_http *http;
    struct event *tick, *results, *control, *terminate, *interrupt;
    int control_descriptor;
    uint16_t port;
    struct connection *connections;
    uint32_t connection_count, live_streams;
    uint64_t drain_end_ms;
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
    struct connection *connection = transport;

    return vch_stream_send(connection->stream, frame);
}

static bool has_room(void *transport)
{
    struct connection *connection = transport;

    return vch_stream_has_room(connection->stream);
}

static void set_owed(void *transport, bool is_owed)
{
    struct connection *connection = transport;

    vch_stream_set_owed(connection->stream, is_owed);
}

static vch_status submit(void *context, struct vch_task *task)
{
    struct vch_node *node = context;

    return vch_worker_submit(node->worker, task);
}

static uint32_t queue_room(void *context)
{
    struct vch_node *node = context;

    return vch_worker_room(node->worker);
}

static void discard(void *context, struct vch_task *task)
{
    struct vch_node *node = context;

    vch_session_free_task(&node->session_host, task);
}

static void count_bytes(struct connection *connection)
{
    connection->node->metrics.bytes_in += vch_stream_bytes_in(connection->stream);
    connection->node->metrics.bytes_out += vch_stream_bytes_out(connection->stream);
}

// The stream has been, or is being, closed: only our side of it is left.
static void forget(struct connection *connection)
{
    struct vch_node *node = connection->node;

    count_bytes(connection);
    if (connection->is_open) vch_session_release(&connection->session);
    *connection->back = connection->next;
    if (connection->next != NULL) connection->next->back = connection->back;
    node->connection_count--;
    free(connection);
}

static void close_refused(struct connection *connection, enum vch_code code, const char *why)
{
    char name[17];

    name_of(name, vch_stream_peer(connection->stream));
    vch_log_write(VCH_LOG_WARNING, "client %s: stream refused: %s", name, why);
    connection->node->metrics.streams_failed++;
    vch_stream_refuse(connection->stream, code, why);
    forget(connection);
}

static bool ends(struct connection *connection)
{
    const struct vch_session *session = &connection->session;

    if (session->end_code != VCH_CODE_NONE) {
        close_refused(connection, session->end_code, session->end_text);
        return true;
    }
    bool is_over = connection->node->session_host.is_draining || session->is_leaving;
    if (!is_over || !vch_session_is_idle(session)) return false;
    if (!vch_stream_is_flushed(connection->stream)) return false; // the next tick looks again
    vch_stream_close(connection->stream);
    forget(connection);
    return true;
}

static uint32_t count_peer(const struct vch_node *node, const struct vch_public_key *key)
{
    uint32_t count = 0;

    for (const struct connection *at = node->connections; at != NULL; at = at->next)
        count += at->is_open && vch_is_equal(&at->session.peer, key, sizeof *key);
    return count;
}

static void on_open(void *context, struct vch_stream *stream)
{
    struct connection *connection = context;
    struct vch_node *node = connection->node;
    const struct vch_public_key *peer = vch_stream_peer(stream);
    char name[17];

    if (count_peer(node, peer) >= node->options.connections_per_peer_max) {
        vch_metrics_refuse(&node->metrics, VCH_CODE_BUSY);
        close_refused(connection, VCH_CODE_BUSY, "too many connections of this client");
        return;
    }
    vch_session_init(&connection->session, &node->session_host, peer, connection);
    connection->is_open = true;
    name_of(name, peer);
    vch_log_write(VCH_LOG_DEBUG, "client %s: connected", name);
}

static void on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct connection *connection = context;

    (void)stream;
    vch_session_receive(&connection->session, frame, now());
    (void)ends(connection);
}

static void on_room(void *context, struct vch_stream *stream)
{
    struct connection *connection = context;

    (void)stream;
    vch_session_pump(&connection->session, now());
    (void)ends(connection);
}

static void on_close(void *context, struct vch_stream *stream, enum vch_code code, const char *why)
{
    struct connection *connection = context;
    struct vch_metrics *metrics = &connection->node->metrics;
    char name[17] = "(unknown)";

    if (!connection->is_open)
        metrics->handshakes_failed++;
    else if (code != VCH_CODE_UNAVAILABLE)
        metrics->streams_failed++;
    if (connection->is_open) name_of(name, vch_stream_peer(stream));
    vch_log_write(code == VCH_CODE_UNAVAILABLE ? VCH_LOG_DEBUG : VCH_LOG_WARNING, "client %s: %s",
                  name, why);
    forget(connection);
}

static void on_send(void *context, struct vch_stream *stream, const Vouch__Frame *frame,
                    struct evbuffer *bytes)
{
    const struct connection *connection = context;
    const struct vch_node_options *options = &connection->node->options;

    options->on_send(options->on_send_context, stream, frame, bytes);
}

static bool admit(void *context, const struct vch_public_key *key)
{
    const struct vch_node *node = context;
    uint64_t expires_ms = node->registry.expires_ms;

    if (expires_ms != 0 && vch_clock_unix_ms() >= expires_ms) return false;
    return vch_registry_find(&node->registry, key) != NULL;
}

static void accept_connection(struct vch_node *node, evutil_socket_t socket)
{
    struct vch_stream_setup setup = {
        .base = node->base,
        .tls = node->tls,
        .live_count = &node->live_streams,
        .limits = node->options.limits,
        .events = {on_open, on_frame, on_room, on_close, node->options.on_send ? on_send : NULL},
    };
    struct vch_tls_admission admission = {admit, node};
    struct connection *connection = calloc(1, sizeof *connection);

    setup.context = connection;
    if (connection == NULL) {
        (void)close(socket);
        return;
    }
    if (!vch_is_ok(vch_stream_accept(&connection->stream, &setup, socket, &admission))) {
        free(connection);
        return;
    }
    connection->node = node;
    connection->next = node->connections;
    connection->back = &node->connections;
    if (connection->next != NULL) connection->next->back = &connection->next;
    node->connections = connection;
    node->connection_count++;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t socket,
                      struct sockaddr *address, int size, void *context)
{
    struct vch_node *node = context;

    (void)listener, (void)address, (void)size;
    node->metrics.connections_accepted++;
    // Lingering streams count too: they hold memory as well.
    if (node->connection_count >= node->options.connections_max ||
        node->live_streams >= 2 * node->options.connections_max) {
        node->metrics.connections_refused++;
        (void)close(socket);
        return;
    }
    accept_connection(node, socket);
}

static void begin_draining(struct vch_node *node)
{
    if (node->session_host.is_draining) return;
    node->session_host.is_draining = true;
    node->drain_end_ms = now().monotonic_ms + node->options.drain_ms;
    vch_log_write(VCH_LOG_INFO, "draining: %u connections, %u requests queued",
                  node->connection_count, vch_worker_queued(node->worker));
    (void)evconnlistener_disable(node->listener);
    for (struct connection *at = node->connections, *next = NULL; at != NULL; at = next) {
        next = at->next;
        if (at->is_open) vch_session_send_goodbye(&at->session);
    }
}

static void tick_connection(struct connection *connection)
{
    if (connection->is_open) {
        vch_session_tick(&connection->session, now());
        (void)ends(connection);
    } else if (connection->node->session_host.is_draining) {
        vch_stream_drop(connection->stream);
        forget(connection);
    }
}

static void on_tick(evutil_socket_t unused, short what, void *context)
{
    struct vch_node *node = context;

    (void)unused, (void)what;
    for (struct connection *at = node->connections, *next = NULL; at != NULL; at = next) {
        next = at->next;
        tick_connection(at);
    }
    if (!node->session_host.is_draining) return;
    bool is_over = now().monotonic_ms >= node->drain_end_ms;
    if ((node->connections == NULL && node->live_streams == 0) || is_over)
        (void)event_base_loopbreak(node->base);
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

static void on_results(evutil_socket_t unused, short what, void *context)
{
    struct vch_node *node = context;

    (void)unused, (void)what;
    for (struct vch_task *task = vch_worker_collect(node->worker); task != NULL;
         task = vch_worker_collect(node->worker)) {
        struct vch_session *session = task->session;
        log_task(task);
        vch_session_finish(&node->session_host, task, now());
        if (session != NULL) (void)ends(session->transport);
    }
}

static void on_control(evutil_socket_t descriptor, short what, void *context)
{
    struct vch_node *node = context;
    uint64_t wish = 0;

    (void)what;
    if (read(descriptor, &wish, sizeof wish) != sizeof wish) return;
    if (wish >= ABORT)
        (void)event_base_loopbreak(node->base);
    else
        begin_draining(node);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    (void)number, (void)what;
    begin_draining(context);
}

static int answer_health(void *context, struct evbuffer *body)
{
    const struct vch_node *node = context;
    bool is_draining = node->session_host.is_draining;

    (void)evbuffer_add_printf(body, "%s\n", is_draining ? "draining" : "ok");
    return is_draining ? 503 : 200;
}

static int answer_metrics(void *context, struct evbuffer *body)
{
    struct vch_node *node = context;
    struct vch_metrics metrics = node->metrics;
    struct vch_metrics_gauges gauges = {
        .connections = node->connection_count,
        .queue_depth = vch_worker_queued(node->worker),
        .memory_used = node->session_host.memory_used,
        .memory_max = node->session_host.memory_max,
        .is_draining = node->session_host.is_draining,
    };

    for (const struct connection *at = node->connections; at != NULL; at = at->next) {
        metrics.bytes_in += vch_stream_bytes_in(at->stream);
        metrics.bytes_out += vch_stream_bytes_out(at->stream);
    }
    vch_metrics_write(body, &metrics, &gauges);
    return 200;
}

static const struct vch_http_route ROUTES[] = {
    {"/healthz", "text/plain; charset=utf-8", answer_health},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", answer_metrics},
    {NULL, NULL, NULL},
};

static void use_defaults(struct vch_node_options *options)
{
    if (options->host == NULL) options->host = "127.0.0.1";
    if (options->memory_max == 0) options->memory_max = (size_t)1 << 30;
    if (options->queue_max == 0) options->queue_max = 64;
    if (options->connections_max == 0) options->connections_max = 256;
    if (options->connections_per_peer_max == 0) options->connections_per_peer_max = 8;
    if (options->drain_ms == 0) options->drain_ms = 30000;
    if (options->limits.window_ms == 0) options->limits = vch_stream_default_limits();
    if (options->execute == NULL) options->execute = vch_engine_execute;
}

static vch_status load_registry(struct vch_node *node, struct vch_complaint *complaint)
{
    const struct vch_node_options *options = &node->options;
    const struct vch_member *self = NULL;

    VCH_TRY(vch_registry_decode(&node->registry, options->registry_bytes, options->registry_size,
                                &node->arena, complaint));
    if (!vch_is_equal(&node->registry.founder, &options->founder, sizeof options->founder))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the registry of network %s is signed by another founder than the one "
                            "given",
                            node->registry.network);
    self = vch_registry_find(&node->registry, &options->key->public_key);
    if (self == NULL || self->role != VCH_ROLE_NODE)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "this node's key is no node of the registry of network %s: its founder "
                            "must add it",
                            node->registry.network);
    return VCH_OK;
}

static vch_status load_models(struct vch_node *node, struct vch_complaint *complaint)
{
    const struct vch_node_options *options = &node->options;

    if (options->package_count == 0)
        return vch_complain(complaint, VCH_CODE_USAGE, "a node needs at least one package");
    for (uint32_t i = 0; i < options->package_count; i++)
        VCH_TRY(vch_models_add(&node->models, options->packages[i].bytes, options->packages[i].size,
                               &node->arena, options->workers, complaint));
    return vch_models_settle(&node->models, &node->arena, complaint);
}

static vch_status start_engine(struct vch_node *node)
{
    struct vch_worker_setup setup = {
        .engine = {node->options.kernels, node->options.workers, node->options.key},
        .execute = node->options.execute,
        .execute_context = node->options.execute_context,
        .queue_max = node->options.queue_max,
    };

    node->session_host = (struct vch_session_host){
        .models = &node->models,
        .registry = &node->registry,
        .metrics = &node->metrics,
        .software = "vouch " VCH_VERSION,
        .work_per_second = vch_engine_speed(&setup.engine, &node->arena),
        .memory_max = node->options.memory_max,
        .context = node,
        .send = send_frame,
        .has_room = has_room,
        .set_owed = set_owed,
        .submit = submit,
        .queue_room = queue_room,
    };
    return vch_worker_new(&node->worker, &setup);
}

static vch_status parse_address(struct sockaddr_storage *out, int *size, const char *host,
                                uint16_t port, struct vch_complaint *complaint)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;

    memset(out, 0, sizeof *out);
    if (evutil_inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *size = sizeof *v4;
        return VCH_OK;
    }
    if (evutil_inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *size = sizeof *v6;
        return VCH_OK;
    }
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "\"%s\" is no IP address to listen on, such as 127.0.0.1 or ::1", host);
}

static uint16_t port_of(evutil_socket_t fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) return 0;
    return address.ss_family == AF_INET6
               // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname wrote it
               ? ntohs(((const struct sockaddr_in6 *)(const void *)&address)->sin6_port)
               : ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

static vch_status start_listening(struct vch_node *node, struct vch_complaint *complaint)
{
    struct sockaddr_storage address;
    int size = 0;

    VCH_TRY(parse_address(&address, &size, node->host, node->options.port, complaint));
    node->listener =
        evconnlistener_new_bind(node->base, on_accept, node,
                                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                BACKLOG, (struct sockaddr *)&address, size);
    if (node->listener == NULL)
        return vch_complain(complaint, VCH_CODE_IO,
                            "cannot listen on %s port %u: choose another address or port",
                            node->host, node->options.port);
    node->port = port_of(evconnlistener_get_fd(node->listener));
    return vch_http_new(&node->http, node->base, "127.0.0.1", node->options.http_port, ROUTES, node,
                        complaint);
}

static vch_status add_event(struct event **out, struct event_base *base, evutil_socket_t fd,
                            short what, event_callback_fn callback, void *context,
                            const struct timeval *interval)
{
    *out = event_new(base, fd, (short)(what | EV_PERSIST), callback, context);
    return *out != NULL && event_add(*out, interval) == 0 ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static vch_status start_loop(struct vch_node *node, struct vch_complaint *complaint)
{
    static const struct timeval tick = {.tv_usec = TICK_MS * 1000L};

    node->base = event_base_new();
    node->control_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (node->base == NULL || node->control_descriptor < 0) return VCH_FAIL(IO);
    VCH_TRY(add_event(&node->tick, node->base, -1, 0, on_tick, node, &tick));
    VCH_TRY(add_event(&node->results, node->base, vch_worker_descriptor(node->worker), EV_READ,
                      on_results, node, NULL));
    VCH_TRY(add_event(&node->control, node->base, node->control_descriptor, EV_READ, on_control,
                      node, NULL));
    if (node->options.handles_signals) {
        VCH_TRY(add_event(&node->terminate, node->base, SIGTERM, EV_SIGNAL, on_signal, node, NULL));
        VCH_TRY(add_event(&node->interrupt, node->base, SIGINT, EV_SIGNAL, on_signal, node, NULL));
    }
    return start_listening(node, complaint);
}

static vch_status start(struct vch_node *node, struct vch_complaint *complaint)
{
    use_defaults(&node->options);
    (void)snprintf(node->host, sizeof node->host, "%s", node->options.host);
    vch_arena_init(&node->arena, ARENA_MAX);
    VCH_TRY(load_registry(node, complaint));
    VCH_TRY(load_models(node, complaint));
    VCH_TRY(vch_tls_new(&node->tls, node->options.key, complaint));
    VCH_TRY(start_engine(node));
    return start_loop(node, complaint);
}

vch_status vch_node_new(struct vch_node **out, const struct vch_node_options *options,
                        struct vch_complaint *complaint)
{
    struct vch_node *node = calloc(1, sizeof *node);

    if (node == NULL) return VCH_FAIL(NO_MEMORY);
    node->options = *options;
    node->control_descriptor = -1;
    vch_status status = start(node, complaint);
    if (!vch_is_ok(status)) {
        vch_node_free(node);
        return vch_complain(complaint, status.code, "cannot start: %s", vch_code_text(status.code));
    }
    *out = node;
    return VCH_OK;
}

const char *vch_node_host(const struct vch_node *node)
{
    return node->host;
}

uint16_t vch_node_port(const struct vch_node *node)
{
    return node->port;
}

uint16_t vch_node_http_port(const struct vch_node *node)
{
    return vch_http_port(node->http);
}

static void drop_connections(struct vch_node *node)
{
    while (node->connections != NULL) {
        struct connection *connection = node->connections;
        vch_stream_drop(connection->stream);
        forget(connection);
    }
    while (node->live_streams > 0) // each ends within its linger
        if (event_base_loop(node->base, EVLOOP_ONCE) != 0) break;
}

vch_status vch_node_run(struct vch_node *node)
{
    int result = event_base_dispatch(node->base);

    evconnlistener_free(node->listener); // nobody waits in vain for a node that is gone
    node->listener = NULL;
    drop_connections(node);
    return result < 0 ? VCH_FAIL(IO) : VCH_OK;
}

static void ask(struct vch_node *node, uint64_t wish)
{
    VCH_ASSERT(write(node->control_descriptor, &wish, sizeof wish) == sizeof wish);
}

void vch_node_stop(struct vch_node *node)
{
    ask(node, STOP);
}

void vch_node_abort(struct vch_node *node)
{
    ask(node, ABORT);
}

void vch_node_free(struct vch_node *node)
{
    if (node == NULL) return;
    struct event *events[] = {node->tick, node->results, node->control, node->terminate,
                              node->interrupt};

    if (node->listener != NULL) evconnlistener_free(node->listener);
    vch_http_free(node->http);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i] != NULL) event_free(events[i]);
    drop_connections(node);
    vch_worker_free(node->worker, discard, node);
    if (node->base != NULL) event_base_free(node->base);
    if (node->control_descriptor >= 0) (void)close(node->control_descriptor);
    vch_tls_free(node->tls);
    vch_arena_release(&node->arena);
    free(node);
}
