#include "node/node.h"

#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "channel/parser.h"
#include "host/clock.h"
#include "host/log.h"
#include "net/address.h"
#include "net/http.h"
#include "net/loop.h"
#include "node/apart.h"
#include "node/ballot.h"
#include "node/clients.h"
#include "node/openings.h"
#include "node/orphans.h"
#include "node/rerun.h"
#include "node/session.h"
#include "node/worker.h"

enum {
    TICK_MS = 50,
    ARENA_MAX = INT32_MAX, // manifests and programs of all models
    BACKLOG = 128,
    STOP = 1, // written to the control descriptor
    ABORT = 1 << 16,
};

struct vch_node {
    struct vch_node_options options;
    char host[128];
    struct vch_arena arena;
    struct vch_models models;
    struct vch_provers provers;
    struct vch_registry registry;
    struct vch_metrics metrics;
    struct vch_session_host session_host;
    struct vch_worker *worker;
    struct vch_tls *tls;
    struct event_base *base;
    struct evconnlistener *listener;
    struct vch_http *http;
    struct event *tick, *results, *opened, *control, *terminate, *interrupt, *lost;
    bool is_lost; // whoever holds the keys
    int control_descriptor;
    uint16_t port;
    struct vch_clients clients;
    struct vch_openings openings;
    struct vch_ballot *ballot;     // NULL: on none
    struct vch_attester *attester; // NULL: nothing is shown
    struct vch_weights *weights;   // that lie sealed; NULL: none
    uint64_t drain_end_ms;
};

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

static void on_accept(struct evconnlistener *listener, evutil_socket_t socket,
                      struct sockaddr *address, int size, void *context)
{
    struct vch_node *node = context;

    (void)listener, (void)address, (void)size;
    vch_guests_accept(&node->clients.guests, socket);
}

static uint64_t now_ms(void)
{
    return vch_clock_monotonic_us() / 1000;
}

// Out of descriptors: the connection stays pending, so accepting again at once would only spin. The
// next tick tries again.
static void on_accept_error(struct evconnlistener *listener, void *unused)
{
    (void)unused;
    (void)evconnlistener_disable(listener);
}

static void begin_draining(struct vch_node *node)
{
    if (node->session_host.is_draining) return;
    node->session_host.is_draining = true;
    node->drain_end_ms = now_ms() + node->options.drain_ms;
    vch_log_write(VCH_LOG_INFO, "draining: %u connections, %u requests queued",
                  node->clients.guests.count, vch_worker_queued(node->worker));
    (void)evconnlistener_disable(node->listener);
    vch_guests_say_goodbye(&node->clients.guests);
}

static void advance_orphans(struct vch_node *node)
{
    const struct vch_session_time now = {.unix_ms = vch_clock_unix_ms(), .monotonic_ms = now_ms()};

    if (node->session_host.orphans != NULL) vch_orphans_advance(&node->session_host, now);
}

// Nobody waits for an answer, and no seat for its own.
static bool is_done(const struct vch_node *node)
{
    return vch_guests_are_gone(&node->clients.guests) && node->session_host.orphan_count == 0 &&
           vch_worker_queued(node->worker) == 0;
}

static void on_tick(evutil_socket_t unused, short what, void *context)
{
    struct vch_node *node = context;

    (void)unused, (void)what;
    vch_guests_tick(&node->clients.guests);
    advance_orphans(node);
    if (node->ballot != NULL) vch_ballot_flush(node->ballot);
    vch_http_accept_again(node->http);
    if (!node->session_host.is_draining && node->listener != NULL)
        (void)evconnlistener_enable(node->listener);
    if (!node->session_host.is_draining) return;
    bool is_over = now_ms() >= node->drain_end_ms;
    if (is_over || is_done(node)) (void)event_base_loopbreak(node->base);
}

static void on_results(evutil_socket_t unused, short what, void *context)
{
    struct vch_node *node = context;

    (void)unused, (void)what;
    for (struct vch_task *task = vch_worker_collect(node->worker); task != NULL;
         task = vch_worker_collect(node->worker))
        vch_clients_finish(&node->clients, task);
    if (node->ballot != NULL) vch_ballot_flush(node->ballot);
}

static vch_status take_grant(void *context, const uint8_t *shown, const Vouch__Grant *grant,
                             uint32_t *place, struct vch_complaint *complaint)
{
    struct vch_node *node = context;
    const struct vch_weights_release release = {.manifest = grant->manifest.data,
                                                .manifest_size = grant->manifest.len,
                                                .grant = grant->grant.data,
                                                .grant_size = grant->grant.len,
                                                .binder = shown,
                                                .time_s = vch_clock_unix_ms() / 1000};

    return vch_weights_take(node->weights, place, &release, complaint);
}

static vch_status ask_grant(void *context, uint32_t place, struct vch_complaint *complaint)
{
    const struct vch_node *node = context;

    return vch_weights_ask(node->weights, place, complaint);
}

static void hand_to_engine(const struct vch_node *node, const struct vch_weights_opened *opened)
{
    struct vch_complaint complaint = {""};

    if (node->options.apart == NULL) return;
    vch_status status =
        vch_apart_add(node->options.apart, opened->memory, opened->size, &complaint);
    if (!vch_is_ok(status))
        vch_log_write(VCH_LOG_WARNING, "the weights just opened cannot be run: %s", complaint.text);
}

// Weights that lay sealed are served from now on: greetings name them, and the statement does.
static void on_opened(evutil_socket_t unused, short what, void *context)
{
    struct vch_node *node = context;
    struct vch_weights_opened opened;

    (void)unused, (void)what;
    if (!vch_weights_collect(node->weights, &opened)) return;
    node->metrics.weights_opened++;
    hand_to_engine(node, &opened);
    if (node->attester == NULL) return;
    struct vch_facts facts = node->options.attest->facts;
    facts.model = vch_models_digest(&node->models);
    vch_status status = vch_attester_set_facts(node->attester, &facts);
    if (!vch_is_ok(status))
        vch_log_write(VCH_LOG_WARNING, "the statement does not name the weights just opened: %s",
                      vch_code_text(status.code));
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

static void on_lost(evutil_socket_t descriptor, short what, void *context)
{
    struct vch_node *node = context;

    (void)descriptor, (void)what;
    vch_log_write(VCH_LOG_ERROR, "whoever holds this node's keys has ended: nothing can be signed "
                                 "any more, and the node stops; start it anew");
    node->is_lost = true;
    (void)event_base_loopbreak(node->base);
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
        .connections = node->clients.guests.count,
        .queue_depth = vch_worker_queued(node->worker),
        .memory_used = node->session_host.memory_used,
        .memory_max = node->session_host.memory_max,
        .is_draining = node->session_host.is_draining,
    };

    vch_clients_count(&node->clients, &metrics);
    if (node->options.apart != NULL) vch_apart_count(node->options.apart, &metrics);
    if (node->options.parser != NULL)
        metrics.parser_failures = vch_parser_failures(node->options.parser);
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
    if (options->memory_max == 0) options->memory_max = VCH_NODE_MEMORY_DEFAULT;
    if (options->prove_memory_max == 0 || options->prove_memory_max > options->memory_max)
        options->prove_memory_max = options->memory_max;
    if (options->queue_max == 0) options->queue_max = 64;
    if (options->connections_max == 0) options->connections_max = 256;
    if (options->connections_per_peer_max == 0) options->connections_per_peer_max = 8;
    if (options->drain_ms == 0) options->drain_ms = 30000;
    if (options->limits.window_ms == 0) options->limits = vch_stream_default_limits();
    if (options->execute != NULL) options->apart = NULL; // whoever lies does it here
    if (options->execute == NULL) {
        options->execute = options->apart != NULL ? vch_apart_execute : vch_engine_execute;
        options->execute_context = options->apart;
    }
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
    self = vch_registry_find(&node->registry, &options->signer->public_key);
    if (self == NULL || self->role != VCH_ROLE_NODE)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "this node's key is no node of the registry of network %s: its founder "
                            "must add it",
                            node->registry.network);
    return VCH_OK;
}

static vch_status start_attester(struct vch_node *node, struct vch_complaint *complaint)
{
    const struct vch_node_options *options = &node->options;

    node->session_host.client_policy = options->client_policy;
    if (options->attest == NULL) return VCH_OK;
    struct vch_attester_setup setup = *options->attest;
    setup.base = node->base;
    setup.node = options->signer->public_key;
    setup.facts.model = vch_models_digest(&node->models);
    VCH_TRY(vch_attester_new(&node->attester, &setup, complaint));
    node->session_host.attester = node->attester;
    return VCH_OK;
}

static vch_status load_models(struct vch_node *node, struct vch_complaint *complaint)
{
    const struct vch_node_options *options = &node->options;

    if (options->package_count == 0 && options->weights == NULL)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "a node needs at least one package, or sealed weights");
    for (uint32_t i = 0; i < options->package_count; i++)
        VCH_TRY(vch_models_add(&node->models, options->packages[i].bytes, options->packages[i].size,
                               &node->arena, options->workers, complaint));
    node->models.is_planned = options->apart != NULL;
    VCH_TRY(vch_models_settle(&node->models, options->kernels, &node->arena, complaint));
    node->provers.memory = options->prove_memory_max;
    for (uint32_t i = 0; i < options->annex_count; i++)
        VCH_TRY(vch_provers_add(&node->provers, &node->models, &options->annexes[i], &node->arena,
                                complaint));
    return VCH_OK;
}

static vch_status add_event(struct event **out, struct event_base *base, evutil_socket_t fd,
                            short what, event_callback_fn callback, void *context,
                            const struct timeval *interval)
{
    *out = event_new(base, fd, (short)(what | EV_PERSIST), callback, context);
    return *out != NULL && event_add(*out, interval) == 0 ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static vch_status load_weights(struct vch_node *node, struct vch_complaint *complaint)
{
    if (node->options.weights == NULL) return VCH_OK;
    struct vch_weights_setup setup = *node->options.weights;
    setup.models = &node->models;
    setup.kernels = node->options.kernels;
    setup.workers = node->options.workers;
    return vch_weights_new(&node->weights, &setup, complaint);
}

// The sessions' host is there.
static vch_status await_weights(struct vch_node *node)
{
    if (node->weights == NULL) return VCH_OK;
    node->session_host.take_grant = take_grant;
    node->session_host.ask_grant = ask_grant;
    return add_event(&node->opened, node->base, vch_weights_descriptor(node->weights), EV_READ,
                     on_opened, node, NULL);
}

static vch_status start_engine(struct vch_node *node, struct vch_complaint *complaint)
{
    struct vch_apart *apart = node->options.apart;
    struct vch_worker_setup setup = {
        .engine = {node->options.kernels, node->options.workers, node->options.signer},
        .execute = node->options.execute,
        .execute_context = node->options.execute_context,
        .queue_max = node->options.queue_max,
    };

    if (apart != NULL) VCH_TRY(vch_apart_wait(apart, complaint));
    node->session_host = (struct vch_session_host){
        .models = &node->models,
        .provers = &node->provers,
        .registry = &node->registry,
        .kernels = node->options.kernels,
        .workers = node->options.workers,
        .metrics = &node->metrics,
        .software = "vouch " VCH_VERSION,
        .work_per_second =
            apart != NULL ? vch_apart_speed(apart) : vch_engine_speed(&setup.engine, &node->arena),
        .memory_max = node->options.memory_max,
        .context = node,
        .submit = submit,
        .queue_room = queue_room,
    };
    return vch_worker_new(&node->worker, &setup);
}

static vch_status start_listening(struct vch_node *node, struct vch_complaint *complaint)
{
    struct sockaddr_storage address;
    socklen_t size = 0;

    VCH_TRY(vch_address_parse(&address, &size, node->host, node->options.port, complaint));
    node->listener =
        evconnlistener_new_bind(node->base, on_accept, node,
                                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                BACKLOG, (struct sockaddr *)&address, (int)size);
    if (node->listener == NULL)
        return vch_complain(complaint, VCH_CODE_IO,
                            "cannot listen on %s port %u: choose another address or port",
                            node->host, node->options.port);
    evconnlistener_set_error_cb(node->listener, on_accept_error);
    node->port = vch_address_port(evconnlistener_get_fd(node->listener));
    return vch_http_new(&node->http, node->base, "127.0.0.1", node->options.http_port, ROUTES, node,
                        complaint);
}

static enum vch_session_leave may_work(void *context, struct vch_task *task,
                                       struct vch_complaint *complaint)
{
    const struct vch_node *node = context;

    return vch_ballot_may_work(node->ballot, task, complaint);
}

static enum vch_session_leave may_show(void *context, const struct vch_task *task,
                                       struct vch_complaint *complaint)
{
    const struct vch_node *node = context;

    return vch_ballot_may_show(node->ballot, task, complaint);
}

static vch_status computed(void *context, const struct vch_task *task,
                           struct vch_complaint *complaint)
{
    struct vch_node *node = context;

    return vch_ballot_computed(node->ballot, task, complaint);
}

static const struct vch_state *state_of(void *context)
{
    const struct vch_node *node = context;

    return vch_ballot_state(node->ballot);
}

static void on_ledger(void *context)
{
    struct vch_node *node = context;

    vch_clients_advance(&node->clients);
    advance_orphans(node);
}

static void run_again(void *context, const struct vch_kept *kept, const struct vch_kept_run *run)
{
    struct vch_node *node = context;
    struct vch_complaint complaint = {""};
    vch_status status = vch_rerun_submit(&node->session_host, kept, run, &complaint);

    if (!vch_is_ok(status))
        vch_log_write(VCH_LOG_WARNING, "a run that was kept cannot be run again now: %s",
                      complaint.text[0] ? complaint.text : vch_code_text(status.code));
}

static vch_status operands(void *context, struct vch_tensor *out,
                           const struct vch_kept_opening *opening, struct vch_arena *arena)
{
    struct vch_node *node = context;

    return vch_openings_get(&node->openings, out, opening, arena);
}

static void opened(void *context, const struct vch_task *task)
{
    struct vch_node *node = context;

    vch_openings_take(&node->openings, task);
}

static vch_status join_ledger(struct vch_node *node, struct vch_complaint *complaint)
{
    const struct vch_node_options *options = &node->options;

    if (options->ledger_host == NULL) return VCH_OK;
    const struct vch_ballot_setup setup = {.base = node->base,
                                           .tls = node->tls,
                                           .signer = options->signer,
                                           .keys = options->ballot_keys,
                                           .charter = *options->charter,
                                           .host = options->ledger_host,
                                           .port = options->ledger_port,
                                           .journal = options->journal,
                                           .keep_max = options->keep_max,
                                           .disputes = options->disputes,
                                           .peers = options->peers,
                                           .witness_urls = options->witness_urls,
                                           .witness_count = options->witness_count,
                                           .witness_after_ms = options->witness_after_ms,
                                           .peer_policy = options->peer_policy,
                                           .attester = node->attester,
                                           .kernels = options->kernels,
                                           .on_statement = options->on_statement,
                                           .on_statement_context = options->on_statement_context,
                                           .models = &node->models,
                                           .run_again = run_again,
                                           .operands = operands,
                                           .on_progress = on_ledger,
                                           .context = node};
    vch_openings_init(&node->openings, &node->session_host);
    VCH_TRY(vch_ballot_new(&node->ballot, &setup, complaint));
    node->session_host.keep_max = vch_ballot_keep_max(node->ballot);
    node->session_host.may_work = may_work;
    node->session_host.may_show = may_show;
    node->session_host.computed = computed;
    node->session_host.opened = opened;
    node->session_host.state = state_of;
    node->session_host.self = &options->signer->public_key;
    return VCH_OK;
}

static void admit_clients(struct vch_node *node)
{
    const struct vch_node_options *options = &node->options;
    struct vch_clients_setup setup = {.base = node->base,
                                      .tls = node->tls,
                                      .registry = &node->registry,
                                      .owner = options->weights != NULL ? &options->weights->owner
                                                                        : NULL,
                                      .limits = options->limits,
                                      .count_max = options->connections_max,
                                      .per_key_max = options->connections_per_peer_max,
                                      .host = &node->session_host,
                                      .on_send = options->on_send,
                                      .on_send_context = options->on_send_context};

    vch_clients_init(&node->clients, &setup);
}

static vch_status start_loop(struct vch_node *node, struct vch_complaint *complaint)
{
    static const struct timeval tick = {.tv_usec = TICK_MS * 1000L};

    node->base = vch_loop_new();
    node->control_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (node->base == NULL || node->control_descriptor < 0) return VCH_FAIL(IO);
    VCH_TRY(start_attester(node, complaint));
    if (node->options.parser != NULL) VCH_TRY(vch_parser_join(node->options.parser, node->base));
    admit_clients(node);
    VCH_TRY(join_ledger(node, complaint));
    VCH_TRY(add_event(&node->tick, node->base, -1, 0, on_tick, node, &tick));
    VCH_TRY(add_event(&node->results, node->base, vch_worker_descriptor(node->worker), EV_READ,
                      on_results, node, NULL));
    VCH_TRY(await_weights(node));
    VCH_TRY(add_event(&node->control, node->base, node->control_descriptor, EV_READ, on_control,
                      node, NULL));
    if (node->options.lifeline > 0)
        VCH_TRY(add_event(&node->lost, node->base, node->options.lifeline, EV_READ, on_lost, node,
                          NULL));
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
    VCH_TRY(load_weights(node, complaint));
    VCH_TRY(vch_tls_new(&node->tls, node->options.signer, complaint));
    VCH_TRY(start_engine(node, complaint));
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

vch_status vch_node_run(struct vch_node *node)
{
    int result = event_base_dispatch(node->base);

    evconnlistener_free(node->listener); // nobody waits in vain for a node that is gone
    node->listener = NULL;
    vch_guests_drop(&node->clients.guests);
    if (node->is_lost) return VCH_FAIL(UNAVAILABLE);
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
    struct event *events[] = {node->tick,      node->results,   node->opened, node->control,
                              node->terminate, node->interrupt, node->lost};

    if (node->listener != NULL) evconnlistener_free(node->listener);
    vch_http_free(node->http);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i] != NULL) event_free(events[i]);
    vch_guests_drop(&node->clients.guests);
    vch_orphans_release(&node->session_host);
    vch_worker_free(node->worker, discard, node);
    vch_ballot_free(node->ballot);
    vch_openings_release(&node->openings);
    vch_attester_free(node->attester);
    if (node->options.parser != NULL) vch_parser_leave(node->options.parser);
    vch_weights_free(node->weights);
    if (node->base != NULL) event_base_free(node->base);
    if (node->control_descriptor >= 0) (void)close(node->control_descriptor);
    vch_tls_free(node->tls);
    vch_arena_release(&node->arena);
    free(node);
}
