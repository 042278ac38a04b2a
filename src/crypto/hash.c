#include "crypto/hash.h"

#include "base/bytes.h"

_Static_assert(VCH_DIGEST_SIZE == VCH_SHA256_SIZE, "a digest is one SHA-256 output");

static struct vch_sha256_kernels kernels;

// Once, before anything runs: asking the processor takes longer than a hash.
__attribute__((constructor)) static void choose_kernels(void)
{
    kernels = vch_sha256_kernels_select(vch_cpu_level(NULL));
}

struct vch_digest vch_hash_bytes(const void *bytes, size_t size)
{
    struct vch_hash hash;

    vch_hash_init(&hash);
    vch_hash_update(&hash, bytes, size);
    return vch_hash_final(&hash);
}

void vch_hash_init(struct vch_hash *hash)
{
    vch_sha256_init(&hash->sha256, &kernels);
}

void vch_hash_update(struct vch_hash *hash, const void *bytes, size_t size)
{
    if (size > 0) vch_sha256_update(&hash->sha256, bytes, size);
}

struct vch_digest vch_hash_final(struct vch_hash *hash)
{
    struct vch_digest digest;

    vch_sha256_final(&hash->sha256, digest.bytes); // also wipes the state
    return digest;
}

bool vch_hash_is_equal(const struct vch_digest *a, const struct vch_digest *b)
{
    return vch_is_equal(a->bytes, b->bytes, VCH_DIGEST_SIZE);
}
