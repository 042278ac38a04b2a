// Calibration samples for trying a model out when there are no real ones.
#include <math.h>

#include "import/import.h"
#include "import/network.h"
#include "import/onnx.h"

enum { SAMPLES = 64 };

#define VALUES_MAX ((size_t)1 << 26)

// SplitMix64, so that a seed gives the same samples everywhere.
static float next_uniform(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (float)((z ^ z >> 31) >> 40) / 16777216.0F; // 24 bits: exact in float32
}

static vch_status fill(struct vch_npy *out, const struct vch_network_shape *shape, bool is_whole,
                       uint64_t seed, struct vch_arena *arena)
{
    size_t per_sample = vch_network_count(shape);
    size_t samples =
        per_sample > 0 && VALUES_MAX / per_sample < SAMPLES ? VALUES_MAX / per_sample : SAMPLES;

    if (per_sample == 0 || samples == 0) return VCH_FAIL(LIMIT);
    *out = (struct vch_npy){.count = samples * per_sample};
    out->dims[out->rank++] = samples;
    for (uint32_t i = shape->rank > 0 && shape->dims[0] == 1; i < shape->rank; i++) {
        if (out->rank == VCH_NPY_RANK_MAX) return VCH_FAIL(LIMIT);
        out->dims[out->rank++] = shape->dims[i];
    }
    out->values = VCH_ARENA_NEW(arena, float, out->count);
    if (out->values == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < out->count; i++)
        out->values[i] = is_whole ? floorf(2 * next_uniform(&seed)) : next_uniform(&seed);
    return VCH_OK;
}

vch_status vch_import_synthetic(struct vch_npy *out, const uint8_t *bytes, size_t size,
                                const struct vch_import_files *files, uint64_t seed,
                                struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_network *network = NULL;

    VCH_TRY(vch_onnx_decode(&network, bytes, size, files, arena, complaint));
    if (network->input_count != 1)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "calibration takes models with one input; this one has %u",
                            network->input_count);
    const struct vch_network_value *input = &network->values[network->inputs[0]];
    if (!input->has_shape)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "input \"%.80s\" declares no shape: synthetic samples need one",
                            input->name);
    vch_status status = fill(out, &input->shape, input->type == VCH_NETWORK_INTEGER, seed, arena);
    if (vch_is_ok(status)) return status;
    return vch_complain(complaint, status.code,
                        "input \"%.80s\" has no elements, or too many for synthetic samples",
                        input->name);
}
