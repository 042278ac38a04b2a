// Convolution as a product: each output position's patch of the input becomes a row, the weights
// of each output channel are a row already.
#include <string.h>

#include "base/check.h"
#include "model/step.h"

// A task is one sample, one group and one tile of positions. Its scratch holds the tile's patches
// and accumulators, and tasks are bounded in number so that scratch is too.
enum { POSITIONS_TILE = 64, TASKS_MAX = 64, ALIGNMENT = 64 };

struct convolution {
    const struct vch_step *step;
    enum vch_type type;             // of the operand
    size_t element;                 // its bytes
    size_t channels, height, width; // of the operand, one sample
    size_t out_channels, out_height, out_width;
    size_t group_channels, group_out_channels, depth;
    size_t positions, tiles, jobs, tasks; // jobs: sample x group x tile
    size_t patch_size, task_size;         // scratch bytes
    const struct vch_window *window;
    const int8_t *weights;
    const int64_t *bias; // NULL: none
};

static size_t round_up(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static struct convolution describe(const struct vch_graph *graph,
                                   const struct vch_operator *operator_, uint32_t batch)
{
    const struct vch_value *x = &graph->values[operator_->inputs[0]];
    const struct vch_value *y = &graph->values[operator_->output];
    const uint32_t *in = x->shape.dims + (x->shape.rank - 3);
    const uint32_t *out = y->shape.dims + (y->shape.rank - 3);
    struct convolution c = {
        .type = x->type,
        .element = vch_tensor_type_size(x->type),
        .channels = in[0],
        .height = in[1],
        .width = in[2],
        .out_channels = out[0],
        .out_height = out[1],
        .out_width = out[2],
        .window = &operator_->window,
    };

    c.group_channels = c.channels / c.window->groups;
    c.group_out_channels = c.out_channels / c.window->groups;
    c.depth = c.group_channels * c.window->kernel[0] * c.window->kernel[1];
    c.positions = c.out_height * c.out_width;
    c.tiles = (c.positions + POSITIONS_TILE - 1) / POSITIONS_TILE;
    c.jobs = c.tiles * c.window->groups * batch;
    c.tasks = c.jobs < TASKS_MAX ? c.jobs : TASKS_MAX;
    c.patch_size = round_up(POSITIONS_TILE * c.depth * c.element);
    c.task_size = c.patch_size + round_up(POSITIONS_TILE * c.group_out_channels * sizeof(int64_t)) +
                  POSITIONS_TILE * sizeof(int64_t);
    return c;
}

// A run of patches side by side in one output row, all reading the same row of one channel: where
// its first piece goes, and how far apart pieces lie on both sides.
struct pieces {
    uint8_t *out;
    const uint8_t *in; // of the first position; may lie before the row where that is padding
    size_t out_stride, in_stride, size, count;
};

// memcpy of a few bytes whose number the compiler knows is a move or two; else it is a call.
#define COPY_PIECES(known_size) \
    for (size_t i = 0; i < p->count; i++) \
    memcpy(p->out + i * p->out_stride, p->in + i * p->in_stride, known_size)

static void copy_pieces(const struct pieces *p)
{
    switch (p->size) {
    case 1: COPY_PIECES(1); return;
    case 2: COPY_PIECES(2); return;
    case 3: COPY_PIECES(3); return;
    case 4: COPY_PIECES(4); return;
    case 5: COPY_PIECES(5); return;
    case 6: COPY_PIECES(6); return;
    case 7: COPY_PIECES(7); return;
    case 10: COPY_PIECES(10); return;
    default: COPY_PIECES(p->size); return;
    }
}

// One piece that reaches over the row's edge, or has gaps: element by element, zero outside.
static void copy_ragged(const struct convolution *c, uint8_t *out, const uint8_t *row, int64_t x0)
{
    int64_t step = c->window->dilation[1], width = (int64_t)c->width;

    for (size_t k = 0; k < c->window->kernel[1]; k++, out += c->element) {
        int64_t x = x0 + (int64_t)k * step;
        if (x < 0 || x >= width)
            memset(out, 0, c->element);
        else
            memcpy(out, row + (size_t)x * c->element, c->element);
    }
}

// The pieces of `count` positions from output column `ox` on, from one row of the image. Those in
// the middle, which lie inside the row, are plain copies.
static void gather_row(const struct convolution *c, uint8_t *out, const uint8_t *row, size_t ox,
                       size_t count)
{
    const struct vch_window *w = c->window;
    size_t out_stride = c->depth * c->element;
    int64_t x0 = (int64_t)(ox * w->stride[1]) - w->pad_begin[1], stride = w->stride[1];
    int64_t room = (int64_t)c->width - (int64_t)w->kernel[1];
    size_t i = 0, end = 0;

    if (w->dilation[1] == 1 && room >= 0) {
        while (i < count && x0 + (int64_t)i * stride < 0)
            i++;
        end = count;
        while (end > i && x0 + (int64_t)(end - 1) * stride > room)
            end--;
    }
    for (size_t k = 0; k < i; k++)
        copy_ragged(c, out + k * out_stride, row, x0 + (int64_t)k * stride);
    if (end > i)
        copy_pieces(&(struct pieces){
            .out = out + i * out_stride,
            .in = row + (size_t)(x0 + (int64_t)i * stride) * c->element,
            .out_stride = out_stride,
            .in_stride = (size_t)stride * c->element,
            .size = w->kernel[1] * c->element,
            .count = end - i,
        });
    for (size_t k = end > i ? end : i; k < count; k++)
        copy_ragged(c, out + k * out_stride, row, x0 + (int64_t)k * stride);
}

static void clear_row(const struct convolution *c, uint8_t *out, size_t count)
{
    for (size_t k = 0; k < count; k++)
        memset(out + k * c->depth * c->element, 0, c->window->kernel[1] * c->element);
}

// The patches of `count` positions of one output row, from column `ox` on.
static void gather_run(const struct convolution *c, uint8_t *out, const uint8_t *image, size_t oy,
                       size_t ox, size_t count)
{
    const struct vch_window *w = c->window;
    size_t plane_size = c->height * c->width * c->element, piece = w->kernel[1] * c->element;
    int64_t y0 = (int64_t)(oy * w->stride[0]) - w->pad_begin[0];

    for (size_t channel = 0; channel < c->group_channels; channel++) {
        for (size_t k = 0; k < w->kernel[0]; k++, out += piece) {
            int64_t y = y0 + (int64_t)(k * w->dilation[0]);
            if (y < 0 || y >= (int64_t)c->height)
                clear_row(c, out, count);
            else
                gather_row(c, out, image + channel * plane_size + (size_t)y * c->width * c->element,
                           ox, count);
        }
    }
}

static void gather(const struct convolution *c, uint8_t *out, const uint8_t *image, size_t first,
                   size_t count)
{
    while (count > 0) {
        size_t ox = first % c->out_width;
        size_t run = c->out_width - ox < count ? c->out_width - ox : count;
        gather_run(c, out, image, first / c->out_width, ox, run);
        out += run * c->depth * c->element;
        first += run;
        count -= run;
    }
}

struct tile {
    size_t channel; // first output channel of the group
    size_t at;      // element of the output: first channel, first position
    size_t count;   // positions
    uint8_t *scratch;
};

static void finish_i64(const struct convolution *c, const struct tile *t, const int64_t *acc,
                       size_t position_stride, size_t channel_stride)
{
    int64_t *row =
        (int64_t *)(void *)(t->scratch + c->task_size - POSITIONS_TILE * sizeof(int64_t));

    for (size_t o = 0; o < c->group_out_channels; o++) {
        struct vch_requantise how =
            vch_step_scaling(c->step->operator_, (uint32_t)(t->channel + o));
        for (size_t p = 0; p < t->count; p++)
            row[p] = acc[p * position_stride + o * channel_stride];
        vch_step_requantise_i64(c->step, vch_step_output(c->step)->type, c->step->output,
                                t->at + o * c->positions, row, t->count,
                                c->bias ? c->bias[t->channel + o] : 0, &how);
    }
}

static void multiply_i8(const struct convolution *c, const struct tile *t)
{
    int32_t *acc = (int32_t *)(void *)(t->scratch + c->patch_size);

    c->step->kernels->product_i8(acc, t->count, c->weights + t->channel * c->depth,
                                 c->group_out_channels, (const int8_t *)t->scratch, t->count,
                                 c->depth);
    for (size_t o = 0; o < c->group_out_channels; o++) {
        struct vch_requantise how =
            vch_step_scaling(c->step->operator_, (uint32_t)(t->channel + o));
        vch_step_requantise_i32(c->step, vch_step_output(c->step)->type, c->step->output,
                                t->at + o * c->positions, acc + o * t->count, t->count,
                                c->bias ? c->bias[t->channel + o] : 0, &how);
    }
}

static void multiply_i16(const struct convolution *c, const struct tile *t)
{
    int64_t *acc = (int64_t *)(void *)(t->scratch + c->patch_size);

    c->step->kernels->product_i16(
        acc, c->group_out_channels, (const int16_t *)(const void *)t->scratch, t->count,
        c->weights + t->channel * c->depth, c->group_out_channels, c->depth);
    finish_i64(c, t, acc, c->group_out_channels, 1);
}

// int8 sums longer than int32 holds.
static void multiply_deep(const struct convolution *c, const struct tile *t)
{
    int64_t *acc = (int64_t *)(void *)(t->scratch + c->patch_size);

    for (size_t o = 0; o < c->group_out_channels; o++) {
        const int8_t *w = c->weights + (t->channel + o) * c->depth;
        for (size_t p = 0; p < t->count; p++) {
            const int8_t *x = (const int8_t *)t->scratch + p * c->depth;
            int64_t sum = 0;
            for (size_t k = 0; k < c->depth; k++)
                sum += (int64_t)((int32_t)x[k] * w[k]);
            acc[o * t->count + p] = sum;
        }
    }
    finish_i64(c, t, acc, 1, t->count);
}

static void run_job(const struct convolution *c, size_t job, uint8_t *scratch)
{
    size_t groups = c->window->groups;
    size_t tile = job % c->tiles, group = job / c->tiles % groups, sample = job / c->tiles / groups;
    size_t first = tile * POSITIONS_TILE, rest = c->positions - first;
    const uint8_t *image =
        (const uint8_t *)c->step->inputs[0] +
        (sample * c->channels + group * c->group_channels) * c->height * c->width * c->element;
    const struct tile t = {
        .channel = group * c->group_out_channels,
        .at = (sample * c->out_channels + group * c->group_out_channels) * c->positions + first,
        .count = rest < POSITIONS_TILE ? rest : POSITIONS_TILE,
        .scratch = scratch,
    };

    gather(c, scratch, image, first, t.count);
    if (c->type == VCH_TYPE_I16)
        multiply_i16(c, &t);
    else if (c->depth <= VCH_DOT_I8_COUNT_MAX)
        multiply_i8(c, &t);
    else
        multiply_deep(c, &t);
}

static void run_task(void *context, size_t index)
{
    const struct convolution *c = context;

    for (size_t job = index; job < c->jobs; job += c->tasks)
        run_job(c, job, c->step->scratch + index * round_up(c->task_size));
}

void vch_step_convolution(const struct vch_step *step)
{
    struct convolution c = describe(step->graph, step->operator_, step->batch);

    c.step = step;
    c.weights = vch_step_parameter(step, 0);
    c.bias = vch_step_parameter(step, 1);
    vch_workers_run(
        vch_step_workers(step, (uint64_t)c.positions * c.out_channels * c.depth * step->batch),
        run_task, &c, c.tasks);
}

size_t vch_step_convolution_scratch(const struct vch_graph *graph,
                                    const struct vch_operator *operator_, uint32_t batch)
{
    struct convolution c = describe(graph, operator_, batch);
    return c.tasks * round_up(c.task_size);
}
