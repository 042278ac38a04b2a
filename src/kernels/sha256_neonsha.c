#include <arm_neon.h>

#include "kernels/sha256_variants.h"

struct state {
    uint32x4_t abcd, efgh;
};

// Four rounds with words[i % 4], which then become the four words sixteen later, if they are
// needed.
static inline __attribute__((always_inline)) void four_rounds(struct state *s, uint32x4_t words[4],
                                                              const size_t i)
{
    const uint32x4_t sums = vaddq_u32(words[i % 4], vld1q_u32(vch_sha256_constants + 4 * i));
    const uint32x4_t abcd = s->abcd;

    s->abcd = vsha256hq_u32(abcd, s->efgh, sums);
    s->efgh = vsha256h2q_u32(s->efgh, abcd, sums);
    if (i < 12)
        words[i % 4] = vsha256su1q_u32(vsha256su0q_u32(words[i % 4], words[(i + 1) % 4]),
                                       words[(i + 2) % 4], words[(i + 3) % 4]);
}

static inline void load_block(uint32x4_t words[4], const uint8_t *block)
{
    for (size_t i = 0; i < 4; i++)
        words[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(block + 16 * i)));
}

static inline void add_state(struct state *s, const struct state *before)
{
    s->abcd = vaddq_u32(s->abcd, before->abcd);
    s->efgh = vaddq_u32(s->efgh, before->efgh);
}

void vch_sha256_blocks_neonsha(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    struct state s = {vld1q_u32(state), vld1q_u32(state + 4)};

    for (; count > 0; count--, blocks += VCH_SHA256_BLOCK) {
        const struct state before = s;
        uint32x4_t words[4];
        load_block(words, blocks);
#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++)
            four_rounds(&s, words, i);
        add_state(&s, &before);
    }
    vst1q_u32(state, s.abcd);
    vst1q_u32(state + 4, s.efgh);
}

// A round waits for the one before it; one of another message fills the time.
void vch_sha256_blocks_of_two_neonsha(uint32_t a_state[8], const uint8_t *a, uint32_t b_state[8],
                                      const uint8_t *b, size_t count)
{
    struct state s = {vld1q_u32(a_state), vld1q_u32(a_state + 4)};
    struct state t = {vld1q_u32(b_state), vld1q_u32(b_state + 4)};

    for (; count > 0; count--, a += VCH_SHA256_BLOCK, b += VCH_SHA256_BLOCK) {
        const struct state s_before = s, t_before = t;
        uint32x4_t words[4], more_words[4];
        load_block(words, a);
        load_block(more_words, b);
#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++) {
            four_rounds(&s, words, i);
            four_rounds(&t, more_words, i);
        }
        add_state(&s, &s_before);
        add_state(&t, &t_before);
    }
    vst1q_u32(a_state, s.abcd);
    vst1q_u32(a_state + 4, s.efgh);
    vst1q_u32(b_state, t.abcd);
    vst1q_u32(b_state + 4, t.efgh);
}
