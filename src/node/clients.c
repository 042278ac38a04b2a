#include "node/clients.h"

#include <inttypes.h>

#include "base/bytes.h"
#include "host/clock.h"
#include "host/log.h"
#include "node/referee.h"

static struct vch_session_time now(void)
{
    return (struct vch_session_time){.unix_ms = vch_clock_unix_ms(),
                                     .monotonic_ms = vch_clock_monotonic_ms()};
}

static void open_session(void *session, void *context, const struct vch_public_key *peer,
                         void *transport)
{
    struct vch_clients *clients = context;

    vch_session_init(session, clients->setup.host, peer, transport);
}

static void receive(void *session, const Vouch__Frame *frame)
{
    vch_session_receive(session, frame, now());
}

static void pump(void *session)
{
    vch_session_pump(session, now());
}

static void tick(void *session)
{
    vch_session_tick(session, now());
}

static void advance(void *session, const void *time)
{
    vch_session_advance(session, *(const struct vch_session_time *)time);
}

static void say_goodbye(void *session)
{
    vch_session_send_goodbye(session);
}

static void release(void *session)
{
    vch_session_release(session);
}

static struct vch_guests_standing standing(const void *of)
{
    const struct vch_session *session = of;

    return (struct vch_guests_standing){.end_code = session->end_code,
                                        .end_text = session->end_text,
                                        .is_leaving = session->is_leaving,
                                        .is_idle = vch_session_is_idle(session)};
}

static void refused(void *context, enum vch_code code)
{
    struct vch_clients *clients = context;

    vch_metrics_refuse(clients->setup.host->metrics, code);
}

static const struct vch_guests_session SESSION = {
    .name = "client",
    .size = sizeof(struct vch_session),
    .open = open_session,
    .receive = receive,
    .pump = pump,
    .tick = tick,
    .say_goodbye = say_goodbye,
    .release = release,
    .standing = standing,
    .refused = refused,
};

static bool is_member(const struct vch_registry *registry, const struct vch_public_key *key)
{
    if (registry->expires_ms != 0 && vch_clock_unix_ms() >= registry->expires_ms) return false;
    return vch_registry_find(registry, key) != NULL;
}

// Members; the owner of sealed weights; and whoever has to open something to this node as a
// referee: these need be no members, and are served nothing.
static bool admit(void *context, const struct vch_public_key *key)
{
    const struct vch_clients *clients = context;
    const struct vch_session_host *host = clients->setup.host;
    const struct vch_public_key *owner = clients->setup.owner;

    if (is_member(clients->setup.registry, key)) return true;
    if (owner != NULL && vch_is_equal(owner, key, sizeof *key)) return true;
    return host->may_work != NULL &&
           vch_referee_awaits(host->state(host->context), host->self, key);
}

static vch_status tie(void *transport, struct vch_transport_ties *out,
                      const uint8_t nonce[static 32])
{
    const struct vch_transport stream = vch_transport_of(vch_guests_stream(transport));

    return stream.tie(stream.context, out, nonce);
}

void vch_clients_init(struct vch_clients *clients, const struct vch_clients_setup *setup)
{
    const struct vch_guests_setup guests = {
        .base = setup->base,
        .tls = setup->tls,
        .limits = setup->limits,
        .count_max = setup->count_max,
        .per_key_max = setup->per_key_max,
        .admission = {admit, clients},
        .session = &SESSION,
        .context = clients,
        .is_draining = &setup->host->is_draining,
        .on_send = setup->on_send,
        .on_send_context = setup->on_send_context,
    };

    *clients = (struct vch_clients){.setup = *setup};
    vch_guests_init(&clients->guests, &guests);
    setup->host->send = vch_guests_send;
    setup->host->has_room = vch_guests_has_room;
    setup->host->set_owed = vch_guests_set_owed;
    setup->host->tie = tie;
    setup->host->look = vch_guests_look;
}

void vch_clients_advance(struct vch_clients *clients)
{
    const struct vch_session_time time = now();

    vch_guests_each(&clients->guests, advance, &time);
}

static void log_task(const struct vch_task *task)
{
    char name[17] = "(gone)", job[17];

    if (task->session != NULL) vch_hex_encode(name, task->session->peer.bytes, 8);
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
    if (session != NULL) vch_guests_look(session->transport);
}

void vch_clients_count(const struct vch_clients *clients, struct vch_metrics *metrics)
{
    const struct vch_guests_counts *counts = &clients->guests.counts;

    metrics->connections_accepted = counts->accepted;
    metrics->connections_refused = counts->refused;
    metrics->handshakes_failed = counts->handshakes_failed;
    metrics->streams_failed = counts->failed;
    vch_guests_bytes(&clients->guests, &metrics->bytes_in, &metrics->bytes_out);
}
