#include "proof/challenge.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

enum { PREFIX_ABSORB, PREFIX_BLOCK, PREFIX_NEXT };

static void begin(struct vch_hash *hash, uint8_t prefix, const struct vch_challenge *challenge,
                  const char *label)
{
    const size_t size = strlen(label);
    const uint8_t label_size = (uint8_t)size;

    VCH_ASSERT(size <= UINT8_MAX);
    vch_hash_init(hash);
    vch_hash_update(hash, &prefix, 1);
    vch_hash_update(hash, challenge->state.bytes, VCH_DIGEST_SIZE);
    vch_hash_update(hash, &label_size, 1);
    vch_hash_update(hash, label, size);
}

static void update_u64(struct vch_hash *hash, uint64_t value)
{
    uint8_t bytes[8];

    vch_put_u64le(bytes, value);
    vch_hash_update(hash, bytes, sizeof bytes);
}

void vch_challenge_start(struct vch_challenge *challenge)
{
    static const char protocol[] = "vouch/proof/v1";

    challenge->state = vch_hash_bytes(protocol, sizeof protocol - 1);
}

void vch_challenge_absorb(struct vch_challenge *challenge, const char *label, const void *bytes,
                          size_t size)
{
    struct vch_hash hash;

    begin(&hash, PREFIX_ABSORB, challenge, label);
    update_u64(&hash, size);
    vch_hash_update(&hash, bytes, size);
    challenge->state = vch_hash_final(&hash);
}

void vch_challenge_absorb_u64s(struct vch_challenge *challenge, const char *label,
                               const uint64_t *values, size_t count)
{
    struct vch_hash hash;

    begin(&hash, PREFIX_ABSORB, challenge, label);
    update_u64(&hash, 8 * (uint64_t)count);
    for (size_t i = 0; i < count; i++)
        update_u64(&hash, values[i]);
    challenge->state = vch_hash_final(&hash);
}

void vch_challenge_absorb_exts(struct vch_challenge *challenge, const char *label,
                               const struct vch_ext *values, size_t count)
{
    struct vch_hash hash;

    begin(&hash, PREFIX_ABSORB, challenge, label);
    update_u64(&hash, 16 * (uint64_t)count);
    for (size_t i = 0; i < 2 * count; i++)
        update_u64(&hash, values[i / 2].c[i % 2]);
    challenge->state = vch_hash_final(&hash);
}

// The words of one challenge, in order.
struct words {
    const struct vch_challenge *challenge;
    const char *label;
    uint64_t next;
    struct vch_digest block;
};

static uint64_t next_word(struct words *words)
{
    const uint64_t at = words->next++;

    if (at % 4 == 0) {
        struct vch_hash hash;
        begin(&hash, PREFIX_BLOCK, words->challenge, words->label);
        update_u64(&hash, at / 4);
        words->block = vch_hash_final(&hash);
    }
    return vch_get_u64le(words->block.bytes + 8 * (at % 4));
}

static uint64_t next_element(struct words *words)
{
    for (;;) {
        const uint64_t word = next_word(words);
        if (vch_fp_is_canonical(word)) return word;
    }
}

static void leave(struct vch_challenge *challenge, const char *label)
{
    struct vch_hash hash;

    begin(&hash, PREFIX_NEXT, challenge, label);
    challenge->state = vch_hash_final(&hash);
}

void vch_challenge_draw(struct vch_challenge *challenge, const char *label, struct vch_ext *out,
                        size_t count)
{
    struct words words = {.challenge = challenge, .label = label};

    for (size_t i = 0; i < 2 * count; i++)
        out[i / 2].c[i % 2] = next_element(&words);
    leave(challenge, label);
}

// Keeps `out` ascending; false where the position is there already.
static bool insert(uint32_t *out, size_t count, uint32_t position)
{
    size_t at = count;

    while (at > 0 && out[at - 1] > position)
        at--;
    if (at > 0 && out[at - 1] == position) return false;
    memmove(out + at + 1, out + at, (count - at) * sizeof *out);
    out[at] = position;
    return true;
}

void vch_challenge_positions(struct vch_challenge *challenge, const char *label, uint32_t *out,
                             size_t count, unsigned log_range)
{
    struct words words = {.challenge = challenge, .label = label};
    const uint32_t mask = (uint32_t)(((uint64_t)1 << log_range) - 1);

    VCH_ASSERT(log_range <= 32);
    VCH_ASSERT(count <= ((uint64_t)1 << log_range) / 2);
    for (size_t found = 0; found < count;)
        found += insert(out, found, (uint32_t)next_word(&words) & mask);
    leave(challenge, label);
}
