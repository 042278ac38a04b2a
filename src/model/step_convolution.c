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
    c.patch_size = round_up(POSITIONS_TILE * c.depth * vch_tensor_type_size(c.type));
    c.task_size = c.patch_size + round_up(POSITIONS_TILE * c.group_out_channels * sizeof(int64_t)) +
                  POSITIONS_TILE * sizeof(int64_t);
    return c;
}

// One row of one channel of one patch: kernel[1] elements, zero outside the image. With plain
// strides the part inside the image is one copy.
static void copy_patch_row(const struct convolution *c, uint8_t *out, const uint8_t *plane,
                           int64_t y, int64_t x0)
{
    size_t element = vch_tensor_type_size(c->type), kernel = c->window->kernel[1];
    int64_t step = c->window->dilation[1], width = (int64_t)c->width;

    if (y < 0 || y >= (int64_t)c->height) {
        memset(out, 0, kernel * element);
        return;
    }
    const uint8_t *row = plane + (size_t)y * c->width * element;
    if (step == 1 && x0 >= 0 && x0 + (int64_t)kernel <= width) {
        memcpy(out, row + (size_t)x0 * element, kernel * element);
        return;
    }
    for (size_t k = 0; k < kernel; k++) {
        int64_t x = x0 + (int64_t)k * step;
        if (x < 0 || x >= width)
            memset(out + k * element, 0, element);
        else
            memcpy(out + k * element, row + (size_t)x * element, element);
    }
}

static void gather_patch(const struct convolution *c, uint8_t *out, const uint8_t *image,
                         size_t position)
{
    const struct vch_window *w = c->window;
    size_t element = vch_tensor_type_size(c->type), row_size = w->kernel[1] * element;
    int64_t y0 = (int64_t)(position / c->out_width * w->stride[0]) - w->pad_begin[0];
    int64_t x0 = (int64_t)(position % c->out_width * w->stride[1]) - w->pad_begin[1];

    for (size_t channel = 0; channel < c->group_channels; channel++) {
        const uint8_t *plane = image + channel * c->height * c->width * element;
        for (size_t k = 0; k < w->kernel[0]; k++, out += row_size)
            copy_patch_row(c, out, plane, y0 + (int64_t)(k * w->dilation[0]), x0);
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
    size_t element = vch_tensor_type_size(c->type), groups = c->window->groups;
    size_t tile = job % c->tiles, group = job / c->tiles % groups, sample = job / c->tiles / groups;
    size_t first = tile * POSITIONS_TILE, rest = c->positions - first;
    const uint8_t *image =
        (const uint8_t *)c->step->inputs[0] +
        (sample * c->channels + group * c->group_channels) * c->height * c->width * element;
    const struct tile t = {
        .channel = group * c->group_out_channels,
        .at = (sample * c->out_channels + group * c->group_out_channels) * c->positions + first,
        .count = rest < POSITIONS_TILE ? rest : POSITIONS_TILE,
        .scratch = scratch,
    };

    for (size_t p = 0; p < t.count; p++)
        gather_patch(c, scratch + p * c->depth * element, image, first + p);
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
    vch_workers_run(step->workers, run_task, &c, c.tasks);
}

size_t vch_step_convolution_scratch(const struct vch_graph *graph,
                                    const struct vch_operator *operator_, uint32_t batch)
{
    struct convolution c = describe(graph, operator_, batch);
    return c.tasks * round_up(c.task_size);
}
