// Computing in another process gives what computing here gives, and outlives that process.
#include "node/apart.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "base/bytes.h"
#include "harness/apart.h"
#include "node/inference_memory.h"

static struct apart_world world;

// What a task's job says to the process that computes.
enum word { HONEST, CRASH, ATTACK, QUIT, STUBBORN, OBEDIENT, SNOOP, GREEDY, BLIND, CROWD };

static void crash(void)
{
    volatile int *volatile nowhere = NULL;

    *nowhere = 1;
}

static void wait_for_stop(const struct vch_task *task)
{
    while (!atomic_load(task->stop))
        (void)usleep(100);
}

// What is left of whoever was here before, behind this task's own input.
static void snoop(struct vch_task *task)
{
    const struct vch_inference_shared *shared =
        (const void *)(uintptr_t)task->stop; // its first member

    if (!vch_is_zero(shared->data + task->input_size, APART_MEMORY_MAX / 4)) raise(SIGKILL);
}

// All memory that there is; the pages are never touched.
static void take_all(struct vch_task *task)
{
    size_t taken = 0;

    while (taken >> 40 == 0 &&
           mmap(NULL, 1 << 26, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0) != MAP_FAILED)
        taken += 1 << 26;
    task->status =
        vch_complain(&task->complaint, VCH_CODE_NO_MEMORY, "%zu MiB, and no more", taken >> 20);
}

static void *rest(void *context)
{
    for (;;)
        (void)usleep(1000);
    return context;
}

static void start_thread(struct vch_task *task)
{
    pthread_t thread;
    const int error = pthread_create(&thread, NULL, rest, NULL);

    if (error != 0)
        task->status = vch_complain(&task->complaint, VCH_CODE_REFUSED, "error %d", error);
}

static void behave(void *context, const struct vch_engine *engine, struct vch_task *task)
{
    switch ((enum word)task->job_id.bytes[0]) {
    case CRASH: crash(); break;
    case ATTACK: (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL); break;
    case QUIT: _exit(0);
    case STUBBORN:
        for (;;)
            (void)usleep(1000);
    case OBEDIENT: wait_for_stop(task); break;
    case SNOOP: snoop(task); break;
    case GREEDY: take_all(task); return;
    case CROWD: start_thread(task); return;
    case BLIND:
        for (;;)
            *(volatile char *)calloc(1, (size_t)1 << 30) = 1;
    case HONEST: break;
    }
    vch_engine_compute(context, engine, task);
}

static void set_up_with(uint32_t stop_ms)
{
    apart_set_up(&world);
    world.setup.execute = behave;
    world.setup.stop_ms = stop_ms;
    apart_start(&world);
}

static void set_up(void)
{
    set_up_with(0);
}

static void tear_down(void)
{
    apart_tear_down(&world);
}

// The same task, here.
static struct vch_task *run_here(const struct vch_task *like)
{
    static struct vch_models models; // whose programs can be run
    struct vch_task *task = calloc(1, sizeof *task);

    CHECK(task != NULL);
    models = (struct vch_models){0};
    CHECK_OK(vch_models_add(&models, world.package.bytes, world.package.size, &world.arena, NULL,
                            &world.complaint));
    CHECK_OK(vch_models_settle(&models, &world.kernels, &world.arena, &world.complaint));
    *task = *like;
    task->model = &models.models[0];
    task->input.data = calloc(task->input_size, 1);
    CHECK(task->input.data != NULL);
    memcpy(task->input.data, like->input.data, like->input_size);
    vch_arena_init(&task->arena, task->memory);
    vch_engine_execute(NULL, &world.engine, task);
    return task;
}

static void check_same(struct vch_task *apart)
{
    struct vch_task *here = run_here(apart);

    (void)apart_run(&world, apart);
    CHECK_OK(here->status);
    CHECK_OK(apart->status);
    CHECK_EQ(apart->output_size, here->output_size);
    CHECK(memcmp(apart->output.data, here->output.data, here->output_size) == 0);
    CHECK(memcmp(&apart->vote, &here->vote, sizeof here->vote) == 0); // the signature, too
    CHECK_EQ(apart->leaf_count, here->leaf_count);
    CHECK_EQ(apart->reply[0].size, here->reply[0].size);
    CHECK_EQ(apart->reply[1].size, 0);
    if (here->leaf_count > 0) {
        CHECK(vch_hash_is_equal(&apart->trace, &here->trace));
        CHECK(memcmp(apart->leaves, here->leaves, here->leaf_count * sizeof *here->leaves) == 0);
    }
    apart_free_task(here);
    apart_free_task(apart);
}

TEST(apart_gives_what_the_engine_gives)
{
    static const uint32_t RANGES[][2] = {{0, 1}, {1, 2}, {0, 2}};

    set_up();
    CHECK(vch_apart_speed(world.apart) > 0);
    FOR_EACH(range, RANGES)
    {
        struct vch_task *direct = apart_task(&world, (*range)[0], (*range)[1], HONEST);
        struct vch_task *agreed = apart_task(&world, (*range)[0], (*range)[1], HONEST);
        struct vch_task *matrix = apart_task(&world, (*range)[0], (*range)[1], HONEST);
        agreed->is_agreed = true;
        matrix->commitment_kind = VCH_COMMITMENT_MATRIX;
        matrix->log_columns = APART_COLUMNS;
        matrix->memory = APART_MEMORY_MAX;
        check_same(direct);
        check_same(agreed);
        check_same(matrix);
    }
    tear_down();
}

TEST(apart_opens_what_an_operator_read)
{
    set_up();
    for (uint32_t operator_ = 1; operator_ < 2; operator_++) {
        struct vch_task *task = apart_task(&world, 0, 2, HONEST);
        task->is_opening = true;
        task->operator_ = operator_;
        struct vch_task *here = run_here(task);
        (void)apart_run(&world, task);
        CHECK_OK(here->status);
        CHECK_OK(task->status);
        CHECK_EQ(task->reply[0].size, (size_t)APART_BATCH * APART_SIDE);
        CHECK_EQ(task->reply[0].size, here->reply[0].size);
        CHECK(memcmp(task->reply[0].bytes, here->reply[0].bytes, here->reply[0].size) == 0);
        CHECK(vch_is_zero(&task->vote.signature, sizeof task->vote.signature));
        apart_free_task(here);
        apart_free_task(task);
    }
    tear_down();
}

TEST(apart_refuses_what_the_engine_refuses)
{
    set_up();
    struct vch_task *task = apart_task(&world, 0, 2, HONEST);
    task->has_promised_input = true; // to another input
    (void)apart_run(&world, task);
    CHECK_EQ(task->status.code, VCH_CODE_REFUSED);
    CHECK(strstr(task->complaint.text, "not the one that the job commits to") != NULL);
    CHECK(vch_is_zero(&task->vote.signature, sizeof task->vote.signature));
    apart_free_task(task);
    apart_check_works(&world);
    CHECK_EQ(apart_counts(&world).inference_ended, 0);
    tear_down();
}

static void check_ends(enum word word, const char *how)
{
    struct vch_task *task = apart_run(&world, apart_task(&world, 0, 2, (uint8_t)word));

    CHECK_EQ(task->status.code, VCH_CODE_UNAVAILABLE);
    if (strstr(task->complaint.text, how) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" in: %s", how, task->complaint.text);
    CHECK(strstr(task->complaint.text, "ask again") != NULL);
    CHECK(vch_is_zero(&task->vote.signature, sizeof task->vote.signature));
    apart_free_task(task);
}

TEST(apart_whose_process_crashes_refuses_that_task_and_does_the_next)
{
    set_up();
#ifndef VCH_SANITIZED // whose handlers these would be
    check_ends(CRASH, "signal 11");
    apart_check_works(&world);
    check_ends(ATTACK, "ended by the kernel");
    apart_check_works(&world);
    CHECK_EQ(apart_counts(&world).inference_ended, 2);
#endif
    check_ends(QUIT, "ended by itself");
    apart_check_works(&world);
    CHECK_EQ(apart_counts(&world).inference_stopped, 0);
    tear_down();
}

#ifndef VCH_SANITIZED // which maps terabytes, and is not limited
TEST(apart_whose_process_takes_all_memory_is_refused_it_and_the_node_goes_on)
{
    size_t size = 0;

    set_up();
    struct vch_task *task = apart_run(&world, apart_task(&world, 0, 2, GREEDY));
    CHECK_EQ(task->status.code, VCH_CODE_NO_MEMORY);
    CHECK_EQ(sscanf(task->complaint.text, "%zu MiB, and no more", &size), 1);
    CHECK(size <= vch_inference_memory_max(&world.setup) >> 20);
    apart_free_task(task);
    check_ends(BLIND, "signal 11");
    apart_check_works(&world);
    CHECK_EQ(apart_counts(&world).inference_ended, 1);
    tear_down();
}
#endif

TEST(apart_whose_process_starts_threads_of_its_own_is_refused_them)
{
    set_up();
    struct vch_task *task = apart_run(&world, apart_task(&world, 0, 2, CROWD));
    CHECK_EQ(task->status.code, VCH_CODE_REFUSED);
    CHECK(strstr(task->complaint.text, "error 1") != NULL);
    apart_free_task(task);
    apart_check_works(&world);
    tear_down();
}

TEST(apart_starts_five_processes_a_minute_and_no_more)
{
    set_up();
    for (uint32_t i = 0; i < VCH_APART_STARTS_MAX; i++)
        check_ends(QUIT, "ended by itself");
    struct vch_task *task = apart_run(&world, apart_task(&world, 0, 2, HONEST));
    CHECK_EQ(task->status.code, VCH_CODE_UNAVAILABLE);
    CHECK(strstr(task->complaint.text, "5 times within a minute") != NULL);
    apart_free_task(task);
    CHECK_EQ(apart_counts(&world).inference_ended, VCH_APART_STARTS_MAX);
    tear_down();
}

static struct vch_task *run_cancelled(enum word word)
{
    struct vch_task *task = apart_task(&world, 0, 2, (uint8_t)word);

    atomic_store(&task->is_cancelled, true);
    (void)apart_run(&world, task);
    CHECK(vch_is_zero(&task->vote.signature, sizeof task->vote.signature));
    return task;
}

TEST(apart_that_is_told_to_stop_stops)
{
    set_up();
    struct vch_task *task = run_cancelled(OBEDIENT);
    CHECK_EQ(task->status.code, VCH_CODE_TIMEOUT);
    apart_free_task(task);
    apart_check_works(&world);
    CHECK_EQ(apart_counts(&world).inference_ended, 0);
    tear_down();
}

TEST(apart_that_does_not_stop_is_ended)
{
    set_up_with(1);
    struct vch_task *task = run_cancelled(STUBBORN);
    CHECK_EQ(task->status.code, VCH_CODE_UNAVAILABLE);
    CHECK(strstr(task->complaint.text, "did not stop") != NULL);
    apart_free_task(task);
    apart_check_works(&world);
    CHECK_EQ(apart_counts(&world).inference_stopped, 1);
    CHECK_EQ(apart_counts(&world).inference_ended, 1);
    tear_down();
}

TEST(apart_wipes_what_a_task_left_in_shared_memory)
{
    set_up();
    for (uint32_t batch = 4096; batch > 0; batch /= 64) {
        struct vch_task *task = apart_task(&world, 0, 2, SNOOP);
        free(task->input.data);
        task->input.data = calloc(batch, APART_SIDE);
        CHECK(task->input.data != NULL);
        memset(task->input.data, 0x5a, (size_t)batch * APART_SIDE);
        task->batch = batch;
        task->input_size = task->received = task->output_size = (size_t)batch * APART_SIDE;
        task->memory = task->arena.limit = APART_MEMORY_MAX;
        (void)apart_run(&world, task);
        CHECK_OK(task->status);
        apart_free_task(task);
    }
    CHECK_EQ(apart_counts(&world).inference_ended, 0);
    tear_down();
}

static int sealed_memory(const struct vch_node_package *package, int seals)
{
    int memory = memfd_create("model", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    CHECK(memory >= 0);
    CHECK_EQ(write(memory, package->bytes, package->size), (ssize_t)package->size);
    CHECK_EQ(fcntl(memory, F_ADD_SEALS, seals), 0);
    return memory;
}

// As the node has it that was handed the package: plans.
static void know_model(const struct vch_node_package *package)
{
    CHECK_OK(vch_models_add(&world.models, package->bytes, package->size, &world.arena, NULL,
                            &world.complaint));
    CHECK_OK(vch_models_prepare(&world.models.models[1], &world.kernels, true, &world.arena,
                                &world.complaint));
}

TEST(apart_takes_a_model_later_and_has_it_after_a_restart)
{
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;

    set_up();
    const struct vch_node_package package = apart_package(&world, 2 * APART_SIDE);
    int memory = sealed_memory(&package, seals);
    CHECK_OK(vch_apart_add(world.apart, memory, package.size, &world.complaint));
    CHECK_EQ(close(memory), 0); // it was duplicated
    know_model(&package);
    apart_check_works(&world);
    check_ends(QUIT, "ended by itself");
    apart_check_works(&world);
    tear_down();
}

TEST(apart_takes_no_model_that_could_still_be_changed)
{
    set_up();
    const struct vch_node_package package = apart_package(&world, 2 * APART_SIDE);
    int memory = sealed_memory(&package, F_SEAL_SHRINK | F_SEAL_GROW);
    CHECK_OK(vch_apart_add(world.apart, memory, package.size, &world.complaint));
    CHECK_EQ(close(memory), 0);
    know_model(&package);
    struct vch_task *task = apart_run(&world, apart_task(&world, 0, 2, HONEST));
    CHECK_EQ(task->status.code, VCH_CODE_MALFORMED); // it knows no such model
    CHECK(strstr(task->complaint.text, "cannot follow the order") != NULL);
    apart_free_task(task);
    CHECK_EQ(apart_counts(&world).inference_ended, 0);
    tear_down();
}

TEST(apart_whose_packages_are_none_says_so)
{
    static _Alignas(64) uint8_t bytes[64] = "no package";

    apart_set_up(&world);
    world.package = (struct vch_node_package){bytes, sizeof bytes};
    vch_status status = vch_apart_new(&world.apart, &world.setup, &world.complaint);
    if (status.code == VCH_CODE_REFUSED) test_skip(world.complaint.text);
    CHECK_OK(status);
    CHECK_FAILS(vch_apart_wait(world.apart, &world.complaint), MALFORMED);
    CHECK(strstr(world.complaint.text, "package") != NULL);
    tear_down();
}
