// Every variant this processor can run must equal the portable one, byte for byte; and the
// portable one must equal plain wide arithmetic.
#include "kernels/kernels.h"

#include <string.h>

#include "harness/test.h"

__extension__ typedef __int128 wide;

enum { DEPTH_MAX = 4 * 32 * 128 + 77, ROWS_MAX = 9, COLUMNS_MAX = 11, PATTERNS = 4 };

static int64_t pick(int pattern, int64_t least, int64_t most)
{
    uint64_t random = (uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX);

    if (pattern == 0) return least;
    if (pattern == 1) return most;
    if (pattern == 2) return test_below(2) ? least : most;
    return least + (int64_t)(random % ((uint64_t)(most - least) + 1));
}

static void check_i8(size_t rows, size_t columns, size_t depth, int pattern)
{
    static int8_t a[ROWS_MAX * DEPTH_MAX + 1], b[COLUMNS_MAX * DEPTH_MAX + 1];
    int32_t want[ROWS_MAX * (COLUMNS_MAX + 3)], got[ROWS_MAX * (COLUMNS_MAX + 3)];
    size_t stride = columns + 3, shift = depth % 2; // odd addresses too
    struct vch_kernels reference = vch_kernels_select(VCH_CPU_PORTABLE);

    for (size_t i = 0; i < rows * depth; i++)
        a[shift + i] = (int8_t)pick(pattern, INT8_MIN, INT8_MAX);
    for (size_t i = 0; i < columns * depth; i++)
        b[shift + i] = (int8_t)pick(pattern, INT8_MIN, INT8_MAX);
    memset(want, 0x55, sizeof want);
    reference.product_i8(want, stride, a + shift, rows, b + shift, columns, depth);
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        memset(got, 0x55, sizeof got);
        vch_kernels_select(level).product_i8(got, stride, a + shift, rows, b + shift, columns,
                                             depth);
        CHECK(memcmp(got, want, sizeof got) == 0); // also: nothing written beside the block
    }
}

static void check_i16(size_t rows, size_t columns, size_t depth, int pattern)
{
    static int16_t a[ROWS_MAX * DEPTH_MAX];
    static int8_t b[COLUMNS_MAX * DEPTH_MAX + 1];
    int64_t want[ROWS_MAX * (COLUMNS_MAX + 3)], got[ROWS_MAX * (COLUMNS_MAX + 3)];
    size_t stride = columns + 3, shift = depth % 2;
    struct vch_kernels reference = vch_kernels_select(VCH_CPU_PORTABLE);

    for (size_t i = 0; i < rows * depth; i++)
        a[i] = (int16_t)pick(pattern, INT16_MIN, INT16_MAX);
    for (size_t i = 0; i < columns * depth; i++)
        b[shift + i] = (int8_t)pick(pattern, INT8_MIN, INT8_MAX);
    memset(want, 0x55, sizeof want);
    reference.product_i16(want, stride, a, rows, b + shift, columns, depth);
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        memset(got, 0x55, sizeof got);
        vch_kernels_select(level).product_i16(got, stride, a, rows, b + shift, columns, depth);
        CHECK(memcmp(got, want, sizeof got) == 0);
    }
}

TEST(products_equal_portable_at_every_depth)
{
    for (size_t depth = 0; depth <= 200; depth++) {
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            check_i8(1 + depth % ROWS_MAX, 1 + depth % COLUMNS_MAX, depth, pattern);
            check_i16(1 + depth % ROWS_MAX, 1 + depth % COLUMNS_MAX, depth, pattern);
        }
    }
}

TEST(products_equal_portable_at_every_block_size)
{
    for (size_t rows = 1; rows <= ROWS_MAX; rows++) {
        for (size_t columns = 1; columns <= COLUMNS_MAX; columns++) {
            check_i8(rows, columns, 65, 3);
            check_i16(rows, columns, 33, 3);
        }
    }
}

TEST(products_stay_exact_where_narrow_sums_would_overflow)
{
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        check_i8(2, 5, DEPTH_MAX, pattern);
        check_i16(2, 5, DEPTH_MAX, pattern);
    }
}

TEST(products_equal_plain_arithmetic)
{
    static int8_t x[VCH_DOT_I8_COUNT_MAX];
    struct vch_kernels kernels = vch_kernels_select(vch_cpu_level(NULL));
    int32_t sum = 0;

    memset(x, INT8_MIN, sizeof x);
    kernels.product_i8(&sum, 1, x, 1, x, 1, sizeof x);
    CHECK_EQ(sum, 16384LL * VCH_DOT_I8_COUNT_MAX);
}

// floor of the shifted sum, in arithmetic too wide to be wrong.
static int64_t slow_requantise(int64_t acc, const struct vch_requantise *how)
{
    wide sum = (wide)acc * how->multiplier + ((wide)1 << (how->shift - 1));
    wide divisor = (wide)1 << how->shift, quotient = sum / divisor;

    if (sum % divisor < 0) quotient--;
    if (quotient < how->lo) return how->lo;
    return quotient > how->hi ? how->hi : (int64_t)quotient;
}

static struct vch_requantise pick_how(int64_t least, int64_t most)
{
    int64_t lo = pick(3, least, most), hi = pick(3, lo, most);

    return (struct vch_requantise){
        .multiplier = (int32_t)pick((int)test_below(PATTERNS), test_below(4) ? 0 : -32767, 32767),
        .shift = 1 + test_below(62),
        .lo = test_below(2) ? least : lo,
        .hi = test_below(2) ? most : hi,
    };
}

TEST(requantise_is_the_floor_of_wide_arithmetic)
{
    for (int i = 0; i < 200000; i++) {
        struct vch_requantise how = pick_how(INT32_MIN, INT32_MAX);
        int64_t most = ((int64_t)1 << test_below(47));
        int64_t acc = pick((int)test_below(PATTERNS), -most, most);
        CHECK_EQ(vch_requantise_one(acc, &how), slow_requantise(acc, &how));
    }
}

enum { COUNT_MAX = 70 };

#define CHECK_REQUANTISE(from, to, from_type, to_type, acc, least, most) \
    do { \
        to_type expected[COUNT_MAX + 1], made[COUNT_MAX + 1]; \
        struct vch_requantise how_ = pick_how(least, most); \
        from_type copy_[COUNT_MAX]; \
        for (size_t i_ = 0; i_ < count; i_++) \
            copy_[i_] = (from_type)(acc)[i_]; \
        memset(expected, 0x55, sizeof expected); \
        reference.requantise_##from##_to_##to(expected, copy_, count, bias, &how_); \
        for (size_t i_ = 0; i_ < count; i_++) \
            CHECK_EQ(expected[i_], slow_requantise(copy_[i_] + bias, &how_)); \
        for (enum vch_cpu_level l_ = VCH_CPU_PORTABLE; l_ <= vch_cpu_level(NULL); l_++) { \
            memset(made, 0x55, sizeof made); \
            vch_kernels_select(l_).requantise_##from##_to_##to(made, copy_, count, bias, &how_); \
            CHECK(memcmp(made, expected, sizeof made) == 0); \
        } \
    } while (0)

TEST(requantise_variants_equal_portable)
{
    struct vch_kernels reference = vch_kernels_select(VCH_CPU_PORTABLE);
    int64_t narrow[COUNT_MAX], broad[COUNT_MAX];

    for (int round = 0; round < 2000; round++) {
        size_t count = (size_t)round % COUNT_MAX;
        int64_t bias = pick((int)test_below(PATTERNS), -((int64_t)1 << 40), (int64_t)1 << 40);
        for (size_t i = 0; i < count; i++) {
            narrow[i] = pick((int)test_below(PATTERNS), INT32_MIN, INT32_MAX);
            broad[i] = pick((int)test_below(PATTERNS), -((int64_t)1 << 46), (int64_t)1 << 46);
        }
        CHECK_REQUANTISE(i32, i8, int32_t, int8_t, narrow, -127, 127);
        CHECK_REQUANTISE(i32, i16, int32_t, int16_t, narrow, -32767, 32767);
        CHECK_REQUANTISE(i64, i8, int64_t, int8_t, broad, -127, 127);
        CHECK_REQUANTISE(i64, i16, int64_t, int16_t, broad, -32767, 32767);
        CHECK_REQUANTISE(i64, i32, int64_t, int32_t, broad, INT32_MIN, INT32_MAX);
    }
}

TEST(accumulators_are_held_to_a_bound_and_halved_as_they_are_worth)
{
    static int32_t x[300];
    static int16_t halves[2 * 300];

    for (int round = 0; round < 400; round++) {
        const size_t count = 1 + test_below(299);
        const int32_t bound = (int32_t)test_below(2147450880);
        for (size_t i = 0; i < count; i++)
            x[i] = (int32_t)pick((int)test_below(12), -bound, bound);
        const size_t at = test_below((uint32_t)count);
        for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
            const struct vch_kernels kernels = vch_kernels_select(level);
            const int32_t before = x[at];
            CHECK(kernels.is_within_i32(x, count, bound));
            kernels.halve_i32(halves, x, count);
            for (size_t i = 0; i < count; i++)
                CHECK_EQ(halves[2 * i] + 65536 * (int64_t)halves[2 * i + 1], x[i]);
            x[at] = test_below(2) ? bound + 1 : -bound - 1;
            CHECK(!kernels.is_within_i32(x, count, bound));
            x[at] = INT32_MIN;
            CHECK(!kernels.is_within_i32(x, count, bound));
            x[at] = before;
        }
    }
}
