// Hot loops of the proof system over arrays of field elements, one table of them per instruction
// set. As in kernels.h: the _portable variant defines what the others return, bit for bit.
//
// Elements are canonical on the way in and on the way out. An array of K is two planes, so that
// vectors load them as they lie. An array of 2^n values is a multilinear polynomial: bit j of the
// index is variable j, and its low half, [0, half), is where the highest variable is 0. Loops over
// halves take `half` as a distance and `count` pairs of it, so that threads may share one: part
// [first, last) is the same call on vch_planes_at(a, first) with count = last - first.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "field/extension.h"

struct vch_planes {
    uint64_t *c0, *c1;
};

struct vch_const_planes {
    const uint64_t *c0, *c1;
};

static inline struct vch_planes vch_planes_at(struct vch_planes a, size_t first)
{
    return (struct vch_planes){a.c0 + first, a.c1 + first};
}

static inline struct vch_const_planes vch_planes_const(struct vch_planes a)
{
    return (struct vch_const_planes){a.c0, a.c1};
}

static inline struct vch_const_planes vch_const_planes_at(struct vch_const_planes a, size_t first)
{
    return (struct vch_const_planes){a.c0 + first, a.c1 + first};
}

static inline struct vch_ext vch_planes_get(struct vch_const_planes a, size_t i)
{
    return (struct vch_ext){{a.c0[i], a.c1[i]}};
}

static inline void vch_planes_set(struct vch_planes a, size_t i, struct vch_ext value)
{
    a.c0[i] = value.c[0];
    a.c1[i] = value.c[1];
}

// Numerators and denominators of two fractions p0/q0 + p1/q1, of 2 * half entries each.
struct vch_fraction_pairs {
    struct vch_const_planes p0, p1, q0, q1;
};

struct vch_field_kernels {
    enum vch_cpu_level level;

    // values[k] = sum over j < n of values[j] w^(jk), w = vch_fp_root(log_n), n = 2^log_n, in place
    // and in natural order before and after; intt is the inverse. `twiddles` are those for log_n or
    // for anything above it. 1 <= log_n <= VCH_NTT_LOG_MAX
    void (*ntt)(uint64_t *values, unsigned log_n, const uint64_t *twiddles);
    void (*intt)(uint64_t *values, unsigned log_n, const uint64_t *twiddles);
    // values[i] *= first * ratio^i: to a coset and back.
    void (*scale_powers)(uint64_t *values, size_t count, uint64_t first, uint64_t ratio);

    // out[i] = scale * product over j < n of (bit j of i ? point[j] : 1 - point[j]), i < 2^n.
    void (*eq_table)(struct vch_planes out, const struct vch_ext *point, size_t n,
                     struct vch_ext scale);
    // a[i] += r * (a[i + half] - a[i]): the highest variable becomes r.
    void (*fold)(struct vch_planes a, size_t half, size_t count, struct vch_ext r);
    // out[i] = a[i] + r * (a[i + half] - a[i])
    void (*fold_base)(struct vch_planes out, const uint64_t *a, size_t half, size_t count,
                      struct vch_ext r);

    // A round of a sumcheck over a * b. Sums over i < count of a_i b_i, with i's highest variable
    // at 0, at 1, and the quadratic term: sums[0] from a[i], sums[1] from a[i + half], sums[2] from
    // the differences a[i + half] - a[i].
    void (*product_round)(struct vch_ext sums[3], struct vch_const_planes a,
                          struct vch_const_planes b, size_t half, size_t count);
    void (*product_round_base)(struct vch_ext sums[3], struct vch_const_planes a, const uint64_t *b,
                               size_t half, size_t count);

    // The same without sums[1], which follows from sums[0] and the claim: a third less to do.
    // ends[0] is sums[0], ends[1] is sums[2].
    void (*product_ends)(struct vch_ext ends[2], struct vch_const_planes a,
                         struct vch_const_planes b, size_t half, size_t count);
    void (*product_ends_base)(struct vch_ext ends[2], struct vch_const_planes a, const uint64_t *b,
                              size_t half, size_t count);

    // p_out/q_out = p[i]/q[i] + p[i + half]/q[i + half], without dividing:
    // p_out[i] = p[i] q[i + half] + p[i + half] q[i], q_out[i] = q[i] q[i + half]
    // The outputs may be the inputs.
    void (*fraction_combine)(struct vch_planes p_out, struct vch_planes q_out,
                             struct vch_const_planes p, struct vch_const_planes q, size_t half,
                             size_t count);
    // A round of a sumcheck over eq * G, G = p0 q1 + p1 q0 + lambda q0 q1: sums over i < count of
    // eq[i] G with p0, p1, q0, q1 at i, at i + half, and as differences, as in product_round. eq
    // has `half` entries: the highest variable's factor is the caller's. A layer's rounds are
    // faster with lambda q1 added to p1 beforehand, and a lambda of 0.
    void (*fraction_round)(struct vch_ext sums[3], struct vch_const_planes eq,
                           const struct vch_fraction_pairs *pairs, size_t half, size_t count,
                           struct vch_ext lambda);
    void (*fraction_ends)(struct vch_ext ends[2], struct vch_const_planes eq,
                          const struct vch_fraction_pairs *pairs, size_t half, size_t count,
                          struct vch_ext lambda);

    // Element by element, i < count. Outputs may be inputs.
    void (*mul_base)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t count);
    void (*mul)(struct vch_planes out, struct vch_const_planes a, struct vch_const_planes b,
                size_t count);
    void (*add)(struct vch_planes out, struct vch_const_planes a, struct vch_const_planes b,
                size_t count);
    // out[i] += c * x[i]
    void (*axpy_base)(struct vch_planes out, const uint64_t *x, struct vch_ext c, size_t count);
    void (*axpy)(struct vch_planes out, struct vch_const_planes x, struct vch_ext c, size_t count);
    // The sum of e[i] x[i].
    struct vch_ext (*dot_base)(struct vch_const_planes e, const uint64_t *x, size_t count);
    struct vch_ext (*dot)(struct vch_const_planes a, struct vch_const_planes b, size_t count);

    // out[i] = x[i] as an element.
    void (*lift_i8)(uint64_t *out, const int8_t *x, size_t count);
    void (*lift_i16)(uint64_t *out, const int16_t *x, size_t count);
    void (*lift_i32)(uint64_t *out, const int32_t *x, size_t count);
    void (*lift_i64)(uint64_t *out, const int64_t *x, size_t count);

    // out[k] = sum over o < rows of coefficients[o] * w[o * stride + k], k < columns.
    void (*combine_i8)(struct vch_planes out, const struct vch_ext *coefficients, const int8_t *w,
                       size_t stride, size_t rows, size_t columns);
    void (*combine_i16)(struct vch_planes out, const struct vch_ext *coefficients, const int16_t *w,
                        size_t stride, size_t rows, size_t columns);
};

// The kernels for `level`, falling back to the next lower level where a variant is missing.
struct vch_field_kernels vch_field_kernels_select(enum vch_cpu_level level);

#define VCH_NTT_LOG_MAX 24u

// How many elements a table of twiddles has, and one made for all transforms up to 2^log_n. For
// m = 1, 2, 4 ... n/4 and j < m, with w of order 4m, table[3m + km + j] is w^((k + 1) j), k < 3.
static inline size_t vch_ntt_twiddle_count(unsigned log_n)
{
    return ((size_t)3 << log_n) / 2;
}
void vch_ntt_twiddles(uint64_t *out, unsigned log_n);
