// What sealing and opening weights takes, a mebibyte at a time on one thread: digest and all.
#include "sealing/chunks.h"

#include <stdio.h>
#include <time.h>

#include "harness/test.h"

enum { CHUNKS = 16, REPEATS = 5 };

static uint8_t sealed_chunks[CHUNKS][VCH_SEALED_CHUNK_SIZE + VCH_SEALED_TAG_SIZE];
static uint8_t weights[VCH_SEALED_CHUNK_SIZE];
static const uint8_t key[VCH_SEALED_KEY_SIZE] = {1};
static struct vch_digest digests[CHUNKS];
static struct vch_sealed sealed;

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void seal_all(void)
{
    struct vch_chunks chunks;

    CHECK_OK(vch_chunks_init_sealer(&chunks, &sealed, key, digests));
    for (size_t i = 0; i < CHUNKS; i++)
        CHECK_OK(vch_chunks_seal(&chunks, sealed_chunks[i], weights, sizeof weights));
    CHECK_OK(vch_chunks_root(&sealed.root, &chunks));
}

// As a node does: all digests first, then each chunk against its own.
static void open_all(void)
{
    struct vch_chunks chunks;

    for (size_t i = 0; i < CHUNKS; i++)
        digests[i] = vch_chunks_digest(sealed_chunks[i], sizeof sealed_chunks[i]);
    CHECK_OK(vch_chunks_init_opener(&chunks, &sealed, key, digests, CHUNKS, NULL));
    for (size_t i = 0; i < CHUNKS; i++)
        CHECK_OK(
            vch_chunks_open(&chunks, weights, sealed_chunks[i], sizeof sealed_chunks[i], NULL));
    CHECK_OK(vch_chunks_end(&chunks, NULL));
}

static double mib_per_second(void (*run)(void))
{
    double best = 1e9;

    for (int i = 0; i < REPEATS; i++) {
        double before = seconds();
        run();
        double taken = seconds() - before;
        if (taken < best) best = taken;
    }
    return CHUNKS / best;
}

TEST(chunks_bench)
{
    sealed.size = (uint64_t)CHUNKS * VCH_SEALED_CHUNK_SIZE;
    sealed.counter = 1;
    sealed.key_check = vch_sealed_key_check(key);
    printf("seal weights   %7.0f MiB/s\n", mib_per_second(seal_all));
    printf("open weights   %7.0f MiB/s\n", mib_per_second(open_all));
}
