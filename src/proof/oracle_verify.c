#include "proof/oracle_verify.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/merkle.h"

// The cap's nodes in order, whose tree has the root.
static vch_status read_cap(struct vch_digest cap[static VCH_ORACLE_CAP], struct vch_reader *reader,
                           const struct vch_digest *root)
{
    struct vch_digest scratch[VCH_ORACLE_CAP];
    const uint8_t *bytes;

    VCH_TRY(vch_reader_bytes(reader, sizeof scratch, &bytes));
    memcpy(cap[0].bytes, bytes, sizeof scratch);
    memcpy(scratch[0].bytes, bytes, sizeof scratch);
    const struct vch_digest made = vch_merkle_root_in_place(scratch, VCH_ORACLE_CAP);
    return vch_hash_is_equal(&made, root) ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

static struct vch_digest digest_at(const uint8_t *bytes)
{
    struct vch_digest digest;

    memcpy(digest.bytes, bytes, sizeof digest.bytes);
    return digest;
}

// The leaf is the hash of salt and symbols, which lie side by side.
static vch_status check_path(const struct vch_digest *cap, const uint8_t *column, size_t data_size,
                             uint32_t position, unsigned siblings)
{
    struct vch_digest node = vch_merkle_leaf(column, data_size);

    for (unsigned i = 0; i < siblings; i++, position /= 2) {
        const struct vch_digest sibling =
            digest_at(column + data_size + (size_t)i * VCH_DIGEST_SIZE);
        node = position % 2 == 1 ? vch_merkle_parent(&sibling, &node)
                                 : vch_merkle_parent(&node, &sibling);
    }
    return vch_hash_is_equal(&node, &cap[position]) ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

static vch_status read_symbols(uint64_t *out, const uint8_t *bytes, uint32_t count)
{
    bool is_canonical = true;

    for (uint32_t i = 0; i < count; i++) {
        out[i] = vch_get_u64le(bytes + 8 * (size_t)i);
        is_canonical &= vch_fp_is_canonical(out[i]);
    }
    return is_canonical ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

vch_status vch_oracle_verify(struct vch_oracle_columns *columns, struct vch_reader *reader,
                             const struct vch_encoder *encoder, const struct vch_digest *root,
                             uint32_t rows, const uint32_t positions[static VCH_ORACLE_POSITIONS],
                             struct vch_arena *arena)
{
    const size_t data_size = VCH_ORACLE_SALT_SIZE + 8 * (size_t)rows;
    const size_t column_size = vch_oracle_column_size(encoder->log_columns, rows);
    const unsigned siblings = encoder->log_symbols - VCH_ORACLE_LOG_CAP;
    struct vch_digest cap[VCH_ORACLE_CAP];
    uint64_t *symbols = VCH_ARENA_NEW(arena, uint64_t, (size_t)VCH_ORACLE_POSITIONS * rows);

    if (symbols == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(read_cap(cap, reader, root));
    for (size_t i = 0; i < VCH_ORACLE_POSITIONS; i++) {
        const uint8_t *column;
        if (positions[i] >> encoder->log_symbols != 0) return VCH_FAIL(BAD_PROOF);
        VCH_TRY(vch_reader_bytes(reader, column_size, &column));
        VCH_TRY(check_path(cap, column, data_size, positions[i], siblings));
        VCH_TRY(read_symbols(symbols + i * rows, column + VCH_ORACLE_SALT_SIZE, rows));
    }
    *columns = (struct vch_oracle_columns){rows, symbols};
    return VCH_OK;
}

// Both halves of a row over K become codewords.
static bool encode(struct vch_planes *out, const struct vch_encoder *encoder,
                   struct vch_const_planes values, unsigned log_row, struct vch_arena *arena)
{
    const size_t size = sizeof(uint64_t) << log_row;

    out->c0 = VCH_ARENA_NEW(arena, uint64_t, (size_t)1 << encoder->log_symbols);
    out->c1 = VCH_ARENA_NEW(arena, uint64_t, (size_t)1 << encoder->log_symbols);
    if (out->c0 == NULL || out->c1 == NULL) return false;
    memcpy(out->c0, values.c0, size);
    memcpy(out->c1, values.c1, size);
    vch_encoder_interpolate(encoder, out->c0, log_row);
    vch_encoder_interpolate(encoder, out->c1, log_row);
    vch_encoder_extend(encoder, out->c0);
    vch_encoder_extend(encoder, out->c1);
    return true;
}

// The sum of coefficient * symbol over all rows of cells; `extras` becomes the rows after them.
static struct vch_ext combine(const struct vch_oracle_combination *c,
                              const struct vch_encoder *encoder, size_t position,
                              const uint64_t **extras)
{
    struct vch_ext sum = vch_ext_from_base(0);
    size_t row = 0;

    for (uint32_t i = 0; i < c->oracle_count; i++) {
        const struct vch_oracle_columns *oracle = &c->oracles[i];
        const size_t after = i + 1 == c->oracle_count ? VCH_ORACLE_EXTRA_ROWS : 0;
        const size_t cells = oracle->rows - after;
        const uint64_t *symbols = oracle->symbols + position * oracle->rows;
        sum = vch_ext_add(sum, encoder->field.dot_base(vch_const_planes_at(c->coefficients, row),
                                                       symbols, cells));
        row += cells;
        *extras = symbols + cells;
    }
    return sum;
}

static struct vch_ext pair(const uint64_t *values)
{
    return (struct vch_ext){{values[0], values[1]}};
}

static bool has_symbols(const struct vch_oracle_combination *c, const struct vch_encoder *encoder,
                        size_t i, struct vch_ext v1, struct vch_ext v2)
{
    const uint64_t *extras = NULL;
    const struct vch_ext sum = vch_ext_mul(c->g, combine(c, encoder, i, &extras));
    const struct vch_ext pads = vch_ext_mul(c->g, pair(extras + VCH_ORACLE_PADS));

    return vch_ext_is_equal(v1, vch_ext_add(pair(extras + VCH_ORACLE_MASK1), sum)) &&
           vch_ext_is_equal(v2, vch_ext_add(pair(extras + VCH_ORACLE_MASK2), pads));
}

vch_status vch_oracle_verify_combination(const struct vch_oracle_combination *combination,
                                         const struct vch_encoder *encoder,
                                         const uint32_t positions[static VCH_ORACLE_POSITIONS],
                                         struct vch_arena *arena)
{
    const struct vch_oracle_combination *c = combination;
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    struct vch_planes v1, v2;

    VCH_ASSERT(c->oracle_count > 0);
    VCH_ASSERT(c->oracles[c->oracle_count - 1].rows >= VCH_ORACLE_EXTRA_ROWS);
    if (!encode(&v1, encoder, c->v1, encoder->log_length, arena)) return VCH_FAIL(NO_MEMORY);
    if (!encode(&v2, encoder, c->v2, c->log_pad_row, arena)) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < VCH_ORACLE_POSITIONS; i++) {
        const size_t place = vch_encoder_place(encoder, positions[i]);
        if (!has_symbols(c, encoder, i, vch_planes_get(vch_planes_const(v1), place),
                         vch_planes_get(vch_planes_const(v2), place)))
            return VCH_FAIL(BAD_PROOF);
    }
    vch_arena_rewind(arena, mark);
    return VCH_OK;
}
