// FIPS 180-4 examples, libsodium as another implementation, and pieces against the whole.
#include "crypto/hash.h"

#include <sodium.h>
#include <string.h>

#include "harness/test.h"
#include "kernels/sha256.h"

static const struct {
    const char *message, *digest;
} examples[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
     "lmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

TEST(hash_agrees_with_the_standard)
{
    FOR_EACH(example, examples)
    {
        struct vch_digest digest = vch_hash_bytes(example->message, strlen(example->message));
        CHECK_HEX(digest.bytes, sizeof digest.bytes, example->digest);
    }
}

TEST(hash_agrees_with_the_standard_on_a_million_letters)
{
    char letters[1000];
    struct vch_hash hash;

    memset(letters, 'a', sizeof letters);
    vch_hash_init(&hash);
    for (int i = 0; i < 1000; i++)
        vch_hash_update(&hash, letters, sizeof letters);
    struct vch_digest digest = vch_hash_final(&hash);
    CHECK_HEX(digest.bytes, sizeof digest.bytes,
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(hash_agrees_with_libsodium)
{
    uint8_t bytes[1000], expected[VCH_DIGEST_SIZE];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)test_below(256);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct vch_digest digest = vch_hash_bytes(bytes + (sizeof bytes - size), size);
        (void)crypto_hash_sha256(expected, bytes + (sizeof bytes - size), size);
        CHECK(memcmp(digest.bytes, expected, sizeof expected) == 0);
    }
}

TEST(hash_of_pieces_is_the_hash_of_the_whole)
{
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)test_below(256);

    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct vch_digest whole = vch_hash_bytes(bytes, size);
        struct vch_hash hash;
        vch_hash_init(&hash);
        for (size_t at = 0; at < size;) {
            size_t piece = test_below((uint32_t)(size - at) + 1); // at times nothing
            vch_hash_update(&hash, bytes + at, piece);
            at += piece;
        }
        struct vch_digest pieces = vch_hash_final(&hash);
        CHECK(vch_hash_is_equal(&whole, &pieces));
    }
}

TEST(hash_equality_sees_every_bit)
{
    struct vch_digest a = vch_hash_bytes("abc", 3), b = a;

    CHECK(vch_hash_is_equal(&a, &b));
    for (int bit = 0; bit < 256; bit++) {
        b.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!vch_hash_is_equal(&a, &b));
        b = a;
    }
}

TEST(hash_is_the_same_on_every_level)
{
    uint8_t message[700], digest[VCH_SHA256_SIZE];

    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)test_below(256);
    for (enum vch_cpu_level level = VCH_CPU_PORTABLE; level <= vch_cpu_level(NULL); level++) {
        const struct vch_sha256_kernels kernels = vch_sha256_kernels_select(level);
        for (size_t size = 0; size <= sizeof message; size++) {
            const struct vch_digest want = vch_hash_bytes(message, size);
            vch_sha256(&kernels, digest, message, size);
            CHECK(memcmp(digest, want.bytes, sizeof digest) == 0);
        }
    }
}
