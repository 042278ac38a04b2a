// y[r][o] = requantise(sum over k of x[r][k] * w[o][k] + b[o]); rows of all samples together.
#include "model/step.h"

// A task is a tile of outputs by rows. int8: weights are the kernel's rows, so that a channel's
// accumulators lie side by side; int16: the kernel wants activations as rows.
enum { CHANNELS_TILE = 32, ROWS_TILE = 64, TILE = CHANNELS_TILE * ROWS_TILE, THIN = 4 };

struct linear {
    const struct vch_step *step;
    size_t rows, channels, depth, row_tiles, channel_tiles;
    const int8_t *weights;
    const int64_t *bias; // NULL: none
};

static struct linear describe(const struct vch_graph *graph, const struct vch_operator *operator_,
                              uint32_t batch)
{
    const struct vch_shape *x = &graph->values[operator_->inputs[0]].shape;
    const struct vch_shape *w = &graph->parameters[operator_->parameters[0]].shape;
    struct linear out = {.channels = w->dims[0], .depth = w->dims[1]};

    out.rows = vch_tensor_shape_count(x) / out.depth * batch;
    out.row_tiles = (out.rows + ROWS_TILE - 1) / ROWS_TILE;
    out.channel_tiles = (out.channels + CHANNELS_TILE - 1) / CHANNELS_TILE;
    return out;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

// The accumulators of one row or channel, gathered from every `stride`-th, requantised and
// scattered to every `channels`-th element of the output.
static void finish_i64(const struct linear *l, size_t channel, size_t row, const int64_t *acc,
                       size_t stride, size_t count)
{
    struct vch_requantise how = vch_step_scaling(l->step->operator_, (uint32_t)channel);
    enum vch_type type = vch_step_output(l->step)->type;
    int64_t bias = l->bias ? l->bias[channel] : 0;

    for (size_t i = 0; i < count; i++)
        vch_step_store(type, l->step->output, (row + i) * l->channels + channel,
                       vch_requantise_one(acc[i * stride] + bias, &how));
}

static void finish_i32(const struct linear *l, size_t channel, size_t row, const int32_t *acc,
                       size_t count)
{
    struct vch_requantise how = vch_step_scaling(l->step->operator_, (uint32_t)channel);
    enum vch_type type = vch_step_output(l->step)->type;
    int64_t bias = l->bias ? l->bias[channel] : 0;
    int32_t out[ROWS_TILE];

    if (l->channels == 1) { // rows are side by side
        vch_step_requantise_i32(l->step, type, l->step->output, row, acc, count, bias, &how);
        return;
    }
    vch_step_requantise_i32(l->step, type, out, 0, acc, count, bias, &how);
    for (size_t i = 0; i < count; i++)
        vch_step_store(type, l->step->output, (row + i) * l->channels + channel,
                       vch_step_load(type, out, i));
}

// Few rows: the activations are the kernel's rows, and each channel has only a few results.
static void tile_thin(const struct linear *l, size_t channel, size_t channels, size_t row,
                      size_t rows)
{
    const int8_t *x = (const int8_t *)l->step->inputs[0] + row * l->depth;
    int32_t acc[THIN * CHANNELS_TILE];

    l->step->kernels->product_i8(acc, channels, x, rows, l->weights + channel * l->depth, channels,
                                 l->depth);
    for (size_t i = 0; i < rows * channels; i++)
        finish_i64(l, channel + i % channels, row + i / channels, &(int64_t){acc[i]}, 1, 1);
}

static void tile_i8(const struct linear *l, size_t channel, size_t channels, size_t row,
                    size_t rows)
{
    const int8_t *x = (const int8_t *)l->step->inputs[0] + row * l->depth;
    int32_t acc[TILE];

    if (rows < THIN) {
        tile_thin(l, channel, channels, row, rows);
        return;
    }
    l->step->kernels->product_i8(acc, rows, l->weights + channel * l->depth, channels, x, rows,
                                 l->depth);
    for (size_t c = 0; c < channels; c++)
        finish_i32(l, channel + c, row, acc + c * rows, rows);
}

static void tile_i16(const struct linear *l, size_t channel, size_t channels, size_t row,
                     size_t rows)
{
    const int16_t *x = (const int16_t *)l->step->inputs[0] + row * l->depth;
    int64_t acc[TILE];

    l->step->kernels->product_i16(acc, channels, x, rows, l->weights + channel * l->depth, channels,
                                  l->depth);
    for (size_t c = 0; c < channels; c++)
        finish_i64(l, channel + c, row, acc + c, channels, rows);
}

// int8 sums longer than int32 holds.
static void tile_deep(const struct linear *l, size_t channel, size_t channels, size_t row,
                      size_t rows)
{
    const int8_t *x = (const int8_t *)l->step->inputs[0] + row * l->depth;

    for (size_t c = 0; c < channels; c++) {
        const int8_t *w = l->weights + (channel + c) * l->depth;
        for (size_t r = 0; r < rows; r++) {
            int64_t acc = 0;
            for (size_t k = 0; k < l->depth; k++)
                acc += (int64_t)((int32_t)x[r * l->depth + k] * w[k]);
            finish_i64(l, channel + c, row + r, &acc, 1, 1);
        }
    }
}

static void run_task(void *context, size_t index)
{
    const struct linear *l = context;
    size_t channel = index % l->channel_tiles * CHANNELS_TILE;
    size_t row = index / l->channel_tiles * ROWS_TILE;
    size_t channels = smaller(CHANNELS_TILE, l->channels - channel);
    size_t rows = smaller(ROWS_TILE, l->rows - row);

    if (vch_step_input(l->step, 0)->type == VCH_TYPE_I16)
        tile_i16(l, channel, channels, row, rows);
    else if (l->depth <= VCH_DOT_I8_COUNT_MAX)
        tile_i8(l, channel, channels, row, rows);
    else
        tile_deep(l, channel, channels, row, rows);
}

void vch_step_linear(const struct vch_step *step)
{
    struct linear l = describe(step->graph, step->operator_, step->batch);

    l.step = step;
    l.weights = vch_step_parameter(step, 0);
    l.bias = vch_step_parameter(step, 1);
    vch_workers_run(vch_step_workers(step, (uint64_t)l.rows * l.channels * l.depth), run_task, &l,
                    l.row_tiles * l.channel_tiles);
}

size_t vch_step_linear_scratch(const struct vch_graph *graph, const struct vch_operator *operator_,
                               uint32_t batch)
{
    (void)graph, (void)operator_, (void)batch;
    return 0; // tiles live on the stack
}
