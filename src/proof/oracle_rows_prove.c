#include <string.h>

#include "base/bytes.h"
#include "proof/oracle_prover.h"
#include "proof/random.h"

enum { PREFIX_BLIND = 0x03, PREFIX_SALTS = 0x04 };

static void derive(uint8_t key[static VCH_STREAM_KEY_SIZE], uint8_t prefix, const uint8_t *seed,
                   const uint64_t *index)
{
    uint8_t bytes[1 + VCH_ORACLE_SEED_SIZE + 8] = {prefix};

    memcpy(bytes + 1, seed, VCH_ORACLE_SEED_SIZE);
    if (index != NULL) vch_put_u64le(bytes + 1 + VCH_ORACLE_SEED_SIZE, *index);
    struct vch_digest digest = vch_hash_bytes(bytes, sizeof bytes - (index == NULL ? 8 : 0));
    memcpy(key, digest.bytes, VCH_STREAM_KEY_SIZE);
    vch_wipe(&digest, sizeof digest);
    vch_wipe(bytes, sizeof bytes);
}

void vch_oracle_prover_draw_blinds(const struct vch_oracle *oracle, size_t row, uint64_t *out)
{
    const uint64_t index = row;
    uint8_t key[VCH_STREAM_KEY_SIZE];

    derive(key, PREFIX_BLIND, oracle->matrix.seed, &index);
    vch_random_elements(out, (size_t)1 << oracle->encoder->log_columns, key);
    vch_wipe(key, sizeof key);
}

void vch_oracle_prover_encode(const struct vch_oracle *oracle, size_t row, uint64_t *out)
{
    const struct vch_oracle_matrix *matrix = &oracle->matrix;
    const struct vch_encoder *encoder = oracle->encoder;
    const size_t columns = (size_t)1 << encoder->log_columns;

    if (row < matrix->row_count) {
        memcpy(out, matrix->cells + row * columns, columns * sizeof *out);
        memcpy(out + columns, oracle->blinds + row * columns, columns * sizeof *out);
        vch_encoder_interpolate(encoder, out, encoder->log_length);
    } else {
        const struct vch_oracle_row *extra = &matrix->extras[row - matrix->row_count];
        memcpy(out, extra->values, sizeof *out << extra->log_length);
        vch_encoder_interpolate(encoder, out, extra->log_length);
    }
    vch_encoder_extend(encoder, out);
}

// Two to a block of the key stream.
void vch_oracle_prover_salts(const struct vch_oracle *oracle, uint32_t first, uint32_t count,
                             uint8_t (*out)[VCH_ORACLE_SALT_SIZE])
{
    uint8_t key[VCH_STREAM_KEY_SIZE];

    derive(key, PREFIX_SALTS, oracle->matrix.seed, NULL);
    vch_stream_bytes(out, (size_t)count * VCH_ORACLE_SALT_SIZE, key, first / 2);
    vch_wipe(key, sizeof key);
}
