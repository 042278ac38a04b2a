#include <stdlib.h>

#include "audit/layer.h"
#include "base/check.h"
#include "model/step.h"

enum { LINE = 64, ALIKE = 16 }; // of which every level's panels are a part

static size_t round_up(size_t size)
{
    return (size + LINE - 1) / LINE * LINE;
}

// Where scratch lies: halves of a block and its products, what the operands give, and what rows of
// a MATMUL's first operand are multiplied by.
enum { HALVES, PRODUCTS, GIVEN, TURNED, DIGITS, PARTS };

struct room {
    size_t at[PARTS], size;
};

static struct room room_of(const struct vch_layer *l, uint32_t samples)
{
    const size_t units = samples * l->units, block = l->block < units ? l->block : units;
    const size_t sizes[PARTS] = {
        [HALVES] = block * l->outer * l->inner * l->halves * sizeof(int16_t),
        [PRODUCTS] = block * l->outer * sizeof(uint64_t),
        [GIVEN] = units * sizeof(uint64_t),
        [TURNED] = l->matmul.depth * sizeof(uint64_t),
        [DIGITS] = l->matmul.depth * VCH_DIGITS_COUNT,
    };
    struct room room = {.size = 0};

    for (size_t i = 0; i < PARTS; i++) {
        room.at[i] = room.size;
        room.size += round_up(sizes[i]);
    }
    return room;
}

static void *part_of(void *scratch, const struct room *room, size_t part)
{
    return (uint8_t *)scratch + room->at[part];
}

size_t vch_layer_scratch(const struct vch_layer *layer, uint32_t samples)
{
    return room_of(layer, samples).size;
}

bool vch_layer_is_bounded(const struct vch_layer *layer, const void *accumulators, uint32_t samples,
                          const struct vch_kernels *kernels)
{
    const size_t count = layer->count * samples;
    const int64_t *wide = accumulators, bound = (int64_t)layer->operator_->public_bound;
    int32_t outside = 0;

    if (!layer->is_wide) return kernels->is_within_i32(accumulators, count, (int32_t)bound);
    for (size_t i = 0; i < count; i++)
        outside |= (wide[i] > bound) | (wide[i] < -bound);
    return outside == 0;
}

// A run of accumulators of int32 that share one scaling, as rows of so many channels that are
// alike.
static void requantise_narrow(void *out, const struct vch_layer *l, const int32_t *accumulators,
                              size_t count, const struct vch_requantise *how,
                              const struct vch_kernels *kernels)
{
    const enum vch_type type = l->graph->values[l->operator_->output].type;
    const uint64_t most = l->operator_->public_bound * (uint64_t)abs(how->multiplier);
    const int64_t half = (int64_t)1 << (how->shift - 1);
    int64_t addends[ALIKE];
    int32_t multipliers[ALIKE];
    uint32_t shifts[ALIKE];
    struct vch_panels panels = {
        .addends = addends,
        .multipliers = multipliers,
        .shifts = shifts,
        .channels = ALIKE,
        .out_size = (uint32_t)vch_tensor_type_size(type),
        .is_narrow = (most + (uint64_t)half) >> how->shift < INT32_MAX,
        .lo = (int32_t)how->lo,
        .hi = (int32_t)how->hi,
    };
    const size_t rows = count / ALIKE, rest = count % ALIKE;

    for (size_t i = 0; i < ALIKE; i++) {
        addends[i] = half;
        multipliers[i] = how->multiplier;
        shifts[i] = how->shift;
    }
    kernels->rescale_i32(out, ALIKE, accumulators, rows, &panels);
    panels.channels = (uint32_t)rest;
    kernels->rescale_i32((uint8_t *)out + rows * ALIKE * panels.out_size, rest,
                         accumulators + rows * ALIKE, 1, &panels);
}

// A run of accumulators that share one scaling.
static void requantise_run(void *out, const struct vch_layer *l, const void *accumulators,
                           size_t at, size_t count, uint32_t channel,
                           const struct vch_kernels *kernels)
{
    const struct vch_step step = {.kernels = kernels};
    const enum vch_type type = l->graph->values[l->operator_->output].type;
    const struct vch_requantise how = vch_step_scaling(l->operator_, channel);

    if (l->is_wide)
        vch_step_requantise_i64(&step, type, out, at, (const int64_t *)accumulators + at, count, 0,
                                &how);
    else
        requantise_narrow((uint8_t *)out + at * vch_tensor_type_size(type), l,
                          (const int32_t *)accumulators + at, count, &how, kernels);
}

// Rows of one accumulator for each channel.
static void requantise_rows(void *out, const struct vch_layer *l, const void *accumulators,
                            size_t rows, const struct vch_kernels *kernels)
{
    const enum vch_type type = l->graph->values[l->operator_->output].type;
    const int64_t *wide = accumulators;

    if (!l->is_wide) {
        kernels->rescale_i32(out, l->inner, accumulators, rows, &l->scaling);
        return;
    }
    for (size_t i = 0; i < rows * l->inner; i++) {
        const struct vch_requantise how = vch_step_scaling(l->operator_, (uint32_t)(i % l->inner));
        vch_step_store(type, out, i, vch_requantise_one(wide[i], &how));
    }
}

void vch_layer_requantise(void *out, const struct vch_layer *layer, const void *accumulators,
                          uint32_t samples, const struct vch_kernels *kernels)
{
    const uint32_t channels = layer->operator_->scaling.count;
    const size_t run = layer->count / channels;

    if (channels == 1) {
        requantise_run(out, layer, accumulators, 0, layer->count * samples, 0, kernels);
        return;
    }
    if (layer->operator_->kind == VCH_OPERATOR_LINEAR) {
        requantise_rows(out, layer, accumulators, samples * layer->units, kernels);
        return;
    }
    for (uint32_t sample = 0; sample < samples; sample++)
        for (uint32_t channel = 0; channel < channels; channel++)
            requantise_run(out, layer, accumulators, ((size_t)sample * channels + channel) * run,
                           run, channel, kernels);
}

static void halve(int16_t *out, const struct vch_layer *l, const void *accumulators, size_t at,
                  size_t count, const struct vch_kernels *kernels)
{
    if (l->is_wide)
        vch_digits_halve_i64(out, (const int64_t *)accumulators + at, count);
    else
        kernels->halve_i32(out, (const int32_t *)accumulators + at, count);
}

static void dot(uint64_t *out, const struct vch_digits *digits, enum vch_type type,
                const void *data, size_t at, size_t rows, const struct vch_kernels *kernels)
{
    VCH_ASSERT(type == VCH_TYPE_I8 || type == VCH_TYPE_I16);
    if (type == VCH_TYPE_I8)
        vch_digits_dot_i8(out, digits, (const int8_t *)data + at, rows, kernels);
    else
        vch_digits_dot_i16(out, digits, (const int16_t *)data + at, rows, kernels);
}

// r' acc s of one unit, from its `outer` products with s.
static uint64_t join(const struct vch_layer *l, const uint64_t *products)
{
    uint64_t sum = products[0];

    if (l->outer == 1) return sum;
    sum = vch_fp_mul(sum, l->r[0]);
    for (size_t o = 1; o < l->outer; o++)
        sum = vch_fp_add(sum, vch_fp_mul(l->r[o], products[o]));
    return sum;
}

void vch_layer_sums(uint64_t *sums, const struct vch_layer *layer, const void *accumulators,
                    uint32_t samples, const struct vch_kernels *kernels, void *scratch)
{
    const struct room room = room_of(layer, samples);
    const size_t units = samples * layer->units, each = layer->outer * layer->inner;
    int16_t *halves = part_of(scratch, &room, HALVES);
    uint64_t *products = part_of(scratch, &room, PRODUCTS);

    for (size_t first = 0; first < units; first += layer->block) {
        const size_t left = units - first, some = left < layer->block ? left : layer->block;
        halve(halves, layer, accumulators, first * each, some * each, kernels);
        vch_digits_dot_i16(products, &layer->y, halves, some * layer->outer, kernels);
        for (size_t i = 0; i < some; i++)
            sums[first + i] = join(layer, products + i * layer->outer);
    }
}

// a . (b r), for each row of each product.
static void multiply(const struct vch_layer *l, const void *const operands[2], uint32_t samples,
                     const struct vch_kernels *kernels, void *scratch)
{
    const struct room room = room_of(l, samples);
    uint64_t *elements = part_of(scratch, &room, TURNED), *given = part_of(scratch, &room, GIVEN);
    const struct vch_linear_matmul *m = &l->matmul;
    const struct vch_value *a = &l->graph->values[l->operator_->inputs[0]];
    const struct vch_value *b = &l->graph->values[l->operator_->inputs[1]];
    const size_t a_size = vch_tensor_shape_count(&a->shape);
    const size_t b_size = vch_tensor_shape_count(&b->shape);
    const struct vch_digits turned = vch_digits_at(part_of(scratch, &room, DIGITS), m->depth);

    for (size_t z = 0; z < samples * m->matrices; z++) {
        const size_t sample = z / m->matrices;
        size_t a_at = 0, b_at = 0;
        vch_linear_operands(&a_at, &b_at, m, z % m->matrices);
        a_at = sample * a_size + a_at * m->rows * m->depth;
        b_at = sample * b_size + b_at * m->depth * m->columns;
        dot(elements, &l->b, b->type, operands[1], b_at, m->depth, kernels);
        for (size_t k = 0; k < m->depth; k++)
            vch_digits_set(&turned, k, elements[k]);
        dot(given + z * m->rows, &turned, a->type, operands[0], a_at, m->rows, kernels);
    }
}

// Without early exits.
bool vch_layer_check(const struct vch_layer *layer, const void *const operands[2],
                     const uint64_t *sums, uint32_t samples, const struct vch_kernels *kernels,
                     void *scratch)
{
    const struct room room = room_of(layer, samples);
    const size_t units = samples * layer->units;
    const uint64_t *given = part_of(scratch, &room, GIVEN);
    uint64_t difference = 0;

    if (layer->operator_->kind == VCH_OPERATOR_MATMUL)
        multiply(layer, operands, samples, kernels, scratch);
    else
        dot(part_of(scratch, &room, GIVEN), &layer->x,
            layer->graph->values[layer->operator_->inputs[0]].type, operands[0], 0, units, kernels);
    for (size_t i = 0; i < units; i++)
        difference |= sums[i] ^ vch_fp_add(given[i], layer->constant);
    return difference == 0;
}
