// A node's loop: what time brings, and how it ends.
#include <event2/listener.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "channel/parser.h"
#include "host/clock.h"
#include "host/log.h"
#include "net/loop.h"
#include "node/node_parts.h"
#include "node/orphans.h"

enum {
    TICK_MS = 50,
    STOP = 1, // written to the control descriptor
    ABORT = 1 << 16,
};

static void begin_draining(struct vch_node *node)
{
    if (node->session_host.is_draining) return;
    node->session_host.is_draining = true;
    node->drain_end_ms = vch_clock_monotonic_ms() + node->options.drain_ms;
    vch_log_write(VCH_LOG_INFO, "draining: %u connections, %u requests queued",
                  node->clients.guests.count, vch_worker_queued(node->worker));
    (void)evconnlistener_disable(node->listener);
    vch_guests_say_goodbye(&node->clients.guests);
}

void vch_node_parts_advance_orphans(struct vch_node *node)
{
    const struct vch_session_time now = {.unix_ms = vch_clock_unix_ms(),
                                         .monotonic_ms = vch_clock_monotonic_ms()};

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
    vch_node_parts_advance_orphans(node);
    if (node->ballot != NULL) vch_ballot_flush(node->ballot);
    vch_http_accept_again(node->http);
    if (!node->session_host.is_draining && node->listener != NULL)
        (void)evconnlistener_enable(node->listener);
    if (!node->session_host.is_draining) return;
    bool is_over = vch_clock_monotonic_ms() >= node->drain_end_ms;
    if (is_over || is_done(node)) (void)event_base_loopbreak(node->base);
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

vch_status vch_node_parts_add_event(struct event **out, struct event_base *base, evutil_socket_t fd,
                                    short what, event_callback_fn callback, void *context,
                                    const struct timeval *interval)
{
    *out = event_new(base, fd, (short)(what | EV_PERSIST), callback, context);
    return *out != NULL && event_add(*out, interval) == 0 ? VCH_OK : VCH_FAIL(NO_MEMORY);
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

vch_status vch_node_parts_start_loop(struct vch_node *node, struct vch_complaint *complaint)
{
    static const struct timeval tick = {.tv_usec = TICK_MS * 1000L};

    node->base = vch_loop_new();
    node->control_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (node->base == NULL || node->control_descriptor < 0) return VCH_FAIL(IO);
    VCH_TRY(start_attester(node, complaint));
    if (node->options.parser != NULL) VCH_TRY(vch_parser_join(node->options.parser, node->base));
    vch_node_parts_admit_clients(node);
    VCH_TRY(vch_node_parts_join_ledger(node, complaint));
    VCH_TRY(vch_node_parts_add_event(&node->tick, node->base, -1, 0, on_tick, node, &tick));
    VCH_TRY(vch_node_parts_add_event(&node->results, node->base,
                                     vch_worker_descriptor(node->worker), EV_READ,
                                     vch_node_parts_on_results, node, NULL));
    VCH_TRY(vch_node_parts_await_weights(node));
    VCH_TRY(vch_node_parts_add_event(&node->control, node->base, node->control_descriptor, EV_READ,
                                     on_control, node, NULL));
    if (node->options.lifeline > 0)
        VCH_TRY(vch_node_parts_add_event(&node->lost, node->base, node->options.lifeline, EV_READ,
                                         on_lost, node, NULL));
    if (node->options.handles_signals) {
        VCH_TRY(vch_node_parts_add_event(&node->terminate, node->base, SIGTERM, EV_SIGNAL,
                                         on_signal, node, NULL));
        VCH_TRY(vch_node_parts_add_event(&node->interrupt, node->base, SIGINT, EV_SIGNAL, on_signal,
                                         node, NULL));
    }
    return vch_node_parts_start_listening(node, complaint);
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
