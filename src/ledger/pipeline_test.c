// The pipeline between two lanes and a store on disk: what gathers, what does not wait, and that
// nothing is answered before it is durable.
#include "ledger/pipeline.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/folder.h"
#include "harness/test.h"
#include "member/charter_file.h"

enum { LONG_MS = 3600000, START_MS = 1700000000 };

static struct {
    char folder[256];
    struct vch_arena arena;
    struct vch_secret_key founder, clerk;
    struct vch_charter charter;
    struct vch_store *store;
    struct vch_state *state;
    struct vch_index *index;
    struct vch_lane *keeper, *verifiers;
    struct vch_verified verified;
    struct vch_pipeline *pipeline;
    uint64_t number;
    uint32_t pause_ms, answered, settled;
} f;

static uint64_t clock_ms(void *context)
{
    (void)context;
    return START_MS;
}

static void on_applied(void *context, uint64_t position, const struct vch_entry *entry,
                       const uint8_t *bytes, size_t size)
{
    (void)context, (void)position, (void)entry, (void)bytes, (void)size;
}

static void discard(void *context, struct vch_request *request)
{
    (void)context;
    vch_request_free(request);
}

static void on_answered(void *context, struct vch_request *request)
{
    for (uint32_t i = 0; i < request->count; i++) {
        CHECK_OK(request->drafts[i].status);
        CHECK(request->drafts[i].position < vch_pipeline_durable(f.pipeline));
    }
    f.answered++;
    discard(context, request);
}

static void on_durable(void *context)
{
    (void)context;
}

static void on_settled(void *context)
{
    (void)context;
    CHECK(vch_pipeline_durable(f.pipeline) == vch_state_size(f.state));
    f.settled++;
}

static void on_failed(void *context, const struct vch_complaint *complaint)
{
    (void)context;
    printf("# %s\n", complaint->text);
    CHECK(false);
}

static uint32_t pause_ms(void *context)
{
    (void)context;
    return f.pause_ms;
}

static const struct vch_registry *find_registry(void *context, const struct vch_digest *digest)
{
    (void)context, (void)digest;
    return NULL;
}

static void make_charter(void)
{
    const uint8_t seeds[3][VCH_SIGN_SEED_SIZE] = {{1}, {2}, {3}};
    struct vch_secret_key witness;

    vch_sign_key(&f.founder, seeds[0]);
    vch_sign_key(&f.clerk, seeds[1]);
    vch_sign_key(&witness, seeds[2]);
    f.charter = (struct vch_charter){
        .origin = "test.example/ledger",
        .founder = f.founder.public_key,
        .clerk = f.clerk.public_key,
        .witnesses = {{.name = "w0", .key = witness.public_key}},
        .witness_count = 1,
        .parameters = vch_charter_default_parameters(),
    };
}

// Entry 0, in the store and in the state.
static void found(void)
{
    struct vch_store_entry first = {0};
    struct vch_store_head head;
    struct vch_entry entry;
    uint8_t *draft = NULL, *bytes = NULL;
    size_t size = 0;

    CHECK_OK(vch_charter_file_encode(&draft, &size, &f.charter, &f.founder, &f.arena, NULL));
    CHECK_OK(vch_entry_stamp(&bytes, &first.size, draft, size, START_MS, &f.arena));
    first.bytes = bytes;
    CHECK_OK(vch_entry_decode(&entry, bytes, first.size, &f.arena, NULL));
    CHECK_OK(vch_state_apply(f.state, &entry, bytes, first.size, NULL));
    CHECK_OK(vch_store_append(f.store, 0, &first, 1, &head, NULL));
    f.number = 1;
}

static void begin(void)
{
    const struct vch_store_options options = {.create = true};
    const struct vch_state_setup state = {.limits = {.accounts = 8,
                                                     .jobs = 2,
                                                     .contests = 4,
                                                     .seats = 16,
                                                     .disputes = 2,
                                                     .candidates = 8,
                                                     .holdings = 8,
                                                     .exclusions = 4,
                                                     .registries = 4},
                                          .checks = vch_verified_checks(&f.verified),
                                          .registry = find_registry};
    char where[300];

    folder_make_quick(f.folder, sizeof f.folder);
    (void)snprintf(where, sizeof where, "sqlite:%s/log", f.folder);
    vch_arena_init(&f.arena, INT32_MAX);
    make_charter();
    CHECK_OK(vch_store_open(&f.store, where, &options, NULL));
    CHECK_OK(vch_state_new(&f.state, &state, &f.arena));
    CHECK_OK(vch_index_new(&f.index));
    found();
}

static void start(void)
{
    begin();
    CHECK_OK(vch_lane_new(&f.keeper, 1, f.store));
    CHECK_OK(vch_lane_new(&f.verifiers, 1, NULL));
    const struct vch_pipeline_setup setup = {.state = f.state,
                                             .verified = &f.verified,
                                             .index = f.index,
                                             .keeper = f.keeper,
                                             .verifiers = f.verifiers,
                                             .clerk = &f.clerk,
                                             .ledger = f.charter.id,
                                             .durable = 1,
                                             .last_content = 1,
                                             .now_ms = clock_ms,
                                             .on_applied = on_applied,
                                             .on_answered = on_answered,
                                             .on_durable = on_durable,
                                             .on_settled = on_settled,
                                             .on_failed = on_failed,
                                             .pause_ms = pause_ms};
    CHECK_OK(vch_pipeline_new(&f.pipeline, &setup));
}

static void finish(void)
{
    vch_lane_free(f.verifiers);
    vch_lane_free(f.keeper);
    vch_pipeline_free(f.pipeline, discard, NULL);
    vch_index_free(f.index);
    vch_store_close(f.store);
    vch_arena_release(&f.arena);
    folder_remove(f.folder);
    memset(&f, 0, sizeof f);
}

static void add_draft(struct vch_request *request)
{
    struct vch_request_draft *draft = &request->drafts[request->count++];
    struct vch_entry entry = {
        .kind = VCH_ENTRY_DEPOSIT, .number = ++f.number, .deposit = {f.founder.public_key, 1}};
    uint8_t *bytes = NULL;

    CHECK_OK(vch_entry_sign(&entry, &f.charter.id, &f.founder, &request->arena, NULL));
    CHECK_OK(vch_entry_encode(&bytes, &draft->size, &entry, &request->arena, NULL));
    draft->bytes = bytes;
    draft->status = VCH_OK;
}

static void submit(uint32_t count)
{
    struct vch_request *request = vch_request_new(VCH_REQUEST_APPEND, 8 << 20);

    CHECK(request != NULL);
    request->drafts = VCH_ARENA_NEW(&request->arena, struct vch_request_draft, count);
    for (uint32_t i = 0; i < count; i++)
        add_draft(request);
    vch_pipeline_submit(f.pipeline, request);
}

// Whatever one of the lanes has finished next.
static void turn(void)
{
    struct pollfd lanes[2] = {{.fd = vch_lane_descriptor(f.keeper), .events = POLLIN},
                              {.fd = vch_lane_descriptor(f.verifiers), .events = POLLIN}};

    CHECK(poll(lanes, 2, -1) > 0);
    if (lanes[0].revents != 0) vch_lane_collect(f.keeper);
    if (lanes[1].revents != 0) vch_lane_collect(f.verifiers);
}

static void until_size(uint64_t size) // of the state, durable or not
{
    while (vch_state_size(f.state) < size)
        turn();
}

static void until_answered(uint32_t count)
{
    while (f.answered < count)
        turn();
}

TEST(one_who_asks_alone_does_not_wait_for_others)
{
    start();
    submit(1);
    until_answered(1);
    submit(3);
    until_answered(2);
    CHECK(vch_pipeline_groups(f.pipeline) == 2);
    CHECK(vch_pipeline_durable(f.pipeline) == 5);
    finish();
}

TEST(in_a_crowd_what_comes_in_a_while_is_one_group)
{
    start();
    submit(1);
    until_answered(1);
    f.pause_ms = LONG_MS;
    submit(2);
    until_size(4); // it would be on its way now
    submit(3);
    until_size(7);
    vch_pipeline_attend(f.pipeline); // the while is not over
    CHECK(vch_pipeline_durable(f.pipeline) == 2 && f.answered == 1);
    f.pause_ms = 0;
    vch_pipeline_attend(f.pipeline);
    until_answered(3);
    CHECK(vch_pipeline_groups(f.pipeline) == 2);
    CHECK(vch_pipeline_durable(f.pipeline) == 7);
    finish();
}

TEST(a_full_group_waits_for_nothing)
{
    const uint32_t requests = VCH_STORE_GROUP_MAX / VCH_REQUEST_DRAFTS_MAX + 2;

    start();
    submit(1);
    until_answered(1);
    f.pause_ms = LONG_MS;
    for (uint32_t i = 0; i < requests; i++)
        submit(VCH_REQUEST_DRAFTS_MAX);
    until_answered(requests - 2);
    CHECK(vch_pipeline_durable(f.pipeline) >= VCH_STORE_GROUP_MAX);
    f.pause_ms = 0;
    vch_pipeline_attend(f.pipeline);
    until_answered(requests + 1);
    finish();
}

TEST(whoever_wants_everything_durable_waits_for_no_crowd)
{
    start();
    submit(1);
    until_answered(1);
    f.pause_ms = LONG_MS;
    submit(1);
    until_size(3);
    vch_pipeline_settle(f.pipeline);
    vch_pipeline_attend(f.pipeline);
    while (f.settled == 0)
        turn();
    until_answered(2);
    CHECK(vch_pipeline_durable(f.pipeline) == 3);
    finish();
}

TEST(what_was_refused_leaves_nothing_to_wait_for)
{
    struct vch_entry anchor = {.kind = VCH_ENTRY_ANCHOR, .anchor = {.size = 1000}};
    struct vch_complaint complaint = {""};

    start();
    CHECK(!vch_is_ok(vch_pipeline_enter(f.pipeline, &anchor, &complaint)));
    vch_pipeline_settle(f.pipeline);
    vch_pipeline_attend(f.pipeline);
    CHECK_EQ(f.settled, 1);
    submit(1);
    until_answered(1);
    CHECK(vch_pipeline_durable(f.pipeline) == 2);
    finish();
}
