// A commitment opens one way only, and nonces of one secret look unrelated.
#include "crypto/commitment.h"

#include "harness/test.h"

struct opening {
    struct vch_nonce nonce;
    struct vch_digest message;
};

static struct opening example(struct vch_digest *commitment)
{
    uint8_t secret[32];
    struct opening opening = {.message = vch_hash_bytes("abc", 3)};

    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)i;
    vch_commitment_nonce(&opening.nonce, secret, 1);
    *commitment = vch_commitment_make(VCH_COMMITMENT_SHA256, &opening.nonce, &opening.message);
    return opening;
}

TEST(commitment_is_what_its_layout_says)
{
    struct vch_digest commitment;
    struct opening opening = example(&commitment);

    CHECK_HEX(opening.nonce.bytes, sizeof opening.nonce.bytes,
              "2dd5fefa6d563841c3a051b4ee74b4895f9f433a6cd6eb4308d8da7dbe507660");
    CHECK_HEX(commitment.bytes, sizeof commitment.bytes,
              "22593d507ff4caf8348ff01dc29322f8283fdf67684e1be6d7979de97fe31bcf");
    CHECK_OK(vch_commitment_verify(&commitment, VCH_COMMITMENT_SHA256, &opening.nonce,
                                   &opening.message));
}

TEST(commitment_refuses_any_flipped_bit)
{
    struct {
        struct vch_digest commitment;
        struct opening opening;
    } claim;

    claim.opening = example(&claim.commitment);
    uint8_t *bytes = (uint8_t *)&claim;
    for (size_t bit = 0; bit < 8 * sizeof claim; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_FAILS(vch_commitment_verify(&claim.commitment, VCH_COMMITMENT_SHA256,
                                          &claim.opening.nonce, &claim.opening.message),
                    BAD_PROOF);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

TEST(commitment_refuses_a_kind_nobody_knows)
{
    for (unsigned number = 0; number < 10; number++) {
        enum vch_commitment_kind kind = (enum vch_commitment_kind)number;
        struct vch_digest commitment;
        struct opening opening = example(&commitment);
        if (kind == VCH_COMMITMENT_SHA256) continue;
        CHECK_FAILS(vch_commitment_verify(&commitment, kind, &opening.nonce, &opening.message),
                    BAD_PROOF);
        // Also when the liar made the commitment with that kind.
        commitment = vch_commitment_make(kind, &opening.nonce, &opening.message);
        CHECK_FAILS(vch_commitment_verify(&commitment, kind, &opening.nonce, &opening.message),
                    BAD_PROOF);
        CHECK_FAILS(vch_commitment_verify(&commitment, VCH_COMMITMENT_SHA256, &opening.nonce,
                                          &opening.message),
                    BAD_PROOF);
    }
}

TEST(commitment_nonces_differ_by_secret_and_by_index)
{
    uint8_t secrets[4][32] = {{0}, {1}, {2}, {[31] = 1}};
    static const uint64_t indices[] = {0, 1, 255, 256, UINT64_MAX};
    struct vch_nonce nonces[20];
    size_t count = 0;

    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 5; j++)
            vch_commitment_nonce(&nonces[count++], secrets[i], indices[j]);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            struct vch_digest a, b;
            for (size_t k = 0; k < VCH_DIGEST_SIZE; k++) {
                a.bytes[k] = nonces[i].bytes[k];
                b.bytes[k] = nonces[j].bytes[k];
            }
            CHECK(!vch_hash_is_equal(&a, &b));
        }
}

TEST(commitment_pins_are_the_transcript_of_their_nonce)
{
    struct vch_nonce nonce;

    for (uint8_t i = 0; i < sizeof nonce.bytes; i++)
        nonce.bytes[i] = i;
    struct vch_digest pin = vch_commitment_pin(&nonce);
    CHECK_HEX(pin.bytes, sizeof pin.bytes,
              "8e10f88eeb8b4cb149c5302ab8291549182876f2afc4ac846c3cde1460c1485c");
}
