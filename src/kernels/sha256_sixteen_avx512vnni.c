#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/sha256_variants.h"

// Sixteen messages side by side, each word of all of them in one register. Columns of a matrix lie
// like this already, so that little is gathered.
enum { LANES = 16, BLOCK_PAIRS = VCH_SHA256_BLOCK / 8 };

// What comes after a message's first byte: a record, and rows of a matrix; 64 bits at a time.
struct source {
    const uint8_t *records; // `step` bytes from one message's to the next one's
    size_t step, record_pairs;
    const uint64_t *rows;
    size_t stride, row_count;
};

struct words { // of all messages
    __m512i first, second;
};

// Message j < 8 becomes lane 2j, message 8 + j lane 2j + 1; bytes come in the standard's order.
static inline struct words interleave(__m512i low, __m512i high)
{
    const __m512i swap = _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
    const __m512i first = _mm512_mask_blend_epi32(0xaaaa, low, _mm512_slli_epi64(high, 32));
    const __m512i second = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(low, 32), high);

    return (struct words){_mm512_shuffle_epi8(first, swap), _mm512_shuffle_epi8(second, swap)};
}

// Eight bytes of each message's record.
static inline struct words gather(const uint8_t *from, size_t step)
{
    const __m512i lanes = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i places = _mm512_mullo_epi32(lanes, _mm512_set1_epi64((long long)step));

    return interleave(_mm512_i64gather_epi64(places, from, 1),
                      _mm512_i64gather_epi64(places, from + 8 * step, 1));
}

// Pair p of each message's bytes after the first: of its record, its column, or what ends it.
static inline struct words load_pair(const struct source *s, size_t p)
{
    if (p < s->record_pairs) return gather(s->records + 8 * p, s->step);
    if (p < s->record_pairs + s->row_count) {
        const uint64_t *row = s->rows + (p - s->record_pairs) * s->stride;
        return interleave(_mm512_loadu_si512(row), _mm512_loadu_si512(row + 8));
    }
    const int end = p == s->record_pairs + s->row_count ? INT32_MIN : 0;
    return (struct words){_mm512_set1_epi32(end), _mm512_setzero_si512()};
}

// Every byte comes one later than in its pair. `last` is the word before the block.
static inline void load_block(__m512i words[16], const struct source *s, size_t block,
                              __m512i *last)
{
    for (size_t i = 0; i < BLOCK_PAIRS; i++) {
        const struct words pair = load_pair(s, block * BLOCK_PAIRS + i);
        words[2 * i] =
            _mm512_or_si512(_mm512_slli_epi32(*last, 24), _mm512_srli_epi32(pair.first, 8));
        words[2 * i + 1] =
            _mm512_or_si512(_mm512_slli_epi32(pair.first, 24), _mm512_srli_epi32(pair.second, 8));
        *last = pair.second;
    }
}

static inline __m512i xor_three(__m512i a, __m512i b, __m512i c)
{
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}

// Word i becomes the one sixteen later.
static inline __attribute__((always_inline)) void expand(__m512i w[16], const size_t i)
{
    const __m512i x = w[(i + 1) % 16], y = w[(i + 14) % 16];
    const __m512i one =
        xor_three(_mm512_ror_epi32(x, 7), _mm512_ror_epi32(x, 18), _mm512_srli_epi32(x, 3));
    const __m512i two =
        xor_three(_mm512_ror_epi32(y, 17), _mm512_ror_epi32(y, 19), _mm512_srli_epi32(y, 10));

    w[i] = _mm512_add_epi32(_mm512_add_epi32(w[i], w[(i + 9) % 16]), _mm512_add_epi32(one, two));
}

// Round i: what moves is which element of `s` is a, b, ... h.
static inline __attribute__((always_inline)) void one_round(__m512i s[8], const size_t i,
                                                            __m512i word)
{
    const __m512i a = s[(8 - i) % 8], b = s[(9 - i) % 8], c = s[(10 - i) % 8];
    const __m512i e = s[(12 - i) % 8], f = s[(13 - i) % 8], g = s[(14 - i) % 8];
    const __m512i choice = _mm512_ternarylogic_epi32(e, f, g, 0xca);
    const __m512i majority = _mm512_ternarylogic_epi32(a, b, c, 0xe8);
    const __m512i of_e =
        xor_three(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25));
    const __m512i of_a =
        xor_three(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22));
    const __m512i sum =
        _mm512_add_epi32(_mm512_add_epi32(s[(15 - i) % 8], word), _mm512_add_epi32(of_e, choice));

    s[(11 - i) % 8] = _mm512_add_epi32(s[(11 - i) % 8], sum);
    s[(15 - i) % 8] = _mm512_add_epi32(sum, _mm512_add_epi32(of_a, majority));
}

// Eight rounds, and the words they used expanded if there are rounds to come.
static inline __attribute__((always_inline)) void eight_rounds(__m512i s[8], __m512i w[16],
                                                               const size_t first,
                                                               const uint32_t *constants,
                                                               const bool expands)
{
#define ROUND(i) \
    one_round(s, i, \
              _mm512_add_epi32(w[first + (i)], _mm512_set1_epi32((int)constants[first + (i)]))); \
    if (expands) expand(w, first + (i))
    ROUND(0);
    ROUND(1);
    ROUND(2);
    ROUND(3);
    ROUND(4);
    ROUND(5);
    ROUND(6);
    ROUND(7);
#undef ROUND
}

static inline void hash_block(__m512i state[8], __m512i w[16])
{
    const uint32_t *constants = vch_sha256_constants;
    __m512i s[8];

    for (size_t i = 0; i < 8; i++)
        s[i] = state[i];
    for (size_t t = 0; t < 3; t++, constants += 16) {
        eight_rounds(s, w, 0, constants, true);
        eight_rounds(s, w, 8, constants, true);
    }
    eight_rounds(s, w, 0, constants, false);
    eight_rounds(s, w, 8, constants, false);
    for (size_t i = 0; i < 8; i++)
        state[i] = _mm512_add_epi32(state[i], s[i]);
}

static size_t lane_of(size_t message)
{
    return message < 8 ? 2 * message : 2 * (message - 8) + 1;
}

static void start(__m512i state[8])
{
    for (size_t i = 0; i < 8; i++)
        state[i] = _mm512_set1_epi32((int)vch_sha256_start[i]);
}

static void load_states(__m512i state[8], const struct vch_sha256_column *columns)
{
    uint32_t words[8][LANES];

    for (size_t j = 0; j < LANES; j++)
        for (size_t i = 0; i < 8; i++)
            words[i][lane_of(j)] = columns[j].state[i];
    for (size_t i = 0; i < 8; i++)
        state[i] = _mm512_loadu_si512(words[i]);
}

static void store_states(struct vch_sha256_column *columns, const __m512i state[8])
{
    uint32_t words[8][LANES];

    for (size_t i = 0; i < 8; i++)
        _mm512_storeu_si512(words[i], state[i]);
    for (size_t j = 0; j < LANES; j++)
        for (size_t i = 0; i < 8; i++)
            columns[j].state[i] = words[i][lane_of(j)];
}

static void store_digests(uint8_t (*digests)[VCH_SHA256_SIZE], const __m512i state[8])
{
    const __m512i swap = _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
    uint32_t words[8][LANES];

    for (size_t i = 0; i < 8; i++)
        _mm512_storeu_si512(words[i], _mm512_shuffle_epi8(state[i], swap));
    for (size_t j = 0; j < LANES; j++)
        for (size_t i = 0; i < 8; i++)
            memcpy(digests[j] + 4 * i, &words[i][lane_of(j)], 4);
}

// Rows lie far apart, so that nobody but us knows which lines come next.
static inline void prefetch(const struct source *s, size_t block)
{
    const size_t first = block * BLOCK_PAIRS - s->record_pairs;

    for (size_t i = first; i < first + BLOCK_PAIRS && i < s->row_count; i++) {
        _mm_prefetch((const char *)(s->rows + i * s->stride), _MM_HINT_T0);
        _mm_prefetch((const char *)(s->rows + i * s->stride + 8), _MM_HINT_T0);
    }
}

// `last` has the messages' first bytes, lowest in its lanes. They have `size` bytes in all, or none
// where there are more rows to come.
static void hash_sixteen(__m512i state[8], const struct source *s, __m512i last, uint64_t size)
{
    const size_t rest = 1 + 8 * (s->record_pairs + s->row_count) + 1 + 8;
    const size_t blocks =
        size == 0 ? s->row_count / BLOCK_PAIRS : (rest + VCH_SHA256_BLOCK - 1) / VCH_SHA256_BLOCK;
    __m512i words[16];

    for (size_t block = 0; block < blocks; block++) {
        load_block(words, s, block, &last);
        prefetch(s, block + 1);
        if (size != 0 && block + 1 == blocks) { // which ends with the count of bits
            words[14] = _mm512_set1_epi32((int)(size >> 29));
            words[15] = _mm512_set1_epi32((int)(uint32_t)(size << 3));
        }
        hash_block(state, words);
    }
}

// The last 33 bytes of at least five rows.
static void keep_tails(struct vch_sha256_column *columns, const uint64_t *end, size_t stride)
{
    for (size_t j = 0; j < LANES; j++) {
        columns[j].tail[0] = (uint8_t)((end - 5 * stride)[j] >> 56);
        for (size_t i = 0; i < 4; i++)
            memcpy(columns[j].tail + 1 + 8 * i, end - (4 - i) * stride + j, 8);
    }
}

void vch_sha256_sixteen_columns_avx512vnni(struct vch_sha256_column *columns,
                                           const uint64_t *matrix, size_t stride, size_t rows,
                                           size_t total)
{
    const uint8_t *tail = columns[0].tail;
    const struct source source = {tail + 1, sizeof *columns, VCH_SHA256_SALT / 8,
                                  matrix,   stride,          rows};
    const __m512i first = gather(tail - 7, sizeof *columns).second;
    __m512i state[8];

    if (rows == total)
        start(state);
    else
        load_states(state, columns);
    if (total == VCH_SHA256_MORE) {
        hash_sixteen(state, &source, first, 0);
        keep_tails(columns, matrix + rows * stride, stride);
    } else {
        hash_sixteen(state, &source, first, sizeof columns->tail + 8 * (uint64_t)total);
    }
    store_states(columns, state);
}

void vch_sha256_sixteen_parents_avx512vnni(uint8_t (*digests)[VCH_SHA256_SIZE],
                                           const uint8_t (*children)[VCH_SHA256_SIZE])
{
    const size_t step = 2 * VCH_SHA256_SIZE;
    const struct source source = {.records = children[0], .step = step, .record_pairs = step / 8};
    __m512i state[8];

    start(state);
    hash_sixteen(state, &source, _mm512_set1_epi32(1), 1 + step);
    store_digests(digests, state);
}
