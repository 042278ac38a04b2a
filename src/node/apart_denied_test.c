// What a process that computes is denied while it computes: each attempt from inside a task,
// against the process that ordered it.
#include <errno.h>
#include <stdio.h>

#include "harness/apart.h"
#include "harness/attempts.h"
#include "node/apart.h"

enum { COUNT = sizeof ATTEMPTS / sizeof *ATTEMPTS };

static struct apart_world world;

static void attempt(void *context, const struct vch_engine *engine, struct vch_task *task)
{
    const uint8_t word = task->job_id.bytes[0];

    int error = ATTEMPTS[word].make();
    if (error == 0) return; // status OK: it got what it wanted, and has no output to show for it
    (void)context, (void)engine;
    task->status = VCH_FAIL(REFUSED);
    (void)snprintf(task->complaint.text, sizeof task->complaint.text, "denied: error %d", error);
}

// Each with a node of its own: one may start five processes a minute.
static void check(uint8_t word, enum vch_code code, const char *why)
{
    apart_start(&world);
    struct vch_task *task = apart_run(&world, apart_task(&world, 0, 2, word));
    if (task->status.code != code || strstr(task->complaint.text, why) == NULL)
        test_fail(__FILE__, __LINE__, "%s: code %d, %s", ATTEMPTS[word].what, task->status.code,
                  task->complaint.text);
    apart_free_task(task);
    vch_apart_free(world.apart);
    world.apart = NULL;
}

static void set_up(void)
{
    attempts_set_up();
    apart_set_up(&world);
    world.setup.execute = attempt;
}

TEST(apart_denies_each_attempt_from_inside_a_task)
{
    set_up();
    for (uint8_t i = 0; i < COUNT; i++) {
#ifdef VCH_SANITIZED
        if (ATTEMPTS[i].is_deadly) continue; // whose handlers these would be
#endif
        if (ATTEMPTS[i].is_deadly)
            check(i, VCH_CODE_UNAVAILABLE, "ended by the kernel");
        else
            check(i, VCH_CODE_REFUSED, "denied: error ");
    }
    apart_tear_down(&world);
}
