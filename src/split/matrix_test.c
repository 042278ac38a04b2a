// The product equals its definition, to the bit, for every shape and reading order.
#include "split/matrix.h"

#include <stdbool.h>
#include <string.h>

#include "harness/test.h"

enum { MOST = 24 };

static void fill(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (float)test_below(2001) / 1000.0F - 1.0F;
}

static void check_shape(size_t rows, size_t inner, size_t columns, bool is_transposed)
{
    static float a[MOST * MOST], b[MOST * MOST], c[MOST * MOST], want[MOST * MOST];
    size_t a_row = is_transposed ? 1 : inner, a_inner = is_transposed ? rows : 1;

    fill(a, rows * inner);
    fill(b, inner * columns);
    fill(c, rows * columns);
    memcpy(want, c, sizeof want);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            for (size_t k = 0; k < inner; k++)
                want[i * columns + j] += a[i * a_row + k * a_inner] * b[k * columns + j];
    vch_matrix_add_product(c, a, a_row, a_inner, b, rows, inner, columns);
    CHECK(memcmp(c, want, rows * columns * sizeof *c) == 0);
}

TEST(products_of_all_shapes_equal_their_definition_to_the_bit)
{
    for (size_t rows = 0; rows <= 9; rows++)
        for (size_t inner = 0; inner <= 5; inner++)
            for (size_t columns = 0; columns <= MOST; columns += VCH_MATRIX_COLUMNS) {
                check_shape(rows, inner, columns, false);
                check_shape(rows, inner, columns, true);
            }
}
