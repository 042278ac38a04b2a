// An owner and a node with sealed weights, over a real connection: the key goes to what showed what
// it is, on this connection, and to nobody who says so.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "client/releasing.h"
#include "harness/folder.h"
#include "harness/graphs.h"
#include "harness/opened.h"
#include "harness/results.h"
#include "harness/sealed_file.h"
#include "host/clock.h"
#include "node/node.h"

enum { LIFETIME_S = 600 };

// What is wrong with the node's evidence.
enum lie {
    HONEST,
    OLD_NONCE,      // evidence that was made for an earlier question
    OTHER_EXPORTER, // for another connection: a relay's
    OTHER_CERTIFICATE,
    OTHER_CLIENT,
    OTHER_NODE,
    OTHER_POLICY,
    OTHER_STATEMENT,
    AS_A_CLIENT, // the asker's own kind of evidence, come back
    OTHER_REGISTER,
    OTHER_TPM,
    SWAPPED_KEY, // evidence that is good, and another sealing key beside it
    LIES,
};

static struct {
    struct vch_arena arena;
    struct vch_kernels kernels;
    struct vch_secret_key founder, owner, client_key, node_key, thief_key;
    struct vch_package package;
    uint8_t *bytes;
    size_t size;
    uint8_t *registry;
    size_t registry_size;
    char folder[200], path[256];
    uint8_t key[VCH_SEALED_KEY_SIZE];
    struct vch_sealed sealed;
    // The node.
    struct vch_signer signer;
    struct opened opened;
    struct vch_unsealer_keys keys;
    struct vch_unsealer unsealer;
    struct vch_attester_setup attest;
    struct vch_node *node;
    pthread_t thread;
    _Atomic enum lie lie;
    struct results tpm, other; // TPMs, of which rules know the first
    struct vch_digest boot;    // of its register 4
    uint8_t old[VCH_BINDER_SIZE];
    // The owner.
    struct vch_releasing done;
    struct vch_release recorded;
    uint32_t record_count;
    bool cannot_record;
    struct vch_complaint complaint;
} world;

static void make_key(struct vch_secret_key *out)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    sealed_file_fill(seed, sizeof seed);
    vch_sign_key(out, seed);
}

static void make_model(void)
{
    struct graphs build;

    graphs_init(&build, &world.arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, 8, 0, 0));
    graphs_output(&build, graphs_linear(&build, x, 3, VCH_TYPE_I8));
    struct vch_graph *graph = graphs_finish(&build);
    struct vch_salt *salts = VCH_ARENA_NEW(&world.arena, struct vch_salt, graph->parameter_count);
    CHECK_OK(vch_package_encode(&world.bytes, &world.size, graph, salts, &world.owner, &world.arena,
                                NULL, NULL));
    CHECK_OK(vch_package_decode(&world.package, world.bytes, world.size, &world.arena, NULL, NULL));
}

static void make_registry(void)
{
    struct vch_member members[3] = {
        {.key = world.node_key.public_key, .operator_name = "them", .role = VCH_ROLE_NODE},
        {.key = world.thief_key.public_key, .operator_name = "thieves", .role = VCH_ROLE_NODE},
        {.key = world.client_key.public_key, .operator_name = "us", .role = VCH_ROLE_CLIENT}};
    struct vch_registry registry = {
        .network = "test", .serial = 1, .member_count = 3, .members = members};

    CHECK_OK(vch_registry_encode(&world.registry, &world.registry_size, &registry, &world.founder,
                                 &world.arena, NULL));
}

static void change_block(struct vch_binder *block, enum lie lie)
{
    switch ((int)lie) {
    case OTHER_EXPORTER: block->exporter[0] ^= 1; break;
    case OTHER_CERTIFICATE: block->own.bytes[0] ^= 1; break;
    case OTHER_CLIENT: block->peer.bytes[0] ^= 1; break;
    case OTHER_NODE: block->node[0] ^= 1; break;
    case OTHER_POLICY: block->policy.bytes[0] ^= 1; break;
    case OTHER_STATEMENT: block->facts.bytes[0] ^= 1; break;
    case AS_A_CLIENT: block->role = VCH_BINDER_CLIENT; break;
    default: break;
    }
}

// The TPM, or whoever sits before it.
static vch_status collect(void *context, const uint8_t binder[static VCH_BINDER_SIZE],
                          struct vch_cmw *evidence, struct vch_cmw *endorsements,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    const enum lie lie = atomic_load(&world.lie);
    struct results *tpm = lie == OTHER_TPM ? &world.other : &world.tpm;
    struct vch_binder block;

    (void)context, (void)endorsements, (void)arena;
    VCH_TRY(vch_binder_decode(&block, binder, VCH_BINDER_SIZE, complaint));
    change_block(&block, lie);
    VCH_TRY(vch_binder_encode(tpm->bytes, &block));
    if (lie == OLD_NONCE) memcpy(tpm->bytes, world.old, sizeof world.old);
    memcpy(world.old, binder, sizeof world.old);
    tpm->tpm.pcrs[4].bytes[0] = world.boot.bytes[0] ^ (lie == OTHER_REGISTER);
    results_quote(tpm, 1);
    *evidence = tpm->response.evidence;
    return VCH_OK;
}

// Between evidence and connection.
static void on_send(void *context, struct vch_stream *stream, const Vouch__Frame *frame,
                    struct evbuffer *bytes)
{
    const uint8_t *key = world.keys.secret.public_key.bytes;

    (void)context, (void)stream;
    if (atomic_load(&world.lie) != SWAPPED_KEY ||
        frame->body_case != VOUCH__FRAME__BODY_ATTEST_RESPONSE)
        return;
    struct evbuffer_ptr at = evbuffer_search(bytes, (const char *)key, 32, NULL);
    CHECK(at.pos >= 0);
    uint8_t *all = evbuffer_pullup(bytes, -1);
    all[at.pos] ^= 1; // another's
}

static void *serve_it(void *node)
{
    (void)vch_node_run(node);
    return NULL;
}

static void start_node(void)
{
    static const char *paths[1] = {world.path};
    static struct vch_weights_setup weights;
    struct vch_node_options options = {.signer = &world.signer,
                                       .registry_bytes = world.registry,
                                       .registry_size = world.registry_size,
                                       .founder = world.founder.public_key,
                                       .kernels = &world.kernels,
                                       .attest = &world.attest,
                                       .weights = &weights,
                                       .on_send = on_send};
    uint8_t seed[VCH_HPKE_SEED_SIZE];

    sealed_file_fill(seed, sizeof seed);
    opened_init(&world.opened, &world.owner.public_key, vch_clock_unix_ms() / 1000);
    world.unsealer = vch_unsealer_local(&world.keys, &world.opened.rules, seed);
    world.signer = vch_signer_local(&world.node_key);
    weights = (struct vch_weights_setup){.paths = paths,
                                         .path_count = 1,
                                         .owner = world.owner.public_key,
                                         .unsealer = world.unsealer};
    world.attest = (struct vch_attester_setup){
        .kind = VCH_BINDER_TPM, .facts = world.tpm.facts, .collect = collect};
    memcpy(world.attest.sealing_key, world.keys.secret.public_key.bytes, 32);
    vch_status status = vch_node_new(&world.node, &options, &world.complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", world.complaint.text);
    CHECK(pthread_create(&world.thread, NULL, serve_it, world.node) == 0);
}

// --- a node in between: it has no TPM, and asks one that has for evidence, as it was asked.

struct relay {
    struct event_base *base;
    struct vch_stream *stream;
    const uint8_t *binder; // that evidence is wanted for
    bool is_over;
    uint8_t bytes[RESULTS_RECORD_ROOM]; // the other node's response
    size_t size;
};

static void relay_end(struct relay *relay)
{
    relay->is_over = true;
    (void)event_base_loopbreak(relay->base);
}

static void relay_on_open(void *context, struct vch_stream *stream)
{
    static char software[] = "thief";
    Vouch__Hello hello = VOUCH__HELLO__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;

    (void)context;
    hello.version = VCH_FRAME_VERSION;
    hello.software = software;
    frame.body_case = VOUCH__FRAME__BODY_HELLO;
    frame.hello = &hello;
    CHECK_OK(vch_stream_send(stream, &frame));
}

// The very question that it was asked: nonce and policy are the owner's.
static void relay_ask(struct relay *relay)
{
    struct vch_exchange_request request = {.role = VCH_BINDER_SERVER};
    uint8_t bytes[VCH_EXCHANGE_REQUEST_SIZE_MAX];
    Vouch__AttestRequest message = VOUCH__ATTEST_REQUEST__INIT;
    Vouch__Frame frame = VOUCH__FRAME__INIT;
    struct vch_binder block;
    size_t size = 0;

    CHECK_OK(vch_binder_decode(&block, relay->binder, VCH_BINDER_SIZE, NULL));
    memcpy(request.nonce, block.nonce, sizeof request.nonce);
    request.policy = block.policy;
    request.accepts[VCH_BINDER_TPM] = true;
    CHECK_OK(vch_exchange_encode_request(bytes, &size, &request));
    message.request = (ProtobufCBinaryData){size, bytes};
    frame.body_case = VOUCH__FRAME__BODY_ATTEST_REQUEST;
    frame.attest_request = &message;
    CHECK_OK(vch_stream_send(relay->stream, &frame));
}

static void relay_on_frame(void *context, struct vch_stream *stream, const Vouch__Frame *frame)
{
    struct relay *relay = context;

    (void)stream;
    if (frame->body_case == VOUCH__FRAME__BODY_WELCOME) relay_ask(relay);
    if (frame->body_case != VOUCH__FRAME__BODY_ATTEST_RESPONSE) return;
    relay->size = frame->attest_response->response.len;
    CHECK(relay->size <= sizeof relay->bytes);
    memcpy(relay->bytes, frame->attest_response->response.data, relay->size);
    relay_end(relay);
}

static void relay_on_room(void *context, struct vch_stream *stream)
{
    (void)context, (void)stream;
}

static void relay_on_close(void *context, struct vch_stream *stream, enum vch_code code,
                           const char *why)
{
    (void)stream, (void)code, (void)why;
    relay_end(context);
}

static void relay_run(struct relay *relay)
{
    const struct vch_signer signer = vch_signer_local(&world.thief_key);
    struct vch_tls *tls = NULL;
    uint32_t live = 0;

    relay->base = event_base_new();
    CHECK_OK(vch_tls_new(&tls, &signer, NULL));
    const struct vch_stream_setup setup = {
        .base = relay->base,
        .tls = tls,
        .live_count = &live,
        .limits = vch_stream_default_limits(),
        .events = {relay_on_open, relay_on_frame, relay_on_room, relay_on_close, NULL},
        .context = relay};
    CHECK_OK(vch_stream_connect(&relay->stream, &setup, &world.node_key.public_key, "127.0.0.1",
                                vch_node_port(world.node)));
    while (!relay->is_over)
        CHECK(event_base_dispatch(relay->base) == 0);
    if (relay->size > 0) vch_stream_drop(relay->stream);
    while (live > 0)
        CHECK(event_base_loop(relay->base, EVLOOP_ONCE) == 0);
    vch_tls_free(tls);
    event_base_free(relay->base);
}

static _Atomic uint32_t relayed;

static vch_status collect_elsewhere(void *context, const uint8_t binder[static VCH_BINDER_SIZE],
                                    struct vch_cmw *evidence, struct vch_cmw *endorsements,
                                    struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct relay *relay = VCH_ARENA_NEW(arena, struct relay, 1);
    struct vch_exchange_response *response = VCH_ARENA_NEW(arena, struct vch_exchange_response, 1);

    (void)context, (void)endorsements;
    CHECK(relay != NULL && response != NULL);
    relay->binder = binder;
    relay_run(relay);
    VCH_TRY(vch_exchange_decode_response(response, relay->bytes, relay->size, complaint));
    *evidence = response->evidence;
    atomic_fetch_add(&relayed, 1);
    return VCH_OK;
}

static void set_up(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    vch_arena_init(&world.arena, 1u << 30);
    world.kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    make_key(&world.founder);
    make_key(&world.owner);
    make_key(&world.client_key);
    make_key(&world.node_key);
    make_key(&world.thief_key);
    sealed_file_fill(world.key, sizeof world.key);
    make_model();
    make_registry();
    folder_make(world.folder, sizeof world.folder);
    (void)snprintf(world.path, sizeof world.path, "%s/m.sealed", world.folder);
    world.sealed = sealed_file_write(world.path, world.bytes, world.size, &world.package.identity,
                                     1, &world.owner, world.key);
    results_init(&world.tpm, VCH_BINDER_TPM);
    results_init(&world.other, VCH_BINDER_TPM);
    world.boot = world.tpm.tpm.pcrs[4];
    world.tpm.pcr_rules[1].allowed = &world.boot;
    // What a node serves changes when it opens weights.
    world.tpm.rules.facts.is_any_model = true;
    world.tpm.rules.levels[VCH_RULES_PRIVATE_WEIGHTS] = 1u << VCH_RULES_TPM;
    atomic_store(&world.lie, HONEST);
    world.record_count = 0;
    world.cannot_record = false;
    start_node();
}

static void stop_node(void)
{
    vch_node_abort(world.node);
    (void)pthread_join(world.thread, NULL);
    vch_node_free(world.node);
}

static void tear_down(void)
{
    stop_node();
    results_release(&world.tpm);
    results_release(&world.other);
    folder_remove(world.folder);
    vch_arena_release(&world.arena);
}

static vch_status record(void *context, const struct vch_release *release,
                         struct vch_complaint *complaint)
{
    (void)context;
    if (world.cannot_record) return vch_complain(complaint, VCH_CODE_IO, "the disk is full");
    world.recorded = *release;
    world.record_count++;
    return VCH_OK;
}

static struct vch_releasing_setup order(void)
{
    struct vch_releasing_setup setup = {.key = &world.owner,
                                        .node = {.key = world.node_key.public_key,
                                                 .host = "127.0.0.1",
                                                 .port = vch_node_port(world.node)},
                                        .rules = &world.tpm.rules,
                                        .sealed = &world.sealed,
                                        .data_key = world.key,
                                        .lifetime_s = LIFETIME_S,
                                        .timeout_ms = 60000,
                                        .record = record};

    return setup;
}

static vch_status release_by(const struct vch_releasing_setup *setup)
{
    world.complaint.text[0] = '\0';
    free(world.done.evidence.bytes);
    return vch_releasing_run(&world.done, setup, &world.complaint);
}

static vch_status release_key(void)
{
    const struct vch_releasing_setup setup = order();

    return release_by(&setup);
}

static void check_says(const char *text)
{
    if (strstr(world.complaint.text, text) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", world.complaint.text, text);
}

// Nothing was written down, sent or opened.
static void check_nothing_left(void)
{
    CHECK(!world.done.is_recorded && !world.done.is_sent && !world.done.is_open);
    CHECK_EQ(world.record_count, 0);
    CHECK_EQ(world.opened.counters.count, 0);
    CHECK(vch_is_zero(world.keys.key, sizeof world.keys.key));
}

TEST(release_goes_to_a_node_that_shows_what_it_is)
{
    set_up();
    CHECK_OK(release_key());
    CHECK(world.done.is_open && world.record_count == 1);
    CHECK_EQ(world.done.evidence.verdict.word, VCH_RESULT_AFFIRMING);
    const struct vch_release *release = &world.recorded;
    CHECK_EQ(release->what, VCH_RELEASE_GRANTED);
    CHECK(memcmp(&release->node, &world.node_key.public_key, 32) == 0);
    CHECK(memcmp(release->sealing_key, world.keys.secret.public_key.bytes, 32) == 0);
    CHECK(vch_hash_is_equal(&release->verdict, &world.done.evidence.verdict.digest));
    CHECK(vch_hash_is_equal(&release->policy, &world.tpm.rules.id));
    CHECK_EQ(release->expiry_s, release->time_s + LIFETIME_S);
    CHECK_EQ(world.opened.counters.count, 1);
    CHECK_OK(release_key()); // again: it is open, and that is written down as well
    CHECK_EQ(world.record_count, 2);
    tear_down();
}

// Each is found out by what the owner knows itself.
TEST(release_goes_to_nobody_whose_evidence_is_another)
{
    set_up();
    sealed_file_fill(world.old, sizeof world.old);
    struct vch_binder before = {.mode = VCH_BINDER_CHANNEL,
                                .role = VCH_BINDER_SERVER,
                                .kind = VCH_BINDER_TPM,
                                .nonce = {1},
                                .exporter = {2},
                                .own = {{3}},
                                .sealing_key = {4},
                                .node = {5}};
    CHECK_OK(vch_binder_encode(world.old, &before));
    for (int lie = HONEST + 1; lie < LIES; lie++) {
        atomic_store(&world.lie, lie);
        CHECK_FAILS(release_key(), REFUSED);
        check_says("nothing was released");
        check_says(lie == OTHER_REGISTER ? "tpm.pcr.value"
                   : lie == OTHER_TPM    ? "tpm.ak.enrolled"
                                         : "tpm.nonce");
        check_nothing_left();
    }
    atomic_store(&world.lie, HONEST);
    CHECK_OK(release_key());
    tear_down();
}

// Two live connections: the owner's to a node without hardware, and that node's to one that has
// it. The evidence is good, fresh, and of the node that it is of.
TEST(release_does_not_go_to_a_node_that_relays_anothers_evidence)
{
    static struct vch_attester_setup attest;
    struct vch_signer signer;
    struct vch_node *thief = NULL;
    pthread_t thread;

    set_up();
    signer = vch_signer_local(&world.thief_key);
    attest = world.attest;
    attest.collect = collect_elsewhere;
    const struct vch_weights_setup weights = {.paths = (const char *const[]){world.path},
                                              .path_count = 1,
                                              .owner = world.owner.public_key,
                                              .unsealer = world.unsealer};
    const struct vch_node_options options = {.signer = &signer,
                                             .registry_bytes = world.registry,
                                             .registry_size = world.registry_size,
                                             .founder = world.founder.public_key,
                                             .kernels = &world.kernels,
                                             .attest = &attest,
                                             .weights = &weights};
    CHECK_OK(vch_node_new(&thief, &options, &world.complaint));
    CHECK(pthread_create(&thread, NULL, serve_it, thief) == 0);
    struct vch_releasing_setup setup = order();
    setup.node.key = world.thief_key.public_key;
    setup.node.port = vch_node_port(thief);
    CHECK_FAILS(release_by(&setup), REFUSED);
    check_says("tpm.nonce");
    check_nothing_left();
    CHECK_EQ(atomic_load(&relayed), 1);
    CHECK_OK(release_key()); // to the one that has it
    vch_node_abort(thief);
    (void)pthread_join(thread, NULL);
    vch_node_free(thief);
    tear_down();
}

TEST(release_does_not_leave_when_it_cannot_be_written_down)
{
    set_up();
    world.cannot_record = true;
    CHECK_FAILS(release_key(), IO);
    check_says("the disk is full");
    check_nothing_left();
    world.cannot_record = false;
    CHECK_OK(release_key());
    tear_down();
}

TEST(release_asks_for_a_level_that_may_have_private_weights)
{
    set_up();
    world.tpm.rules.levels[VCH_RULES_PRIVATE_WEIGHTS] = 1u << VCH_RULES_TEE;
    CHECK_FAILS(release_key(), REFUSED);
    check_says("weights:private");
    check_nothing_left();
    tear_down();
}

TEST(release_takes_a_warning_by_its_name_alone)
{
    static const char *const accepted[] = {"result.anchors"};
    struct vch_releasing_setup setup;

    set_up();
    world.tpm.rules.environment = VCH_RULES_TEST;
    world.tpm.rules.anchors.are_vendors = false;
    setup = order();
    CHECK_FAILS(release_by(&setup), REFUSED);
    check_says("result.anchors");
    check_nothing_left();
    setup.accepted = accepted;
    setup.accepted_count = 1;
    CHECK_OK(release_by(&setup));
    CHECK(world.done.evidence.verdict.is_test);
    tear_down();
}

// No release lasts longer than what it rests on, and none begins after that.
TEST(release_ends_with_the_policy_and_the_verdict)
{
    set_up();
    CHECK_OK(release_key());
    const int64_t now_s = (int64_t)world.recorded.time_s;
    world.tpm.rules.until_s = now_s + 100;
    CHECK_OK(release_key());
    CHECK(world.recorded.expiry_s <= (uint64_t)now_s + 100);
    world.tpm.rules.until_s = now_s + 10000;
    world.tpm.rules.freshness.result_s = 50;
    CHECK_OK(release_key());
    CHECK(world.recorded.expiry_s <= world.recorded.time_s + 50);
    world.record_count = 0;
    world.tpm.rules.until_s = now_s - 1;
    CHECK_FAILS(release_key(), REFUSED);
    CHECK_EQ(world.record_count, 0);
    tear_down();
}

// The owner that a node names need not be in its registry, nor has it to be the owner who connects:
// whoever has the data key has it.
TEST(release_is_made_by_the_owner_or_by_a_member)
{
    struct vch_releasing_setup setup;

    set_up();
    setup = order();
    setup.key = &world.founder; // neither
    CHECK(!vch_is_ok(release_by(&setup)));
    check_says("nothing was released");
    check_nothing_left();
    setup.key = &world.client_key;
    CHECK_OK(release_by(&setup));
    CHECK_OK(release_key());
    tear_down();
}

TEST(release_that_the_node_cannot_use_says_why)
{
    struct vch_releasing_setup setup;
    struct vch_sealed other;

    set_up();
    other = world.sealed;
    other.counter = 2;
    CHECK_OK(vch_sealed_sign(&other, &world.owner));
    setup = order();
    setup.sealed = &other;
    CHECK_FAILS(release_by(&setup), REFUSED);
    check_says("the release was sent");
    check_says("no sealed weights with that manifest");
    CHECK_EQ(world.record_count, 1); // it left
    setup = order();
    setup.node.key = world.owner.public_key; // somebody else listens there
    CHECK(!vch_is_ok(release_by(&setup)));
    check_says("nothing was released");
    CHECK_EQ(world.record_count, 1);
    tear_down();
}
