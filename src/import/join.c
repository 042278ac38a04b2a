// Calibration samples of a model with several inputs, one array for each.
#include <string.h>

#include "import/import.h"
#include "import/onnx.h"

struct joining {
    const struct vch_network *network;
    struct vch_npy arrays[VCH_GRAPH_PORTS_MAX];
    size_t size, samples; // numbers in a sample of all inputs
};

static vch_status read_array(struct joining *at, uint32_t i, const struct vch_import_arrays *arrays,
                             struct vch_complaint *complaint)
{
    const struct vch_network_value *input = &at->network->values[at->network->inputs[i]];
    struct vch_npy *array = &at->arrays[i];
    size_t size = vch_network_count(&input->shape);

    VCH_TRY(arrays->read(arrays->context, input->name, array, complaint));
    if (array->count == 0 || array->count % size != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "input \"%.80s\" takes %zu numbers a sample; its array holds %zu",
                            input->name, size, array->count);
    if (i > 0 && array->count / size != at->samples)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "input \"%.80s\" has %zu samples, the ones before it %zu", input->name,
                            array->count / size, at->samples);
    at->samples = array->count / size;
    at->size += size;
    return VCH_OK;
}

vch_status vch_import_join(struct vch_npy *out, const uint8_t *bytes, size_t size,
                           const struct vch_import_files *files,
                           const struct vch_import_arrays *arrays, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    struct joining at = {0};
    struct vch_network *network = NULL;

    VCH_TRY(vch_onnx_decode(&network, bytes, size, files, arena, complaint));
    at.network = network;
    if (network->input_count == 1) return arrays->read(arrays->context, NULL, out, complaint);
    for (uint32_t i = 0; i < network->input_count; i++)
        VCH_TRY(read_array(&at, i, arrays, complaint));
    *out =
        (struct vch_npy){.rank = 2, .dims = {at.samples, at.size}, .count = at.samples * at.size};
    out->values = VCH_ARENA_NEW(arena, float, out->count);
    if (out->values == NULL) return VCH_FAIL(NO_MEMORY);
    float *to = out->values;
    for (size_t sample = 0; sample < at.samples; sample++)
        for (uint32_t i = 0; i < network->input_count; i++) {
            size_t count = at.arrays[i].count / at.samples;
            memcpy(to, at.arrays[i].values + sample * count, count * sizeof *to);
            to += count;
        }
    return VCH_OK;
}
