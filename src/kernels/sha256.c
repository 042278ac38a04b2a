#include "kernels/sha256.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "kernels/sha256_variants.h"

// The fractions of the first eight primes' square roots, in 32 bits.
const uint32_t vch_sha256_start[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

#define USE_BLOCKS(kernels, isa) \
    do { \
        (kernels).blocks = vch_sha256_blocks_##isa; \
        (kernels).blocks_of_two = vch_sha256_blocks_of_two_##isa; \
    } while (0)

struct vch_sha256_kernels vch_sha256_kernels_select(enum vch_cpu_level level)
{
    struct vch_sha256_kernels kernels = {0};

    USE_BLOCKS(kernels, portable);
#if defined(__x86_64__)
    if (level >= VCH_CPU_AVX2 && vch_cpu_has_sha256()) USE_BLOCKS(kernels, shani);
    if (level >= VCH_CPU_AVX512VNNI) {
        kernels.sixteen_columns = vch_sha256_sixteen_columns_avx512vnni;
        kernels.sixteen_parents = vch_sha256_sixteen_parents_avx512vnni;
    }
#elif defined(__aarch64__)
    if (level >= VCH_CPU_NEON && vch_cpu_has_sha256()) USE_BLOCKS(kernels, neonsha);
#else
    (void)level;
#endif
    return kernels;
}

void vch_sha256_init(struct vch_sha256 *hash, const struct vch_sha256_kernels *kernels)
{
    hash->kernels = kernels;
    hash->size = 0;
    memcpy(hash->state, vch_sha256_start, sizeof hash->state);
}

void vch_sha256_update(struct vch_sha256 *hash, const void *bytes, size_t size)
{
    const size_t held = hash->size % VCH_SHA256_BLOCK, room = VCH_SHA256_BLOCK - held;
    const uint8_t *from = bytes;

    hash->size += size;
    if (held != 0) {
        const size_t taken = size < room ? size : room;
        memcpy(hash->block + held, from, taken);
        if (taken < room) return;
        hash->kernels->blocks(hash->state, hash->block, 1);
        from += taken;
        size -= taken;
    }
    hash->kernels->blocks(hash->state, from, size / VCH_SHA256_BLOCK);
    if (size % VCH_SHA256_BLOCK != 0)
        memcpy(hash->block, from + size / VCH_SHA256_BLOCK * VCH_SHA256_BLOCK,
               size % VCH_SHA256_BLOCK);
}

static void store(uint8_t digest[VCH_SHA256_SIZE], const uint32_t state[8])
{
    for (size_t i = 0; i < VCH_SHA256_SIZE; i++)
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

// Ends a message of `size` bytes whose last size % 64 lie at `tail`: a 1, zeros, and the count of
// bits, which fill one or two blocks. Tells how many.
static size_t pad(uint8_t *tail, uint64_t size)
{
    const size_t held = size % VCH_SHA256_BLOCK;
    const size_t end = held < VCH_SHA256_BLOCK - 8 ? VCH_SHA256_BLOCK : 2 * VCH_SHA256_BLOCK;

    tail[held] = 0x80;
    memset(tail + held + 1, 0, end - held - 1);
    for (size_t i = 0; i < 8; i++)
        tail[end - 1 - i] = (uint8_t)(size * 8 >> 8 * i);
    return end / VCH_SHA256_BLOCK;
}

void vch_sha256_final(struct vch_sha256 *hash, uint8_t digest[VCH_SHA256_SIZE])
{
    uint8_t tail[2 * VCH_SHA256_BLOCK];

    memcpy(tail, hash->block, hash->size % VCH_SHA256_BLOCK);
    hash->kernels->blocks(hash->state, tail, pad(tail, hash->size));
    store(digest, hash->state);
    vch_wipe(tail, sizeof tail);
    vch_wipe(hash, sizeof *hash);
}

void vch_sha256(const struct vch_sha256_kernels *kernels, uint8_t digest[VCH_SHA256_SIZE],
                const void *bytes, size_t size)
{
    struct vch_sha256 hash;

    vch_sha256_init(&hash, kernels);
    vch_sha256_update(&hash, bytes, size);
    vch_sha256_final(&hash, digest);
}

// Columns side by side, as many as share a cache line of the matrix.
enum { SIXTEEN = 16, LINE = 8, PREFIX = 1 + VCH_SHA256_SALT, ROWS = 64 };

struct line {
    uint32_t states[LINE][8];
    uint8_t bytes[LINE]
                 [PREFIX + 8 * ROWS + VCH_SHA256_BLOCK]; // what is to be hashed, and room to pad
};

// The next `rows` values of `count` columns, behind the PREFIX bytes that lie there.
static void gather(struct line *line, const uint64_t *matrix, size_t stride, size_t rows,
                   size_t count)
{
    for (size_t i = 0; i < rows; i++, matrix += stride)
        for (size_t j = 0; j < count; j++) {
            uint8_t *to = line->bytes[j] + PREFIX + 8 * i;
            for (unsigned k = 0; k < 8; k++)
                to[k] = (uint8_t)(matrix[j] >> 8 * k);
        }
}

static void hash_blocks(const struct vch_sha256_kernels *kernels, struct line *line, size_t count,
                        size_t blocks)
{
    size_t j = 0;

    for (; j + 2 <= count; j += 2)
        kernels->blocks_of_two(line->states[j], line->bytes[j], line->states[j + 1],
                               line->bytes[j + 1], blocks);
    if (j < count) kernels->blocks(line->states[j], line->bytes[j], blocks);
}

// Eight rows or a multiple of it, at most ROWS.
static void hash_rows(const struct vch_sha256_kernels *kernels, struct line *line,
                      const uint64_t *matrix, size_t stride, size_t rows, size_t count)
{
    gather(line, matrix, stride, rows, count);
    hash_blocks(kernels, line, count, rows / LINE);
    for (size_t j = 0; j < count; j++)
        memcpy(line->bytes[j], line->bytes[j] + 8 * rows, PREFIX);
}

static void hash_end(const struct vch_sha256_kernels *kernels, struct line *line,
                     const uint64_t *matrix, size_t stride, size_t rows, size_t total, size_t count)
{
    const size_t held = PREFIX + 8 * rows, whole = held / VCH_SHA256_BLOCK;
    size_t blocks = 0;

    gather(line, matrix, stride, rows, count);
    for (size_t j = 0; j < count; j++)
        blocks = whole + pad(line->bytes[j] + whole * VCH_SHA256_BLOCK, PREFIX + 8 * total);
    hash_blocks(kernels, line, count, blocks);
}

// As sixteen_columns, for `count` of at most LINE columns.
static void hash_line(const struct vch_sha256_kernels *kernels, struct line *line,
                      struct vch_sha256_column *columns, const uint64_t *matrix, size_t stride,
                      size_t rows, size_t total, size_t count)
{
    for (size_t j = 0; j < count; j++) {
        memcpy(line->states[j], columns[j].state, sizeof line->states[j]);
        memcpy(line->bytes[j], columns[j].tail, PREFIX);
    }
    for (; rows >= ROWS; rows -= ROWS, matrix += ROWS * stride)
        hash_rows(kernels, line, matrix, stride, ROWS, count);
    if (total != VCH_SHA256_MORE)
        hash_end(kernels, line, matrix, stride, rows, total, count);
    else if (rows != 0)
        hash_rows(kernels, line, matrix, stride, rows, count);
    for (size_t j = 0; j < count; j++) {
        memcpy(columns[j].state, line->states[j], sizeof line->states[j]);
        memcpy(columns[j].tail, line->bytes[j], PREFIX);
    }
}

static void hash_columns(const struct vch_sha256_kernels *kernels,
                         struct vch_sha256_column *columns, const uint64_t *matrix, size_t stride,
                         size_t rows, size_t total, size_t count)
{
    struct line line;
    size_t j = 0;

    for (; kernels->sixteen_columns != NULL && j + SIXTEEN <= count; j += SIXTEEN)
        kernels->sixteen_columns(columns + j, matrix + j, stride, rows, total);
    if (j == count) return;
    for (; j < count; j += LINE)
        hash_line(kernels, &line, columns + j, matrix + j, stride, rows, total,
                  count - j < LINE ? count - j : LINE);
    vch_wipe(&line, sizeof line);
}

void vch_sha256_columns_init(struct vch_sha256_column *columns,
                             const uint8_t (*salts)[VCH_SHA256_SALT], size_t count)
{
    for (size_t j = 0; j < count; j++) {
        memcpy(columns[j].state, vch_sha256_start, sizeof columns[j].state);
        columns[j].tail[0] = 0;
        memcpy(columns[j].tail + 1, salts[j], VCH_SHA256_SALT);
    }
}

void vch_sha256_columns_update(const struct vch_sha256_kernels *kernels,
                               struct vch_sha256_column *columns, const uint64_t *matrix,
                               size_t stride, size_t rows, size_t count)
{
    VCH_ASSERT(rows != 0 && rows % LINE == 0);
    hash_columns(kernels, columns, matrix, stride, rows, VCH_SHA256_MORE, count);
}

void vch_sha256_columns_final(const struct vch_sha256_kernels *kernels,
                              uint8_t (*digests)[VCH_SHA256_SIZE],
                              struct vch_sha256_column *columns, const uint64_t *matrix,
                              size_t stride, size_t rows, size_t total, size_t count)
{
    VCH_ASSERT(rows <= total);
    hash_columns(kernels, columns, matrix, stride, rows, total, count);
    for (size_t j = 0; j < count; j++)
        store(digests[j], columns[j].state);
    vch_wipe(columns, count * sizeof *columns);
}

void vch_sha256_columns(const struct vch_sha256_kernels *kernels,
                        uint8_t (*digests)[VCH_SHA256_SIZE], const uint64_t *matrix, size_t stride,
                        size_t rows, const uint8_t (*salts)[VCH_SHA256_SALT], size_t first,
                        size_t last)
{
    struct vch_sha256_column columns[SIXTEEN];

    for (size_t j = first; j < last; j += SIXTEEN) {
        const size_t count = last - j < SIXTEEN ? last - j : SIXTEEN;
        vch_sha256_columns_init(columns, salts + j, count);
        vch_sha256_columns_final(kernels, digests + j, columns, matrix + j, stride, rows, rows,
                                 count);
    }
}

enum { PARENT_SIZE = 1 + 2 * VCH_SHA256_SIZE };

static void load_parent(uint8_t message[2 * VCH_SHA256_BLOCK], const uint8_t *children)
{
    message[0] = 1;
    memcpy(message + 1, children, PARENT_SIZE - 1);
    (void)pad(message + VCH_SHA256_BLOCK, PARENT_SIZE);
}

static void hash_two_parents(const struct vch_sha256_kernels *kernels,
                             uint8_t (*digests)[VCH_SHA256_SIZE],
                             const uint8_t (*children)[VCH_SHA256_SIZE], size_t second)
{
    uint8_t messages[2][2 * VCH_SHA256_BLOCK];
    uint32_t states[2][8];

    for (size_t i = 0; i < 2; i++) {
        memcpy(states[i], vch_sha256_start, sizeof vch_sha256_start);
        load_parent(messages[i], children[2 * i * second]);
    }
    kernels->blocks_of_two(states[0], messages[0], states[1], messages[1], 2);
    for (size_t i = 0; i < 2; i++)
        store(digests[i * second], states[i]);
}

void vch_sha256_parents(const struct vch_sha256_kernels *kernels,
                        uint8_t (*digests)[VCH_SHA256_SIZE],
                        const uint8_t (*children)[VCH_SHA256_SIZE], size_t count)
{
    size_t i = 0;

    for (; kernels->sixteen_parents != NULL && i + 16 <= count; i += 16)
        kernels->sixteen_parents(digests + i, children + 2 * i);
    for (; i < count; i += 2) // an odd last one with itself
        hash_two_parents(kernels, digests + i, children + 2 * i, i + 1 < count);
}
