#include "annex/answer_boundary.h"

#include <stdbool.h>
#include <string.h>

#include "model/tensor.h"
#include "proof/boundary.h"

static vch_status check_sizes(const struct vch_answer_boundary *shape,
                              const struct vch_proof_boundary *boundary,
                              struct vch_complaint *complaint)
{
    if (boundary->count != shape->count)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the opening has %u values at one end; the model has %u there",
                            boundary->count, shape->count);
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct vch_value *value = &shape->graph->values[shape->values[i]];
        const struct vch_tensor tensor = {value->type, value->shape, NULL};
        size_t size = vch_tensor_size(&tensor) * shape->batch;
        if (boundary->values[i].size != size)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "the opening has %zu bytes for a value of %zu",
                                boundary->values[i].size, size);
    }
    return VCH_OK;
}

// Numbers in an opening are not aligned.
static int64_t element(const uint8_t *data, size_t i, enum vch_type type)
{
    int16_t i16 = 0;
    int32_t i32 = 0;
    int64_t i64 = 0;

    switch (type) {
    case VCH_TYPE_I8: return (int8_t)data[i];
    case VCH_TYPE_I16: memcpy(&i16, data + 2 * i, 2); return i16;
    case VCH_TYPE_I32: memcpy(&i32, data + 4 * i, 4); return i32;
    case VCH_TYPE_I64: memcpy(&i64, data + 8 * i, 8); return i64;
    }
    return 0;
}

static size_t sample_count(const struct vch_answer_boundary *shape)
{
    size_t count = 0;

    for (uint32_t i = 0; i < shape->count; i++)
        count += vch_tensor_shape_count(&shape->graph->values[shape->values[i]].shape);
    return count;
}

// Sample by sample, value by value, as cells are numbered.
static vch_status unpack(int64_t *out, const struct vch_answer_boundary *shape,
                         const struct vch_proof_boundary *boundary, struct vch_complaint *complaint)
{
    bool is_inside = true;

    for (size_t sample = 0; sample < shape->batch; sample++)
        for (uint32_t i = 0; i < shape->count; i++) {
            const struct vch_value *value = &shape->graph->values[shape->values[i]];
            size_t count = vch_tensor_shape_count(&value->shape);
            int64_t least = vch_tensor_type_min(value->type);
            for (size_t j = 0; j < count; j++, out++) {
                *out = element(boundary->values[i].data, sample * count + j, value->type);
                is_inside = is_inside && *out >= least;
            }
        }
    if (is_inside) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "the opening has a number below its type's symmetric range");
}

static vch_status root(struct vch_digest *out, const struct vch_answer_boundary *shape,
                       const struct vch_proof_boundary *boundary, struct vch_arena *arena,
                       struct vch_workers *workers, struct vch_complaint *complaint)
{
    const size_t count = sample_count(shape) * shape->batch;
    int64_t *numbers = VCH_ARENA_NEW(arena, int64_t, count);
    struct vch_encoder encoder;

    if (numbers == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(unpack(numbers, shape, boundary, complaint));
    VCH_TRY(vch_encoder_init(&encoder, arena, shape->level, shape->log_columns));
    return vch_boundary_root(out, &encoder, numbers, count, boundary->seed, arena, workers);
}

vch_status vch_answer_boundary_root(struct vch_digest *out, const struct vch_answer_boundary *shape,
                                    const struct vch_proof_boundary *boundary,
                                    struct vch_arena *arena, struct vch_workers *workers,
                                    struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(arena);

    VCH_TRY(check_sizes(shape, boundary, complaint));
    vch_status status = root(out, shape, boundary, arena, workers, complaint);
    vch_arena_rewind(arena, mark);
    return status;
}
