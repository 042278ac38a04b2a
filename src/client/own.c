#include "client/own.h"

#define PROGRAMS_SIZE_MAX ((size_t)8 << 30)

void vch_own_init(struct vch_own *own, const struct vch_graph *graph,
                  const struct vch_kernels *kernels, struct vch_workers *workers)
{
    *own = (struct vch_own){.graph = graph, .kernels = kernels, .workers = workers};
    vch_arena_init(&own->arena, PROGRAMS_SIZE_MAX);
}

void vch_own_release(struct vch_own *own)
{
    vch_arena_release(&own->arena);
}

// Routes change with the nodes that are up; when too many parts have come together, all of them go.
static vch_status program_of(const struct vch_program **out, struct vch_own *own, uint32_t first,
                             uint32_t last)
{
    for (uint32_t i = 0; i < own->count; i++) {
        *out = &own->parts[i];
        if ((*out)->first == first && (*out)->last == last) return VCH_OK;
    }
    if (own->count == VCH_OWN_PARTS_MAX) {
        vch_arena_release(&own->arena);
        own->count = 0;
    }
    struct vch_program *program = &own->parts[own->count];
    VCH_TRY(vch_program_prepare(program, own->graph, first, last, 0, own->kernels, &own->arena));
    own->count++;
    *out = program;
    return VCH_OK;
}

static vch_status run(const struct vch_program_run *how, uint32_t input_value,
                      const struct vch_tensor *input, const uint32_t *output_values,
                      const struct vch_tensor *outputs, uint32_t output_count,
                      struct vch_arena *scratch, struct vch_complaint *complaint)
{
    size_t size = 0;

    VCH_TRY(vch_program_memory(&size, how->program, how->batch, false));
    void *memory = vch_arena_alloc(scratch, size, 1);
    if (memory == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY,
                            "our own segment takes %zu bytes for %u samples, more than was set "
                            "aside: send fewer samples",
                            size, how->batch);
    return vch_program_execute(how, &input_value, input, 1, output_values, outputs, output_count,
                               memory, complaint);
}

vch_status vch_own_run(struct vch_own *own, uint32_t first, uint32_t last, uint32_t batch,
                       uint32_t input_value, const struct vch_tensor *input,
                       const uint32_t *output_values, const struct vch_tensor *outputs,
                       uint32_t output_count, struct vch_arena *scratch,
                       struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    struct vch_program_run how = {
        .first = first, .last = last, .batch = batch, .workers = own->workers};

    VCH_TRY(program_of(&how.program, own, first, last));
    vch_status status =
        run(&how, input_value, input, output_values, outputs, output_count, scratch, complaint);
    vch_arena_rewind(scratch, mark);
    return status;
}
