// The product of two activations, (..., M, K) by (..., K, N), with broadcasting in front.
#include "base/check.h"
#include "model/step.h"

struct matmul {
    const struct vch_step *step;
    enum vch_type a_type, b_type;
    size_t rows, depth, columns;
    struct vch_shape outer;
    size_t a_strides[VCH_RANK_MAX], b_strides[VCH_RANK_MAX]; // in matrices; 0 where it stretches
    size_t a_matrices, b_matrices, out_matrices;             // per sample
};

static void fill_strides(size_t *strides, const struct vch_shape *outer,
                         const struct vch_shape *shape)
{
    uint32_t shift = outer->rank - (shape->rank - 2);
    size_t stride = 1;

    for (uint32_t i = outer->rank; i-- > 0;) {
        uint32_t dim = i >= shift ? shape->dims[i - shift] : 1;
        strides[i] = dim == 1 ? 0 : stride;
        stride *= dim;
    }
}

static struct matmul describe(const struct vch_graph *graph, const struct vch_operator *operator_)
{
    const struct vch_value *a = &graph->values[operator_->inputs[0]];
    const struct vch_value *b = &graph->values[operator_->inputs[1]];
    const struct vch_value *y = &graph->values[operator_->output];
    struct matmul m = {.a_type = a->type, .b_type = b->type, .outer = y->shape};

    m.rows = a->shape.dims[a->shape.rank - 2];
    m.depth = a->shape.dims[a->shape.rank - 1];
    m.columns = b->shape.dims[b->shape.rank - 1];
    m.outer.rank -= 2;
    fill_strides(m.a_strides, &m.outer, &a->shape);
    fill_strides(m.b_strides, &m.outer, &b->shape);
    m.a_matrices = vch_tensor_shape_count(&a->shape) / (m.rows * m.depth);
    m.b_matrices = vch_tensor_shape_count(&b->shape) / (m.depth * m.columns);
    m.out_matrices = vch_tensor_shape_count(&y->shape) / (m.rows * m.columns);
    return m;
}

static size_t transposed_size(const struct matmul *m)
{
    return (m->depth * m->columns * vch_tensor_type_size(m->b_type) + 63) / 64 * 64;
}

// One output row from accumulators of either width.
static void finish(const struct matmul *m, size_t at, const int64_t *acc)
{
    struct vch_requantise how = vch_step_scaling(m->step->operator_, 0);

    vch_step_requantise_i64(m->step, vch_step_output(m->step)->type, m->step->output, at, acc,
                            m->columns, 0, &how);
}

static void row_product(const struct matmul *m, int64_t *acc, const void *a, size_t a_at,
                        const void *b)
{
    const struct vch_kernels *kernels = m->step->kernels;

    if (m->a_type == VCH_TYPE_I16 && m->b_type == VCH_TYPE_I8) {
        kernels->product_i16(acc, m->columns, (const int16_t *)a + a_at, 1, b, m->columns,
                             m->depth);
        return;
    }
    for (size_t j = 0; j < m->columns; j++) {
        int64_t sum = 0;
        for (size_t k = 0; k < m->depth; k++)
            sum += vch_step_load(m->a_type, a, a_at + k) *
                   vch_step_load(m->b_type, b, j * m->depth + k);
        acc[j] = sum;
    }
}

static void product_i8(const struct matmul *m, const int8_t *a, const int8_t *b, size_t at,
                       int32_t *acc)
{
    struct vch_requantise how = vch_step_scaling(m->step->operator_, 0);

    for (size_t i = 0; i < m->rows; i++) {
        m->step->kernels->product_i8(acc, m->columns, a + i * m->depth, 1, b, m->columns, m->depth);
        vch_step_requantise_i32(m->step, vch_step_output(m->step)->type, m->step->output,
                                at + i * m->columns, acc, m->columns, 0, &how);
    }
}

static void one_matrix(const struct matmul *m, size_t a_matrix, size_t b_matrix, size_t out_matrix)
{
    const void *b = m->step->inputs[1];
    void *transposed = m->step->scratch;
    void *acc = m->step->scratch + transposed_size(m);
    size_t b_at = b_matrix * m->depth * m->columns, a_at = a_matrix * m->rows * m->depth;
    size_t at = out_matrix * m->rows * m->columns;

    for (size_t k = 0; k < m->depth; k++)
        for (size_t j = 0; j < m->columns; j++)
            vch_step_store(m->b_type, transposed, j * m->depth + k,
                           vch_step_load(m->b_type, b, b_at + k * m->columns + j));
    if (m->a_type == VCH_TYPE_I8 && m->b_type == VCH_TYPE_I8 && m->depth <= VCH_DOT_I8_COUNT_MAX) {
        product_i8(m, (const int8_t *)m->step->inputs[0] + a_at, transposed, at, acc);
        return;
    }
    for (size_t i = 0; i < m->rows; i++) {
        row_product(m, acc, m->step->inputs[0], a_at + i * m->depth, transposed);
        finish(m, at + i * m->columns, acc);
    }
}

void vch_step_matmul(const struct vch_step *step)
{
    struct matmul m = describe(step->graph, step->operator_);

    m.step = step;
    for (size_t i = 0; i < m.out_matrices * step->batch; i++) {
        size_t sample = i / m.out_matrices, rest = i % m.out_matrices;
        size_t a = sample * m.a_matrices, b = sample * m.b_matrices;
        for (uint32_t axis = m.outer.rank; axis-- > 0;) {
            size_t at = rest % m.outer.dims[axis];
            rest /= m.outer.dims[axis];
            a += at * m.a_strides[axis];
            b += at * m.b_strides[axis];
        }
        one_matrix(&m, a, b, i);
    }
}

size_t vch_step_matmul_scratch(const struct vch_graph *graph, const struct vch_operator *operator_,
                               uint32_t batch)
{
    struct matmul m = describe(graph, operator_);

    (void)batch; // one matrix at a time
    return transposed_size(&m) + (m.columns * sizeof(int64_t) + 63) / 64 * 64;
}
