// MATMUL: the second operand is turned, block by block, so that both are read along the depth.
#include "model/step.h"

#include "base/check.h"

enum { TILE = 64 };

struct matmul {
    const struct vch_step *step;
    size_t rows, columns, depth;
    size_t outer, column_tiles, tiles, pieces;
    size_t slot_size; // scratch of one piece: TILE turned columns, up to two bytes an element
    size_t a_matrices, b_matrices; // per sample
    uint32_t rank;                 // of the outer axes
    size_t dims[VCH_RANK_MAX], a_strides[VCH_RANK_MAX], b_strides[VCH_RANK_MAX]; // in matrices
};

static size_t dim_at(const struct vch_shape *shape, uint32_t from_end)
{
    return from_end < shape->rank ? shape->dims[shape->rank - 1 - from_end] : 1;
}

// Strides, in matrices, of an operand along the output's outer axes; 0 where it stretches.
static void outer_strides(size_t *strides, uint32_t rank, const struct vch_shape *operand)
{
    size_t stride = 1;

    for (uint32_t i = 0; i < rank; i++) {
        size_t size = dim_at(operand, i + 2);
        strides[rank - 1 - i] = size == 1 ? 0 : stride;
        stride *= size;
    }
}

static struct matmul plan(const struct vch_shape *out, const struct vch_shape *a,
                          const struct vch_shape *b, uint32_t samples, uint64_t work)
{
    struct matmul m = {
        .rows = dim_at(out, 1),
        .columns = dim_at(out, 0),
        .depth = dim_at(a, 0),
        .rank = out->rank - 2,
    };

    m.outer = vch_tensor_shape_count(out) / (m.rows * m.columns);
    for (uint32_t i = 0; i < m.rank; i++)
        m.dims[i] = out->dims[i];
    m.a_matrices = vch_tensor_shape_count(a) / (m.rows * m.depth);
    m.b_matrices = vch_tensor_shape_count(b) / (m.depth * m.columns);
    outer_strides(m.a_strides, m.rank, a);
    outer_strides(m.b_strides, m.rank, b);
    m.column_tiles = (m.columns + TILE - 1) / TILE;
    m.tiles = samples * m.outer * m.column_tiles;
    m.pieces = vch_step_piece_count(samples * work, m.tiles);
    m.slot_size = ((size_t)TILE * 2 * m.depth + 63) / 64 * 64;
    return m;
}

size_t vch_step_matmul_scratch(const struct vch_graph *graph, const struct vch_operator *operator_,
                               uint32_t samples)
{
    struct matmul m =
        plan(&graph->values[operator_->output].shape, &graph->values[operator_->inputs[0]].shape,
             &graph->values[operator_->inputs[1]].shape, samples, vch_graph_work(graph, operator_));
    return m.pieces * m.slot_size;
}

static void outer_offsets(size_t *a, size_t *b, const struct matmul *m, size_t outer)
{
    *a = *b = 0;
    for (uint32_t i = m->rank; i-- > 0;) {
        *a += outer % m->dims[i] * m->a_strides[i];
        *b += outer % m->dims[i] * m->b_strides[i];
        outer /= m->dims[i];
    }
}

// Columns [first, first + count) of b (depth, columns) as rows.
static void turn_i8(int8_t *out, const int8_t *b, const struct matmul *m, size_t first,
                    size_t count)
{
    for (size_t k = 0; k < m->depth; k++)
        for (size_t j = 0; j < count; j++)
            out[j * m->depth + k] = b[k * m->columns + first + j];
}

static void turn_i16(int16_t *out, const int16_t *b, const struct matmul *m, size_t first,
                     size_t count)
{
    for (size_t k = 0; k < m->depth; k++)
        for (size_t j = 0; j < count; j++)
            out[j * m->depth + k] = b[k * m->columns + first + j];
}

// The same in two bytes each: b = 256 * high + low + 128 with both inside int8.
static void turn_split(int8_t *high, int8_t *low, const int16_t *b, const struct matmul *m,
                       size_t first, size_t count)
{
    for (size_t k = 0; k < m->depth; k++)
        for (size_t j = 0; j < count; j++) {
            int16_t value = b[k * m->columns + first + j];
            int32_t floor = (value - (value & 255)) / 256;
            high[j * m->depth + k] = (int8_t)floor;
            low[j * m->depth + k] = (int8_t)((value & 255) - 128);
        }
}

struct block { // rows of a against turned columns of b
    const uint8_t *a, *b;
    size_t rows, columns;
    int64_t *acc; // (rows, columns)
};

// Sums too long for int32, one by one.
static void multiply_long(const struct matmul *m, const struct block *block)
{
    const int8_t *a = (const int8_t *)block->a, *b = (const int8_t *)block->b;

    for (size_t i = 0; i < block->rows; i++)
        for (size_t j = 0; j < block->columns; j++) {
            int64_t sum = 0;
            for (size_t k = 0; k < m->depth; k++) {
                const int32_t product = a[i * m->depth + k] * b[j * m->depth + k];
                sum += product; // of two int8: it always fits
            }
            block->acc[i * block->columns + j] = sum;
        }
}

static void multiply_i8(const struct matmul *m, const struct block *block)
{
    int32_t acc[TILE * TILE];

    if (m->depth > VCH_DOT_I8_COUNT_MAX) {
        multiply_long(m, block);
        return;
    }
    m->step->kernels->product_i8(acc, block->columns, (const int8_t *)block->a, block->rows,
                                 (const int8_t *)block->b, block->columns, m->depth);
    for (size_t i = 0; i < block->rows * block->columns; i++)
        block->acc[i] = acc[i];
}

static void multiply_i8_by_i16(const struct matmul *m, const struct block *block)
{
    int64_t turned[TILE];

    for (size_t j = 0; j < block->columns; j++) {
        m->step->kernels->product_i16(turned, TILE,
                                      (const int16_t *)(const void *)block->b + j * m->depth, 1,
                                      (const int8_t *)block->a, block->rows, m->depth);
        for (size_t i = 0; i < block->rows; i++)
            block->acc[i * block->columns + j] = turned[i];
    }
}

// sum a * b = 256 * sum a * high + sum a * low + 128 * sum a
static void multiply_i16(const struct matmul *m, const struct block *block)
{
    const int16_t *a = (const int16_t *)(const void *)block->a;
    const int8_t *high = (const int8_t *)block->b, *low = high + TILE * m->depth;
    int64_t part[TILE];

    for (size_t i = 0; i < block->rows; i++) {
        const int16_t *row = a + i * m->depth;
        int64_t *acc = block->acc + i * block->columns, sum = 0;
        for (size_t k = 0; k < m->depth; k++)
            sum += row[k];
        m->step->kernels->product_i16(acc, block->columns, row, 1, high, block->columns, m->depth);
        m->step->kernels->product_i16(part, TILE, row, 1, low, block->columns, m->depth);
        for (size_t j = 0; j < block->columns; j++)
            acc[j] = 256 * acc[j] + part[j] + 128 * sum;
    }
}

static void multiply(const struct matmul *m, const struct block *block)
{
    enum vch_type a = vch_step_input(m->step, 0)->type, b = vch_step_input(m->step, 1)->type;

    if (a == VCH_TYPE_I8 && b == VCH_TYPE_I8)
        multiply_i8(m, block);
    else if (a == VCH_TYPE_I8)
        multiply_i8_by_i16(m, block);
    else if (b == VCH_TYPE_I16)
        multiply_i16(m, block);
    else
        m->step->kernels->product_i16(block->acc, block->columns,
                                      (const int16_t *)(const void *)block->a, block->rows,
                                      (const int8_t *)block->b, block->columns, m->depth);
}

static void turn(const struct matmul *m, uint8_t *out, const uint8_t *b, size_t first, size_t count)
{
    const void *source = b;
    void *turned = out;

    if (vch_step_input(m->step, 1)->type == VCH_TYPE_I8)
        turn_i8(turned, source, m, first, count);
    else if (vch_step_input(m->step, 0)->type == VCH_TYPE_I8)
        turn_i16(turned, source, m, first, count);
    else
        turn_split(turned, (int8_t *)turned + TILE * m->depth, source, m, first, count);
}

static void run_tile(const struct matmul *m, size_t tile, uint8_t *turned)
{
    const size_t first = tile % m->column_tiles * TILE, matrix = tile / m->column_tiles;
    const size_t columns = m->columns - first < TILE ? m->columns - first : TILE;
    const size_t sample = matrix / m->outer;
    const size_t a_size = vch_tensor_type_size(vch_step_input(m->step, 0)->type);
    const size_t b_size = vch_tensor_type_size(vch_step_input(m->step, 1)->type);
    const struct vch_requantise how = vch_step_scaling(m->step->operator_, 0);
    size_t a_matrix = 0, b_matrix = 0;
    int64_t acc[TILE * TILE];

    outer_offsets(&a_matrix, &b_matrix, m, matrix % m->outer);
    a_matrix += sample * m->a_matrices;
    b_matrix += sample * m->b_matrices;
    const uint8_t *rows =
        (const uint8_t *)m->step->inputs[0] + a_matrix * m->rows * m->depth * a_size;
    turn(m, turned, (const uint8_t *)m->step->inputs[1] + b_matrix * m->depth * m->columns * b_size,
         first, columns);
    for (size_t row = 0; row < m->rows; row += TILE) {
        size_t count = m->rows - row < TILE ? m->rows - row : TILE;
        multiply(m, &(struct block){rows + row * m->depth * a_size, turned, count, columns, acc});
        for (size_t i = 0; i < count; i++)
            vch_step_requantise_i64(m->step, vch_step_output(m->step)->type, m->step->output,
                                    (matrix * m->rows + row + i) * m->columns + first,
                                    acc + i * columns, columns, 0, &how);
    }
}

static void run_piece(void *context, size_t piece)
{
    const struct matmul *m = context;
    struct vch_step_part part = vch_step_part(piece, m->pieces, m->tiles);

    for (size_t i = part.first; i < part.last; i++)
        run_tile(m, i, m->step->scratch + piece * m->slot_size);
}

void vch_step_matmul(const struct vch_step *step)
{
    struct matmul m = plan(&vch_step_output(step)->shape, &vch_step_input(step, 0)->shape,
                           &vch_step_input(step, 1)->shape, step->batch,
                           vch_graph_work(step->graph, step->operator_));

    m.step = step;
    vch_workers_run(step->workers, run_piece, &m, m.pieces);
}
