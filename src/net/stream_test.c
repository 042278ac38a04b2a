// Streams over real sockets, both ends in one thread. Limits are short here, so that waits end.
#include "net/stream.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "harness/test.h"

struct end {
    struct fixture *fixture;
    struct vch_stream *stream;
    bool is_open, is_closed, echoes;
    enum vch_code code;
    char why[200];
    uint32_t frames;
    uint64_t tensor_bytes;
};

struct fixture {
    struct event_base *base;
    struct event *tick;
    struct vch_secret_key server_key, client_key;
    struct vch_tls *server_tls, *client_tls;
    struct vch_stream_limits limits;
    uint32_t live;
    struct end server, client;
    bool admits;
};

static void on_open(void *context, struct vch_stream *stream)
{
    struct end *end = context;

    (void)stream;
    end->is_open = true;
}

static void on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct end *end = context;

    end->frames++;
    if (frame->body_case == VOUCH__FRAME__BODY_CHUNK) end->tensor_bytes += frame->chunk->data.len;
    if (end->echoes) CHECK_OK(vch_stream_send(stream, frame));
}

static void on_room(void *context, struct vch_stream *stream)
{
    (void)context, (void)stream;
}

static void on_close(void *context, struct vch_stream *stream, enum vch_code code, const char *why)
{
    struct end *end = context;

    (void)stream;
    end->is_closed = true;
    end->stream = NULL;
    end->code = code;
    strncpy(end->why, why, sizeof end->why - 1);
}

static bool admit(void *context, const struct vch_public_key *key)
{
    const struct fixture *fixture = context;

    return fixture->admits &&
           memcmp(key->bytes, fixture->client_key.public_key.bytes, sizeof key->bytes) == 0;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
}

static struct fixture *set_up(void)
{
    static const struct timeval tick = {.tv_usec = 2000};
    struct fixture *fixture = calloc(1, sizeof *fixture);
    uint8_t seed[32] = {1};

    CHECK(fixture != NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    fixture->base = event_base_new();
    fixture->tick = event_new(fixture->base, -1, EV_PERSIST, on_tick, NULL);
    CHECK(event_add(fixture->tick, &tick) == 0);
    vch_sign_key(&fixture->server_key, seed);
    seed[0] = 2;
    vch_sign_key(&fixture->client_key, seed);
    const struct vch_signer server = vch_signer_local(&fixture->server_key);
    const struct vch_signer client = vch_signer_local(&fixture->client_key);
    CHECK_OK(vch_tls_new(&fixture->server_tls, &server, NULL));
    CHECK_OK(vch_tls_new(&fixture->client_tls, &client, NULL));
    fixture->limits = vch_stream_default_limits();
    fixture->admits = true;
    fixture->server.fixture = fixture->client.fixture = fixture;
    return fixture;
}

static void tear_down(struct fixture *fixture)
{
    if (fixture->server.stream != NULL) vch_stream_drop(fixture->server.stream);
    if (fixture->client.stream != NULL) vch_stream_drop(fixture->client.stream);
    while (fixture->live > 0)
        CHECK(event_base_loop(fixture->base, EVLOOP_ONCE) == 0);
    event_free(fixture->tick);
    event_base_free(fixture->base);
    vch_tls_free(fixture->server_tls);
    vch_tls_free(fixture->client_tls);
    free(fixture);
}

static void turn_until(struct fixture *fixture, const bool *flag)
{
    while (!*flag)
        CHECK(event_base_loop(fixture->base, EVLOOP_ONCE) == 0);
}

static struct vch_stream_setup setup_of(struct fixture *fixture, struct end *end,
                                        struct vch_tls *tls)
{
    return (struct vch_stream_setup){.base = fixture->base,
                                     .tls = tls,
                                     .live_count = &fixture->live,
                                     .limits = fixture->limits,
                                     .events = {on_open, on_frame, on_room, on_close, NULL},
                                     .context = end};
}

// A listening socket's port, and the accepted end of the connection made to it.
static void connect_ends(struct fixture *fixture, const struct vch_public_key *expected)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    evutil_socket_t listener = socket(AF_INET, SOCK_STREAM, 0);
    struct vch_stream_setup client = setup_of(fixture, &fixture->client, fixture->client_tls);
    struct vch_stream_setup server = setup_of(fixture, &fixture->server, fixture->server_tls);
    struct vch_tls_admission admission = {admit, fixture};

    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 4) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    CHECK_OK(vch_stream_connect(&fixture->client.stream, &client, expected, "127.0.0.1",
                                ntohs(address.sin_port)));
    evutil_socket_t accepted = accept(listener, NULL, NULL);
    CHECK(accepted >= 0);
    CHECK(evutil_make_socket_nonblocking(accepted) == 0);
    CHECK_OK(vch_stream_accept(&fixture->server.stream, &server, accepted, &admission));
    (void)close(listener);
}

static void open_both(struct fixture *fixture)
{
    connect_ends(fixture, &fixture->server_key.public_key);
    turn_until(fixture, &fixture->client.is_open);
    turn_until(fixture, &fixture->server.is_open);
}

static void send_ping(struct end *end, uint64_t token)
{
    Vouch__Ping ping = VOUCH__PING__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    ping.token = token;
    frame.body_case = VOUCH__FRAME__BODY_PING;
    frame.ping = &ping;
    CHECK_OK(vch_stream_send(end->stream, &frame));
}

static void send_chunk(struct end *end)
{
    static uint8_t data[VCH_FRAME_CHUNK_MAX];
    Vouch__Chunk chunk = VOUCH__CHUNK__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    chunk.data = (ProtobufCBinaryData){sizeof data, data};
    frame.body_case = VOUCH__FRAME__BODY_CHUNK;
    frame.chunk = &chunk;
    CHECK_OK(vch_stream_send(end->stream, &frame));
}

static void write_raw(struct end *end, const void *bytes, size_t size)
{
    struct bufferevent *transport = vch_stream_transport(end->stream);

    CHECK(bufferevent_write(transport, bytes, size) == 0);
}

TEST(stream_shows_each_side_the_others_key)
{
    struct fixture *fixture = set_up();

    open_both(fixture);
    CHECK(
        vch_is_equal(vch_stream_peer(fixture->client.stream), &fixture->server_key.public_key, 32));
    CHECK(
        vch_is_equal(vch_stream_peer(fixture->server.stream), &fixture->client_key.public_key, 32));
    tear_down(fixture);
}

TEST(stream_speaks_tls_1_3_and_resumes_nothing)
{
    struct fixture *fixture = set_up();

    open_both(fixture);
    SSL *ssl = bufferevent_openssl_get_ssl(vch_stream_transport(fixture->client.stream));
    CHECK_EQ(SSL_version(ssl), TLS1_3_VERSION);
    CHECK(!SSL_SESSION_is_resumable(SSL_get0_session(ssl)));
    CHECK(!SSL_session_reused(ssl));
    tear_down(fixture);
}

TEST(stream_refuses_a_server_with_another_key)
{
    struct fixture *fixture = set_up();

    connect_ends(fixture, &fixture->client_key.public_key); // not the server's
    turn_until(fixture, &fixture->client.is_closed);
    turn_until(fixture, &fixture->server.is_closed);
    CHECK(!fixture->client.is_open);
    CHECK(!fixture->server.is_open);
    tear_down(fixture);
}

TEST(stream_refuses_a_client_that_is_not_admitted_before_any_frame)
{
    struct fixture *fixture = set_up();

    fixture->admits = false;
    connect_ends(fixture, &fixture->server_key.public_key);
    turn_until(fixture, &fixture->server.is_closed);
    turn_until(fixture, &fixture->client.is_closed);
    CHECK(!fixture->server.is_open);
    CHECK_EQ(fixture->server.frames, 0);
    tear_down(fixture);
}

TEST(stream_carries_frames_both_ways_in_order)
{
    struct fixture *fixture = set_up();

    open_both(fixture);
    fixture->server.echoes = true;
    for (uint64_t i = 1; i <= 100; i++)
        send_ping(&fixture->client, i);
    while (fixture->client.frames < 100)
        CHECK(event_base_loop(fixture->base, EVLOOP_ONCE) == 0);
    tear_down(fixture);
}

TEST(stream_says_when_there_is_no_more_room)
{
    struct fixture *fixture = set_up();
    uint32_t sent = 0;

    open_both(fixture);
    for (; vch_stream_has_room(fixture->client.stream); sent++)
        send_chunk(&fixture->client);
    CHECK_EQ(sent, fixture->limits.output_max / VCH_FRAME_CHUNK_MAX);
    while (fixture->server.tensor_bytes < (uint64_t)sent * VCH_FRAME_CHUNK_MAX)
        CHECK(event_base_loop(fixture->base, EVLOOP_ONCE) == 0);
    CHECK(vch_stream_has_room(fixture->client.stream));
    tear_down(fixture);
}

TEST(stream_ends_a_peer_that_announces_a_gigabyte)
{
    struct fixture *fixture = set_up();

    open_both(fixture);
    write_raw(&fixture->client, "\x40\0\0\0", 4);
    turn_until(fixture, &fixture->server.is_closed);
    CHECK_EQ(fixture->server.code, VCH_CODE_LIMIT);
    turn_until(fixture, &fixture->client.is_closed);
    CHECK_EQ(fixture->client.frames, 1); // the refusal that says why
    tear_down(fixture);
}

TEST(stream_ends_a_peer_that_sends_garbage)
{
    struct fixture *fixture = set_up();

    open_both(fixture);
    write_raw(&fixture->client, "\0\0\0\3abc", 7);
    turn_until(fixture, &fixture->server.is_closed);
    CHECK_EQ(fixture->server.code, VCH_CODE_MALFORMED);
    tear_down(fixture);
}

TEST(stream_ends_a_peer_that_dribbles_a_frame)
{
    struct fixture *fixture = set_up();

    fixture->limits.window_ms = 60;
    open_both(fixture);
    write_raw(&fixture->client, "\0\0\1\0abc", 7); // and nothing more
    turn_until(fixture, &fixture->server.is_closed);
    CHECK_EQ(fixture->server.code, VCH_CODE_TIMEOUT);
    CHECK(strstr(fixture->server.why, "too slowly") != NULL);
    tear_down(fixture);
}

TEST(stream_ends_a_peer_that_owes_a_tensor_and_only_chatters)
{
    struct fixture *fixture = set_up();

    fixture->limits.window_ms = 60;
    open_both(fixture);
    vch_stream_set_owed(fixture->server.stream, true);
    while (!fixture->server.is_closed) {
        if (fixture->client.stream != NULL) send_ping(&fixture->client, 1);
        CHECK(event_base_loop(fixture->base, EVLOOP_ONCE) == 0);
        if (fixture->client.is_closed) break;
    }
    turn_until(fixture, &fixture->server.is_closed);
    CHECK_EQ(fixture->server.code, VCH_CODE_TIMEOUT);
    tear_down(fixture);
}

TEST(stream_ends_a_peer_that_does_not_read)
{
    struct fixture *fixture = set_up();

    fixture->limits.window_ms = 100;
    open_both(fixture);
    CHECK(bufferevent_disable(vch_stream_transport(fixture->client.stream), EV_READ) == 0);
    while (!fixture->server.is_closed) {
        while (!fixture->server.is_closed && vch_stream_has_room(fixture->server.stream))
            send_chunk(&fixture->server);
        CHECK(event_base_loop(fixture->base, EVLOOP_ONCE) == 0);
    }
    CHECK_EQ(fixture->server.code, VCH_CODE_TIMEOUT);
    CHECK(strstr(fixture->server.why, "reads too slowly") != NULL);
    tear_down(fixture);
}

TEST(stream_ends_a_socket_that_never_shakes_hands)
{
    struct fixture *fixture = set_up();
    struct vch_stream_setup server = {0};
    struct vch_tls_admission admission = {admit, fixture};
    int pair[2];

    fixture->limits.handshake_ms = 50;
    server = setup_of(fixture, &fixture->server, fixture->server_tls);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(evutil_make_socket_nonblocking(pair[0]) == 0);
    CHECK_OK(vch_stream_accept(&fixture->server.stream, &server, pair[0], &admission));
    turn_until(fixture, &fixture->server.is_closed);
    CHECK_EQ(fixture->server.code, VCH_CODE_TIMEOUT);
    (void)close(pair[1]);
    tear_down(fixture);
}

TEST(stream_ends_when_nothing_is_heard)
{
    struct fixture *fixture = set_up();

    fixture->limits.idle_ms = 50;
    open_both(fixture);
    turn_until(fixture, &fixture->server.is_closed);
    // Both ends wait as long; whichever looks at its clock first hangs up on the other.
    CHECK(fixture->server.code == VCH_CODE_TIMEOUT || fixture->client.code == VCH_CODE_TIMEOUT);
    tear_down(fixture);
}

TEST(stream_closed_by_its_owner_still_delivers_what_was_sent)
{
    struct fixture *fixture = set_up();

    open_both(fixture);
    for (int i = 0; i < 3; i++)
        send_chunk(&fixture->client);
    vch_stream_close(fixture->client.stream);
    fixture->client.stream = NULL;
    turn_until(fixture, &fixture->server.is_closed);
    CHECK_EQ(fixture->server.frames, 3);
    CHECK_EQ(fixture->server.code, VCH_CODE_UNAVAILABLE);
    tear_down(fixture);
}
