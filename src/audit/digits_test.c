#include "audit/digits.h"

#include <string.h>

#include "harness/test.h"

enum { DEPTH_MAX = 70000, ROWS_MAX = 70 };

static uint64_t random_u64(void)
{
    return (uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX);
}

// Edges of digits and of the field among them.
static uint64_t random_element(void)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     127,
                                     128,
                                     255,
                                     256,
                                     VCH_FP_HALF,
                                     VCH_FP_HALF + 1,
                                     VCH_FP_P - 1,
                                     VCH_FP_P - 128,
                                     0x7f7f7f7f7f7f7f7f,
                                     0x7f7f7f7f7f7f7f80,
                                     0x8000000000000000};
    const uint64_t any = random_u64();

    if (test_below(4) == 0) return edges[test_below(sizeof edges / sizeof *edges)];
    return any % VCH_FP_P;
}

static uint64_t plain_dot(const uint64_t *vector, const int64_t *data, size_t depth)
{
    uint64_t sum = 0;

    for (size_t k = 0; k < depth; k++)
        sum = vch_fp_add(sum, vch_fp_mul(vector[k], vch_fp_from_i64(data[k])));
    return sum;
}

struct scene {
    struct vch_arena arena;
    struct vch_digits digits;
    uint64_t *vector, out[ROWS_MAX];
    int64_t *data;
};

static void open_scene(struct scene *s, size_t depth, size_t rows, int64_t most)
{
    vch_arena_init(&s->arena, (size_t)1 << 30);
    CHECK_OK(vch_digits_new(&s->digits, depth, &s->arena));
    s->vector = VCH_ARENA_NEW(&s->arena, uint64_t, depth);
    s->data = VCH_ARENA_NEW(&s->arena, int64_t, rows * depth);
    for (size_t k = 0; k < depth; k++) {
        s->vector[k] = random_element();
        vch_digits_set(&s->digits, k, s->vector[k]);
    }
    for (size_t i = 0; i < rows * depth; i++)
        s->data[i] = test_below(8) == 0 ? (test_below(2) ? most : -most)
                                        : (int64_t)(random_u64() % (2 * (uint64_t)most + 1)) - most;
}

static void check(struct scene *s, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        CHECK(s->out[i] == plain_dot(s->vector, s->data + i * s->digits.depth, s->digits.depth));
}

static size_t random_depth(int round)
{
    return round == 0 ? DEPTH_MAX : 1 + test_below(300);
}

TEST(digits_give_the_products_of_the_field_on_every_level)
{
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        const struct vch_kernels kernels = vch_kernels_select(level);
        for (int round = 0; round < 40; round++) {
            struct scene s;
            const size_t depth = random_depth(round), rows = 1 + test_below(round ? ROWS_MAX : 3);
            open_scene(&s, depth, rows, round % 2 ? 127 : 32767);
            int8_t *bytes = VCH_ARENA_NEW(&s.arena, int8_t, rows * depth);
            int16_t *words = VCH_ARENA_NEW(&s.arena, int16_t, rows * depth);
            for (size_t i = 0; i < rows * depth; i++) {
                bytes[i] = (int8_t)s.data[i];
                words[i] = (int16_t)s.data[i];
            }
            vch_digits_dot_i16(s.out, &s.digits, words, rows, &kernels);
            check(&s, rows);
            if (round % 2) {
                vch_digits_dot_i8(s.out, &s.digits, bytes, rows, &kernels);
                check(&s, rows);
            }
            vch_arena_release(&s.arena);
        }
    }
}

TEST(halves_of_accumulators_are_worth_what_they_were)
{
    const struct vch_kernels kernels = vch_kernels_select(vch_cpu_level(NULL));

    for (int round = 0; round < 60; round++) {
        struct scene s;
        const uint32_t halves = round % 2 ? 4 : 2;
        const int64_t most = halves == 4 ? ((int64_t)1 << 62) - 1 : VCH_DIGITS_I32_MAX - 1;
        const size_t depth = 1 + test_below(200), rows = 1 + test_below(ROWS_MAX);
        struct vch_digits digits;
        open_scene(&s, depth, rows, most);
        int16_t *words = VCH_ARENA_NEW(&s.arena, int16_t, rows * depth * halves);
        int32_t *narrow = VCH_ARENA_NEW(&s.arena, int32_t, rows * depth);
        CHECK_OK(vch_digits_new(&digits, depth * halves, &s.arena));
        for (size_t k = 0; k < depth; k++)
            vch_digits_set_halves(&digits, k, halves, s.vector[k]);
        for (size_t i = 0; i < rows * depth; i++)
            narrow[i] = (int32_t)s.data[i];
        if (halves == 4)
            vch_digits_halve_i64(words, s.data, rows * depth);
        else
            kernels.halve_i32(words, narrow, rows * depth);
        vch_digits_dot_i16(s.out, &digits, words, rows, &kernels);
        check(&s, rows);
        vch_arena_release(&s.arena);
    }
}
