// The vectors of FIPS 180-4, pieces of every size, and columns that equal what one hash by hand
// gives: for every way of hashing that the processor has.
#include "kernels/sha256.h"

#include <stdbool.h>
#include <string.h>

#include "harness/test.h"

enum { ROWS_MAX = 200, STRIDE = 41, LONG = 1000 };

static const struct {
    const char *text, *digest;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnop"
     "qrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

TEST(sha256_gives_the_standards_digests)
{
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        const struct vch_sha256_kernels kernels = vch_sha256_kernels_select(level);
        uint8_t digest[VCH_SHA256_SIZE];
        FOR_EACH(v, vectors)
        {
            vch_sha256(&kernels, digest, v->text, strlen(v->text));
            CHECK_HEX(digest, sizeof digest, v->digest);
        }
    }
}

TEST(sha256_of_a_million_letters)
{
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        const struct vch_sha256_kernels kernels = vch_sha256_kernels_select(level);
        uint8_t digest[VCH_SHA256_SIZE], letters[LONG];
        struct vch_sha256 hash;
        memset(letters, 'a', sizeof letters);
        vch_sha256_init(&hash, &kernels);
        for (int i = 0; i < 1000000 / LONG; i++)
            vch_sha256_update(&hash, letters, sizeof letters);
        vch_sha256_final(&hash, digest);
        CHECK_HEX(digest, sizeof digest,
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
}

TEST(sha256_in_pieces_is_sha256_in_one_and_equals_plain_loops)
{
    const struct vch_sha256_kernels plain = vch_sha256_kernels_select(VCH_CPU_PORTABLE);
    const struct vch_sha256_kernels kernels = vch_sha256_kernels_select(vch_cpu_level(NULL));
    uint8_t bytes[LONG], whole[VCH_SHA256_SIZE], pieces[VCH_SHA256_SIZE];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)test_below(256);
    for (size_t size = 0; size < sizeof bytes; size++) {
        struct vch_sha256 hash;
        vch_sha256(&plain, whole, bytes, size);
        vch_sha256_init(&hash, &kernels);
        for (size_t at = 0; at < size;) {
            const size_t left = size - at, piece = test_below((uint32_t)left + 1);
            vch_sha256_update(&hash, bytes + at, piece);
            at += piece;
        }
        vch_sha256_final(&hash, pieces);
        CHECK(memcmp(whole, pieces, sizeof whole) == 0);
    }
}

// A column's message as sha256.h words it.
static void hash_column(const struct vch_sha256_kernels *kernels, uint8_t *digest,
                        const uint64_t *column, size_t rows, const uint8_t *salt)
{
    struct vch_sha256 hash;

    vch_sha256_init(&hash, kernels);
    vch_sha256_update(&hash, "", 1);
    vch_sha256_update(&hash, salt, VCH_SHA256_SALT);
    for (size_t i = 0; i < rows; i++) {
        uint8_t value[8];
        for (unsigned k = 0; k < 8; k++)
            value[k] = (uint8_t)(column[i * STRIDE] >> 8 * k);
        vch_sha256_update(&hash, value, sizeof value);
    }
    vch_sha256_final(&hash, digest);
}

TEST(sha256_columns_are_what_one_hashes_by_hand)
{
    static uint64_t matrix[ROWS_MAX * STRIDE];
    static uint8_t salts[STRIDE][VCH_SHA256_SALT], digests[STRIDE][VCH_SHA256_SIZE];
    static const uint8_t untouched[VCH_SHA256_SIZE];
    uint8_t want[VCH_SHA256_SIZE];

    for (size_t i = 0; i < sizeof matrix / sizeof *matrix; i++)
        matrix[i] = (uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX);
    for (size_t i = 0; i < sizeof salts; i++)
        salts[i / VCH_SHA256_SALT][i % VCH_SHA256_SALT] = (uint8_t)test_below(256);
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        const struct vch_sha256_kernels kernels = vch_sha256_kernels_select(level);
        for (size_t rows = 0; rows <= ROWS_MAX; rows++) {
            const uint32_t first = test_below(STRIDE),
                           last = first + test_below(STRIDE + 1 - first);
            memset(digests, 0, sizeof digests);
            vch_sha256_columns(&kernels, digests, matrix, STRIDE, rows, salts, first, last);
            for (size_t j = 0; j < STRIDE; j++) {
                const bool is_asked = j >= first && j < last;
                hash_column(&kernels, want, matrix + j, rows, salts[j]);
                CHECK(memcmp(digests[j], is_asked ? want : untouched, sizeof want) == 0);
            }
        }
    }
}

// However the rows are divided.
TEST(sha256_columns_in_parts_are_the_whole_columns)
{
    static uint64_t matrix[ROWS_MAX * STRIDE];
    static uint8_t salts[STRIDE][VCH_SHA256_SALT], whole[STRIDE][VCH_SHA256_SIZE];
    static uint8_t parts[STRIDE][VCH_SHA256_SIZE];
    struct vch_sha256_column columns[STRIDE];

    for (size_t i = 0; i < sizeof matrix / sizeof *matrix; i++)
        matrix[i] = (uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX);
    for (size_t i = 0; i < sizeof salts; i++)
        salts[i / VCH_SHA256_SALT][i % VCH_SHA256_SALT] = (uint8_t)test_below(256);
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        const struct vch_sha256_kernels kernels = vch_sha256_kernels_select(level);
        for (size_t rows = 0; rows <= ROWS_MAX; rows++) {
            const size_t count = test_below(STRIDE + 1);
            size_t i = 0;
            vch_sha256_columns(&kernels, whole, matrix, STRIDE, rows,
                               (const uint8_t(*)[VCH_SHA256_SALT])salts, 0, count);
            vch_sha256_columns_init(columns, (const uint8_t(*)[VCH_SHA256_SALT])salts, count);
            while (i + 8 <= rows && test_below(4) != 0) {
                const size_t some = 8 * (1 + test_below((uint32_t)(rows - i) / 8));
                vch_sha256_columns_update(&kernels, columns, matrix + i * STRIDE, STRIDE, some,
                                          count);
                i += some;
            }
            vch_sha256_columns_final(&kernels, parts, columns, matrix + i * STRIDE, STRIDE,
                                     rows - i, rows, count);
            CHECK(memcmp(parts, whole, count * sizeof *whole) == 0);
        }
    }
}

TEST(sha256_parents_are_what_one_hashes_by_hand)
{
    enum { COUNT = 37 };
    static uint8_t children[2 * COUNT][VCH_SHA256_SIZE], digests[COUNT][VCH_SHA256_SIZE];
    static const uint8_t untouched[VCH_SHA256_SIZE];
    uint8_t message[1 + 2 * VCH_SHA256_SIZE] = {1}, want[VCH_SHA256_SIZE];

    for (size_t i = 0; i < sizeof children; i++)
        children[i / VCH_SHA256_SIZE][i % VCH_SHA256_SIZE] = (uint8_t)test_below(256);
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        const struct vch_sha256_kernels kernels = vch_sha256_kernels_select(level);
        for (size_t count = 0; count <= COUNT; count++) {
            memset(digests, 0, sizeof digests);
            vch_sha256_parents(&kernels, digests, (const uint8_t(*)[VCH_SHA256_SIZE])children,
                               count);
            for (size_t i = 0; i < COUNT; i++) {
                memcpy(message + 1, children[2 * i], 2 * VCH_SHA256_SIZE);
                vch_sha256(&kernels, want, message, sizeof message);
                CHECK(memcmp(digests[i], i < count ? want : untouched, sizeof want) == 0);
            }
        }
    }
}
