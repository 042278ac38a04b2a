#include "sealing/chunks.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/merkle.h"

_Static_assert(VCH_SEALED_KEY_SIZE == crypto_secretstream_xchacha20poly1305_KEYBYTES &&
                   VCH_SEALED_START_SIZE == crypto_secretstream_xchacha20poly1305_HEADERBYTES &&
                   VCH_SEALED_TAG_SIZE == crypto_secretstream_xchacha20poly1305_ABYTES,
               "libsodium's sizes");

enum { PLACE = VCH_DIGEST_SIZE + 8 };

// What a chunk is sealed with and does not hold: which sealing, and which chunk of it.
static void place_of(uint8_t out[static PLACE], const struct vch_chunks *chunks)
{
    memcpy(out, chunks->head.bytes, VCH_DIGEST_SIZE);
    vch_put_u64le(out + VCH_DIGEST_SIZE, chunks->next);
}

static bool is_last(const struct vch_chunks *chunks)
{
    return chunks->next + 1 == vch_sealed_chunk_count(chunks->sealed);
}

static void init(struct vch_chunks *out, const struct vch_sealed *sealed, const uint8_t *key)
{
    out->sealed = sealed;
    out->head = vch_sealed_head(sealed);
    out->digests = NULL;
    out->expected = NULL;
    out->next = 0;
    // Both sides start alike. init_push is this after it has drawn the start itself, and here
    // random bytes are handed in (chunks_test holds them to each other).
    (void)crypto_secretstream_xchacha20poly1305_init_pull(&out->stream, sealed->start, key);
}

static bool is_key(const struct vch_sealed *sealed, const uint8_t *key)
{
    struct vch_digest check = vch_sealed_key_check(key);

    return vch_hash_is_equal(&check, &sealed->key_check);
}

vch_status vch_chunks_init_sealer(struct vch_chunks *out, const struct vch_sealed *sealed,
                                  const uint8_t key[static VCH_SEALED_KEY_SIZE],
                                  struct vch_digest *digests)
{
    uint64_t count = vch_sealed_chunk_count(sealed);

    if (count == 0 || count > VCH_SEALED_CHUNKS_MAX || !is_key(sealed, key)) return VCH_FAIL(USAGE);
    init(out, sealed, key);
    out->digests = digests;
    return VCH_OK;
}

struct vch_digest vch_chunks_digest(const uint8_t *sealed, size_t size)
{
    return vch_merkle_leaf(sealed, size);
}

vch_status vch_chunks_seal(struct vch_chunks *chunks, uint8_t *out, const uint8_t *bytes,
                           size_t size)
{
    uint8_t place[PLACE];

    if (chunks->digests == NULL || chunks->next >= vch_sealed_chunk_count(chunks->sealed) ||
        size != vch_sealed_chunk_size(chunks->sealed, chunks->next))
        return VCH_FAIL(USAGE);
    place_of(place, chunks);
    (void)crypto_secretstream_xchacha20poly1305_push(
        &chunks->stream, out, NULL, bytes, size, place, sizeof place,
        is_last(chunks) ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
    chunks->digests[chunks->next++] = vch_chunks_digest(out, size + VCH_SEALED_TAG_SIZE);
    return VCH_OK;
}

vch_status vch_chunks_root(struct vch_digest *out, const struct vch_chunks *chunks)
{
    if (chunks->digests == NULL || chunks->next != vch_sealed_chunk_count(chunks->sealed))
        return VCH_FAIL(USAGE);
    *out = vch_merkle_root(chunks->digests, (size_t)chunks->next);
    return VCH_OK;
}

vch_status vch_chunks_init_opener(struct vch_chunks *out, const struct vch_sealed *sealed,
                                  const uint8_t key[static VCH_SEALED_KEY_SIZE],
                                  const struct vch_digest *digests, size_t count,
                                  struct vch_complaint *complaint)
{
    uint64_t expected = vch_sealed_chunk_count(sealed);

    if (count != expected)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the sealed weights have %" PRIu64 " chunks, found digests of %zu",
                            expected, count);
    struct vch_digest root = vch_merkle_root(digests, count);
    if (!vch_hash_is_equal(&root, &sealed->root))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the digests of the sealed chunks are not what the owner signed: get "
                            "them from elsewhere");
    if (!is_key(sealed, key))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "this is not the key that the weights are sealed under");
    init(out, sealed, key);
    out->expected = digests;
    return VCH_OK;
}

// Of a chunk that hashes to what the owner signed this only fails where the owner sealed wrongly.
static vch_status pull(struct vch_chunks *chunks, uint8_t *out, const uint8_t *bytes, size_t size)
{
    unsigned char tag = 0, final = crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    crypto_secretstream_xchacha20poly1305_state before = chunks->stream;
    uint8_t place[PLACE];

    place_of(place, chunks);
    int failed = crypto_secretstream_xchacha20poly1305_pull(&chunks->stream, out, NULL, &tag, bytes,
                                                            size, place, sizeof place);
    if (failed == 0 && tag != (is_last(chunks) ? final : 0)) {
        vch_wipe(out, size - VCH_SEALED_TAG_SIZE);
        failed = 1;
    }
    if (failed != 0) chunks->stream = before;
    vch_wipe(&before, sizeof before);
    return failed != 0 ? VCH_FAIL(BAD_PROOF) : VCH_OK;
}

vch_status vch_chunks_open(struct vch_chunks *chunks, uint8_t *out, const uint8_t *bytes,
                           size_t size, struct vch_complaint *complaint)
{
    if (chunks->expected == NULL || chunks->next >= vch_sealed_chunk_count(chunks->sealed))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "there is no chunk %" PRIu64 " of the sealed weights", chunks->next);
    size_t expected = vch_sealed_chunk_size(chunks->sealed, chunks->next) + VCH_SEALED_TAG_SIZE;
    if (size != expected)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "sealed chunk %" PRIu64 " has %zu bytes, found %zu", chunks->next,
                            expected, size);
    struct vch_digest digest = vch_chunks_digest(bytes, size);
    if (!vch_hash_is_equal(&digest, &chunks->expected[chunks->next]))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "these bytes are not sealed chunk %" PRIu64 ": get it from elsewhere",
                            chunks->next);
    if (!vch_is_ok(pull(chunks, out, bytes, size)))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "sealed chunk %" PRIu64 " does not open: its owner sealed it wrongly",
                            chunks->next);
    chunks->next++;
    return VCH_OK;
}

vch_status vch_chunks_end(const struct vch_chunks *chunks, struct vch_complaint *complaint)
{
    uint64_t count = vch_sealed_chunk_count(chunks->sealed);

    if (chunks->expected != NULL && chunks->next == count) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_TRUNCATED,
                        "the sealed weights have %" PRIu64 " chunks, of which %" PRIu64
                        " were opened",
                        count, chunks->next);
}
