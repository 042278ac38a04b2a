// A side of a dispute, over real connections on one loop: it opens from what it kept what a referee
// needs, to every referee that it can find, once; and again, ever more slowly, where it was
// refused.
#include "node/sides.h"

#include <event2/listener.h>
#include <signal.h>
#include <unistd.h>

#include "base/bytes.h"
#include "harness/attested.h"
#include "harness/folder.h"
#include "harness/referees.h"
#include "host/clock.h"
#include "net/address.h"
#include "node/clients.h"
#include "node/kept.h"
#include "node/referee.h"

static struct scene {
    struct referees r; // and its session's host, the referee
    struct event_base *base;
    struct event *tick;
    struct evconnlistener *listener;
    struct vch_tls *referee_tls, *side_tls;
    struct vch_clients clients;
    uint32_t live;
    struct vch_arena arena;
    struct vch_kept kept;
    struct vch_sides sides;
    char folder[4096], peers[4200], runs[4200];
    struct vch_digest answer;
    struct attested attested;
    struct vch_attester *attester; // of either
} scene;

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t socket,
                      struct sockaddr *address, int size, void *context)
{
    (void)listener, (void)address, (void)size, (void)context;
    vch_guests_accept(&scene.clients.guests, socket);
}

static vch_status take_answer(struct session_fixture *fixture, const struct vch_task *task)
{
    (void)fixture;
    scene.answer = task->referee->answer;
    return VCH_OK;
}

static void found(void *context, const struct vch_kept_record *record)
{
    (void)context, (void)record;
}

static const struct vch_digest *leaves_of(void *context, const struct vch_digest *job,
                                          uint32_t segment, const struct vch_digest *trace,
                                          uint32_t *count)
{
    const struct vch_kept_run *run = vch_kept_find_trace(&scene.kept, job, segment, trace);

    (void)context;
    if (run == NULL) return NULL;
    *count = run->leaf_count;
    return run->leaves;
}

static vch_status run_of(void *context, struct vch_sides_run *out, const struct vch_digest *job,
                         uint32_t segment, const struct vch_digest *trace, struct vch_arena *arena)
{
    const struct vch_kept_run *run = vch_kept_find_trace(&scene.kept, job, segment, trace);

    (void)context;
    if (run == NULL) return VCH_FAIL(UNAVAILABLE);
    out->graph = scene.r.session.models.models[0].package.graph;
    return vch_kept_load(&out->record, &scene.kept, run, arena);
}

// What the side gave and was given, as it would have been kept.
static void keep(const struct referees_side *side)
{
    const struct vch_kept_setup setup = {.folder = scene.runs,
                                         .key = (const uint8_t[VCH_SEAL_KEY_SIZE]){1},
                                         .window_ms = 1000,
                                         .found = found};
    struct vch_task task = {.job_id = scene.r.contest.subject,
                            .model = &scene.r.session.models.models[0],
                            .last = REFEREES_OPERATORS,
                            .batch = 1,
                            .input_nonce = scene.r.input_nonce,
                            .output_nonce = scene.r.output_nonce,
                            .job = scene.r.job,
                            .job_size = scene.r.job_size,
                            .input = referees_tensor(scene.r.input),
                            .input_size = SESSION_SIDE,
                            .leaf_count = REFEREES_OPERATORS,
                            .leaves = (struct vch_digest *)(uintptr_t)side->leaves, // only read
                            .trace = side->root};
    struct vch_complaint complaint = {""};

    CHECK_OK(vch_kept_open(&scene.kept, &setup, &scene.arena, &complaint));
    CHECK_OK(vch_kept_add(&scene.kept, &task, 0, 0));
}

static void serve(void)
{
    static const struct timeval tick = {.tv_usec = 2000};
    struct sockaddr_storage address;
    socklen_t size = 0;
    const struct vch_clients_setup clients = {.base = scene.base,
                                              .tls = scene.referee_tls,
                                              .registry = &ledger.registries[0],
                                              .limits = vch_stream_default_limits(),
                                              .count_max = 4,
                                              .per_key_max = 4,
                                              .host = &scene.r.session.host};

    scene.tick = event_new(scene.base, -1, EV_PERSIST, on_tick, NULL);
    CHECK(event_add(scene.tick, &tick) == 0);
    scene.r.session.computed = take_answer;
    vch_clients_init(&scene.clients, &clients);
    CHECK_OK(vch_address_parse(&address, &size, "127.0.0.1", 0, NULL));
    scene.listener = evconnlistener_new_bind(scene.base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE, 4,
                                             (struct sockaddr *)&address, (int)size);
    CHECK(scene.listener != NULL);
}

// Of five referees one can be found.
static void write_peers(void)
{
    char key[65];
    FILE *file = fopen(scene.peers, "w");

    vch_hex_encode(key, ledger.nodes[scene.r.self].key.public_key.bytes, 32);
    CHECK(file != NULL);
    (void)fprintf(file, "%s 127.0.0.1:%u\n", key,
                  vch_address_port(evconnlistener_get_fd(scene.listener)));
    CHECK(fclose(file) == 0);
}

static void begin(enum referees_lie lie, bool is_truth)
{
    const struct referees_side *side = NULL;

    scene = (struct scene){.live = 0};
    (void)signal(SIGPIPE, SIG_IGN);
    folder_make_quick(scene.folder, sizeof scene.folder);
    (void)snprintf(scene.peers, sizeof scene.peers, "%s/peers", scene.folder);
    (void)snprintf(scene.runs, sizeof scene.runs, "%s/runs", scene.folder);
    vch_arena_init(&scene.arena, 1 << 26);
    referees_new(&scene.r, lie);
    side = is_truth ? &scene.r.truth : &scene.r.liar;
    scene.base = event_base_new();
    const struct vch_signer referee = vch_signer_local(&ledger.nodes[scene.r.self].key);
    const struct vch_signer pleader = vch_signer_local(&ledger.nodes[side->node].key);
    CHECK_OK(vch_tls_new(&scene.referee_tls, &referee, NULL));
    CHECK_OK(vch_tls_new(&scene.side_tls, &pleader, NULL));
    keep(side);
    serve();
    write_peers();
    const struct vch_sides_setup setup = {.base = scene.base,
                                          .tls = scene.side_tls,
                                          .live_count = &scene.live,
                                          .self = ledger.nodes[side->node].key.public_key,
                                          .peers = scene.peers,
                                          .kernels = &scene.r.session.kernels,
                                          .run = run_of,
                                          .leaves = leaves_of};
    vch_sides_init(&scene.sides, &setup);
}

static void end(void)
{
    vch_sides_release(&scene.sides);
    vch_guests_drop(&scene.clients.guests);
    while (scene.live > 0)
        CHECK(event_base_loop(scene.base, EVLOOP_ONCE) == 0);
    vch_attester_free(scene.attester);
    evconnlistener_free(scene.listener);
    event_free(scene.tick);
    event_base_free(scene.base);
    vch_tls_free(scene.referee_tls);
    vch_tls_free(scene.side_tls);
    vch_kept_close(&scene.kept);
    referees_free(&scene.r);
    vch_arena_release(&scene.arena);
    folder_remove(scene.folder);
}

static struct vch_sides_errand *errand_to_self(void)
{
    for (uint32_t i = 0; i < VCH_SIDES_ERRANDS_MAX; i++)
        if (scene.sides.errands[i].is_used &&
            memcmp(&scene.sides.errands[i].referee, &ledger.nodes[scene.r.self].key.public_key,
                   sizeof(struct vch_public_key)) == 0)
            return &scene.sides.errands[i];
    return NULL;
}

// Until the errand that is under way has ended.
static void finish_errand(void)
{
    while (errand_to_self()->errand != NULL) {
        CHECK(event_base_loop(scene.base, EVLOOP_ONCE) == 0);
        session_work(&scene.r.session);
    }
}

static uint32_t count_errands(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < VCH_SIDES_ERRANDS_MAX; i++)
        count += scene.sides.errands[i].is_used;
    return count;
}

TEST(sides_open_to_the_referee_what_it_needs)
{
    static const enum referees_lie lies[] = {REFEREES_FIRST, REFEREES_SECOND, REFEREES_OUTPUT};

    FOR_EACH(lie, lies)
    {
        for (int is_truth = 0; is_truth < 2; is_truth++) {
            begin(*lie, is_truth);
            vch_sides_turn(&scene.sides, ledger.state, vch_clock_monotonic_ms());
            CHECK_EQ(count_errands(), ledger_contest(&scene.r.drawn)->seat_count);
            finish_errand();
            CHECK(errand_to_self()->is_done);
            CHECK_EQ(errand_to_self()->attempts, 1);
            CHECK_EQ(scene.r.session.computed_count, 1);
            const struct vch_digest right =
                *lie == REFEREES_OUTPUT ? scene.r.truth.output : scene.r.truth.leaves[*lie];
            CHECK(vch_hash_is_equal(&scene.answer, &right));
            // Once is enough.
            vch_sides_turn(&scene.sides, ledger.state, vch_clock_monotonic_ms() + 1000000);
            CHECK(errand_to_self()->errand == NULL);
            end();
        }
    }
}

TEST(sides_ask_again_ever_more_slowly_where_they_are_refused)
{
    begin(REFEREES_SECOND, true);
    scene.r.session.host.memory_max = 0; // too small for anything
    for (uint32_t attempt = 1; attempt <= 4; attempt++) {
        const uint64_t later = vch_clock_monotonic_ms() + 100000;
        vch_sides_turn(&scene.sides, ledger.state, later);
        CHECK_EQ(errand_to_self()->attempts, attempt);
        finish_errand();
        CHECK(!errand_to_self()->is_done);
        const uint64_t ended = errand_to_self()->ended_ms;
        vch_sides_turn(&scene.sides, ledger.state, ended + UINT64_C(100) * attempt - 1);
        CHECK_EQ(errand_to_self()->attempts, attempt);
    }
    scene.r.session.host.memory_max = SESSION_MEMORY_MAX;
    vch_sides_turn(&scene.sides, ledger.state, vch_clock_monotonic_ms() + 100000);
    finish_errand();
    CHECK(errand_to_self()->is_done);
    CHECK_EQ(scene.r.session.computed_count, 1);
    end();
}

// Not every dispute is this node's, and of an answer that it does not keep it can open nothing.
TEST(sides_keep_out_of_other_disputes)
{
    begin(REFEREES_FIRST, true);
    scene.sides.setup.self = ledger.nodes[scene.r.self].key.public_key;
    vch_sides_turn(&scene.sides, ledger.state, vch_clock_monotonic_ms());
    CHECK_EQ(count_errands(), 0);
    scene.sides.setup.self = ledger.nodes[scene.r.liar.node].key.public_key;
    // Kept is the other side's run.
    vch_sides_turn(&scene.sides, ledger.state, vch_clock_monotonic_ms());
    CHECK_EQ(count_errands(), 0);
    end();
}

// Whoever has an attester gives its word, which does for the policy.
static void attest(bool is_side)
{
    const struct vch_public_key *self =
        is_side ? &scene.sides.setup.self : &ledger.nodes[scene.r.self].key.public_key;
    const struct vch_attester_setup setup = {.base = scene.base,
                                             .kind = VCH_BINDER_NONE,
                                             .facts = {.build = vch_hash_bytes("build", 5)},
                                             .sealing_key = {9},
                                             .node = *self};

    CHECK_OK(vch_attester_new(&scene.attester, &setup, NULL));
    if (is_side)
        scene.sides.setup.attester = scene.attester;
    else
        scene.r.session.host.attester = scene.attester;
}

// Either may hold the other to a policy; nothing is opened, or taken, before its verdict.
TEST(sides_and_referees_show_what_they_are_where_the_other_asks)
{
    for (int is_side = 0; is_side < 2; is_side++) {
        begin(REFEREES_SECOND, true);
        attested_policy(&scene.attested);
        if (is_side)
            scene.r.session.host.client_policy = &scene.attested.policy;
        else
            scene.sides.setup.policy = &scene.attested.policy;
        vch_sides_turn(&scene.sides, ledger.state, vch_clock_monotonic_ms());
        finish_errand(); // there is nothing to show
        CHECK(!errand_to_self()->is_done);
        CHECK_EQ(scene.r.session.computed_count, 0);
        CHECK_EQ(scene.r.session.metrics.jobs_admitted, 0);
        attest(is_side);
        vch_sides_turn(&scene.sides, ledger.state, vch_clock_monotonic_ms() + 100000);
        finish_errand();
        CHECK(errand_to_self()->is_done);
        CHECK_EQ(scene.r.session.computed_count, 1);
        end();
    }
}

// A disputer need be no member of the referee's network.
TEST(sides_get_in_as_sides_where_no_registry_names_them)
{
    const struct vch_registry nobody = {.network = "nobody's"};

    begin(REFEREES_SECOND, true);
    scene.clients.setup.registry = &nobody;
    vch_sides_turn(&scene.sides, ledger.state, vch_clock_monotonic_ms());
    finish_errand();
    CHECK(errand_to_self()->is_done);
    end();
    // Beside a dispute that this referee has no seat in, nobody gets in so.
    begin(REFEREES_SECOND, true);
    scene.clients.setup.registry = &nobody;
    scene.r.session.host.self = &ledger.stranger.public_key;
    vch_sides_turn(&scene.sides, ledger.state, vch_clock_monotonic_ms());
    finish_errand();
    CHECK(!errand_to_self()->is_done);
    CHECK_EQ(scene.r.session.computed_count, 0);
    CHECK_EQ(scene.clients.guests.counts.handshakes_failed, 1);
    end();
}
