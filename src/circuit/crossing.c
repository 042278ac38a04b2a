#include "circuit/crossing.h"

#include "base/bytes.h"
#include "circuit/circuit.h"
#include "field/field.h"
#include "proof/boundary.h"

_Static_assert(VCH_COMMITMENT_LOG_COLUMNS_MIN == VCH_STATEMENT_LOG_COLUMNS_MIN &&
                   VCH_COMMITMENT_LOG_COLUMNS_MAX == VCH_STATEMENT_LOG_COLUMNS_MAX,
               "a commitment's columns are a statement's");
_Static_assert(VCH_COMMITMENT_NONCE_SIZE == VCH_ORACLE_SEED_SIZE, "a nonce is a seed");

// Among all int64 congruent to it modulo p. Cells are residues: a root of them would open to both
// of two numbers that are p apart, which only those close to either end of int64 are.
static bool is_alone(int64_t value)
{
    const int64_t half = (int64_t)(VCH_FP_P / 2);

    return value >= -half && value <= half;
}

static vch_status make_root(struct vch_digest *out, const struct vch_crossing *crossing,
                            const struct vch_tensor *tensor, size_t count,
                            const struct vch_nonce *nonce, struct vch_arena *scratch)
{
    int64_t *values = VCH_ARENA_NEW(scratch, int64_t, count);
    struct vch_encoder encoder;

    if (values == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_encoder_init(&encoder, scratch, crossing->level, crossing->log_columns));
    for (size_t i = 0; i < count; i++) {
        values[i] = vch_tensor_load(tensor->type, tensor->data, i);
        if (!is_alone(values[i])) return VCH_FAIL(LIMIT);
    }
    return vch_boundary_root(out, &encoder, values, count, nonce->bytes, scratch,
                             crossing->workers);
}

vch_status vch_crossing_root(struct vch_digest *out, const struct vch_crossing *crossing,
                             const struct vch_tensor *tensor, uint32_t batch,
                             const struct vch_nonce *nonce, struct vch_arena *scratch)
{
    struct vch_arena_mark mark = vch_arena_mark(scratch);
    uint64_t count = (uint64_t)vch_tensor_shape_count(&tensor->shape) * batch;

    if (count > VCH_CROSSING_COUNT_MAX) return VCH_FAIL(LIMIT);
    vch_status status = make_root(out, crossing, tensor, (size_t)count, nonce, scratch);
    vch_arena_rewind(scratch, mark);
    return status;
}

vch_status vch_crossing_commit(struct vch_digest *out, const struct vch_crossing *crossing,
                               const struct vch_tensor *tensor, uint32_t batch,
                               const struct vch_nonce *nonce, struct vch_arena *scratch)
{
    struct vch_digest root;

    if (crossing->kind == VCH_COMMITMENT_SHA256) {
        *out = vch_tensor_commit(tensor, batch, nonce);
        return VCH_OK;
    }
    if (crossing->kind != VCH_COMMITMENT_MATRIX) return VCH_FAIL(UNSUPPORTED);
    VCH_TRY(vch_crossing_root(&root, crossing, tensor, batch, nonce, scratch));
    *out = vch_tensor_commit_root(tensor, batch, crossing->log_columns, &root);
    return VCH_OK;
}

vch_status vch_crossing_verify(const struct vch_digest *commitment,
                               const struct vch_crossing *crossing, const struct vch_tensor *tensor,
                               uint32_t batch, const struct vch_nonce *nonce,
                               struct vch_arena *scratch)
{
    struct vch_digest made;

    VCH_TRY(vch_crossing_commit(&made, crossing, tensor, batch, nonce, scratch));
    return vch_hash_is_equal(&made, commitment) ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

// Numbers of 8 bytes, the code's tables, the oracle, and what blocks of an arena leave unused.
size_t vch_crossing_memory(const struct vch_crossing *crossing, uint64_t count)
{
    enum { TABLES = 28 * 8, SLACK = 1 << 21 };

    if (crossing->kind != VCH_COMMITMENT_MATRIX) return 0;
    if (count > VCH_CROSSING_COUNT_MAX) return SIZE_MAX;
    return 8 * (size_t)count + ((size_t)TABLES << crossing->log_columns) +
           vch_boundary_memory((size_t)count, crossing->log_columns, crossing->workers) + SLACK;
}
