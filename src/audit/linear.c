#include "audit/linear.h"

#include "base/check.h"

static const void *parameter_of(const struct vch_graph *graph, const struct vch_operator *o,
                                uint32_t i)
{
    return i < o->parameter_count ? graph->parameters[o->parameters[i]].data : NULL;
}

struct vch_linear_convolution vch_linear_convolution(const struct vch_graph *graph,
                                                     const struct vch_operator *operator_)
{
    const struct vch_shape *x = &graph->values[operator_->inputs[0]].shape;
    const struct vch_shape *y = &graph->values[operator_->output].shape;
    const uint32_t *in = x->dims + x->rank - 3, *out = y->dims + y->rank - 3;
    const struct vch_window *w = &operator_->window;

    return (struct vch_linear_convolution){
        .channels = in[0],
        .height = in[1],
        .width = in[2],
        .outputs = out[0],
        .rows = out[1],
        .columns = out[2],
        .taps = (size_t)w->kernel[0] * w->kernel[1],
        .group_channels = in[0] / w->groups,
        .group_outputs = out[0] / w->groups,
        .window = *w,
    };
}

bool vch_linear_pixel(size_t *out, const struct vch_linear_convolution *c, size_t place, size_t tap)
{
    const struct vch_window *w = &c->window;
    const size_t u = tap / w->kernel[1], v = tap % w->kernel[1];
    const size_t row = place / c->columns * w->stride[0] + u * w->dilation[0];
    const size_t column = place % c->columns * w->stride[1] + v * w->dilation[1];

    if (row < w->pad_begin[0] || row - w->pad_begin[0] >= c->height) return false;
    if (column < w->pad_begin[1] || column - w->pad_begin[1] >= c->width) return false;
    *out = (row - w->pad_begin[0]) * c->width + (column - w->pad_begin[1]);
    return true;
}

static size_t dim_at(const struct vch_shape *shape, uint32_t from_end)
{
    return from_end < shape->rank ? shape->dims[shape->rank - 1 - from_end] : 1;
}

// 0 along axes that an operand repeats.
static void set_strides(size_t *strides, uint32_t rank, const struct vch_shape *operand)
{
    size_t stride = 1;

    for (uint32_t i = 0; i < rank; i++) {
        const size_t size = dim_at(operand, i + 2);
        strides[rank - 1 - i] = size == 1 ? 0 : stride;
        stride *= size;
    }
}

struct vch_linear_matmul vch_linear_matmul(const struct vch_graph *graph,
                                           const struct vch_operator *operator_)
{
    const struct vch_shape *a = &graph->values[operator_->inputs[0]].shape;
    const struct vch_shape *b = &graph->values[operator_->inputs[1]].shape;
    const struct vch_shape *y = &graph->values[operator_->output].shape;
    struct vch_linear_matmul m = {
        .rows = dim_at(y, 1), .depth = dim_at(a, 0), .columns = dim_at(y, 0), .rank = y->rank - 2};

    m.matrices = vch_tensor_shape_count(y) / (m.rows * m.columns);
    for (uint32_t i = 0; i < m.rank; i++)
        m.dims[i] = y->dims[i];
    set_strides(m.a, m.rank, a);
    set_strides(m.b, m.rank, b);
    return m;
}

void vch_linear_operands(size_t *a, size_t *b, const struct vch_linear_matmul *m, size_t matrix)
{
    *a = *b = 0;
    for (uint32_t i = m->rank; i-- > 0; matrix /= m->dims[i]) {
        *a += matrix % m->dims[i] * m->a[i];
        *b += matrix % m->dims[i] * m->b[i];
    }
}

static void accumulate_linear(int64_t *out, const struct vch_graph *graph,
                              const struct vch_operator *o, const void *x)
{
    const struct vch_shape *w = &graph->parameters[o->parameters[0]].shape;
    const struct vch_value *value = &graph->values[o->inputs[0]];
    const int8_t *weights = parameter_of(graph, o, 0);
    const int64_t *bias = parameter_of(graph, o, 1);
    const size_t outputs = w->dims[0], depth = w->dims[1];
    const size_t rows = vch_tensor_shape_count(&value->shape) / depth;

    for (size_t row = 0; row < rows; row++)
        for (size_t n = 0; n < outputs; n++) {
            int64_t sum = bias != NULL ? bias[n] : 0;
            for (size_t k = 0; k < depth; k++)
                sum += vch_tensor_load(value->type, x, row * depth + k) * weights[n * depth + k];
            out[row * outputs + n] = sum;
        }
}

static void accumulate_convolution(int64_t *out, const struct vch_graph *graph,
                                   const struct vch_operator *o, const void *x)
{
    const struct vch_linear_convolution c = vch_linear_convolution(graph, o);
    const enum vch_type type = graph->values[o->inputs[0]].type;
    const int8_t *weights = parameter_of(graph, o, 0);
    const int64_t *bias = parameter_of(graph, o, 1);
    const size_t places = c.rows * c.columns, plane = c.height * c.width;

    for (size_t n = 0; n < c.outputs; n++)
        for (size_t p = 0; p < places; p++)
            out[n * places + p] = bias != NULL ? bias[n] : 0;
    for (size_t p = 0; p < places; p++)
        for (size_t tap = 0; tap < c.taps; tap++) {
            size_t pixel = 0;
            if (!vch_linear_pixel(&pixel, &c, p, tap)) continue;
            for (size_t n = 0; n < c.outputs; n++)
                for (size_t k = 0; k < c.group_channels; k++) {
                    const size_t channel = n / c.group_outputs * c.group_channels + k;
                    out[n * places + p] += vch_tensor_load(type, x, channel * plane + pixel) *
                                           weights[(n * c.group_channels + k) * c.taps + tap];
                }
        }
}

static void accumulate_matmul(int64_t *out, const struct vch_graph *graph,
                              const struct vch_operator *o, const void *const operands[2])
{
    const struct vch_linear_matmul m = vch_linear_matmul(graph, o);
    const enum vch_type left = graph->values[o->inputs[0]].type;
    const enum vch_type right = graph->values[o->inputs[1]].type;

    for (size_t z = 0; z < m.matrices; z++) {
        size_t a = 0, b = 0;
        vch_linear_operands(&a, &b, &m, z);
        a *= m.rows * m.depth;
        b *= m.depth * m.columns;
        for (size_t i = 0; i < m.rows; i++, out += m.columns)
            for (size_t j = 0; j < m.columns; j++) {
                out[j] = 0;
                for (size_t k = 0; k < m.depth; k++)
                    out[j] += vch_tensor_load(left, operands[0], a + i * m.depth + k) *
                              vch_tensor_load(right, operands[1], b + k * m.columns + j);
            }
    }
}

void vch_linear_accumulate(int64_t *out, const struct vch_graph *graph,
                           const struct vch_operator *operator_, const void *const operands[2])
{
    switch ((int)operator_->kind) {
    case VCH_OPERATOR_LINEAR: accumulate_linear(out, graph, operator_, operands[0]); return;
    case VCH_OPERATOR_CONVOLUTION:
        accumulate_convolution(out, graph, operator_, operands[0]);
        return;
    default:
        VCH_ASSERT(operator_->kind == VCH_OPERATOR_MATMUL);
        accumulate_matmul(out, graph, operator_, operands);
    }
}
