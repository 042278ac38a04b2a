// The test vectors of specs/annex.md, read from that page. They were made by another
// implementation.
#include <string.h>

#include "annex/annex.h"
#include "annex/annex_key.h"
#include "harness/spec.h"
#include "harness/test.h"

static const char page[] = "annex.md";

static void check_digest(const struct vch_digest *digest, const char *name)
{
    test_spec_check(digest->bytes, sizeof digest->bytes, page, name);
}

TEST(annex_of_the_specification)
{
    static const uint32_t parameters[] = {0, 1, 5};
    uint8_t seed[VCH_SIGN_SEED_SIZE], *bytes = NULL;
    struct vch_secret_key owner;
    struct vch_arena arena;
    size_t size = 0;
    struct vch_annex annex = {
        .log_columns = 9,
        .rows = 2,
        .epoch = 4,
        .parameter_count = 3,
        .parameters = parameters,
        .ranges = (const uint8_t *)"proof",
        .ranges_size = 5,
    };
    struct vch_annex_link link = {.proof = (const uint8_t *)"link", .proof_size = 4};

    vch_arena_init(&arena, 1 << 20);
    memset(seed, 0x42, sizeof seed);
    vch_sign_key(&owner, seed);
    for (uint8_t i = 0; i < VCH_DIGEST_SIZE; i++)
        annex.model.bytes[i] = i;
    memset(annex.root.bytes, 0x11, sizeof annex.root.bytes);
    memset(link.root.bytes, 0x22, sizeof link.root.bytes);
    CHECK_OK(vch_annex_encode(&bytes, &size, &annex, &owner, &arena, NULL));
    CHECK_OK(vch_annex_extend(&bytes, &size, bytes, size, &link, &arena, NULL));
    test_spec_check(bytes, size, page, "annex");
    CHECK_OK(vch_annex_decode(&annex, bytes, size, &arena, NULL));
    check_digest(&annex.signed_digest, "signed");
    check_digest(&annex.digests[0], "digest_base");
    check_digest(&annex.digests[1], "digest_link");
    vch_arena_release(&arena);
}

TEST(annex_key_of_the_specification)
{
    struct vch_annex_key key = {.epoch = 4, .used = 2, .openings = 3}, next;
    uint8_t bytes[VCH_ANNEX_KEY_SIZE];

    for (uint8_t i = 0; i < VCH_DIGEST_SIZE; i++)
        key.model.bytes[i] = i;
    memset(key.seed, 0x33, sizeof key.seed);
    vch_annex_key_encode(bytes, &key);
    test_spec_check(bytes, sizeof bytes, page, "key");
    vch_annex_key_next(&next, &key, 1);
    test_spec_check(next.seed, sizeof next.seed, page, "next_seed");
}
