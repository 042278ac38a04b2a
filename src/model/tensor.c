#include "model/tensor.h"

#include "base/check.h"
#include "crypto/transcript.h"

static const struct type_facts {
    const char *name;
    size_t size;
    int64_t min, max;
} FACTS[] = {
    [VCH_TYPE_I8] = {"int8", 1, -INT8_MAX, INT8_MAX},
    [VCH_TYPE_I16] = {"int16", 2, -INT16_MAX, INT16_MAX},
    [VCH_TYPE_I32] = {"int32", 4, INT32_MIN, INT32_MAX},
    [VCH_TYPE_I64] = {"int64", 8, INT64_MIN, INT64_MAX},
};

bool vch_tensor_is_type(uint32_t type)
{
    return type >= VCH_TYPE_I8 && type <= VCH_TYPE_I64;
}

static const struct type_facts *facts(enum vch_type type)
{
    VCH_ASSERT(vch_tensor_is_type(type));
    return &FACTS[type];
}

size_t vch_tensor_type_size(enum vch_type type)
{
    return facts(type)->size;
}

const char *vch_tensor_type_name(enum vch_type type)
{
    return facts(type)->name;
}

int64_t vch_tensor_type_min(enum vch_type type)
{
    return facts(type)->min;
}

int64_t vch_tensor_type_max(enum vch_type type)
{
    return facts(type)->max;
}

vch_status vch_tensor_shape_check(const struct vch_shape *shape)
{
    uint64_t count = 1;

    if (shape->rank > VCH_RANK_MAX) return VCH_FAIL(LIMIT);
    for (uint32_t axis = 0; axis < shape->rank; axis++) {
        if (shape->dims[axis] == 0) return VCH_FAIL(LIMIT);
        count *= shape->dims[axis]; // below 2^28 * 2^32
        if (count > VCH_TENSOR_COUNT_MAX) return VCH_FAIL(LIMIT);
    }
    return VCH_OK;
}

size_t vch_tensor_shape_count(const struct vch_shape *shape)
{
    size_t count = 1;

    VCH_ASSERT(shape->rank <= VCH_RANK_MAX);
    for (uint32_t axis = 0; axis < shape->rank; axis++)
        count *= shape->dims[axis];
    return count;
}

bool vch_tensor_shape_is_equal(const struct vch_shape *a, const struct vch_shape *b)
{
    if (a->rank != b->rank) return false;
    for (uint32_t axis = 0; axis < a->rank; axis++)
        if (a->dims[axis] != b->dims[axis]) return false;
    return true;
}

size_t vch_tensor_size(const struct vch_tensor *tensor)
{
    return vch_tensor_shape_count(&tensor->shape) * vch_tensor_type_size(tensor->type);
}

vch_status vch_tensor_check_range(const struct vch_tensor *tensor, uint32_t batch)
{
    size_t count = batch * vch_tensor_shape_count(&tensor->shape);
    const int8_t *bytes = tensor->data;
    const int16_t *words = tensor->data;
    uint8_t found = 0;
    uint16_t found_words = 0;

    // Without early exits and in the elements' own width, so that the loops vectorise well: in
    // honest data nothing is outside.
    if (tensor->type == VCH_TYPE_I8)
        for (size_t i = 0; i < count; i++)
            found |= (uint8_t)(bytes[i] == INT8_MIN);
    if (tensor->type == VCH_TYPE_I16)
        for (size_t i = 0; i < count; i++)
            found_words |= (uint16_t)(words[i] == INT16_MIN);
    return found != 0 || found_words != 0 ? VCH_FAIL(MALFORMED) : VCH_OK;
}

static void absorb_form(struct vch_transcript *transcript, const struct vch_tensor *tensor,
                        uint32_t batch)
{
    vch_transcript_absorb_u64(transcript, "type", tensor->type);
    vch_transcript_absorb_u64(transcript, "rank", tensor->shape.rank);
    for (uint32_t axis = 0; axis < tensor->shape.rank; axis++)
        vch_transcript_absorb_u64(transcript, "dimension", tensor->shape.dims[axis]);
    vch_transcript_absorb_u64(transcript, "batch", batch);
}

struct vch_digest vch_tensor_digest(const struct vch_tensor *tensor, uint32_t batch)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/tensor/v1");
    absorb_form(&transcript, tensor, batch);
    vch_transcript_absorb(&transcript, "data", tensor->data, batch * vch_tensor_size(tensor));
    return vch_transcript_final(&transcript);
}

struct vch_digest vch_tensor_commit(const struct vch_tensor *tensor, uint32_t batch,
                                    const struct vch_nonce *nonce)
{
    struct vch_digest digest = vch_tensor_digest(tensor, batch);
    return vch_commitment_make(VCH_COMMITMENT_SHA256, nonce, &digest);
}

struct vch_digest vch_tensor_commit_root(const struct vch_tensor *tensor, uint32_t batch,
                                         uint32_t log_columns, const struct vch_digest *root)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/commitment/v1");
    vch_transcript_absorb_u64(&transcript, "kind", VCH_COMMITMENT_MATRIX);
    vch_transcript_absorb_u64(&transcript, "columns", log_columns);
    absorb_form(&transcript, tensor, batch);
    vch_transcript_absorb_digest(&transcript, "root", root);
    return vch_transcript_final(&transcript);
}
