#include "crypto/hash.h"

#include "base/bytes.h"

_Static_assert(VCH_DIGEST_SIZE == crypto_hash_sha256_BYTES, "a digest is one SHA-256 output");

struct vch_digest vch_hash_bytes(const void *bytes, size_t size)
{
    struct vch_hash hash;

    vch_hash_init(&hash);
    vch_hash_update(&hash, bytes, size);
    return vch_hash_final(&hash);
}

// libsodium's SHA-256 cannot fail; its int results are always zero.
void vch_hash_init(struct vch_hash *hash)
{
    (void)crypto_hash_sha256_init(&hash->state);
}

void vch_hash_update(struct vch_hash *hash, const void *bytes, size_t size)
{
    if (size > 0) (void)crypto_hash_sha256_update(&hash->state, bytes, size);
}

struct vch_digest vch_hash_final(struct vch_hash *hash)
{
    struct vch_digest digest;

    (void)crypto_hash_sha256_final(&hash->state, digest.bytes); // also wipes the state
    return digest;
}

bool vch_hash_is_equal(const struct vch_digest *a, const struct vch_digest *b)
{
    return vch_is_equal(a->bytes, b->bytes, VCH_DIGEST_SIZE);
}
