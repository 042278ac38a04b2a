// y[r][o] = requantise(sum over k of x[r][k] * w[o][k] + b[o]); rows of all samples together.
#include <string.h>

#include "kernels/packing.h"
#include "model/prepare.h"
#include "model/step.h"

// A task is a tile of rows by channels. Rows are laid out for each tile anew, which is little work
// beside the product as long as a tile has enough channels.
enum { CHANNELS_TILE = 64, ROWS_TILE = 32, TILE_SIZE_MAX = 1 << 20, LINE = 64 };

struct linear {
    const struct vch_kernels *kernels;
    enum vch_type type;
    bool is_wide;
    size_t rows, channels, depth; // rows of one sample
    size_t row_size;              // laid out, bytes
    size_t tile_rows;             // at most
    size_t slot_size;
    uint32_t *row_offsets;
    struct vch_panels panels;
};

static struct linear describe(const struct vch_prepare *prepare, const struct vch_operator *o)
{
    const struct vch_value *x = &prepare->graph->values[o->inputs[0]];
    const struct vch_shape *w = &prepare->graph->parameters[o->parameters[0]].shape;
    struct linear l = {
        .kernels = prepare->kernels,
        .type = x->type,
        .is_wide = vch_prepare_is_wide(x->type, w->dims[1]),
        .channels = w->dims[0],
        .depth = w->dims[1],
    };

    l.rows = vch_tensor_shape_count(&x->shape) / l.depth;
    const struct vch_packing *packing = vch_prepare_packing(prepare->kernels, l.is_wide);
    l.row_size = l.depth * packing->input_size;
    l.row_size = (l.row_size + LINE - 1) / LINE * LINE;
    l.tile_rows = TILE_SIZE_MAX / l.row_size;
    if (l.tile_rows > ROWS_TILE) l.tile_rows = ROWS_TILE;
    if (l.tile_rows < 1) l.tile_rows = 1;
    l.slot_size = l.tile_rows * l.row_size + (size_t)(VCH_PACKING_SLACK + LINE - 1) / LINE * LINE +
                  vch_prepare_beyond(packing, l.depth, l.is_wide);
    return l;
}

static void prepare_sums(struct linear *l, struct vch_prepare *prepare,
                         const struct vch_operator *o)
{
    const struct vch_packing *packing = vch_prepare_packing(prepare->kernels, l->is_wide);
    const struct vch_prepare_runs each = vch_prepare_runs(packing, l->depth, l->is_wide);
    const size_t run_terms = (size_t)each.steps * packing->group;
    const bool is_dry = vch_prepare_is_dry(prepare);
    uint32_t *runs = VCH_PREPARE_PACKED(prepare, uint32_t, each.count);
    uint32_t *terms = VCH_PREPARE_PACKED(prepare, uint32_t, each.count * run_terms);

    for (size_t r = 0; r < each.count && !is_dry; r++)
        runs[r] = (uint32_t)(r * run_terms * packing->input_size);
    for (size_t k = 0; k < each.count * run_terms && !is_dry; k++)
        terms[k] = k < l->depth ? (uint32_t)k : VCH_PACKING_ABSENT;
    const struct vch_prepare_sums sums = {
        .operator_ = o,
        .channels = (uint32_t)l->channels,
        .terms = terms,
        .runs = runs,
        .run_count = each.count,
        .run_steps = each.steps,
        .is_wide = l->is_wide,
    };
    vch_prepare_panels(&l->panels, prepare, &sums);
}

vch_status vch_step_linear_prepare(const void **out, struct vch_prepare *prepare,
                                   const struct vch_operator *o)
{
    struct linear *l = VCH_PREPARE_NEW(prepare, struct linear, 1);

    if (l == NULL) return VCH_FAIL(NO_MEMORY);
    *l = describe(prepare, o);
    l->row_offsets = VCH_PREPARE_NEW(prepare, uint32_t, l->tile_rows);
    if (l->row_offsets == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < l->tile_rows; i++)
        l->row_offsets[i] = (uint32_t)(i * l->row_size);
    *out = l;
    prepare_sums(l, prepare, o);
    return VCH_OK;
}

struct job {
    const struct linear *l;
    const struct vch_step *step;
    size_t rows, channel_tiles, tiles, pieces;
};

static struct job job_of(const struct linear *l, uint32_t samples)
{
    struct job job = {.l = l, .rows = samples * l->rows};

    job.channel_tiles = (l->channels + CHANNELS_TILE - 1) / CHANNELS_TILE;
    job.tiles = (job.rows + l->tile_rows - 1) / l->tile_rows * job.channel_tiles;
    job.pieces = vch_step_packed_pieces((uint64_t)job.rows * l->channels * l->depth, job.tiles);
    return job;
}

size_t vch_step_linear_scratch(const void *prepared, uint32_t samples)
{
    const struct linear *l = prepared;
    return job_of(l, samples).pieces * l->slot_size;
}

static void lay_row(const struct linear *l, void *out, const uint8_t *x)
{
    const int8_t *bytes = (const int8_t *)x;

    if (l->type == VCH_TYPE_I16)
        memcpy(out, x, l->depth * sizeof(int16_t));
    else if (!l->is_wide)
        l->kernels->lay_i8(out, bytes, l->depth);
    else
        for (size_t k = 0; k < l->depth; k++)
            ((int16_t *)out)[k] = bytes[k]; // NOLINT(bugprone-signed-char-misuse,cert-str34-c)
}

static void lay_out(const struct linear *l, const struct vch_step *step, size_t row, size_t rows,
                    uint8_t *slot)
{
    const size_t size = l->depth * vch_tensor_type_size(l->type);

    for (size_t i = 0; i < rows; i++)
        lay_row(l, slot + l->row_offsets[i], (const uint8_t *)step->inputs[0] + (row + i) * size);
}

static void run_piece(void *context, size_t piece)
{
    const struct job *job = context;
    const struct linear *l = job->l;
    const struct vch_step_part part = vch_step_part(piece, job->pieces, job->tiles);
    uint8_t *slot = job->step->scratch + piece * l->slot_size;

    for (size_t i = part.first, end = 0; i < part.last; i = end) {
        const size_t row = i / job->channel_tiles * l->tile_rows, left = job->rows - row;
        const size_t rows = left < l->tile_rows ? left : l->tile_rows;
        const size_t channel = i % job->channel_tiles * CHANNELS_TILE;
        end = i - i % job->channel_tiles + job->channel_tiles; // of these rows
        if (end > part.last) end = part.last;
        size_t last = channel + (end - i) * CHANNELS_TILE;
        if (last > l->channels) last = l->channels;
        uint8_t *out = (uint8_t *)job->step->output + row * l->channels * l->panels.out_size;
        lay_out(l, job->step, row, rows, slot);
        if (l->is_wide)
            l->kernels->panels_i16(out, l->channels, slot, l->row_offsets, rows, &l->panels,
                                   channel, last);
        else
            l->kernels->panels_i8(out, l->channels, slot, l->row_offsets, rows, &l->panels, channel,
                                  last);
    }
}

void vch_step_linear(const struct vch_step *step)
{
    struct job job = job_of(step->prepared, step->batch);

    job.step = step;
    vch_workers_run(step->workers, run_piece, &job, job.pieces);
}
