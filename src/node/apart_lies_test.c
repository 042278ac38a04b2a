// A process that computes and was taken over answers whatever it likes: nothing of it is signed
// that is no answer, and it is ended.
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "harness/apart.h"
#include "node/apart.h"

static struct apart_world world;

static struct vch_task_part shorter(const struct vch_task_part *part)
{
    return (struct vch_task_part){part->bytes, part->size - 1};
}

static void lie_smaller(struct vch_task *task)
{
    task->reply[0] = shorter(&task->reply[0]);
}

static void lie_larger(struct vch_task *task)
{
    task->reply[0].size += 64;
    task->reply[0].bytes = calloc(task->reply[0].size, 1);
}

static void lie_huge(struct vch_task *task)
{
    task->reply[0].size = APART_MEMORY_MAX / 2;
    task->reply[0].bytes = calloc(task->reply[0].size, 1);
}

static void lie_no_output(struct vch_task *task)
{
    task->reply[0].size = 0;
}

static void lie_leaves(struct vch_task *task)
{
    task->is_agreed = true; // a trace where none was asked for
    task->leaf_count = 1;
    task->leaves = (struct vch_digest *)(uintptr_t)task->reply[0].bytes;
}

static void lie_code(struct vch_task *task)
{
    task->status.code = 99;
}

static void lie_text(struct vch_task *task)
{
    memset(task->complaint.text, 'x', sizeof task->complaint.text); // without an end
}

// A word on the channel that is none of its business: the only descriptor above 2 is the channel.
static void speak(uint32_t kind, uint32_t index, uint64_t size)
{
    const struct vch_inference_word word = {kind, index, size};

    for (int i = 3; i < 64; i++)
        if (write(i, &word, sizeof word) == sizeof word) return;
}

static void lie_ask_seed(struct vch_task *task)
{
    (void)task;
    speak(VCH_INFERENCE_SEED, 0, 0); // and no proof was asked for
}

static void lie_ask_opening(struct vch_task *task)
{
    (void)task;
    speak(VCH_INFERENCE_OPENING, 0, 0);
}

static void lie_ask_nothing(struct vch_task *task)
{
    (void)task;
    speak(VCH_INFERENCE_READY, 0, 0);
}

static void lie_kind(struct vch_task *task)
{
    (void)task;
    speak(4711, 0, 0);
}

static void lie_size(struct vch_task *task)
{
    (void)task;
    speak(VCH_INFERENCE_ANSWER, 0, UINT64_MAX);
}

static const struct lie {
    const char *what;
    void (*tell)(struct vch_task *task);
} LIES[] = {
    {"nothing", NULL},
    {"a smaller output", lie_smaller},
    {"a larger output", lie_larger},
    {"half of all memory", lie_huge},
    {"no output", lie_no_output},
    {"leaves that nobody asked for", lie_leaves},
    {"a code that is none", lie_code},
    {"a text without end", lie_text},
    {"a wish for a seed", lie_ask_seed},
    {"a wish for an opening", lie_ask_opening},
    {"that it is ready", lie_ask_nothing},
    {"a word that is none", lie_kind},
    {"an answer of any size", lie_size},
};
enum { LIE_COUNT = sizeof LIES / sizeof *LIES };

static void behave(void *context, const struct vch_engine *engine, struct vch_task *task)
{
    vch_engine_compute(context, engine, task);
    if (task->job_id.bytes[0] > 0) LIES[task->job_id.bytes[0]].tell(task);
}

static void set_up(void)
{
    apart_set_up(&world);
    world.setup.execute = behave;
}

static void check_refused(struct vch_task *task, const char *what)
{
    (void)apart_run(&world, task);
    if (task->status.code != VCH_CODE_UNAVAILABLE ||
        strstr(task->complaint.text, "an answer that is none") == NULL)
        test_fail(__FILE__, __LINE__, "%s: code %d, %s", what, task->status.code,
                  task->complaint.text);
    CHECK(vch_is_zero(&task->vote.signature, sizeof task->vote.signature));
    apart_free_task(task);
}

TEST(apart_believes_no_answer_that_is_none)
{
    set_up();
    for (uint8_t i = 1; i < LIE_COUNT; i++) {
        world.apart = NULL; // each liar a node of its own: one may start five a minute
        apart_start(&world);
        check_refused(apart_task(&world, 0, 2, i), LIES[i].what);
        apart_check_works(&world);
        CHECK_EQ(apart_counts(&world).inference_ended, 1);
        vch_apart_free(world.apart);
    }
    world.apart = NULL;
    apart_tear_down(&world);
}

// Half a word, and then nothing: not for ever.
static void mumble(void *context, const struct vch_engine *engine, struct vch_task *task)
{
    (void)context, (void)engine, (void)task;
    for (int i = 3; i < 64; i++)
        if (write(i, "half", 4) == 4) break;
    for (;;)
        (void)usleep(1000);
}

TEST(apart_waits_for_no_second_half_of_a_word)
{
    apart_set_up(&world);
    world.setup.execute = mumble;
    world.setup.stop_ms = 1;
    apart_start(&world);
    struct vch_task *task = apart_task(&world, 0, 2, 0);
    atomic_store(&task->is_cancelled, true);
    (void)apart_run(&world, task);
    CHECK_EQ(task->status.code, VCH_CODE_UNAVAILABLE);
    CHECK(strstr(task->complaint.text, "did not stop") != NULL);
    apart_free_task(task);
    CHECK_EQ(apart_counts(&world).inference_stopped, 1);
    apart_tear_down(&world);
}

// What a liar says of a failure is shown as bytes that may be shown.
static void complain(void *context, const struct vch_engine *engine, struct vch_task *task)
{
    (void)context, (void)engine;
    task->status = VCH_FAIL(REFUSED);
    (void)snprintf(task->complaint.text, sizeof task->complaint.text, "\033[2Jall is well\r\n");
}

TEST(apart_shows_no_control_characters_of_an_answer)
{
    apart_set_up(&world);
    world.setup.execute = complain;
    apart_start(&world);
    struct vch_task *task = apart_run(&world, apart_task(&world, 0, 2, 0));
    CHECK_EQ(task->status.code, VCH_CODE_REFUSED);
    CHECK(strcmp(task->complaint.text, "?[2Jall is well??") == 0);
    apart_free_task(task);
    apart_tear_down(&world);
}

// Of proofs: what goes wrong after the seed was given.
static void prove(void *context, const struct vch_engine *engine, struct vch_task *task)
{
    const struct vch_annex_source *source = &task->prover->source;
    const uint8_t word = task->job_id.bytes[0];
    uint8_t seed[VCH_ANNEX_SEED_SIZE];

    if (word == 1) speak(VCH_INFERENCE_SEED, 7, 0); // of another annex
    for (int i = 0; word == 5 && i < 1 << 16; i++)
        speak(VCH_INFERENCE_SEED, 0, 0); // and listens to no answer
    vch_engine_compute(context, engine, task);
    if (word == 2) (void)source->take(source->context, &task->complaint).code; // once more
    if (word == 3) task->reply[1].size = 0;
    if (word == 4) (void)source->read(source->context, seed, &task->complaint).code; // it has it
}

static struct vch_task *proof_task(uint8_t word)
{
    struct vch_task *task = apart_task(&world, 0, 2, word);

    task->is_proof = true;
    task->commitment_kind = VCH_COMMITMENT_MATRIX;
    task->log_columns = APART_COLUMNS;
    task->memory = task->arena.limit = APART_MEMORY_MAX;
    task->prover = &world.provers.provers[0];
    return task;
}

TEST(apart_gives_a_seed_and_one_opening_to_a_proof)
{
    set_up();
    apart_add_annex(&world);
    world.setup.execute = prove;
    world.openings_left = 5;
    apart_start(&world);
    struct vch_task *task = apart_run(&world, proof_task(0));
    if (!vch_is_ok(task->status)) test_fail(__FILE__, __LINE__, "%s", task->complaint.text);
    CHECK_EQ(world.openings_left, 4);
    CHECK_EQ(world.seeds_given, 1);
    CHECK(task->reply[0].bytes == world.annex.bytes && task->reply[0].size == world.annex.size);
    CHECK(task->reply[1].size > 1000);
    apart_free_task(task);
    check_refused(proof_task(1), "the seed of another annex");
    check_refused(proof_task(2), "a second opening");
    check_refused(proof_task(3), "an empty proof");
    CHECK_EQ(world.openings_left, 2); // those of the last two: one each
    check_refused(proof_task(5), "seeds without end");
    task = apart_run(&world, proof_task(4)); // is told the seed again: that shows it nothing new
    CHECK_OK(task->status);
    apart_free_task(task);
    apart_tear_down(&world);
}

TEST(apart_passes_on_that_no_opening_is_left)
{
    set_up();
    apart_add_annex(&world);
    apart_start(&world);
    struct vch_task *task = apart_run(&world, proof_task(0));
    CHECK_EQ(task->status.code, VCH_CODE_REFUSED);
    CHECK(strstr(task->complaint.text, "no opening of the annex is left") != NULL);
    apart_free_task(task);
    CHECK_EQ(apart_counts(&world).inference_ended, 0);
    apart_tear_down(&world);
}
