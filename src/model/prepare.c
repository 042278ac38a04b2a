#include "model/prepare.h"

#include <stdlib.h>

#include "base/check.h"
#include "kernels/packing.h"

enum { LINE = 64, RUN_TERMS_MAX = 512 };

// More than any machine has: what counts so far is refused when it is to be allocated.
#define SIZE_REFUSED (SIZE_MAX / 4)

static void *take(struct vch_prepare *prepare, size_t count, size_t size)
{
    const size_t offset = prepare->size;
    size_t bytes = 0;

    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_REFUSED - LINE ||
        offset > SIZE_REFUSED - LINE - bytes) {
        prepare->size = SIZE_REFUSED;
        return NULL;
    }
    prepare->size += bytes == 0 ? LINE : (bytes + LINE - 1) / LINE * LINE;
    if (vch_prepare_is_dry(prepare)) return NULL;
    VCH_ASSERT(prepare->size <= prepare->memory_size);
    return prepare->memory + offset;
}

void *vch_prepare_alloc(struct vch_prepare *prepare, size_t count, size_t size)
{
    void *out = take(prepare, count, size);
    return vch_prepare_is_dry(prepare) ? vch_arena_alloc(prepare->scratch, count, size) : out;
}

void *vch_prepare_alloc_packed(struct vch_prepare *prepare, size_t count, size_t size)
{
    return take(prepare, count, size);
}

void vch_prepare_repeat(struct vch_prepare *prepare, size_t before, size_t times)
{
    size_t more = 0;

    if (__builtin_mul_overflow(prepare->size - before, times, &more) ||
        more > SIZE_REFUSED - prepare->size)
        more = SIZE_REFUSED - prepare->size;
    prepare->size += more;
}

bool vch_prepare_is_wide(enum vch_type type, size_t depth)
{
    return type == VCH_TYPE_I16 || depth > VCH_DOT_I8_COUNT_MAX;
}

const struct vch_packing *vch_prepare_packing(const struct vch_kernels *kernels, bool is_wide)
{
    return is_wide ? &kernels->packing_i16 : &kernels->packing_i8;
}

struct vch_prepare_runs vch_prepare_runs(const struct vch_packing *packing, size_t depth,
                                         bool is_wide)
{
    const size_t most = is_wide ? RUN_TERMS_MAX : depth, count = (depth + most - 1) / most;
    const size_t terms = (depth + count - 1) / count;

    return (struct vch_prepare_runs){
        .count = (uint32_t)count,
        .steps = (uint32_t)((terms + packing->group - 1) / packing->group),
    };
}

size_t vch_prepare_beyond(const struct vch_packing *packing, size_t depth, bool is_wide)
{
    const struct vch_prepare_runs runs = vch_prepare_runs(packing, depth, is_wide);
    const size_t terms = (size_t)runs.count * runs.steps * packing->group;

    return ((terms - depth) * packing->input_size + LINE - 1) / LINE * LINE;
}

static size_t depth_of(const struct vch_prepare *prepare, const struct vch_operator *o)
{
    const struct vch_shape *w = &prepare->graph->parameters[o->parameters[0]].shape;
    return vch_tensor_shape_count(w) / w->dims[0];
}

static const void *parameter(const struct vch_prepare *prepare, const struct vch_operator *o,
                             uint32_t i)
{
    if (i >= o->parameter_count) return NULL;
    return prepare->graph->parameters[o->parameters[i]].data;
}

static int64_t bias_of(const struct vch_prepare *prepare, const struct vch_operator *o,
                       uint32_t channel)
{
    const int64_t *bias = parameter(prepare, o, 1);
    return bias == NULL ? 0 : bias[channel];
}

// The largest |sum| of one channel that its weights allow, without the bias.
static uint64_t largest_sum(const struct vch_prepare *prepare, const struct vch_operator *o,
                            uint32_t channel)
{
    const size_t depth = depth_of(prepare, o);
    const int8_t *weights = (const int8_t *)parameter(prepare, o, 0) + channel * depth;
    uint64_t sum = 0;

    for (size_t i = 0; i < depth; i++)
        sum += (uint64_t)abs(weights[i]);
    return sum * (uint64_t)vch_tensor_type_max(prepare->graph->values[o->inputs[0]].type);
}

// Multipliers, shifts and what is added: one entry per channel of a panel, those that are not there
// harmless.
static void fill_scaling(struct vch_panels *panels, const struct vch_prepare *prepare,
                         const struct vch_prepare_sums *sums, size_t padded, int64_t *addends,
                         int32_t *multipliers, uint32_t *shifts)
{
    const struct vch_scaling *scaling = &sums->operator_->scaling;
    uint64_t most = 0;

    panels->is_narrow = true;
    for (uint32_t n = 0; n < padded; n++) {
        multipliers[n] = 0;
        shifts[n] = 1;
        if (n >= sums->channels) continue;
        const uint32_t channel = sums->first + n, i = scaling->count > 1 ? channel : 0;
        const int64_t bias = bias_of(prepare, sums->operator_, channel);
        const uint64_t largest = largest_sum(prepare, sums->operator_, channel);
        multipliers[n] = scaling->multipliers[i];
        shifts[n] = scaling->shifts[i];
        addends[n] = bias * multipliers[n] + ((int64_t)1 << (shifts[n] - 1));
        // Below 2^63: the graph's public bound has seen to it.
        const uint64_t value = (largest + (uint64_t)llabs(bias)) * (uint64_t)abs(multipliers[n]);
        if (((value + ((uint64_t)1 << (shifts[n] - 1))) >> shifts[n]) >= INT32_MAX)
            panels->is_narrow = false;
        if (largest > most) most = largest;
    }
    // Where no partial sum can leave int32, all runs are one block.
    const uint32_t group = vch_prepare_packing(prepare->kernels, sums->is_wide)->group;
    const uint32_t fit = RUN_TERMS_MAX / (sums->run_steps * group);
    panels->block_runs = most <= INT32_MAX ? sums->run_count : fit > 0 ? fit : 1;
    panels->addends = addends;
    panels->multipliers = multipliers;
    panels->shifts = shifts;
}

// Depthwise weights turn from (channels, taps) to (taps, channels).
static void turn_weights(int8_t *out, const int8_t *weights, size_t channels, size_t taps)
{
    for (size_t t = 0; t < taps; t++)
        for (size_t n = 0; n < channels; n++)
            out[t * channels + n] = weights[n * taps + t];
}

static void pack(struct vch_panels *panels, struct vch_prepare *prepare,
                 const struct vch_prepare_sums *sums, size_t padded)
{
    const struct vch_packing *packing = vch_prepare_packing(prepare->kernels, sums->is_wide);
    const size_t depth = depth_of(prepare, sums->operator_);
    const size_t terms = (size_t)sums->run_count * sums->run_steps * packing->group;
    const int8_t *weights = parameter(prepare, sums->operator_, 0);
    int32_t *starts = VCH_PREPARE_PACKED(prepare, int32_t, padded);
    void *packed = sums->is_depthwise
                       ? vch_prepare_alloc_packed(prepare, sums->channels, depth)
                       : vch_prepare_alloc_packed(prepare, padded, terms * packing->weight_size);

    if (vch_prepare_is_dry(prepare)) return;
    VCH_ASSERT(weights != NULL); // held: whoever prepares has seen to it
    panels->starts = starts;
    panels->weights = packed;
    weights += sums->first * depth;
    if (sums->is_depthwise)
        turn_weights(packed, weights, sums->channels, depth);
    else
        vch_packing_weights(packed, starts, packing, weights, sums->channels, depth, sums->terms,
                            terms);
}

void vch_prepare_panels(struct vch_panels *panels, struct vch_prepare *prepare,
                        const struct vch_prepare_sums *sums)
{
    const struct vch_operator *o = sums->operator_;
    const struct vch_packing *packing = vch_prepare_packing(prepare->kernels, sums->is_wide);
    const size_t padded = vch_packing_channels(packing, sums->channels);
    int64_t *addends = VCH_PREPARE_PACKED(prepare, int64_t, padded);
    int32_t *multipliers = VCH_PREPARE_PACKED(prepare, int32_t, padded);
    uint32_t *shifts = VCH_PREPARE_PACKED(prepare, uint32_t, padded);

    if (!vch_prepare_is_dry(prepare)) {
        *panels = (struct vch_panels){
            .runs = sums->runs,
            .run_count = sums->run_count,
            .run_steps = sums->run_steps,
            .channels = sums->channels,
            .out_size = (uint32_t)vch_tensor_type_size(prepare->graph->values[o->output].type),
            .lo = (int32_t)o->scaling.lo,
            .hi = (int32_t)o->scaling.hi,
        };
        fill_scaling(panels, prepare, sums, padded, addends, multipliers, shifts);
    }
    pack(panels, prepare, sums, padded);
}
