#include "import/lanes.h"

#include "import/evaluate.h"

#define ELEMENTS_MAX ((size_t)1 << 26) // of all lanes: more than one only where they are small

static size_t elements_of(const struct vch_layers *layers)
{
    const struct vch_network *network = layers->network;
    size_t count = 0;

    for (uint32_t i = 0; i < network->input_count; i++)
        count += vch_network_count(&network->values[network->inputs[i]].shape);
    for (uint32_t i = 0; i < layers->count; i++)
        count += vch_network_count(vch_layers_shape(layers, layers->layers[i].output));
    return count;
}

static size_t choose_count(const struct vch_layers *layers, const struct vch_samples *samples,
                           const struct vch_workers *workers)
{
    size_t count = workers == NULL ? 1 : workers->thread_count, elements = elements_of(layers);

    if (count > samples->count) count = samples->count;
    while (count > 1 && count * elements > ELEMENTS_MAX)
        count--;
    return count == 0 ? 1 : count;
}

// Another lane: buffers of its own for what is no constant.
static vch_status add_lane(double ***out, double *const *first, const struct vch_layers *layers,
                           struct vch_arena *arena)
{
    const struct vch_network *network = layers->network;
    double **buffers = VCH_ARENA_NEW(arena, double *, network->value_count);

    if (buffers == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < network->value_count; i++) {
        buffers[i] = first[i];
        if (first[i] == NULL || network->values[i].constant != NULL) continue;
        buffers[i] = VCH_ARENA_NEW(arena, double, vch_network_count(&network->values[i].shape));
        if (buffers[i] == NULL) return VCH_FAIL(NO_MEMORY);
    }
    *out = buffers;
    return VCH_OK;
}

vch_status vch_lanes_init(struct vch_lanes *out, const struct vch_layers *layers,
                          const struct vch_samples *samples, struct vch_workers *workers,
                          struct vch_arena *arena)
{
    *out = (struct vch_lanes){.layers = layers, .samples = samples, .workers = workers};
    out->count = choose_count(layers, samples, workers);
    out->buffers = VCH_ARENA_NEW(arena, double **, out->count);
    out->scratch = VCH_ARENA_NEW(arena, struct vch_arena, out->count);
    out->statuses = VCH_ARENA_NEW(arena, vch_status, out->count);
    if (out->buffers == NULL || out->scratch == NULL || out->statuses == NULL)
        return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_evaluate_buffers(&out->buffers[0], layers, arena));
    for (size_t i = 0; i < out->count; i++) {
        if (i > 0) VCH_TRY(add_lane(&out->buffers[i], out->buffers[0], layers, arena));
        if (!vch_arena_part(&out->scratch[i], arena, vch_evaluate_scratch(layers)))
            return VCH_FAIL(NO_MEMORY);
    }
    return VCH_OK;
}

static void run_lane(void *context, size_t lane)
{
    struct vch_lanes *at = context;

    vch_samples_load(at->buffers[lane], at->layers, at->samples, at->first + lane);
    at->statuses[lane] = vch_evaluate_all(at->buffers[lane], at->layers, &at->scratch[lane]);
}

vch_status vch_lanes_run(struct vch_lanes *lanes, size_t first, size_t *count)
{
    size_t left = lanes->samples->count - first;

    *count = left < lanes->count ? left : lanes->count;
    lanes->first = first;
    vch_workers_run(lanes->workers, run_lane, lanes, *count);
    for (size_t i = 0; i < *count; i++)
        VCH_TRY(lanes->statuses[i]);
    return VCH_OK;
}
