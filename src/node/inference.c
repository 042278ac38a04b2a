#include "node/inference.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "confine/child.h"
#include "host/threads.h"
#include "node/inference_memory.h"

struct inside;

struct annex {
    struct inside *inside;
    uint32_t index;
};

struct inside {
    int channel;
    const struct vch_inference_setup *setup;
    struct vch_inference_shared *shared;
    struct vch_arena arena;
    struct vch_threads *threads;
    struct vch_engine engine;
    struct vch_models models;
    struct vch_provers provers;
    struct annex annexes[VCH_PROVERS_MAX];
    struct vch_annex_source sources[VCH_PROVERS_MAX];
    uint8_t order[VCH_ORDER_SIZE_MAX];
    struct vch_referee referee;
    uint8_t *room; // for inputs; zeros between tasks
    size_t room_size;
};

static vch_status say(const struct inside *inside, enum vch_inference_kind kind, uint32_t index,
                      size_t size)
{
    const struct vch_inference_word word = {kind, index, size};

    return vch_child_write(inside->channel, &word, sizeof word);
}

static vch_status report(const struct inside *inside, enum vch_inference_kind kind,
                         const struct vch_inference_report *report)
{
    const struct vch_inference_setup *setup = inside->setup;

    if (setup->before_report != NULL) setup->before_report(setup->execute_context, kind);
    memcpy(inside->shared->text, report, sizeof *report);
    return say(inside, kind, 0, sizeof *report);
}

// What only the other process has: an annex's seed, and the right to open it once more.
static vch_status ask(const struct annex *annex, enum vch_inference_kind kind,
                      uint8_t seed[VCH_ANNEX_SEED_SIZE], struct vch_complaint *complaint)
{
    const struct inside *inside = annex->inside;
    struct vch_inference_report granted;
    struct vch_inference_word word = {0};

    VCH_TRY(say(inside, kind, annex->index, 0));
    VCH_TRY(vch_child_read(inside->channel, &word, sizeof word));
    if (word.kind != VCH_INFERENCE_GRANT) return VCH_FAIL(MALFORMED);
    memcpy(&granted, inside->shared->text, sizeof granted);
    vch_wipe(inside->shared->text, sizeof granted);
    if (seed != NULL) memcpy(seed, granted.seed, sizeof granted.seed);
    vch_status status = granted.status;
    granted.complaint.text[sizeof granted.complaint.text - 1] = '\0';
    if (!vch_is_ok(status))
        status = vch_complain(complaint, status.code, "%s", granted.complaint.text);
    vch_wipe(&granted, sizeof granted);
    return status;
}

static vch_status read_seed(void *context, uint8_t seed[static VCH_ANNEX_SEED_SIZE],
                            struct vch_complaint *complaint)
{
    return ask(context, VCH_INFERENCE_SEED, seed, complaint);
}

static vch_status take(void *context, struct vch_complaint *complaint)
{
    return ask(context, VCH_INFERENCE_OPENING, NULL, complaint);
}

static vch_status load_annexes(struct inside *inside, struct vch_complaint *complaint)
{
    const struct vch_inference_setup *setup = inside->setup;

    inside->provers.memory = setup->prove_memory_max;
    for (uint32_t i = 0; i < setup->annex_count && i < VCH_PROVERS_MAX; i++) {
        inside->annexes[i] = (struct annex){inside, i};
        inside->sources[i] = (struct vch_annex_source){.bytes = setup->annexes[i].bytes,
                                                       .size = setup->annexes[i].size,
                                                       .context = &inside->annexes[i],
                                                       .read = read_seed,
                                                       .take = take};
        VCH_TRY(vch_provers_add(&inside->provers, &inside->models, &inside->sources[i],
                                &inside->arena, complaint));
    }
    return VCH_OK;
}

static vch_status load(struct inside *inside, struct vch_complaint *complaint)
{
    const struct vch_inference_setup *setup = inside->setup;

    VCH_TRY(vch_threads_new(&inside->threads, setup->threads));
    inside->engine =
        (struct vch_engine){setup->kernels, vch_threads_workers(inside->threads), NULL};
    for (uint32_t i = 0; i < setup->package_count; i++)
        VCH_TRY(vch_models_add(&inside->models, setup->packages[i].bytes, setup->packages[i].size,
                               &inside->arena, inside->engine.workers, complaint));
    VCH_TRY(vch_models_settle(&inside->models, setup->kernels, &inside->arena, complaint));
    VCH_TRY(load_annexes(inside, complaint));
    return vch_confine_settle(complaint); // all threads are there
}

// It joins what is held already of its model.
static vch_status serve_model(struct inside *inside, const uint8_t *bytes, size_t size,
                              struct vch_complaint *complaint)
{
    struct vch_model *model = VCH_ARENA_NEW(&inside->arena, struct vch_model, 1);

    if (model == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_package_decode(&model->package, bytes, size, &inside->arena, inside->engine.workers,
                               complaint));
    const struct vch_model *same = vch_models_find(&inside->models, &model->package.identity);
    if (same != NULL)
        VCH_TRY(vch_package_merge(&model->package, &same->package, &inside->arena, complaint));
    VCH_TRY(vch_models_prepare(model, inside->setup->kernels, false, &inside->arena, complaint));
    return vch_models_adopt(&inside->models, model, complaint);
}

// A package that came later, in memory that nobody can change any more.
static vch_status add_model(struct inside *inside, int memory, size_t size,
                            struct vch_complaint *complaint)
{
    const int needed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
    const int seals = memory >= 0 ? fcntl(memory, F_GET_SEALS) : -1;

    if (seals < 0 || (seals & needed) != needed || size == 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "a package must come in a memfd that is sealed against change");
    const uint8_t *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, memory, 0);
    if (bytes == MAP_FAILED) return VCH_FAIL(NO_MEMORY);
    return serve_model(inside, bytes, size, complaint);
}

static vch_status take_model(struct inside *inside, int memory, size_t size)
{
    struct vch_inference_report said = {.status = VCH_OK};

    said.status = add_model(inside, memory, size, &said.complaint);
    if (memory >= 0) (void)close(memory);
    return report(inside, VCH_INFERENCE_TAKEN, &said);
}

static void clear_room(struct inside *inside, size_t used)
{
    if (inside->room != NULL) vch_wipe(inside->room, used);
    if (inside->room_size <= VCH_INFERENCE_MEMORY_KEPT) return;
    free(inside->room);
    inside->room = NULL;
    inside->room_size = 0;
}

static uint8_t *make_room(struct inside *inside, size_t size)
{
    if (size > inside->room_size) {
        free(inside->room);
        inside->room = calloc(size, 1);
        inside->room_size = inside->room != NULL ? size : 0;
    }
    return inside->room;
}

// What the order asks for, checked, with an input of its own.
static vch_status prepare(struct vch_task *task, struct inside *inside, size_t size,
                          struct vch_arena *scratch)
{
    const struct vch_order_scope scope = {&inside->models, &inside->provers,
                                          inside->setup->memory_max};

    if (size > sizeof inside->order) return VCH_FAIL(MALFORMED);
    memcpy(inside->order, inside->shared->text, size);
    VCH_TRY(vch_order_decode(task, &inside->referee, inside->order, size, &scope, scratch));
    if (task->input_size > inside->setup->data_max) return VCH_FAIL(MALFORMED);
    task->input.data = make_room(inside, task->input_size);
    if (task->input.data == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(task->input.data, inside->shared->data, task->input_size);
    task->received = task->input_size;
    task->stop = &inside->shared->stop;
    return VCH_OK;
}

static vch_status answer(const struct inside *inside, struct vch_task *task)
{
    struct vch_task_part parts[VCH_TASK_PARTS];
    uint8_t *at = inside->shared->data;
    size_t left = inside->setup->data_max;

    vch_order_encode_answer(inside->shared->text, parts, task);
    for (size_t i = 0; i < VCH_TASK_PARTS; i++) {
        if (parts[i].size > left) return VCH_FAIL(LIMIT);
        if (parts[i].size > 0) memcpy(at, parts[i].bytes, parts[i].size);
        at += parts[i].size;
        left -= parts[i].size;
    }
    return say(inside, VCH_INFERENCE_ANSWER, 0, VCH_ORDER_ANSWER_SIZE);
}

static vch_status obey(struct inside *inside, size_t size)
{
    const struct vch_inference_setup *setup = inside->setup;
    struct vch_task task = {0};
    struct vch_arena scratch;

    vch_arena_init(&scratch, VCH_INFERENCE_MEMORY_SCRATCH);
    task.status = prepare(&task, inside, size, &scratch);
    vch_arena_init(&task.arena, task.memory);
    if (!vch_is_ok(task.status))
        (void)vch_complain(&task.complaint, task.status.code,
                           "the process that computes cannot follow the order");
    else if (setup->execute != NULL)
        setup->execute(setup->execute_context, &inside->engine, &task);
    else
        vch_engine_compute(NULL, &inside->engine, &task);
    vch_status status = answer(inside, &task);
    clear_room(inside, task.received);
    vch_arena_release(&task.arena);
    vch_arena_release(&scratch);
    return status;
}

static vch_status serve(struct inside *inside)
{
    struct vch_inference_word word = {0};
    int memory = -1;

    VCH_TRY(vch_child_read_with(inside->channel, &word, sizeof word, &memory));
    if (word.kind == VCH_INFERENCE_ORDER) return obey(inside, word.size);
    if (word.kind == VCH_INFERENCE_MODEL) return take_model(inside, memory, word.size);
    return VCH_FAIL(MALFORMED);
}

// A task's memory comes from where the last one's went, all of it wiped: from fresh pages it would
// take as long as a small layer. One heap for all threads: each of its own would map 64 MiB.
static void keep_pages(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_MAX, 0);
    (void)mallopt(M_TRIM_THRESHOLD, VCH_INFERENCE_MEMORY_KEPT);
}

int vch_inference_work(int channel, void *setup)
{
    struct vch_inference_report ready = {.status = VCH_OK};
    struct vch_arena arena;

    keep_pages();
    vch_arena_init(&arena, VCH_INFERENCE_MEMORY_ARENA);
    struct inside *inside = VCH_ARENA_NEW(&arena, struct inside, 1);
    if (inside == NULL) return 1;
    inside->arena = arena;
    inside->channel = channel;
    inside->setup = setup;
    inside->shared = inside->setup->shared;
    ready.status = load(inside, &ready.complaint);
    if (vch_is_ok(ready.status)) ready.speed = vch_engine_speed(&inside->engine, &inside->arena);
    if (!vch_is_ok(report(inside, VCH_INFERENCE_READY, &ready)) || !vch_is_ok(ready.status))
        return 1;
    for (;;) {
        vch_status status = serve(inside);
        if (status.code == VCH_CODE_TRUNCATED) return 0; // nobody orders any more
        if (!vch_is_ok(status)) return 1;
    }
}
