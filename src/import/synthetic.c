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

static void fill(float *out, const struct vch_network_value *input, uint64_t *seed)
{
    size_t count = vch_network_count(&input->shape);
    bool is_whole = input->type == VCH_NETWORK_INTEGER;

    for (size_t i = 0; i < count; i++)
        out[i] = is_whole ? floorf(2 * next_uniform(seed)) : next_uniform(seed);
}

// Sample after sample, in each the inputs end to end; one input keeps its shape.
static vch_status fill_all(struct vch_npy *out, const struct vch_network *network, size_t size,
                           uint64_t seed, struct vch_arena *arena)
{
    const struct vch_network_shape *first = &network->values[network->inputs[0]].shape;
    size_t samples = VALUES_MAX / size < SAMPLES ? VALUES_MAX / size : SAMPLES;

    *out = (struct vch_npy){.rank = 1, .dims = {samples}, .count = samples * size};
    for (uint32_t i = first->rank > 0 && first->dims[0] == 1; i < first->rank; i++) {
        if (network->input_count > 1 || out->rank == VCH_NPY_RANK_MAX) break;
        out->dims[out->rank++] = first->dims[i];
    }
    if (network->input_count > 1) out->dims[out->rank++] = size;
    out->values = VCH_ARENA_NEW(arena, float, out->count);
    if (out->values == NULL) return VCH_FAIL(NO_MEMORY);
    float *to = out->values;
    for (size_t i = 0; i < samples * network->input_count; i++) {
        const struct vch_network_value *input =
            &network->values[network->inputs[i % network->input_count]];
        fill(to, input, &seed);
        to += vch_network_count(&input->shape);
    }
    return VCH_OK;
}

vch_status vch_import_synthetic(struct vch_npy *out, const uint8_t *bytes, size_t size,
                                const struct vch_import_files *files, uint64_t seed,
                                struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_network *network = NULL;
    size_t numbers = 0;

    VCH_TRY(vch_onnx_decode(&network, bytes, size, files, arena, complaint));
    for (uint32_t i = 0; i < network->input_count; i++)
        numbers += vch_network_count(&network->values[network->inputs[i]].shape);
    if (numbers > 0 && numbers <= VALUES_MAX) return fill_all(out, network, numbers, seed, arena);
    return vch_complain(complaint, VCH_CODE_LIMIT,
                        "the model takes %zu numbers a sample; synthetic samples have at most %zu",
                        numbers, VALUES_MAX);
}
