#include <immintrin.h>

#include "kernels/sha256_variants.h"

// The instructions want a, b, e, f in one register and c, d, g, h in the other, the first
// uppermost.
struct state {
    __m128i abef, cdgh;
};

static inline struct state load_state(const uint32_t words[8])
{
    const __m128i badc =
        _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)words), 0xb1);
    const __m128i efgh =
        _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(words + 4)), 0x1b);

    return (struct state){_mm_alignr_epi8(badc, efgh, 8), _mm_blend_epi16(efgh, badc, 0xf0)};
}

static inline void store_state(uint32_t words[8], const struct state *s)
{
    const __m128i feba = _mm_shuffle_epi32(s->abef, 0x1b), dchg = _mm_shuffle_epi32(s->cdgh, 0xb1);

    _mm_storeu_si128((__m128i *)(void *)words, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(words + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static inline void load_block(__m128i words[4], const uint8_t *block)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

    for (size_t i = 0; i < 4; i++)
        words[i] = _mm_shuffle_epi8(
            _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i)), swap);
}

// Four rounds with words[i % 4], which then become the four words sixteen later, if they are
// needed.
static inline __attribute__((always_inline)) void four_rounds(struct state *s, __m128i words[4],
                                                              const size_t i)
{
    const __m128i constants =
        _mm_load_si128((const __m128i *)(const void *)(vch_sha256_constants + 4 * i));
    const __m128i sums = _mm_add_epi32(words[i % 4], constants);

    s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, sums);
    s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(sums, 0x0e));
    if (i < 12) {
        const __m128i last = words[(i + 3) % 4];
        const __m128i sevenths = _mm_alignr_epi8(last, words[(i + 2) % 4], 4);
        const __m128i begun = _mm_sha256msg1_epu32(words[i % 4], words[(i + 1) % 4]);
        words[i % 4] = _mm_sha256msg2_epu32(_mm_add_epi32(begun, sevenths), last);
    }
}

static inline void add_state(struct state *s, const struct state *before)
{
    s->abef = _mm_add_epi32(s->abef, before->abef);
    s->cdgh = _mm_add_epi32(s->cdgh, before->cdgh);
}

void vch_sha256_blocks_shani(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    struct state s = load_state(state);

    for (; count > 0; count--, blocks += VCH_SHA256_BLOCK) {
        const struct state before = s;
        __m128i words[4];
        load_block(words, blocks);
#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++)
            four_rounds(&s, words, i);
        add_state(&s, &before);
    }
    store_state(state, &s);
}

// A round waits for the one before it; one of another message fills the time.
void vch_sha256_blocks_of_two_shani(uint32_t a_state[8], const uint8_t *a, uint32_t b_state[8],
                                    const uint8_t *b, size_t count)
{
    struct state s = load_state(a_state), t = load_state(b_state);

    for (; count > 0; count--, a += VCH_SHA256_BLOCK, b += VCH_SHA256_BLOCK) {
        const struct state s_before = s, t_before = t;
        __m128i words[4], more_words[4];
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
    store_state(a_state, &s);
    store_state(b_state, &t);
}
