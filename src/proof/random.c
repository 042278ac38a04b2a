#include "proof/random.h"

#include "base/bytes.h"
#include "field/field.h"

enum { BLOCK_WORDS = VCH_STREAM_BLOCK_SIZE / 8, WORDS_MAX = 128 * BLOCK_WORDS };

void vch_random_elements(uint64_t *out, size_t count, const uint8_t key[static VCH_STREAM_KEY_SIZE])
{
    uint8_t bytes[8 * WORDS_MAX];
    uint32_t block = 0;

    for (size_t made = 0; made < count;) {
        const size_t missing = (count - made + BLOCK_WORDS - 1) / BLOCK_WORDS * BLOCK_WORDS;
        const size_t words = missing < WORDS_MAX ? missing : WORDS_MAX;
        vch_stream_bytes(bytes, 8 * words, key, block);
        for (size_t i = 0; i < words && made < count; i++) {
            out[made] = vch_get_u64le(bytes + 8 * i);
            made += vch_fp_is_canonical(out[made]);
        }
        block += (uint32_t)(words / BLOCK_WORDS);
    }
    vch_wipe(bytes, sizeof bytes);
}
