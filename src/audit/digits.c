#include "audit/digits.h"

#include <string.h>

#include "base/check.h"

// What both kernels sum up exactly, and rows of what fits the nearest caches.
enum { BLOCK_MAX = 65536, ROWS = 64 };

__extension__ typedef __int128 vch_i128;

struct vch_digits vch_digits_at(int8_t *bytes, size_t depth)
{
    return (struct vch_digits){depth, depth < BLOCK_MAX ? depth : BLOCK_MAX, bytes};
}

vch_status vch_digits_new(struct vch_digits *out, size_t depth, struct vch_arena *arena)
{
    *out = vch_digits_at(vch_arena_alloc(arena, depth, VCH_DIGITS_COUNT), depth);
    return out->bytes == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

// How many elements the block has that begins at `first`.
static size_t block_size(const struct vch_digits *digits, size_t first)
{
    const size_t left = digits->depth - first;
    return left < digits->block ? left : digits->block;
}

// Eight digits of -128..127 reach from LEAST to LEAST + 2^64 - 1, which is more than p numbers: so
// every element has a representative there.
void vch_digits_set(const struct vch_digits *digits, size_t i, uint64_t element)
{
    const uint64_t most = 0x7f7f7f7f7f7f7f7f; // 127 in every digit
    const size_t first = i - i % digits->block, size = block_size(digits, first);
    int8_t *out = digits->bytes + first * VCH_DIGITS_COUNT + (i - first);
    uint64_t rest = element <= most ? element : element - VCH_FP_P; // modulo 2^64

    VCH_ASSERT(i < digits->depth && vch_fp_is_canonical(element));
    for (size_t d = 0; d < VCH_DIGITS_COUNT; d++) {
        const int8_t digit = (int8_t)(uint8_t)rest;
        out[d * size] = digit;
        rest = (rest - (uint64_t)(int64_t)digit) >> 8;
    }
}

static uint64_t from_i128(vch_i128 sum)
{
    if (sum >= 0) return vch_fp_reduce((vch_u128)sum);
    return vch_fp_neg(vch_fp_reduce((vch_u128)-sum));
}

// Each sum is below 2^22 * 2^16, so that together they stay below 2^95.
#define JOIN(name, type) \
    static uint64_t join_##name(const type *sums) \
    { \
        vch_i128 total = 0; \
        for (size_t d = VCH_DIGITS_COUNT; d-- > 0;) \
            total = total * 256 + sums[d]; \
        return from_i128(total); \
    }

// Rows of one block go together; of longer vectors, block by block.
#define DOT(name, data_type, sum_type, product) \
    JOIN(name, sum_type) \
    static void dot_whole_##name(uint64_t *out, const struct vch_digits *digits, \
                                 const data_type *data, size_t rows, \
                                 const struct vch_kernels *kernels) \
    { \
        sum_type sums[ROWS * VCH_DIGITS_COUNT]; \
        for (size_t first = 0; first < rows; first += ROWS) { \
            const size_t some = rows - first < ROWS ? rows - first : ROWS; \
            kernels->product(sums, VCH_DIGITS_COUNT, data + first * digits->depth, some, \
                             digits->bytes, VCH_DIGITS_COUNT, digits->depth); \
            for (size_t i = 0; i < some; i++) \
                out[first + i] = join_##name(sums + i * VCH_DIGITS_COUNT); \
        } \
    } \
    void vch_digits_dot_##name(uint64_t *out, const struct vch_digits *digits, \
                               const data_type *data, size_t rows, \
                               const struct vch_kernels *kernels) \
    { \
        sum_type sums[VCH_DIGITS_COUNT]; \
        if (digits->block == digits->depth) { \
            dot_whole_##name(out, digits, data, rows, kernels); \
            return; \
        } \
        for (size_t i = 0; i < rows; i++) { \
            const data_type *row = data + i * digits->depth; \
            out[i] = 0; \
            for (size_t first = 0; first < digits->depth; first += digits->block) { \
                kernels->product(sums, VCH_DIGITS_COUNT, row + first, 1, \
                                 digits->bytes + first * VCH_DIGITS_COUNT, VCH_DIGITS_COUNT, \
                                 block_size(digits, first)); \
                out[i] = vch_fp_add(out[i], join_##name(sums)); \
            } \
        } \
    }

DOT(i8, int8_t, int32_t, product_i8)
DOT(i16, int16_t, int64_t, product_i16)

// As halve_i32 does it, for four halves.
void vch_digits_halve_i64(int16_t *out, const int64_t *data, size_t count)
{
    const uint64_t lift = 0x0000800080008000;

    for (size_t i = 0; i < count; i++) {
        const uint64_t halves = ((uint64_t)data[i] + lift) ^ lift;
        memcpy(out + 4 * i, &halves, sizeof halves);
    }
}

void vch_digits_set_halves(const struct vch_digits *digits, size_t i, uint32_t halves,
                           uint64_t element)
{
    for (uint32_t h = 0; h < halves; h++) {
        vch_digits_set(digits, i * halves + h, element);
        element = vch_fp_mul(element, 1 << 16);
    }
}
