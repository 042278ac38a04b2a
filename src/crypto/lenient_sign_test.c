// The tests of sign.h once more, with a library that verifies with the cofactor, as libsodium does
// in versions after 1.0.18: what it takes too much must not become our answer.
#include <sodium.h>
#include <string.h>

#include "crypto/sign.h"
#include "harness/test.h"

static int times_eight(uint8_t out[static 32], const uint8_t point[static 32])
{
    int failed = crypto_core_ed25519_add(out, point, point);

    for (int i = 0; i < 2 && failed == 0; i++)
        failed = crypto_core_ed25519_add(out, out, out);
    return failed;
}

static bool is_below_order(const uint8_t scalar[static 32])
{
    uint8_t wide[64] = {0}, reduced[32];

    memcpy(wide, scalar, 32);
    crypto_core_ed25519_scalar_reduce(reduced, wide);
    return memcmp(reduced, scalar, 32) == 0;
}

// In libsodium's place: 8 S B = 8 R + 8 h A.
int crypto_sign_ed25519_verify_detached(const unsigned char *signature,
                                        const unsigned char *message, unsigned long long size,
                                        const unsigned char *key)
{
    static const uint8_t eight[32] = {8}, identity[32] = {1};
    uint8_t wide[64], h[32], s[32], a[32], r[32], left[32], right[32];
    crypto_hash_sha512_state hash;

    (void)crypto_hash_sha512_init(&hash);
    (void)crypto_hash_sha512_update(&hash, signature, 32);
    (void)crypto_hash_sha512_update(&hash, key, 32);
    (void)crypto_hash_sha512_update(&hash, message, size);
    (void)crypto_hash_sha512_final(&hash, wide);
    crypto_core_ed25519_scalar_reduce(h, wide);
    if (!is_below_order(signature + 32) || times_eight(a, key) != 0 ||
        times_eight(r, signature) != 0 || memcmp(a, identity, sizeof a) == 0 ||
        memcmp(r, identity, sizeof r) == 0)
        return -1;
    crypto_core_ed25519_scalar_mul(s, signature + 32, eight);
    if (crypto_scalarmult_ed25519_base_noclamp(left, s) != 0 ||
        crypto_scalarmult_ed25519_noclamp(right, h, a) != 0 ||
        crypto_core_ed25519_add(right, right, r) != 0)
        return -1;
    return memcmp(left, right, sizeof left) == 0 ? 0 : -1;
}

#include "crypto/sign_test.c"
