#include "split/cholesky.h"

#include <math.h>

enum {
    LANES = 8, // of a sum: fixed, and what a compiler makes vectors of
    BLOCK = VCH_CHOLESKY_BLOCK
};

double vch_cholesky_dot(const float *a, const float *b, size_t count)
{
    double sums[LANES] = {0}, sum = 0;
    size_t i = 0;

    for (; i + LANES <= count; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            sums[l] += (double)a[i + l] * (double)b[i + l];
    for (; i < count; i++)
        sum += (double)a[i] * (double)b[i];
    for (size_t l = 0; l < LANES; l++)
        sum += sums[l];
    return sum;
}

static double dot(const double *a, const double *b, size_t count)
{
    double sums[LANES] = {0}, sum = 0;
    size_t i = 0;

    for (; i + LANES <= count; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            sums[l] += a[i + l] * b[i + l];
    for (; i < count; i++)
        sum += a[i] * b[i];
    for (size_t l = 0; l < LANES; l++)
        sum += sums[l];
    return sum;
}

// Row by row, after Banachiewicz: every sum is one of products of two rows.
bool vch_cholesky_factorise(double *factor, const double *system, size_t n, double ridge)
{
    for (size_t i = 0; i < n; i++) {
        double *row = factor + i * n;
        for (size_t j = 0; j < i; j++)
            row[j] = (system[i * n + j] - dot(row, factor + j * n, j)) / factor[j * n + j];
        double pivot = system[i * n + i] + ridge - dot(row, row, i);
        if (!(pivot > 0)) return false;
        row[i] = sqrt(pivot);
    }
    return true;
}

static void divide(double *side, double by)
{
    for (size_t t = 0; t < BLOCK; t++)
        side[t] /= by;
}

static void subtract(double *side, double times, const double *other)
{
    for (size_t t = 0; t < BLOCK; t++)
        side[t] -= times * other[t];
}

void vch_cholesky_solve(double *sides, const double *factor, size_t n)
{
    for (size_t i = 0; i < n; i++) { // forwards through the factor
        for (size_t k = 0; k < i; k++)
            subtract(sides + i * BLOCK, factor[i * n + k], sides + k * BLOCK);
        divide(sides + i * BLOCK, factor[i * n + i]);
    }
    for (size_t i = n; i-- > 0;) { // and back through its transpose
        divide(sides + i * BLOCK, factor[i * n + i]);
        for (size_t k = 0; k < i; k++)
            subtract(sides + k * BLOCK, factor[i * n + k], sides + i * BLOCK);
    }
}
