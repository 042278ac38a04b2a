#include "split/matrix.h"

#include <string.h>

#include "base/check.h"

// One vector register of the smallest processor we know: element by element, nothing else.
typedef float lanes __attribute__((vector_size(4 * VCH_MATRIX_COLUMNS)));

enum {
    LANES = VCH_MATRIX_COLUMNS,
    ROWS = 4,   // of a tile, whose sums stay in registers
    VECTORS = 2 // columns of a tile, in lanes
};

static lanes load(const float *at)
{
    lanes out;

    memcpy(&out, at, sizeof out);
    return out;
}

static void store(float *at, lanes value)
{
    memcpy(at, &value, sizeof value);
}

// `vectors` is a constant at each call, so that the loops over it unroll.
static inline __attribute__((always_inline)) void tile(float *c, const float *a, size_t a_row,
                                                       size_t a_inner, const float *b, size_t inner,
                                                       size_t columns, size_t vectors)
{
    lanes sum[ROWS][VECTORS];

    for (size_t i = 0; i < ROWS; i++)
        for (size_t v = 0; v < vectors; v++)
            sum[i][v] = load(c + i * columns + v * LANES);
    for (size_t k = 0; k < inner; k++)
        for (size_t v = 0; v < vectors; v++) {
            lanes right = load(b + k * columns + v * LANES);
            for (size_t i = 0; i < ROWS; i++)
                sum[i][v] += a[i * a_row + k * a_inner] * right;
        }
    for (size_t i = 0; i < ROWS; i++)
        for (size_t v = 0; v < vectors; v++)
            store(c + i * columns + v * LANES, sum[i][v]);
}

// A row alone passes over the whole of `b`: as it lies in memory, and once.
static void single_row(float *c, const float *a, size_t a_inner, const float *b, size_t inner,
                       size_t columns)
{
    for (size_t k = 0; k < inner; k++) {
        float left = a[k * a_inner];
        for (size_t j = 0; j < columns; j += LANES)
            store(c + j, load(c + j) + left * load(b + k * columns + j));
    }
}

void vch_matrix_add_product(float *c, const float *a, size_t a_row, size_t a_inner, const float *b,
                            size_t rows, size_t inner, size_t columns)
{
    size_t i = 0;

    VCH_ASSERT(columns % LANES == 0);
    for (; i + ROWS <= rows; i += ROWS) {
        const float *left = a + i * a_row;
        float *out = c + i * columns;
        size_t j = 0;
        for (; j + (size_t)VECTORS * LANES <= columns; j += (size_t)VECTORS * LANES)
            tile(out + j, left, a_row, a_inner, b + j, inner, columns, VECTORS);
        if (j < columns) tile(out + j, left, a_row, a_inner, b + j, inner, columns, 1);
    }
    for (; i < rows; i++)
        single_row(c + i * columns, a + i * a_row, a_inner, b, inner, columns);
}
