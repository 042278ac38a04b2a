// A process that computes and hangs before it does: it is found after its time, ended, and others
// are started in its place, as often as that makes sense.
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/apart.h"
#include "node/apart.h"

static struct apart_world world;

// Over fork: who hangs, and how many more of them.
static struct trap {
    atomic_int kind, left;
} * trap;

static void hang(void *context, enum vch_inference_kind kind)
{
    struct trap *mine = context;

    if (kind != (enum vch_inference_kind)atomic_load(&mine->kind)) return;
    if (atomic_fetch_sub(&mine->left, 1) <= 0) return;
    for (;;)
        (void)usleep(1000);
}

static void set_up(enum vch_inference_kind kind, int left)
{
    apart_set_up(&world);
    trap = mmap(NULL, sizeof *trap, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(trap != MAP_FAILED);
    atomic_store(&trap->kind, (int)kind);
    atomic_store(&trap->left, left);
    world.setup.before_report = hang;
    world.setup.execute_context = trap;
}

static void start(void)
{
    vch_status status = vch_apart_new(&world.apart, &world.setup, &world.complaint);

    if (status.code == VCH_CODE_REFUSED) test_skip(world.complaint.text); // which fence, and why
    CHECK_OK(status);
}

static void tear_down(void)
{
    apart_tear_down(&world);
    CHECK_EQ(munmap(trap, sizeof *trap), 0);
}

static void check_refused(const char *why)
{
    struct vch_task *task = apart_run(&world, apart_task(&world, 0, 2, 0));

    CHECK_EQ(task->status.code, VCH_CODE_UNAVAILABLE);
    if (strstr(task->complaint.text, why) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" in: %s", why, task->complaint.text);
    apart_free_task(task);
}

TEST(apart_that_hangs_as_it_loads_is_ended_and_then_no_more_are_started)
{
    set_up(VCH_INFERENCE_READY, 1000);
    world.setup.load_ms = 1;
    start();
    CHECK_FAILS(vch_apart_wait(world.apart, &world.complaint), UNAVAILABLE);
    CHECK(strstr(world.complaint.text, "it hung, and was ended") != NULL);
    check_refused("it hung, and was ended; ask again, or another node");
    check_refused("hung 2 times in a row");
    check_refused("hung 2 times in a row");
    CHECK_EQ(apart_counts(&world).inference_ended, 2);
    CHECK_EQ(apart_counts(&world).inference_stopped, 2);
    tear_down();
}

TEST(apart_finds_another_in_the_place_of_one_that_hung_as_it_loaded)
{
    set_up(VCH_INFERENCE_READY, 1);
    world.setup.load_ms = 5000; // for the second one, which loads at once
    start();
    check_refused("it hung, and was ended");
    apart_check_works(&world);
    CHECK_EQ(apart_counts(&world).inference_stopped, 1);
    tear_down();
}

static void add_model(void)
{
    const struct vch_node_package package = apart_package(&world, 2 * APART_SIDE);
    int memory = memfd_create("model", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    CHECK(memory >= 0);
    CHECK_EQ(write(memory, package.bytes, package.size), (ssize_t)package.size);
    CHECK_EQ(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    CHECK_OK(vch_apart_add(world.apart, memory, package.size, &world.complaint));
    CHECK_EQ(close(memory), 0);
}

TEST(apart_gives_up_a_model_that_it_hangs_over_and_computes_the_others)
{
    set_up(VCH_INFERENCE_TAKEN, 1000);
    world.setup.take_ms = 1;
    start();
    CHECK_OK(vch_apart_wait(world.apart, &world.complaint));
    apart_check_works(&world);
    add_model();
    check_refused("it hung, and was ended");
    check_refused("it hung, and was ended");
    apart_check_works(&world); // without it
    CHECK_EQ(apart_counts(&world).inference_ended, 2);
    CHECK_EQ(apart_counts(&world).inference_stopped, 2);
    tear_down();
}
