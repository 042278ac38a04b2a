// The tests of sign.h once more, in a process that keeps tables.
#include "crypto/known.h"
#include "harness/test.h"

TEST(known_tables_are_kept_from_here_on)
{
    CHECK(vch_known_base() == NULL);
    vch_known_start();
    CHECK(vch_known_base() != NULL);
}

#include "crypto/sign_test.c"

// Forgers have no tables made, and move nobody out.
TEST(known_keys_are_those_that_signed)
{
    struct vch_signature signature, forged;
    struct vch_secret_key key, stranger;

    key_from_hex(&key, known[0].seed);
    for (uint8_t i = 0; i < 4; i++) {
        const struct vch_digest digest = vch_hash_bytes(&i, 1);
        vch_sign_digest(&signature, &key, &digest);
        CHECK_OK(vch_sign_verify(&key.public_key, &digest, &signature));
    }
    const struct vch_known *held = vch_known_hold(VCH_KNOWN_SIGNER, key.public_key.bytes);
    CHECK(held != NULL);
    vch_known_let_go(held);
    for (uint32_t i = 0; i < 2000; i++) {
        uint8_t seed[VCH_SIGN_SEED_SIZE] = {0x77};
        vch_put_u32le(seed + 1, i / 4);
        vch_sign_key(&stranger, seed);
        const struct vch_digest digest = vch_hash_bytes(&i, sizeof i);
        vch_sign_digest(&forged, &key, &digest); // not the stranger's
        CHECK_FAILS(vch_sign_verify(&stranger.public_key, &digest, &forged), BAD_PROOF);
        CHECK(vch_known_hold(VCH_KNOWN_SIGNER, stranger.public_key.bytes) == NULL);
    }
    held = vch_known_hold(VCH_KNOWN_SIGNER, key.public_key.bytes);
    CHECK(held != NULL);
    vch_known_let_go(held);
}
