#include "crypto/stream_portable.h"

#include <string.h>

#include "base/bytes.h"

enum { WORDS = 16, DOUBLE_ROUNDS = 10 };

static uint32_t rotate(uint32_t value, unsigned by)
{
    return value << by | value >> (32 - by);
}

// RFC 8439, section 2.1.
static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

static void double_round(uint32_t x[static WORDS])
{
    for (int i = 0; i < 4; i++)
        quarter(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
    for (int i = 0; i < 4; i++)
        quarter(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
}

static void make_block(uint8_t out[static VCH_STREAM_BLOCK_SIZE],
                       const uint32_t state[static WORDS])
{
    uint32_t x[WORDS];

    memcpy(x, state, sizeof x);
    for (int i = 0; i < DOUBLE_ROUNDS; i++)
        double_round(x);
    for (size_t i = 0; i < WORDS; i++)
        vch_put_u32le(out + 4 * i, x[i] + state[i]);
    vch_wipe(x, sizeof x);
}

void vch_stream_portable_bytes(void *out, size_t size,
                               const uint8_t key[static VCH_STREAM_KEY_SIZE], uint32_t block)
{
    uint32_t state[WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    uint8_t last[VCH_STREAM_BLOCK_SIZE], *at = out;

    for (size_t i = 0; i < 8; i++)
        state[4 + i] = vch_get_u32le(key + 4 * i);
    for (state[12] = block; size >= sizeof last; state[12]++) {
        make_block(at, state);
        at += sizeof last;
        size -= sizeof last;
    }
    if (size > 0) {
        make_block(last, state);
        memcpy(at, last, size);
        vch_wipe(last, sizeof last);
    }
    vch_wipe(state, sizeof state);
}
