// A client that holds nodes to a policy, and a node that is none of ours: what it comes to hear
// before its evidence was accepted.
#include "client/link.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/attested.h"
#include "harness/test.h"
#include "net/loop.h"

// What the node does when it is asked for evidence.
enum manner { HONEST, SILENT, WRONG, HASTY, TURNS }; // TURNS: wrong the second time

struct scene {
    struct event_base *base;
    struct event *tick;
    struct vch_secret_key keys[2]; // the node's, the client's
    struct vch_tls *tls[2];
    uint32_t live;
    enum manner manner;
    struct attested attested;
    struct vch_link link;
    struct vch_stream *node;
    struct vch_digest model, registry;
    // What the node heard.
    uint32_t requests, pings, private_frames, refusals;
    char refusal[200];
    uint32_t faults;
    enum vch_fault_kind fault;
};

static void say(struct scene *scene, Vouch__Frame *frame, Vouch__Frame__BodyCase body,
                void *message)
{
    frame->body_case = body;
    frame->hello = message; // all are pointers to a message
    CHECK_OK(vch_stream_send(scene->node, frame));
}

static void welcome(struct scene *scene)
{
    Vouch__Welcome body = VOUCH__WELCOME__INIT;
    Vouch__Holding holding = VOUCH__HOLDING__INIT, *holdings[] = {&holding};
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.version = VCH_FRAME_VERSION;
    body.registry = (ProtobufCBinaryData){VCH_DIGEST_SIZE, scene->registry.bytes};
    holding.model = (ProtobufCBinaryData){VCH_DIGEST_SIZE, scene->model.bytes};
    holding.last = 2;
    body.n_holdings = 1;
    body.holdings = holdings;
    say(scene, &frame, VOUCH__FRAME__BODY_WELCOME, &body);
}

static void pong(struct scene *scene, uint64_t token)
{
    Vouch__Pong body = VOUCH__PONG__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    body.token = token;
    say(scene, &frame, VOUCH__FRAME__BODY_PONG, &body);
}

static void attest(struct scene *scene)
{
    static uint8_t bytes[VCH_EXCHANGE_SIZE_MAX];
    Vouch__AttestResponse body = VOUCH__ATTEST_RESPONSE__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    const size_t size = attested_response(bytes);
    const bool is_wrong = scene->manner == WRONG || (scene->manner == TURNS && scene->requests > 1);

    if (scene->manner == SILENT || scene->manner == HASTY) return;
    body.response = (ProtobufCBinaryData){is_wrong ? size - 1 : size, bytes};
    say(scene, &frame, VOUCH__FRAME__BODY_ATTEST_RESPONSE, &body);
}

static void node_open(void *context, struct vch_stream *stream)
{
    (void)context, (void)stream;
}

static void node_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct scene *scene = context;

    (void)stream;
    switch ((int)frame->body_case) {
    case VOUCH__FRAME__BODY_HELLO:
        welcome(scene);
        if (scene->manner == HASTY) pong(scene, 0); // to a ping that never was
        break;
    case VOUCH__FRAME__BODY_ATTEST_REQUEST:
        scene->requests++;
        attest(scene);
        break;
    case VOUCH__FRAME__BODY_PING:
        scene->pings++;
        pong(scene, frame->ping->token);
        break;
    case VOUCH__FRAME__BODY_REFUSAL:
        scene->refusals++;
        strncpy(scene->refusal, frame->refusal->text, sizeof scene->refusal - 1);
        break;
    default: scene->private_frames++; break;
    }
}

static void node_room(void *context, struct vch_stream *stream)
{
    (void)context, (void)stream;
}

static void node_close(void *context, struct vch_stream *stream, enum vch_code code,
                       const char *why)
{
    struct scene *scene = context;

    (void)stream, (void)code, (void)why;
    scene->node = NULL;
}

static void on_fault(void *context, struct vch_link *link, enum vch_fault_kind kind,
                     const char *why)
{
    struct scene *scene = context;

    (void)link, (void)why;
    scene->faults++;
    scene->fault = kind;
}

static bool admit(void *context, const struct vch_public_key *key)
{
    (void)context, (void)key;
    return true;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
}

static void turn(struct scene *scene)
{
    CHECK(event_base_loop(scene->base, EVLOOP_ONCE) == 0);
    vch_link_tick(&scene->link);
}

static void make_ends(struct scene *scene)
{
    static const struct timeval tick = {.tv_usec = 2000};

    (void)signal(SIGPIPE, SIG_IGN);
    scene->base = vch_loop_new();
    scene->tick = event_new(scene->base, -1, EV_PERSIST, on_tick, NULL);
    CHECK(event_add(scene->tick, &tick) == 0);
    for (uint8_t i = 0; i < 2; i++) {
        const uint8_t seed[VCH_SIGN_SEED_SIZE] = {(uint8_t)(i + 1)};
        vch_sign_key(&scene->keys[i], seed);
        const struct vch_signer signer = vch_signer_local(&scene->keys[i]);
        CHECK_OK(vch_tls_new(&scene->tls[i], &signer, NULL));
    }
}

static void connect_link(struct scene *scene, bool is_held)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    evutil_socket_t listener = socket(AF_INET, SOCK_STREAM, 0);
    const struct vch_tls_admission admission = {admit, NULL};
    const struct vch_stream_setup node = {
        .base = scene->base,
        .tls = scene->tls[0],
        .live_count = &scene->live,
        .limits = vch_stream_default_limits(),
        .events = {node_open, node_frame, node_room, node_close, NULL},
        .context = scene};
    const struct vch_link_setup setup = {.stream = {.base = scene->base,
                                                    .tls = scene->tls[1],
                                                    .live_count = &scene->live,
                                                    .limits = vch_stream_default_limits()},
                                         .events = {.on_fault = on_fault},
                                         .context = scene,
                                         .model = scene->model,
                                         .registry = scene->registry,
                                         .operator_count = 2,
                                         .policy = is_held ? &scene->attested.policy : NULL};
    struct vch_peer peer = {.key = scene->keys[0].public_key, .host = "127.0.0.1"};

    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 1) == 0 &&
          getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    peer.port = ntohs(address.sin_port);
    vch_link_init(&scene->link, &setup, &peer);
    vch_link_connect(&scene->link);
    evutil_socket_t accepted = accept(listener, NULL, NULL);
    CHECK(accepted >= 0 && evutil_make_socket_nonblocking(accepted) == 0);
    CHECK_OK(vch_stream_accept(&scene->node, &node, accepted, &admission));
    (void)close(listener);
}

static struct scene *set_up(enum manner manner, bool is_held)
{
    struct scene *scene = calloc(1, sizeof *scene);

    CHECK(scene != NULL);
    scene->manner = manner;
    scene->model = vch_hash_bytes("model", 5);
    scene->registry = vch_hash_bytes("registry", 8);
    attested_policy(&scene->attested);
    make_ends(scene);
    connect_link(scene, is_held);
    return scene;
}

static void tear_down(struct scene *scene)
{
    vch_link_release(&scene->link);
    if (scene->node != NULL) vch_stream_drop(scene->node);
    while (scene->live > 0)
        CHECK(event_base_loop(scene->base, EVLOOP_ONCE) == 0);
    for (int i = 0; i < 2; i++)
        vch_tls_free(scene->tls[i]);
    event_free(scene->tick);
    event_base_free(scene->base);
    free(scene);
}

// A question that would tell the node everything.
static vch_status ask(struct scene *scene)
{
    static const uint8_t job[] = "a job", tensor[] = "a prompt";
    const struct vch_link_question question = {.job = job,
                                               .job_size = sizeof job,
                                               .batch = 1,
                                               .tensor = tensor,
                                               .tensor_size = sizeof tensor,
                                               .output_size = 1};

    return vch_link_ask(&scene->link, &question);
}

TEST(link_to_a_node_whose_evidence_holds_is_ready)
{
    struct scene *scene = set_up(HONEST, true);

    while (!vch_link_is_settled(&scene->link) || scene->link.state == VCH_LINK_DOWN)
        turn(scene);
    CHECK_EQ(scene->link.state, VCH_LINK_READY);
    CHECK_EQ(scene->requests, 1);
    CHECK(scene->link.evidence.bytes != NULL); // for the voucher
    CHECK_OK(ask(scene));
    while (scene->private_frames < 2) // the request and the tensor
        turn(scene);
    tear_down(scene);
}

TEST(link_without_a_policy_asks_for_no_evidence)
{
    struct scene *scene = set_up(SILENT, false);

    while (scene->link.state != VCH_LINK_READY)
        turn(scene);
    CHECK_EQ(scene->requests, 0);
    tear_down(scene);
}

TEST(link_tells_a_node_nothing_before_the_verdict)
{
    static const enum manner manners[] = {SILENT, HASTY};

    FOR_EACH(manner, manners)
    {
        struct scene *scene = set_up(*manner, true);

        while (scene->requests == 0)
            turn(scene);
        for (int i = 0; i < 20; i++)
            turn(scene);
        CHECK_EQ(scene->link.state, VCH_LINK_ATTESTING);
        CHECK_FAILS(ask(scene), UNAVAILABLE);
        for (int i = 0; i < 20; i++)
            turn(scene);
        CHECK_EQ(scene->private_frames, 0);
        CHECK_EQ(scene->pings, 0);
        tear_down(scene);
    }
}

TEST(link_leaves_a_node_whose_evidence_does_not_hold_and_says_why)
{
    struct scene *scene = set_up(WRONG, true);

    while (scene->refusals == 0)
        turn(scene);
    CHECK_EQ(scene->link.state, VCH_LINK_DOWN);
    CHECK(strcmp(scene->link.down_reason, "a check: its text") == 0);
    CHECK(strcmp(scene->refusal, "a check: its text") == 0);
    CHECK_FAILS(ask(scene), UNAVAILABLE);
    CHECK_EQ(scene->private_frames, 0);
    CHECK(scene->link.evidence.bytes == NULL);
    CHECK(!scene->link.was_told);
    tear_down(scene);
}

// The next job is another occasion: the node has to show itself again, and until then hears
// nothing.
TEST(link_asks_again_for_the_next_job)
{
    static const enum manner manners[] = {HONEST, TURNS};

    FOR_EACH(manner, manners)
    {
        struct scene *scene = set_up(*manner, true);

        while (scene->link.state != VCH_LINK_READY)
            turn(scene);
        scene->attested.policy.occasion[0] = 1;
        CHECK_FAILS(ask(scene), UNAVAILABLE);
        vch_link_tick(&scene->link);
        CHECK_EQ(scene->link.state, VCH_LINK_ATTESTING);
        while (!vch_link_is_settled(&scene->link))
            turn(scene);
        CHECK_EQ(scene->requests, 2);
        CHECK_EQ(scene->link.state, *manner == HONEST ? VCH_LINK_READY : VCH_LINK_DOWN);
        CHECK_EQ(scene->private_frames, 0);
        tear_down(scene);
    }
}

// In the middle of a question: the node is named, and its answer is waited for no more.
TEST(link_question_to_a_node_that_fails_later_is_a_fault)
{
    struct scene *scene = set_up(TURNS, true);

    while (scene->link.state != VCH_LINK_READY)
        turn(scene);
    CHECK_OK(ask(scene));
    while (scene->private_frames == 0)
        turn(scene);
    scene->attested.policy.occasion[0] = 1;
    while (scene->faults == 0)
        turn(scene);
    CHECK_EQ(scene->fault, VCH_FAULT_REFUSED);
    CHECK_EQ(scene->link.state, VCH_LINK_DOWN);
    CHECK(scene->link.was_told); // and nobody says that nothing was sent to it
    tear_down(scene);
}
