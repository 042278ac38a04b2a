#include "proof/encoder.h"

#include <string.h>

#include "base/check.h"

static uint64_t *powers(struct vch_arena *arena, size_t count, uint64_t ratio)
{
    uint64_t *out = VCH_ARENA_NEW(arena, uint64_t, count), power = 1;

    for (size_t i = 0; out != NULL && i < count; i++, power = vch_fp_mul(power, ratio))
        out[i] = power;
    return out;
}

vch_status vch_encoder_init(struct vch_encoder *encoder, struct vch_arena *arena,
                            enum vch_cpu_level level, unsigned log_columns)
{
    const unsigned log_length = log_columns + 1, log_symbols = log_columns + 3;
    const size_t length = (size_t)1 << log_length;

    VCH_ASSERT(log_columns >= 1 && log_symbols <= VCH_NTT_LOG_MAX);
    uint64_t *twiddles = VCH_ARENA_NEW(arena, uint64_t, vch_ntt_twiddle_count(log_length));
    if (twiddles != NULL) vch_ntt_twiddles(twiddles, log_length);
    *encoder = (struct vch_encoder){
        .field = vch_field_kernels_select(level),
        .sha256 = vch_sha256_kernels_select(level),
        .log_columns = log_columns,
        .log_length = log_length,
        .log_symbols = log_symbols,
        .twiddles = twiddles,
        .sevens = powers(arena, length, VCH_FP_GENERATOR),
        .steps = powers(arena, length, vch_fp_root(log_symbols)),
    };
    const bool has_all = twiddles != NULL && encoder->sevens != NULL && encoder->steps != NULL;
    return has_all ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

void vch_encoder_interpolate(const struct vch_encoder *encoder, uint64_t *row, unsigned log_row)
{
    const size_t count = (size_t)1 << log_row, length = (size_t)1 << encoder->log_length;

    VCH_ASSERT(log_row >= 1 && log_row <= encoder->log_length);
    encoder->field.intt(row, log_row, encoder->twiddles);
    encoder->field.mul_base(row, row, encoder->sevens, count);
    memset(row + count, 0, (length - count) * sizeof *row);
}

void vch_encoder_extend(const struct vch_encoder *encoder, uint64_t *row)
{
    const size_t length = (size_t)1 << encoder->log_length;

    for (unsigned k = 1; k < VCH_ENCODER_COSETS; k++, row += length) {
        encoder->field.mul_base(row + length, row, encoder->steps, length);
        encoder->field.ntt(row, encoder->log_length, encoder->twiddles);
    }
    encoder->field.ntt(row, encoder->log_length, encoder->twiddles);
}
