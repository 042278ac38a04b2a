#include "import/samples.h"

#include <math.h>

#include "base/check.h"
#include "import/quantise.h"

static size_t sample_size(const struct vch_network *network)
{
    size_t size = 0;

    for (uint32_t i = 0; i < network->input_count; i++)
        size += vch_network_count(&network->values[network->inputs[i]].shape);
    return size;
}

// Every input of whole numbers gets whole numbers.
static vch_status check_whole(const struct vch_samples *samples, const struct vch_network *network,
                              struct vch_complaint *complaint)
{
    const float *at = samples->values;

    for (size_t i = 0; i < samples->count * network->input_count; i++) {
        const struct vch_network_value *input =
            &network->values[network->inputs[i % network->input_count]];
        size_t count = vch_network_count(&input->shape);
        for (size_t j = 0; input->type == VCH_NETWORK_INTEGER && j < count; j++)
            if (at[j] != rintf(at[j]))
                return vch_complain(complaint, VCH_CODE_MALFORMED,
                                    "calibration sample %zu: input '%.100s' is %g, and takes whole "
                                    "numbers",
                                    i / network->input_count, input->name, (double)at[j]);
        at += count;
    }
    return VCH_OK;
}

vch_status vch_samples_init(struct vch_samples *out, const struct vch_layers *layers,
                            const struct vch_import_options *options,
                            struct vch_complaint *complaint)
{
    const struct vch_npy *given = options->calibration;
    size_t size = sample_size(layers->network);

    VCH_ASSERT(size > 0); // decoding refused models without inputs, and empty ones
    if (given == NULL || given->count == 0)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "this model needs calibration samples: a .npy of shape (samples, ...) "
                            "with %zu numbers a sample, typical of what the model will see",
                            size);
    size_t own =
        given->rank == 0 || given->dims[0] == 0 ? given->count : given->count / given->dims[0];
    if (own != size && given->count != size)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the calibration samples have %zu numbers each along axis 0; the model "
                            "takes %zu",
                            own, size);
    *out =
        (struct vch_samples){.values = given->values, .count = given->count / size, .size = size};
    if (options->calibration_max > 0 && out->count > options->calibration_max)
        out->count = options->calibration_max;
    for (size_t i = 0; i < out->count * size; i++)
        if (!isfinite(given->values[i]))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "calibration sample %zu holds a number that is not finite",
                                i / size);
    return check_whole(out, layers->network, complaint);
}

vch_status vch_samples_zero(struct vch_samples *out, const struct vch_layers *layers,
                            struct vch_arena *arena)
{
    size_t size = sample_size(layers->network);
    float *values = VCH_ARENA_NEW(arena, float, size);

    if (values == NULL) return VCH_FAIL(NO_MEMORY);
    *out = (struct vch_samples){.values = values, .count = 1, .size = size};
    return VCH_OK;
}

void vch_samples_load(double *const *buffers, const struct vch_layers *layers,
                      const struct vch_samples *samples, size_t index)
{
    const struct vch_network *network = layers->network;
    const float *from = samples->values + index * samples->size;

    for (uint32_t i = 0; i < network->input_count; i++) {
        double *to = buffers[network->inputs[i]];
        size_t count = vch_network_count(&network->values[network->inputs[i]].shape);
        for (size_t j = 0; j < count; j++)
            to[j] = (double)*from++;
    }
}

vch_status vch_samples_quantise(void *out, const struct vch_graph *graph,
                                const struct vch_port *port, const float *sample, size_t count,
                                struct vch_complaint *complaint)
{
    size_t size = vch_tensor_type_size(graph->values[port->value].type);

    if (port->kind != VCH_PORT_INTEGER)
        return vch_quantise_input(out, graph, port, sample, count, complaint);
    for (size_t i = 0; i < count; i++) { // whole numbers within int32, as calibration found
        int64_t whole = sample[i] == 0x1p31F ? INT32_MAX : (int64_t)sample[i];
        VCH_TRY(
            vch_quantise_integers((uint8_t *)out + i * size, graph, port, &whole, 1, complaint));
    }
    return VCH_OK;
}
