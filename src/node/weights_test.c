// Weights that come sealed: served when their key was released to this node, and never else.
#include "node/weights.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "harness/folder.h"
#include "harness/graphs.h"
#include "harness/opened.h"
#include "harness/sealed_file.h"
#include "harness/test.h"
#include "sealing/grant.h"

enum { NOW = 1800000000, SIDE = 1500 };

// An owner, a model of three chunks, and the folder of a node.
static struct {
    struct vch_arena arena;
    struct vch_secret_key owner;
    struct vch_package package;
    uint8_t *bytes; // of the whole model
    size_t size;
    uint8_t key[VCH_SEALED_KEY_SIZE];
    char folder[200], path[256];
    // Of whoever unseals.
    struct opened opened;
    // Of the stream on which releases come.
    struct vch_unsealer_keys keys;
    struct vch_unsealer unsealer;
    uint8_t binder[VCH_BINDER_SIZE];
    struct vch_appraisal verdict;
    // The node.
    struct vch_kernels kernels;
    struct vch_models models;
    struct vch_weights *weights;
    struct vch_complaint complaint;
} world;

static void make_model(void)
{
    struct graphs build;
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    vch_arena_init(&world.arena, 1u << 30);
    sealed_file_fill(seed, sizeof seed);
    vch_sign_key(&world.owner, seed);
    sealed_file_fill(world.key, sizeof world.key);
    graphs_init(&build, &world.arena);
    uint32_t x = graphs_input(&build, VCH_TYPE_I8, graphs_shape(1, SIDE, 0, 0));
    x = graphs_linear(&build, x, SIDE, VCH_TYPE_I8);
    x = graphs_linear(&build, x, 3, VCH_TYPE_I8);
    graphs_output(&build, x);
    struct vch_graph *graph = graphs_finish(&build);
    struct vch_salt *salts = VCH_ARENA_NEW(&world.arena, struct vch_salt, graph->parameter_count);
    sealed_file_fill(salts, graph->parameter_count * sizeof *salts);
    CHECK_OK(vch_package_encode(&world.bytes, &world.size, graph, salts, &world.owner, &world.arena,
                                NULL, NULL));
    CHECK_OK(vch_package_decode(&world.package, world.bytes, world.size, &world.arena, NULL, NULL));
}

static void make_stream(void)
{
    struct vch_binder bound = {
        .mode = VCH_BINDER_CHANNEL, .role = VCH_BINDER_SERVER, .kind = VCH_BINDER_TPM};
    uint8_t seed[VCH_HPKE_SEED_SIZE];

    sealed_file_fill(seed, sizeof seed);
    opened_init(&world.opened, &world.owner.public_key, NOW);
    world.unsealer = vch_unsealer_local(&world.keys, &world.opened.rules, seed);
    sealed_file_fill(bound.nonce, sizeof bound.nonce);
    sealed_file_fill(bound.exporter, sizeof bound.exporter);
    sealed_file_fill(bound.own.bytes, 32);
    sealed_file_fill(bound.node, 32);
    memcpy(bound.sealing_key, world.keys.secret.public_key.bytes, 32);
    CHECK_OK(vch_binder_encode(world.binder, &bound));
    const struct vch_digest found = vch_binder_qualifier(world.binder);
    vch_appraisal_init(&world.verdict);
    CHECK(vch_binder_check(&world.verdict, world.binder, &found, sizeof found));
}

static void set_up(void)
{
    if (world.bytes == NULL) make_model();
    make_stream();
    world.kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    world.models.count = 0;
    world.complaint.text[0] = '\0';
    folder_make(world.folder, sizeof world.folder);
    (void)snprintf(world.path, sizeof world.path, "%s/m.sealed", world.folder);
}

static void tear_down(void)
{
    vch_weights_free(world.weights);
    world.weights = NULL;
    folder_remove(world.folder);
}

// As release `counter` of `model`, whatever these bytes are.
static struct vch_sealed seal(const char *path, const uint8_t *bytes, size_t size,
                              const struct vch_digest *model, uint64_t counter)
{
    return sealed_file_write(path, bytes, size, model, counter, &world.owner, world.key);
}

static struct vch_sealed seal_model(uint64_t counter)
{
    return seal(world.path, world.bytes, world.size, &world.package.identity, counter);
}

static vch_status start_with(const char *const *paths, uint32_t count)
{
    const struct vch_weights_setup setup = {.paths = paths,
                                            .path_count = count,
                                            .owner = world.owner.public_key,
                                            .opened = &world.opened.counters,
                                            .unsealer = world.unsealer,
                                            .models = &world.models,
                                            .kernels = &world.kernels};

    world.complaint.text[0] = '\0';
    world.opened.rules.owner = world.owner.public_key;
    return vch_weights_new(&world.weights, &setup, &world.complaint);
}

static vch_status start(void)
{
    static const char *paths[1] = {world.path};

    return start_with(paths, 1);
}

static void make_grant(uint8_t grant[static VCH_GRANT_SIZE], const struct vch_sealed *sealed)
{
    struct vch_grant_terms terms = {
        .manifest = vch_sealed_digest(sealed), .time_s = NOW, .expiry_s = NOW + 600};
    const struct vch_grant_basis basis = {
        .verdict = &world.verdict, .binder = world.binder, .policy_end_s = UINT64_MAX};
    uint8_t seed[VCH_HPKE_SEED_SIZE];

    sealed_file_fill(seed, sizeof seed);
    CHECK_OK(vch_grant_make(grant, &basis, sealed, &terms, world.key, seed, NULL));
}

static vch_status take_at(uint32_t *place, const struct vch_sealed *sealed, const uint8_t *grant,
                          uint64_t time_s)
{
    uint8_t manifest[VCH_SEALED_MANIFEST_SIZE];
    const struct vch_weights_release release = {.manifest = manifest,
                                                .manifest_size = sizeof manifest,
                                                .grant = grant,
                                                .grant_size = VCH_GRANT_SIZE,
                                                .binder = world.binder};

    world.opened.now_s = time_s;
    world.complaint.text[0] = '\0';
    vch_sealed_encode(manifest, sealed);
    return vch_weights_take(world.weights, place, &release, &world.complaint);
}

// Releases the key and waits for what comes of it.
static vch_status release_key(const struct vch_sealed *sealed, struct vch_weights_opened *opened)
{
    uint8_t grant[VCH_GRANT_SIZE];
    uint32_t place = 9;

    make_grant(grant, sealed);
    VCH_TRY(take_at(&place, sealed, grant, NOW));
    CHECK(place < 2);
    if (vch_weights_ask(world.weights, place, NULL).code == VCH_CODE_BUSY) {
        struct pollfd ready = {.fd = vch_weights_descriptor(world.weights), .events = POLLIN};
        CHECK_EQ(poll(&ready, 1, 60000), 1);
        bool is_open = vch_weights_collect(world.weights, opened);
        CHECK_EQ(is_open, vch_is_ok(vch_weights_ask(world.weights, place, NULL)));
    }
    world.complaint.text[0] = '\0';
    return vch_weights_ask(world.weights, place, &world.complaint);
}

static void check_says(const char *text)
{
    if (strstr(world.complaint.text, text) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", world.complaint.text, text);
}

static void change(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");

    CHECK(file != NULL && fseek(file, at, SEEK_SET) == 0);
    int byte = fgetc(file);
    CHECK(fseek(file, at, SEEK_SET) == 0 && fputc(byte ^ 1, file) != EOF);
    CHECK_EQ(fclose(file), 0);
}

TEST(weights_are_served_once_their_key_is_released)
{
    struct vch_weights_opened opened;
    uint8_t first = 0;

    set_up();
    const struct vch_sealed sealed = seal_model(1);
    CHECK_EQ(vch_sealed_chunk_count(&sealed), 3);
    CHECK_OK(start());
    CHECK_EQ(world.models.count, 0);
    CHECK_OK(release_key(&sealed, &opened));
    CHECK(vch_models_find(&world.models, &sealed.model) == opened.model);
    CHECK(vch_models_program(opened.model, 0, 2) != NULL);
    CHECK_EQ(opened.size, world.size);
    CHECK(vch_is_zero(world.keys.key, sizeof world.keys.key));
    CHECK(vch_is_zero(&world.keys.chunks, sizeof world.keys.chunks));
    const uint8_t *held = opened.model->package.graph->parameters[0].data;
    CHECK(memcmp(held, world.package.graph->parameters[0].data, SIDE) == 0);
    CHECK(pwrite(opened.memory, &first, 1, 0) < 0); // nobody changes what is served
    CHECK(mmap(NULL, 1, PROT_WRITE, MAP_SHARED, opened.memory, 0) == MAP_FAILED);
    CHECK_OK(release_key(&sealed, &opened)); // again: it is open
    CHECK_EQ(world.models.count, 1);
    tear_down();
}

// Two segments of a model come one after the other, and are served as one.
TEST(weights_of_two_segments_join)
{
    char second[256];
    const char *paths[2] = {world.path, second};
    struct vch_sealed sealed[2];
    struct vch_weights_opened opened;

    set_up();
    (void)snprintf(second, sizeof second, "%s/second.sealed", world.folder);
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t *bytes = NULL;
        size_t size = 0;
        CHECK_OK(vch_package_extract(&bytes, &size, &world.package, i, i + 1, &world.arena, NULL));
        sealed[i] = seal(paths[i], bytes, size, &world.package.identity, 1);
    }
    CHECK_OK(start_with(paths, 2));
    CHECK_OK(release_key(&sealed[1], &opened));
    const struct vch_model *before = opened.model;
    CHECK(vch_models_program(before, 0, 2) == NULL && vch_models_program(before, 1, 2) != NULL);
    CHECK_OK(release_key(&sealed[0], &opened));
    const struct vch_model *now = vch_models_find(&world.models, &world.package.identity);
    CHECK(now == opened.model && now != before && before->is_past);
    CHECK(vch_models_program(now, 0, 2) != NULL);
    CHECK(vch_models_program(before, 1, 2) != NULL); // what had begun there ends there
    tear_down();
}

TEST(weights_stay_closed_without_a_release_that_is_for_them)
{
    uint8_t grant[VCH_GRANT_SIZE];
    uint32_t place = 0;

    set_up();
    const struct vch_sealed sealed = seal_model(1);
    CHECK_OK(start());
    make_grant(grant, &sealed);
    CHECK_FAILS(take_at(&place, &sealed, grant, NOW + 600), REFUSED); // over
    check_says("ask again");
    grant[200] ^= 1;
    CHECK_FAILS(take_at(&place, &sealed, grant, NOW), REFUSED);
    grant[200] ^= 1;
    world.binder[60] ^= 1; // on another connection
    CHECK_FAILS(take_at(&place, &sealed, grant, NOW), REFUSED);
    check_says("another connection");
    world.binder[60] ^= 1;
    world.keys.secret.bytes[0] ^= 8; // to another key
    CHECK_FAILS(take_at(&place, &sealed, grant, NOW), REFUSED);
    world.keys.secret.bytes[0] ^= 8;
    struct vch_sealed other = sealed;
    other.counter = 2;
    CHECK_OK(vch_sealed_sign(&other, &world.owner));
    CHECK_FAILS(take_at(&place, &other, grant, NOW), REFUSED); // of another manifest
    check_says("no sealed weights with that manifest");
    other.signature.bytes[0] ^= 1;
    CHECK_FAILS(take_at(&place, &other, grant, NOW), BAD_PROOF);
    CHECK_EQ(world.models.count, 0);
    CHECK_EQ(world.opened.counters.count, 0);
    tear_down();
}

// Whoever has the disk changes, swaps, cuts or lengthens chunks.
TEST(weights_that_were_changed_on_disk_are_not_served)
{
    const long chunk = (long)VCH_SEALED_CHUNK_SIZE + VCH_SEALED_TAG_SIZE;
    const long places[] = {VCH_SEALED_MANIFEST_SIZE, VCH_SEALED_MANIFEST_SIZE + chunk + 5,
                           VCH_SEALED_MANIFEST_SIZE + 2 * chunk + 100};
    struct vch_weights_opened opened;

    set_up();
    const struct vch_sealed sealed = seal_model(1);
    CHECK_OK(start());
    FOR_EACH(at, places)
    {
        change(world.path, *at);
        CHECK_FAILS(release_key(&sealed, &opened), BAD_PROOF);
        check_says("not what the owner signed");
        CHECK(vch_is_zero(world.keys.key, sizeof world.keys.key));
        change(world.path, *at);
    }
    CHECK_EQ(truncate(world.path, VCH_SEALED_MANIFEST_SIZE + 2 * chunk + 7), 0);
    CHECK_FAILS(release_key(&sealed, &opened), IO);
    check_says("cut off");
    CHECK_EQ(world.models.count, 0);
    CHECK_EQ(world.opened.counters.count, 0);
    vch_weights_free(world.weights);
    world.weights = NULL;
    CHECK_FAILS(start(), MALFORMED); // of another size than its manifest says
    (void)seal_model(1);
    change(world.path, 100);
    CHECK_FAILS(start(), BAD_PROOF);
    tear_down();
}

// Data that was exchanged between the two readings: digests were right, the chunk is not.
TEST(weights_with_chunks_swapped_are_not_served)
{
    const size_t chunk = VCH_SEALED_CHUNK_SIZE + VCH_SEALED_TAG_SIZE;
    uint8_t *one = VCH_ARENA_NEW(&world.arena, uint8_t, chunk);
    uint8_t *two = VCH_ARENA_NEW(&world.arena, uint8_t, chunk);
    struct vch_weights_opened opened;

    set_up();
    const struct vch_sealed sealed = seal_model(1);
    int file = open(world.path, O_RDWR);
    CHECK_EQ(pread(file, one, chunk, VCH_SEALED_MANIFEST_SIZE), (ssize_t)chunk);
    CHECK_EQ(pread(file, two, chunk, (off_t)(VCH_SEALED_MANIFEST_SIZE + chunk)), (ssize_t)chunk);
    CHECK_EQ(pwrite(file, two, chunk, VCH_SEALED_MANIFEST_SIZE), (ssize_t)chunk);
    CHECK_EQ(pwrite(file, one, chunk, (off_t)(VCH_SEALED_MANIFEST_SIZE + chunk)), (ssize_t)chunk);
    CHECK_EQ(close(file), 0);
    CHECK_OK(start());
    CHECK_FAILS(release_key(&sealed, &opened), BAD_PROOF);
    CHECK_EQ(world.models.count, 0);
    tear_down();
}

// A node that served release 2 does not go back to 1, whoever releases its key.
TEST(weights_older_than_what_was_opened_before_are_refused)
{
    char path[256];
    const char *both[2] = {world.path, path};
    struct vch_weights_opened opened;

    set_up();
    (void)snprintf(path, sizeof path, "%s/older.sealed", world.folder);
    const struct vch_sealed newer = seal_model(2);
    const struct vch_sealed older = seal(path, world.bytes, world.size, &world.package.identity, 1);
    CHECK_OK(start_with(both, 2)); // neither was opened yet
    CHECK_OK(release_key(&newer, &opened));
    CHECK_FAILS(release_key(&older, &opened), REFUSED);
    check_says("release 2 was opened before");
    vch_weights_free(world.weights);
    world.weights = NULL;
    CHECK_FAILS(start_with(&both[1], 1), REFUSED); // after a restart, too
    check_says("release 2 was opened before");
    CHECK_OK(start_with(both, 1));
    world.models.count = 0;
    CHECK_OK(release_key(&newer, &opened)); // the same one again
    tear_down();
}

TEST(weights_are_not_served_where_their_release_cannot_be_remembered)
{
    struct vch_weights_opened opened;

    set_up();
    const struct vch_sealed sealed = seal_model(1);
    CHECK_OK(start());
    world.opened.is_full = true;
    CHECK_FAILS(release_key(&sealed, &opened), IO);
    check_says("the disk is full");
    CHECK_EQ(world.models.count, 0);
    CHECK(vch_is_zero(world.keys.key, sizeof world.keys.key));
    CHECK(vch_is_zero(&world.keys.chunks, sizeof world.keys.chunks));
    world.opened.is_full = false;
    CHECK_OK(release_key(&sealed, &opened));
    CHECK_EQ(world.opened.counters.count, 1);
    tear_down();
}

// What an owner sealed by mistake, or another owner.
TEST(weights_of_another_owner_or_another_model_inside_are_refused)
{
    struct vch_digest other = world.package.identity;
    struct vch_weights_opened opened;
    uint8_t seed[VCH_SIGN_SEED_SIZE];

    set_up();
    other.bytes[0] ^= 1;
    const struct vch_sealed wrong = seal(world.path, world.bytes, world.size, &other, 1);
    CHECK_OK(start());
    CHECK_FAILS(release_key(&wrong, &opened), BAD_PROOF);
    check_says("another model");
    vch_weights_free(world.weights);
    world.weights = NULL;
    const struct vch_sealed nothing =
        seal(world.path, world.key, sizeof world.key, &world.package.identity, 1);
    CHECK_OK(start());
    CHECK(!vch_is_ok(release_key(&nothing, &opened)));
    vch_weights_free(world.weights);
    world.weights = NULL;
    struct vch_secret_key own = world.owner;
    sealed_file_fill(seed, sizeof seed);
    vch_sign_key(&world.owner, seed); // seals a model that somebody else signed
    const struct vch_sealed taken = seal_model(1);
    CHECK_OK(start());
    CHECK_FAILS(release_key(&taken, &opened), REFUSED);
    check_says("not of the owner who sealed it");
    vch_weights_free(world.weights);
    world.weights = NULL;
    world.owner = own;
    CHECK_FAILS(start(), REFUSED);
    check_says("another owner");
    CHECK_EQ(world.models.count, 0);
    tear_down();
}
