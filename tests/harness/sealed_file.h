// A file of sealed weights, as `vouch owner seal` writes it; of anything.
#pragma once

#include <stdio.h>

#include "harness/test.h"
#include "sealing/chunks.h"

static inline void sealed_file_fill(void *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)test_below(256);
}

static inline void sealed_file_put(FILE *file, const void *bytes, size_t size)
{
    CHECK_EQ(fwrite(bytes, 1, size, file), size);
}

// Seals these bytes, whatever they are, as release `counter` of `model`.
static inline struct vch_sealed sealed_file_write(const char *path, const uint8_t *bytes,
                                                  size_t size, const struct vch_digest *model,
                                                  uint64_t counter,
                                                  const struct vch_secret_key *owner,
                                                  const uint8_t key[static VCH_SEALED_KEY_SIZE])
{
    static uint8_t out[VCH_SEALED_CHUNK_SIZE + VCH_SEALED_TAG_SIZE];
    static struct vch_digest digests[8];
    struct vch_sealed sealed = {.model = *model,
                                .counter = counter,
                                .size = size,
                                .owner = owner->public_key,
                                .key_check = vch_sealed_key_check(key)};
    uint8_t manifest[VCH_SEALED_MANIFEST_SIZE] = {0};
    struct vch_chunks chunks;
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL && vch_sealed_chunk_count(&sealed) <= 8);
    sealed_file_fill(sealed.start, sizeof sealed.start);
    sealed_file_put(file, manifest, sizeof manifest);
    CHECK_OK(vch_chunks_init_sealer(&chunks, &sealed, key, digests));
    for (uint64_t i = 0; i < vch_sealed_chunk_count(&sealed); i++) {
        size_t part = vch_sealed_chunk_size(&sealed, i);
        CHECK_OK(vch_chunks_seal(&chunks, out, bytes + i * VCH_SEALED_CHUNK_SIZE, part));
        sealed_file_put(file, out, part + VCH_SEALED_TAG_SIZE);
    }
    CHECK_OK(vch_chunks_root(&sealed.root, &chunks));
    CHECK_OK(vch_sealed_sign(&sealed, owner));
    vch_sealed_encode(manifest, &sealed);
    rewind(file);
    sealed_file_put(file, manifest, sizeof manifest);
    CHECK_EQ(fclose(file), 0);
    return sealed;
}
