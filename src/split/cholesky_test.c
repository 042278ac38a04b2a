// Factors multiply back to the system, solutions solve it, and what is not positive is refused.
#include "split/cholesky.h"

#include <math.h>

#include "harness/test.h"

enum { MOST = 40, BLOCK = VCH_CHOLESKY_BLOCK };

static double random_number(void)
{
    return (double)test_below(2001) / 1000 - 1;
}

// rows times their transpose: symmetric, and not negative.
static void fill(double *system, size_t n)
{
    static double rows[MOST * MOST];

    for (size_t i = 0; i < n * n; i++)
        rows[i] = random_number();
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            system[i * n + j] = 0;
            for (size_t k = 0; k < n; k++)
                system[i * n + j] += rows[i * n + k] * rows[j * n + k];
        }
}

TEST(solutions_solve_the_system)
{
    static double system[MOST * MOST], factor[MOST * MOST], sides[MOST * BLOCK];
    static double right[MOST * BLOCK];

    for (size_t n = 1; n <= MOST; n += 3) {
        fill(system, n);
        for (size_t i = 0; i < n * BLOCK; i++)
            right[i] = sides[i] = random_number();
        CHECK(vch_cholesky_factorise(factor, system, n, 0.5));
        vch_cholesky_solve(sides, factor, n);
        for (size_t i = 0; i < n; i++)
            for (size_t t = 0; t < BLOCK; t++) {
                double sum = 0.5 * sides[i * BLOCK + t];
                for (size_t k = 0; k < n; k++)
                    sum += system[i * n + k] * sides[k * BLOCK + t];
                CHECK(fabs(sum - right[i * BLOCK + t]) < 1e-9);
            }
    }
}

TEST(matrices_that_are_not_positive_are_refused)
{
    double factor[4], negative[4] = {1, 2, 2, 1}, none[4] = {0}, nan[4] = {NAN, 0, 0, 1};

    CHECK(!vch_cholesky_factorise(factor, negative, 2, 0.5));
    CHECK(vch_cholesky_factorise(factor, negative, 2, 1.5));
    CHECK(!vch_cholesky_factorise(factor, none, 2, 0));
    CHECK(!vch_cholesky_factorise(factor, nan, 2, 0));
}

TEST(products_of_rows_of_any_length_are_sums)
{
    float a[MOST], b[MOST];

    for (size_t n = 0; n <= MOST; n++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            a[i] = (float)test_below(100);
            b[i] = (float)test_below(100);
            sum += (double)a[i] * (double)b[i]; // whole numbers: exact in any order
        }
        CHECK(vch_cholesky_dot(a, b, n) == sum);
    }
}
