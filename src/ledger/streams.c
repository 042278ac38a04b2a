#include "ledger/streams.h"

#include "host/clock.h"

static struct vch_ledger_session_time now(void)
{
    return (struct vch_ledger_session_time){.unix_ms = vch_clock_unix_ms(),
                                            .monotonic_ms = vch_clock_monotonic_ms()};
}

static void open_session(void *session, void *context, const struct vch_public_key *peer,
                         void *transport)
{
    vch_ledger_session_init(session, context, peer, transport);
}

static void receive(void *session, const Vouch__Frame *frame)
{
    vch_ledger_session_receive(session, frame, now());
}

static void pump(void *session)
{
    vch_ledger_session_pump(session, now());
}

static void say_goodbye(void *session)
{
    vch_ledger_session_send_goodbye(session);
}

static void release(void *session)
{
    vch_ledger_session_release(session);
}

static struct vch_guests_standing standing(const void *of)
{
    const struct vch_ledger_session *session = of;

    return (struct vch_guests_standing){.end_code = session->end_code,
                                        .end_text = session->end_text,
                                        .is_leaving = session->is_leaving,
                                        .is_idle = vch_ledger_session_is_idle(session)};
}

static const struct vch_guests_session SESSION = {
    .name = "member",
    .size = sizeof(struct vch_ledger_session),
    .open = open_session,
    .receive = receive,
    .pump = pump,
    .say_goodbye = say_goodbye,
    .release = release,
    .standing = standing,
};

void vch_streams_init(struct vch_guests *guests, const struct vch_streams_setup *setup)
{
    const struct vch_guests_setup of_members = {
        .base = setup->base,
        .tls = setup->tls,
        .limits = setup->limits,
        .count_max = setup->count_max,
        .per_key_max = setup->per_key_max,
        .admission = {setup->admit, setup->context},
        .session = &SESSION,
        .context = setup->host,
        .is_draining = &setup->host->is_draining,
    };

    vch_guests_init(guests, &of_members);
    setup->host->send = vch_guests_send;
    setup->host->has_room = vch_guests_has_room;
    setup->host->set_owed = vch_guests_set_owed;
}

static void pump_at(void *session, const void *time)
{
    vch_ledger_session_pump(session, *(const struct vch_ledger_session_time *)time);
}

void vch_streams_pump(struct vch_guests *guests)
{
    const struct vch_ledger_session_time time = now();

    vch_guests_each(guests, pump_at, &time);
}

void vch_streams_finish(struct vch_ledger_session_host *host, struct vch_request *request)
{
    struct vch_ledger_session *session = request->session;

    vch_ledger_session_finish(host, request, now());
    if (session != NULL) vch_guests_look(session->transport);
}
