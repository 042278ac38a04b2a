#include "kernels/sha256_variants.h"

// The fractions of the first 64 primes' cube roots, in 32 bits.
_Alignas(64) const uint32_t vch_sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turn(uint32_t x, unsigned bits)
{
    return x >> bits | x << (32 - bits);
}

static uint32_t load(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void expand(uint32_t words[64], const uint8_t *block)
{
    for (size_t i = 0; i < 16; i++)
        words[i] = load(block + 4 * i);
    for (size_t i = 16; i < 64; i++) {
        const uint32_t x = words[i - 15], y = words[i - 2];
        words[i] = words[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ x >> 3) + words[i - 7] +
                   (turn(y, 17) ^ turn(y, 19) ^ y >> 10);
    }
}

void vch_sha256_blocks_portable(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    for (; count > 0; count--, blocks += VCH_SHA256_BLOCK) {
        uint32_t words[64], s[8];
        expand(words, blocks);
        for (size_t i = 0; i < 8; i++)
            s[i] = state[i];
        for (size_t i = 0; i < 64; i++) {
            const uint32_t a = s[0], e = s[4];
            const uint32_t choice = (e & s[5]) ^ (~e & s[6]);
            const uint32_t majority = (a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]);
            const uint32_t one = s[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice +
                                 vch_sha256_constants[i] + words[i];
            const uint32_t two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority;
            for (size_t k = 7; k > 0; k--)
                s[k] = s[k - 1];
            s[4] += one;
            s[0] = one + two;
        }
        for (size_t i = 0; i < 8; i++)
            state[i] += s[i];
    }
}

void vch_sha256_blocks_of_two_portable(uint32_t a_state[8], const uint8_t *a, uint32_t b_state[8],
                                       const uint8_t *b, size_t count)
{
    vch_sha256_blocks_portable(a_state, a, count);
    vch_sha256_blocks_portable(b_state, b, count);
}
