// Weights, sealed and opened a chunk at a time in buffers of the caller's.
//
// Whoever has a data key could make other chunks under it, and every node that serves the model has
// it. So the owner signs the root over the sealed chunks: an opener takes all their digests first,
// checks them against that root, and each chunk against its digest, before it opens it.
#pragma once

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "sealing/sealed.h"

// A secret: wipe with vch_wipe when done.
struct vch_chunks {
    crypto_secretstream_xchacha20poly1305_state stream;
    const struct vch_sealed *sealed; // borrowed
    struct vch_digest head;
    struct vch_digest *digests;        // of a sealer; borrowed
    const struct vch_digest *expected; // of an opener; borrowed
    uint64_t next;                     // chunk; those before are done
};

// `sealed` has everything but root and signature: with `owner`, `start` (random bytes that were
// never used under this key) and `key_check`. `digests` has room for each chunk's. USAGE: the size
// is zero or too much, or the key another.
vch_status vch_chunks_init_sealer(struct vch_chunks *out, const struct vch_sealed *sealed,
                                  const uint8_t key[static VCH_SEALED_KEY_SIZE],
                                  struct vch_digest *digests);

// The next chunk: `size` is vch_sealed_chunk_size. `out` has VCH_SEALED_TAG_SIZE more bytes and is
// not where `bytes` are. USAGE: another size, or all are sealed.
vch_status vch_chunks_seal(struct vch_chunks *chunks, uint8_t *out, const uint8_t *bytes,
                           size_t size);

// The root to be signed, once all are sealed. USAGE before.
vch_status vch_chunks_root(struct vch_digest *out, const struct vch_chunks *chunks);

// `digests` are of all the sealed chunks, from anywhere; `sealed` was decoded and checked.
// BAD_PROOF: they are not under its root. REFUSED: the key is another.
vch_status vch_chunks_init_opener(struct vch_chunks *out, const struct vch_sealed *sealed,
                                  const uint8_t key[static VCH_SEALED_KEY_SIZE],
                                  const struct vch_digest *digests, size_t count,
                                  struct vch_complaint *complaint);

// The next chunk into `out`, which has vch_sealed_chunk_size bytes and is not where `bytes` are.
// Anything but that chunk is BAD_PROOF, and the opener still awaits it: it may come from elsewhere.
vch_status vch_chunks_open(struct vch_chunks *chunks, uint8_t *out, const uint8_t *bytes,
                           size_t size, struct vch_complaint *complaint);

// VCH_OK when every chunk was opened; TRUNCATED before. Weights are used after that alone.
vch_status vch_chunks_end(const struct vch_chunks *chunks, struct vch_complaint *complaint);

// The digest of a sealed chunk: a leaf of the tree. Caches and peers check with it, without a key.
struct vch_digest vch_chunks_digest(const uint8_t *sealed, size_t size);
