// Symmetric systems in binary64: products of rows, Cholesky's factors, and solutions.
//
// Every sum has a fixed order, so that results depend on the arguments alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { VCH_CHOLESKY_BLOCK = 32 }; // right sides solved at once

// The sum of a[i] * b[i].
double vch_cholesky_dot(const float *a, const float *b, size_t count);

// The lower `factor` (n, n) with factor times its transpose = system + ridge * I. Of `system`
// (n, n), row-major, the lower half is read. False where that matrix is not positive to working
// precision, which a ridge too small may leave.
bool vch_cholesky_factorise(double *factor, const double *system, size_t n, double ridge);

// Turns right sides (n, VCH_CHOLESKY_BLOCK) into solutions.
void vch_cholesky_solve(double *sides, const double *factor, size_t n);
