// The loop: ticks, lanes that have something, signals, sockets of members.
#include <event2/event.h>
#include <event2/listener.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/log.h"
#include "ledger/ledger_parts.h"
#include "net/address.h"
#include "net/listening.h"

enum {
    TICK_MS = 10,
    CROWD_TICKS = 10, // between counts of the crowd,
    SLOW_TICKS = 20,  // and looks at what can wait
};

static void begin_draining(struct vch_ledger *ledger)
{
    if (ledger->host.is_draining) return;
    ledger->host.is_draining = true;
    ledger->drain_end_ms = vch_clock_monotonic_ms() + ledger->options.drain_ms;
    vch_log_write(VCH_LOG_INFO, "draining: %u connections, %" PRIu64 " requests",
                  ledger->streams.count, vch_pipeline_waiting(ledger->pipeline));
    (void)evconnlistener_disable(ledger->listener);
    vch_guests_say_goodbye(&ledger->streams);
}

static void look_at_what_can_wait(struct vch_ledger *ledger)
{
    vch_ledger_parts_look_at_proofs(ledger);
    vch_pages_accept_again(ledger->pages);
    if (!ledger->host.is_draining) (void)evconnlistener_enable(ledger->listener);
}

static void on_tick(evutil_socket_t unused, short what, void *context)
{
    struct vch_ledger *ledger = context;

    (void)unused, (void)what;
    if (ledger->is_ending) return; // the loop turns for connections that are being closed
    if (ledger->crowd.is_one || vch_pipeline_wake_ms(ledger->pipeline) <= vch_clock_unix_ms())
        vch_pipeline_attend(ledger->pipeline);
    vch_ledger_parts_enter_anchor(ledger);
    vch_ledger_parts_consider_checkpoint(ledger);
    vch_guests_tick(&ledger->streams);
    vch_pages_tick(ledger->pages);
    ledger->ticks++;
    if (ledger->ticks % CROWD_TICKS == 0) vch_ledger_parts_count_crowd(ledger);
    if (ledger->ticks % SLOW_TICKS == 0) look_at_what_can_wait(ledger);
    if (!ledger->host.is_draining) return;
    if (vch_guests_are_gone(&ledger->streams) || vch_clock_monotonic_ms() >= ledger->drain_end_ms)
        (void)event_base_loopbreak(ledger->base);
}

static void on_lane(evutil_socket_t unused, short what, void *context)
{
    (void)unused, (void)what;
    vch_lane_collect(context);
}

static void on_control(evutil_socket_t descriptor, short what, void *context)
{
    uint64_t wish = 0;

    (void)what;
    if (read(descriptor, &wish, sizeof wish) == sizeof wish) begin_draining(context);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    (void)number, (void)what;
    begin_draining(context);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t socket,
                      struct sockaddr *address, int size, void *context)
{
    struct vch_ledger *ledger = context;

    (void)listener, (void)address, (void)size;
    vch_guests_accept(&ledger->streams, socket);
}

static vch_status add_event(struct vch_ledger *ledger, evutil_socket_t fd, short what,
                            event_callback_fn callback, void *context,
                            const struct timeval *interval)
{
    struct event *event =
        event_new(ledger->base, fd, (short)(what | EV_PERSIST), callback, context);

    if (event == NULL) return VCH_FAIL(NO_MEMORY);
    ledger->events[ledger->event_count++] = event;
    return event_add(event, interval) == 0 ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static vch_status add_events(struct vch_ledger *ledger)
{
    static const struct timeval tick = {.tv_usec = TICK_MS * 1000L};

    VCH_TRY(add_event(ledger, -1, 0, on_tick, ledger, &tick));
    VCH_TRY(add_event(ledger, vch_lane_descriptor(ledger->keeper), EV_READ, on_lane, ledger->keeper,
                      NULL));
    VCH_TRY(add_event(ledger, vch_lane_descriptor(ledger->verifiers), EV_READ, on_lane,
                      ledger->verifiers, NULL));
    VCH_TRY(add_event(ledger, ledger->control, EV_READ, on_control, ledger, NULL));
    if (!ledger->options.handles_signals) return VCH_OK;
    VCH_TRY(add_event(ledger, SIGTERM, EV_SIGNAL, on_signal, ledger, NULL));
    return add_event(ledger, SIGINT, EV_SIGNAL, on_signal, ledger, NULL);
}

static vch_status listen_to_members(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    int door = -1;

    VCH_TRY(vch_listening_open(&door, ledger->options.host, ledger->options.port, complaint));
    VCH_TRY(vch_listening_accept(&ledger->listener, ledger->base, door, on_accept, ledger));
    ledger->port = vch_address_port(door);
    return VCH_OK;
}

vch_status vch_ledger_parts_start_loop(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    ledger->control = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (ledger->control < 0) return VCH_FAIL(IO);
    VCH_TRY(add_events(ledger));
    return listen_to_members(ledger, complaint);
}
