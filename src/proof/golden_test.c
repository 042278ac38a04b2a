// The same proof from the same seed on every processor: these digests were made on x86-64.
#include <string.h>

#include "base/bytes.h"
#include "harness/proofs.h"
#include "harness/test.h"

struct golden {
    struct made_shape shape;
    const char *digest; // SHA-256 of the proof
};

static const struct golden goldens[] = {
    {{9, 1, 1, 1, 0, 0, 1, 1, false, false},
     "d51f1826c3e43a9bc128934073970dd21b7839a5b453e688ef7ab4c44f1c1853"},
    {{9, 3, 3, 2, 3, 40, 9, 5, true, true},
     "c838d2074fc43c994d9739057c03ec89ed99735987256da62fe3b81c6124177a"},
    {{11, 2, 3, 1, 2, 8, 200, 30, true, true},
     "d24b2f8bae2cee8226f32105fb110f61fe1f413f23b656e3eae21ddedd6ac277"},
};

static void check_golden(const struct golden *golden, enum vch_cpu_level level)
{
    static struct proving proving;
    struct vch_arena arena;
    char hex[2 * VCH_DIGEST_SIZE + 1];

    vch_arena_init(&arena, (size_t)1 << 30);
    proving_init(&proving, &golden->shape, 20261126, level, &arena);
    CHECK_OK(proving_prove(&proving, NULL, NULL));
    CHECK_OK(proving_verify(&proving, NULL));
    const struct vch_digest digest = vch_hash_bytes(proving.proof, proving.size);
    vch_hex_encode(hex, digest.bytes, VCH_DIGEST_SIZE);
    if (strcmp(hex, golden->digest) != 0)
        test_fail(__FILE__, __LINE__, "%s: %s", vch_cpu_level_name(level), hex);
    vch_arena_release(&arena);
}

TEST(a_seed_gives_one_proof_on_every_level_of_every_processor)
{
    FOR_EACH(golden, goldens)
    for (int level = 0; level <= (int)vch_cpu_level(NULL); level++)
        check_golden(golden, (enum vch_cpu_level)level);
}
