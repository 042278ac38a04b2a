// Guests of a daemon, over real connections on one loop: strangers give way to each other and never
// to a guest, one key has so many places, who breaks the protocol goes, and a daemon that drains
// keeps whoever is not done.
#include "net/guests.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "harness/test.h"

enum { COUNT_MAX = 3, PER_KEY_MAX = 2 };

struct session {
    uint32_t frames;
    bool is_bad, is_busy, is_leaving;
};

static struct scene {
    struct event_base *base;
    struct event *tick;
    struct vch_tls *server, *client;
    struct vch_public_key server_key;
    struct vch_guests guests;
    bool is_draining;
    uint32_t live, opened, released, goodbyes;
    struct session *last;
} scene;

static void open_session(void *session, void *context, const struct vch_public_key *peer,
                         void *transport)
{
    (void)peer, (void)transport;
    CHECK(context == &scene);
    CHECK(vch_is_zero(session, sizeof(struct session)));
    scene.last = session;
    scene.opened++;
}

static void receive(void *of, const Vouch__Frame *frame)
{
    struct session *session = of;

    session->frames++;
    session->is_bad = frame->body_case == VOUCH__FRAME__BODY_PONG;
    session->is_leaving = frame->body_case == VOUCH__FRAME__BODY_GOODBYE;
    session->is_busy = frame->body_case == VOUCH__FRAME__BODY_PING;
}

static void pump(void *session)
{
    (void)session;
}

static void say_goodbye(void *session)
{
    (void)session;
    scene.goodbyes++;
}

static void release(void *session)
{
    (void)session;
    scene.released++;
}

static struct vch_guests_standing standing(const void *of)
{
    const struct session *session = of;

    return (struct vch_guests_standing){.end_code =
                                            session->is_bad ? VCH_CODE_MALFORMED : VCH_CODE_NONE,
                                        .end_text = "that was no question",
                                        .is_leaving = session->is_leaving,
                                        .is_idle = !session->is_busy};
}

static const struct vch_guests_session SESSION = {.name = "guest",
                                                  .size = sizeof(struct session),
                                                  .open = open_session,
                                                  .receive = receive,
                                                  .pump = pump,
                                                  .say_goodbye = say_goodbye,
                                                  .release = release,
                                                  .standing = standing};

static bool admit(void *context, const struct vch_public_key *key)
{
    (void)context, (void)key;
    return true;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
}

static struct vch_tls *tls_of(uint8_t number, struct vch_public_key *out)
{
    static struct vch_secret_key keys[4]; // they outlive what signs with them
    uint8_t seed[VCH_SIGN_SEED_SIZE] = {number};
    struct vch_tls *tls = NULL;

    vch_sign_key(&keys[number], seed);
    const struct vch_signer signer = vch_signer_local(&keys[number]);
    CHECK_OK(vch_tls_new(&tls, &signer, NULL));
    if (out != NULL) *out = keys[number].public_key;
    return tls;
}

static void begin(void)
{
    static const struct timeval tick = {.tv_usec = 2000};

    scene = (struct scene){.live = 0};
    (void)signal(SIGPIPE, SIG_IGN);
    scene.base = event_base_new();
    scene.tick = event_new(scene.base, -1, EV_PERSIST, on_tick, NULL);
    CHECK(event_add(scene.tick, &tick) == 0);
    scene.server = tls_of(1, &scene.server_key);
    scene.client = tls_of(2, NULL);
    const struct vch_guests_setup setup = {.base = scene.base,
                                           .tls = scene.server,
                                           .limits = vch_stream_default_limits(),
                                           .count_max = COUNT_MAX,
                                           .per_key_max = PER_KEY_MAX,
                                           .admission = {admit, NULL},
                                           .session = &SESSION,
                                           .context = &scene,
                                           .is_draining = &scene.is_draining};
    vch_guests_init(&scene.guests, &setup);
}

// Both ends of a connection: the server's goes to the guests, the client's comes back.
static evutil_socket_t connect_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    evutil_socket_t listener = socket(AF_INET, SOCK_STREAM, 0);
    evutil_socket_t ours = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 4) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    CHECK(connect(ours, (struct sockaddr *)&address, size) == 0);
    evutil_socket_t theirs = accept(listener, NULL, NULL);
    CHECK(theirs >= 0 && evutil_make_socket_nonblocking(theirs) == 0);
    (void)close(listener);
    vch_guests_accept(&scene.guests, theirs);
    return ours;
}

struct caller {
    struct vch_stream *stream;
    bool is_open, is_closed;
    enum vch_code code;
};

static void caller_open(void *context, struct vch_stream *stream)
{
    struct caller *caller = context;

    (void)stream;
    caller->is_open = true;
}

static void caller_room(void *context, struct vch_stream *stream)
{
    (void)context, (void)stream;
}

static void caller_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct caller *caller = context;

    (void)stream;
    if (frame->body_case == VOUCH__FRAME__BODY_REFUSAL)
        caller->code = (enum vch_code)frame->refusal->code;
}

static void caller_close(void *context, struct vch_stream *stream, enum vch_code code,
                         const char *why)
{
    struct caller *caller = context;

    (void)stream, (void)code, (void)why;
    caller->is_closed = true;
    caller->stream = NULL;
}

static void turn_until(const bool *flag)
{
    while (!*flag)
        CHECK(event_base_loop(scene.base, EVLOOP_ONCE) == 0);
}

static void turn_until_opened(uint32_t count)
{
    while (scene.opened < count)
        CHECK(event_base_loop(scene.base, EVLOOP_ONCE) == 0);
}

static void on_accept(evutil_socket_t fd, short what, void *context)
{
    evutil_socket_t socket = accept(fd, NULL, NULL);

    (void)what, (void)context;
    CHECK(socket >= 0 && evutil_make_socket_nonblocking(socket) == 0);
    vch_guests_accept(&scene.guests, socket);
}

// A guest under a key of its own choice.
static void call(struct caller *caller, struct vch_tls *tls)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const struct vch_stream_setup setup = {
        .base = scene.base,
        .tls = tls,
        .live_count = &scene.live,
        .limits = vch_stream_default_limits(),
        .events = {caller_open, caller_frame, caller_room, caller_close, NULL},
        .context = caller,
    };

    *caller = (struct caller){.stream = NULL};
    evutil_socket_t listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 4) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    struct event *event =
        event_new(scene.base, listener, EV_READ, on_accept, NULL); // one connection
    CHECK(event_add(event, NULL) == 0);
    CHECK_OK(vch_stream_connect(&caller->stream, &setup, &scene.server_key, "127.0.0.1",
                                ntohs(address.sin_port)));
    while (!caller->is_open && !caller->is_closed)
        CHECK(event_base_loop(scene.base, EVLOOP_ONCE) == 0);
    event_free(event);
    (void)close(listener);
}

static void say(struct caller *caller, Vouch__Frame__BodyCase what)
{
    Vouch__Ping ping = VOUCH__PING__INIT;
    Vouch__Pong pong = VOUCH__PONG__INIT;
    Vouch__Goodbye goodbye = VOUCH__GOODBYE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    const uint32_t before = scene.last->frames;

    frame.body_case = what;
    if (what == VOUCH__FRAME__BODY_PING) frame.ping = &ping;
    if (what == VOUCH__FRAME__BODY_PONG) frame.pong = &pong;
    if (what == VOUCH__FRAME__BODY_GOODBYE) frame.goodbye = &goodbye;
    CHECK_OK(vch_stream_send(caller->stream, &frame));
    if (what == VOUCH__FRAME__BODY_PING)
        while (scene.last->frames == before)
            CHECK(event_base_loop(scene.base, EVLOOP_ONCE) == 0);
}

static void hang_up(struct caller *caller)
{
    if (caller->stream != NULL) vch_stream_drop(caller->stream);
    caller->stream = NULL;
}

static void end(void)
{
    vch_guests_drop(&scene.guests);
    CHECK(vch_guests_are_gone(&scene.guests));
    CHECK_EQ(scene.opened, scene.released);
    while (scene.live > 0)
        CHECK(event_base_loop(scene.base, EVLOOP_ONCE) == 0);
    event_free(scene.tick);
    event_base_free(scene.base);
    vch_tls_free(scene.server);
    vch_tls_free(scene.client);
}

TEST(guests_that_are_strangers_give_way_to_each_other_and_not_to_more)
{
    evutil_socket_t strangers[COUNT_MAX + 2];
    struct caller guest;

    begin();
    call(&guest, scene.client);
    turn_until_opened(1);
    for (uint32_t i = 0; i < COUNT_MAX + 2; i++) {
        strangers[i] = connect_socket();
        CHECK(scene.guests.count <= COUNT_MAX);
    }
    CHECK_EQ(scene.guests.counts.accepted, COUNT_MAX + 3);
    CHECK_EQ(scene.guests.counts.handshakes_failed + scene.guests.counts.refused, 3);
    CHECK_EQ(scene.released, 0); // the guest stayed
    for (uint32_t i = 0; i < COUNT_MAX + 2; i++)
        (void)close(strangers[i]);
    hang_up(&guest);
    end();
}

TEST(guests_under_one_key_have_so_many_places)
{
    struct caller callers[PER_KEY_MAX + 1], other;
    struct vch_tls *tls = tls_of(3, NULL);

    begin();
    for (uint32_t i = 0; i < PER_KEY_MAX; i++)
        call(&callers[i], scene.client);
    turn_until_opened(PER_KEY_MAX);
    call(&callers[PER_KEY_MAX], scene.client);
    turn_until(&callers[PER_KEY_MAX].is_closed);
    CHECK_EQ(scene.opened, PER_KEY_MAX);
    CHECK_EQ(scene.guests.counts.failed, 1);
    call(&other, tls); // another key has its own
    turn_until_opened(PER_KEY_MAX + 1);
    for (uint32_t i = 0; i < PER_KEY_MAX; i++)
        hang_up(&callers[i]);
    hang_up(&other);
    end();
    vch_tls_free(tls);
}

TEST(guests_that_break_the_protocol_go_and_hear_why)
{
    struct caller caller;

    begin();
    call(&caller, scene.client);
    turn_until_opened(1);
    say(&caller, VOUCH__FRAME__BODY_PONG);
    turn_until(&caller.is_closed);
    CHECK_EQ(scene.released, 1);
    CHECK_EQ(scene.guests.count, 0);
    CHECK_EQ(scene.guests.counts.failed, 1);
    end();
}

TEST(guests_leave_when_they_say_so)
{
    struct caller caller;

    begin();
    call(&caller, scene.client);
    turn_until_opened(1);
    say(&caller, VOUCH__FRAME__BODY_GOODBYE);
    turn_until(&caller.is_closed);
    CHECK_EQ(scene.released, 1);
    CHECK_EQ(scene.guests.counts.failed, 0);
    end();
}

TEST(guests_of_a_daemon_that_drains_stay_until_they_are_done)
{
    struct caller caller;
    uint64_t in = 0, out = 0;

    begin();
    call(&caller, scene.client);
    turn_until_opened(1);
    say(&caller, VOUCH__FRAME__BODY_PING); // it has something in hand
    evutil_socket_t stranger = connect_socket();
    scene.is_draining = true;
    vch_guests_say_goodbye(&scene.guests);
    CHECK_EQ(scene.goodbyes, 1);
    vch_guests_tick(&scene.guests);
    CHECK_EQ(scene.guests.count, 1); // the stranger is gone
    CHECK_EQ(scene.released, 0);
    vch_guests_bytes(&scene.guests, &in, &out);
    CHECK(in > 0 && out == 0);
    scene.last->is_busy = false;
    while (scene.guests.count > 0) {
        vch_guests_tick(&scene.guests);
        CHECK(event_base_loop(scene.base, EVLOOP_ONCE) == 0);
    }
    turn_until(&caller.is_closed);
    (void)close(stranger);
    end();
}
