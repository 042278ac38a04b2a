// CONVOLUTION with one input channel per group: too few products per output for a matrix product,
// so each tap is added to a row of outputs at a time.
#include "model/step.h"

#include "base/check.h"

enum { ROW = 256 };

struct depthwise {
    const struct vch_step *step;
    size_t height, width, outputs, out_height, out_width, group_outputs, channels;
    size_t taps, rows, pieces; // rows: of all planes of all samples
};

// The columns of the output, within [first, first + count), whose tap falls inside the image.
struct reach {
    size_t first, last;
};

static struct reach reach_of(const struct vch_window *window, uint32_t tap, size_t width,
                             size_t first, size_t count)
{
    const int64_t stride = window->stride[1];
    const int64_t shift = (int64_t)tap * window->dilation[1] - window->pad_begin[1];
    int64_t lo = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
    int64_t hi = (int64_t)width - 1 < shift ? -1 : ((int64_t)width - 1 - shift) / stride;
    int64_t begin = (int64_t)first, end = begin + (int64_t)count;

    if (lo < begin) lo = begin;
    if (hi >= end) hi = end - 1;
    if (hi < lo) return (struct reach){first, first};
    return (struct reach){(size_t)lo, (size_t)hi + 1};
}

// acc[i] += weight * x[i * stride]
#define ADD_TAP(name, sum, from) \
    static void name(sum *acc, const from *x, size_t count, size_t stride, sum weight) \
    { \
        if (stride == 1) \
            for (size_t i = 0; i < count; i++) \
                acc[i] += weight * x[i]; \
        else \
            for (size_t i = 0; i < count; i++) \
                acc[i] += weight * x[i * stride]; \
    }

ADD_TAP(add_tap_i8, int32_t, int8_t)
ADD_TAP(add_tap_i8_long, int64_t, int8_t)
ADD_TAP(add_tap_i16, int64_t, int16_t)

struct sums {
    int32_t narrow[ROW];
    int64_t wide[ROW];
};

static void add_taps(const struct depthwise *d, struct sums *sums, const uint8_t *row,
                     const int8_t *weights, size_t first, size_t count)
{
    const struct vch_window *window = &d->step->operator_->window;
    enum vch_type type = vch_step_input(d->step, 0)->type;
    const size_t stride = window->stride[1];

    for (uint32_t k = 0; k < window->kernel[1]; k++) {
        struct reach reach = reach_of(window, k, d->width, first, count);
        size_t at = reach.first - first, n = reach.last - reach.first;
        if (n == 0) continue;
        size_t x = reach.first * stride + (size_t)k * window->dilation[1] - window->pad_begin[1];
        const void *from = row + x * vch_tensor_type_size(type);
        if (type == VCH_TYPE_I16)
            add_tap_i16(sums->wide + at, from, n, stride, weights[k]);
        else if (d->taps > VCH_DOT_I8_COUNT_MAX)
            add_tap_i8_long(sums->wide + at, from, n, stride, weights[k]);
        else
            add_tap_i8(sums->narrow + at, from, n, stride, weights[k]);
    }
}

// Up to ROW outputs of row `y` of one output channel's plane.
static void run_part(const struct depthwise *d, const uint8_t *plane, size_t channel, size_t y,
                     size_t first, size_t count, size_t index)
{
    const struct vch_step *step = d->step;
    const struct vch_window *window = &step->operator_->window;
    const int8_t *weights = vch_step_parameter(step, 0);
    const int64_t *biases = vch_step_parameter(step, 1);
    const int64_t bias = biases == NULL ? 0 : biases[channel];
    const struct vch_requantise how = vch_step_scaling(step->operator_, (uint32_t)channel);
    const size_t row_size = d->width * vch_tensor_type_size(vch_step_input(step, 0)->type);
    struct sums sums = {{0}, {0}};

    weights += channel * d->taps;
    for (uint32_t k = 0; k < window->kernel[0]; k++) {
        int64_t row = (int64_t)(y * window->stride[0]) + (int64_t)k * window->dilation[0] -
                      window->pad_begin[0];
        if (row < 0 || row >= (int64_t)d->height) continue;
        add_taps(d, &sums, plane + (size_t)row * row_size, weights + (size_t)k * window->kernel[1],
                 first, count);
    }
    if (vch_step_input(step, 0)->type == VCH_TYPE_I8 && d->taps <= VCH_DOT_I8_COUNT_MAX)
        vch_step_requantise_i32(step, vch_step_output(step)->type, step->output, index, sums.narrow,
                                count, bias, &how);
    else
        vch_step_requantise_i64(step, vch_step_output(step)->type, step->output, index, sums.wide,
                                count, bias, &how);
}

static void run_row(const struct depthwise *d, size_t index)
{
    size_t y = index % d->out_height, channel = index / d->out_height % d->outputs;
    size_t sample = index / d->out_height / d->outputs;
    size_t plane_size =
        d->height * d->width * vch_tensor_type_size(vch_step_input(d->step, 0)->type);
    const uint8_t *plane = (const uint8_t *)d->step->inputs[0] +
                           (sample * d->channels + channel / d->group_outputs) * plane_size;

    for (size_t first = 0; first < d->out_width; first += ROW) {
        size_t count = d->out_width - first < ROW ? d->out_width - first : ROW;
        run_part(d, plane, channel, y, first, count, index * d->out_width + first);
    }
}

static void run_piece(void *context, size_t piece)
{
    const struct depthwise *d = context;
    struct vch_step_part part = vch_step_part(piece, d->pieces, d->rows);

    for (size_t i = part.first; i < part.last; i++)
        run_row(d, i);
}

void vch_step_depthwise(const struct vch_step *step)
{
    const struct vch_shape *x = &vch_step_input(step, 0)->shape;
    const struct vch_shape *y = &vch_step_output(step)->shape;
    const struct vch_window *window = &step->operator_->window;
    const uint32_t *in = x->dims + x->rank - 3, *out = y->dims + y->rank - 3;
    struct depthwise d = {
        .step = step,
        .channels = in[0],
        .height = in[1],
        .width = in[2],
        .outputs = out[0],
        .out_height = out[1],
        .out_width = out[2],
        .group_outputs = out[0] / in[0],
        .taps = (size_t)window->kernel[0] * window->kernel[1],
    };

    VCH_ASSERT(d.group_outputs >= 1);
    d.rows = step->batch * d.outputs * d.out_height;
    d.pieces =
        vch_step_piece_count(step->batch * vch_graph_work(step->graph, step->operator_), d.rows);
    vch_workers_run(step->workers, run_piece, &d, d.pieces);
}
