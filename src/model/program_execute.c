// A run: the batch in chunks, the chunks to lanes, the memory to both.
#include <string.h>

#include "base/check.h"
#include "model/program_parts.h"

// Many chunks are run by so many lanes, each with memory of its own and every so-manyth chunk.
enum { CHUNKS_MIN = 4, LANES_MAX = 16, LINE = 64 };

static uint32_t chunk_count(const struct vch_program *program, uint32_t batch)
{
    return (batch + program->samples - 1) / program->samples;
}

static uint32_t lane_count(uint32_t chunks)
{
    if (chunks < CHUNKS_MIN) return 1;
    return chunks < LANES_MAX ? chunks : LANES_MAX;
}

static size_t round_up(size_t size)
{
    return (size + LINE - 1) / LINE * LINE;
}

static size_t states_size(const struct vch_program *program)
{
    return round_up(program->forms.graph.value_count * sizeof(uint32_t));
}

vch_status vch_program_memory(size_t *out, const struct vch_program *program, uint32_t batch,
                              bool is_traced)
{
    const size_t lanes = lane_count(chunk_count(program, batch));
    size_t size = states_size(program) + (is_traced ? round_up(program->turned_size) : 0);
    size_t chunks = 0;

    if (__builtin_mul_overflow(round_up(program->layout.size), lanes, &chunks) ||
        __builtin_add_overflow(size, chunks, out))
        return VCH_FAIL(LIMIT);
    return VCH_OK;
}

static void run_lane(void *context, size_t lane)
{
    const struct vch_program_parts *e = context;
    const uint32_t samples = e->program->samples, batch = e->run->batch;

    for (uint32_t i = (uint32_t)lane; i < e->chunks; i += e->lanes) {
        const struct vch_program_parts_chunk chunk = {
            .e = e,
            .memory = e->memory + lane * round_up(e->program->layout.size),
            .first = (size_t)i * samples,
            .count = batch - i * samples < samples ? batch - i * samples : samples,
            .workers = e->lanes > 1 ? NULL : e->run->workers,
        };
        vch_program_parts_run_chunk(&chunk);
    }
}

static vch_status check_run(const struct vch_program_parts *e)
{
    const struct vch_program_run *run = e->run;
    const struct vch_program *p = e->program;

    if (run->first < p->first || run->first > run->last || run->last > p->last)
        return vch_complain(e->complaint, VCH_CODE_USAGE, "operators %u to %u of %u to %u",
                            run->first, run->last, p->first, p->last);
    if (run->batch == 0 || run->batch > VCH_BATCH_MAX)
        return vch_complain(e->complaint, VCH_CODE_LIMIT, "a batch has 1 to %u samples, not %u",
                            VCH_BATCH_MAX, run->batch);
    VCH_ASSERT(run->trace == NULL || run->batch <= p->samples);
    return VCH_OK;
}

// The first operator of the laid out graph that belongs to the model's operator `source` or a later
// one.
static uint32_t position_of(const struct vch_program *p, uint32_t source)
{
    uint32_t low = 0, high = p->forms.graph.operator_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (p->forms.sources[middle] < source)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static vch_status execute(struct vch_program_parts *e)
{
    VCH_TRY(check_run(e));
    e->begin = position_of(e->program, e->run->first);
    e->end = position_of(e->program, e->run->last);
    e->chunks = chunk_count(e->program, e->run->batch);
    e->lanes = lane_count(e->chunks);
    memset(e->states, 0, states_size(e->program));
    VCH_TRY(vch_program_parts_take_ports(e));
    vch_workers_run(e->run->workers, run_lane, e, e->lanes);
    if (vch_program_parts_is_cancelled(e->run)) return VCH_FAIL(TIMEOUT);
    vch_program_parts_finish_outputs(e);
    return VCH_OK;
}

vch_status vch_program_execute(const struct vch_program_run *run, const uint32_t *input_values,
                               const struct vch_tensor *inputs, uint32_t input_count,
                               const uint32_t *output_values, const struct vch_tensor *outputs,
                               uint32_t output_count, void *memory, struct vch_complaint *complaint)
{
    const struct vch_program *p = run->program;
    struct vch_program_parts e = {
        .program = p,
        .run = run,
        .input_values = input_values,
        .output_values = output_values,
        .inputs = inputs,
        .outputs = outputs,
        .input_count = input_count,
        .output_count = output_count,
        .states = memory,
        .complaint = complaint,
    };

    e.turned = (uint8_t *)memory + states_size(p);
    e.memory = e.turned + (run->trace != NULL ? round_up(p->turned_size) : 0);
    return execute(&e);
}
