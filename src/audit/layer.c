#include "audit/layer.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/stream.h"
#include "crypto/transcript.h"

// Outputs of a convolution with fewer pixels are taken as one long vector; accumulators that are
// looked at together.
enum { PIXELS_MIN = 64, BLOCK = 32768, PANEL_MAX = 64 };

struct work {
    struct vch_layer *layer;
    const struct vch_layer_order *order;
    struct vch_arena *arena;
    struct vch_arena_mark kept; // what is taken after this is not
    uint64_t *r, *s;            // over channels or columns, and over pixels
};

// Uniform elements of the field: words of the stream below p, which nearly all are.
static void draw(uint64_t *out, size_t count, const uint8_t seed[static VCH_STREAM_KEY_SIZE])
{
    uint64_t words[VCH_STREAM_BLOCK_SIZE / sizeof(uint64_t)];
    const size_t room = sizeof words / sizeof *words;
    uint32_t block = 0;

    for (size_t found = 0; found < count; block++) {
        vch_stream_bytes(words, sizeof words, seed, block);
        for (size_t i = 0; i < room && found < count; i++)
            if (vch_fp_is_canonical(words[i])) out[found++] = words[i];
    }
    vch_wipe(words, sizeof words);
}

static uint64_t *draw_vector(const struct work *w, size_t count, const char *what)
{
    uint64_t *out = VCH_ARENA_NEW(w->arena, uint64_t, count);
    struct vch_transcript transcript;

    if (out == NULL) return NULL;
    vch_transcript_init(&transcript, "vouch/audit/v1");
    vch_transcript_absorb(&transcript, "secret", w->order->secret, VCH_LAYER_SECRET_SIZE);
    vch_transcript_absorb_digest(&transcript, "model", w->order->identity);
    vch_transcript_absorb_u64(&transcript, "operator", w->order->operator_);
    vch_transcript_absorb(&transcript, "vector", what, strlen(what));
    struct vch_digest seed = vch_transcript_final(&transcript);
    draw(out, count, seed.bytes);
    vch_wipe(&seed, sizeof seed);
    return out;
}

static const struct vch_parameter *parameter_of(const struct work *w, uint32_t i)
{
    const struct vch_operator *o = w->layer->operator_;
    return i < o->parameter_count ? &w->layer->graph->parameters[o->parameters[i]] : NULL;
}

static uint64_t dot_bias(const struct work *w, size_t outputs)
{
    const struct vch_parameter *bias = parameter_of(w, 1);
    uint64_t sum = 0;

    for (size_t o = 0; bias != NULL && o < outputs; o++)
        sum =
            vch_fp_add(sum, vch_fp_mul(w->r[o], vch_fp_from_i64(((const int64_t *)bias->data)[o])));
    return sum;
}

// The sum over rows o of r_o weights[o]: (groups, rows, columns) to (groups, columns).
static vch_status combine(uint64_t **out, const struct work *w, size_t groups, size_t rows,
                          size_t columns)
{
    const int8_t *weights = parameter_of(w, 0)->data;
    struct vch_ext *coefficients = VCH_ARENA_NEW(w->arena, struct vch_ext, rows);
    struct vch_planes sums = {VCH_ARENA_NEW(w->arena, uint64_t, groups * columns),
                              VCH_ARENA_NEW(w->arena, uint64_t, groups * columns)};

    if (coefficients == NULL || sums.c0 == NULL || sums.c1 == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t g = 0; g < groups; g++) {
        for (size_t o = 0; o < rows; o++)
            coefficients[o] = vch_ext_from_base(w->r[g * rows + o]);
        w->order->field->combine_i8(vch_planes_at(sums, g * columns), coefficients,
                                    weights + g * rows * columns, columns, rows, columns);
    }
    *out = sums.c0;
    return VCH_OK;
}

// Entries of whole panels, whatever the level's: those that are not there are harmless.
static vch_status prepare_scaling(const struct work *w)
{
    struct vch_layer *l = w->layer;
    const struct vch_scaling *from = &l->operator_->scaling;
    const size_t room = (l->inner + PANEL_MAX - 1) / PANEL_MAX * PANEL_MAX;
    int64_t *addends = VCH_ARENA_NEW(w->arena, int64_t, room);
    int32_t *multipliers = VCH_ARENA_NEW(w->arena, int32_t, room);
    uint32_t *shifts = VCH_ARENA_NEW(w->arena, uint32_t, room);
    bool is_narrow = true;

    if (addends == NULL || multipliers == NULL || shifts == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t n = 0; n < room; n++) {
        const size_t i = from->count == 1 ? 0 : n;
        shifts[n] = n < l->inner ? from->shifts[i] : 1;
        multipliers[n] = n < l->inner ? from->multipliers[i] : 0;
        addends[n] = (int64_t)1 << (shifts[n] - 1);
        const uint64_t most = l->operator_->public_bound * (uint64_t)abs(multipliers[n]);
        is_narrow &= (most + (uint64_t)addends[n]) >> shifts[n] < INT32_MAX; // below 2^63 before
    }
    l->scaling = (struct vch_panels){
        .addends = addends,
        .multipliers = multipliers,
        .shifts = shifts,
        .channels = (uint32_t)l->inner,
        .is_narrow = is_narrow,
        .out_size = (uint32_t)vch_tensor_type_size(l->graph->values[l->operator_->output].type),
        .lo = (int32_t)from->lo,
        .hi = (int32_t)from->hi,
    };
    return VCH_OK;
}

static vch_status prepare_linear(struct work *w)
{
    struct vch_layer *l = w->layer;
    const struct vch_shape *shape = &parameter_of(w, 0)->shape;
    const size_t outputs = shape->dims[0], depth = shape->dims[1];
    uint64_t *v = NULL;

    l->units = l->count / outputs;
    l->inner = outputs;
    VCH_TRY(vch_digits_new(&l->x, depth, w->arena));
    VCH_TRY(vch_digits_new(&l->y, outputs * l->halves, w->arena));
    VCH_TRY(prepare_scaling(w));
    w->kept = vch_arena_mark(w->arena);
    w->r = draw_vector(w, outputs, "r");
    if (w->r == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(combine(&v, w, 1, outputs, depth));
    for (size_t k = 0; k < depth; k++)
        vch_digits_set(&l->x, k, v[k]);
    for (size_t o = 0; o < outputs; o++)
        vch_digits_set_halves(&l->y, o, l->halves, w->r[o]);
    l->constant = dot_bias(w, outputs);
    return VCH_OK;
}

// g, the convolution of s turned around: for each tap and output pixel, v at the tap times s there
// goes to the pixel that the tap reads.
static vch_status turn_around(struct work *w, const struct vch_linear_convolution *c)
{
    const size_t plane = c->height * c->width, places = c->rows * c->columns;
    uint64_t *v = NULL, *g = VCH_ARENA_NEW(w->arena, uint64_t, c->channels * plane);

    if (g == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(combine(&v, w, c->window.groups, c->group_outputs, c->group_channels * c->taps));
    for (size_t p = 0; p < places; p++)
        for (size_t tap = 0; tap < c->taps; tap++) {
            size_t pixel = 0;
            if (!vch_linear_pixel(&pixel, c, p, tap)) continue;
            for (size_t k = 0; k < c->channels; k++) {
                uint64_t *to = &g[pixel * c->channels + k];
                *to = vch_fp_add(*to, vch_fp_mul(v[k * c->taps + tap], w->s[p]));
            }
        }
    for (size_t k = 0; k < c->channels; k++)
        for (size_t pixel = 0; pixel < plane; pixel++)
            vch_digits_set(&w->layer->x, k * plane + pixel, g[pixel * c->channels + k]);
    return VCH_OK;
}

static void set_outputs(const struct work *w, size_t places, bool is_flat)
{
    const struct vch_layer *l = w->layer;

    for (size_t i = 0; i < l->inner; i++) {
        const uint64_t element = is_flat ? vch_fp_mul(w->r[i / places], w->s[i % places]) : w->s[i];
        vch_digits_set_halves(&l->y, i, l->halves, element);
    }
    if (!is_flat) memcpy(l->r, w->r, l->outer * sizeof *l->r);
}

static vch_status prepare_convolution(struct work *w)
{
    struct vch_layer *l = w->layer;
    const struct vch_linear_convolution c = vch_linear_convolution(l->graph, l->operator_);
    const size_t places = c.rows * c.columns;
    const bool is_flat = places < PIXELS_MIN;
    uint64_t sum = 0;

    l->units = 1;
    l->outer = is_flat ? 1 : c.outputs;
    l->inner = is_flat ? l->count : places;
    l->r = VCH_ARENA_NEW(w->arena, uint64_t, l->outer);
    if (l->r == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_digits_new(&l->x, c.channels * c.height * c.width, w->arena));
    VCH_TRY(vch_digits_new(&l->y, l->inner * l->halves, w->arena));
    w->kept = vch_arena_mark(w->arena);
    w->r = draw_vector(w, c.outputs, "r");
    w->s = draw_vector(w, places, "s");
    if (w->r == NULL || w->s == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(turn_around(w, &c));
    set_outputs(w, places, is_flat);
    for (size_t p = 0; p < places; p++)
        sum = vch_fp_add(sum, w->s[p]);
    l->constant = vch_fp_mul(sum, dot_bias(w, c.outputs));
    return VCH_OK;
}

static vch_status prepare_matmul(struct work *w)
{
    struct vch_layer *l = w->layer;

    l->matmul = vch_linear_matmul(l->graph, l->operator_);
    l->units = l->matmul.matrices * l->matmul.rows;
    l->inner = l->matmul.columns;
    VCH_TRY(vch_digits_new(&l->b, l->inner, w->arena));
    VCH_TRY(vch_digits_new(&l->y, l->inner * l->halves, w->arena));
    w->kept = vch_arena_mark(w->arena);
    w->r = draw_vector(w, l->inner, "r");
    if (w->r == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t j = 0; j < l->inner; j++) {
        vch_digits_set(&l->b, j, w->r[j]);
        vch_digits_set_halves(&l->y, j, l->halves, w->r[j]);
    }
    return VCH_OK;
}

// What is kept is taken first, and what led to it is wiped.
static vch_status prepare(struct work *w)
{
    switch ((int)w->layer->operator_->kind) {
    case VCH_OPERATOR_LINEAR: return prepare_linear(w);
    case VCH_OPERATOR_CONVOLUTION: return prepare_convolution(w);
    default: return prepare_matmul(w);
    }
}

vch_status vch_layer_prepare(struct vch_layer *out, const struct vch_layer_order *order,
                             struct vch_arena *arena)
{
    const struct vch_operator *o = &order->graph->operators[order->operator_];
    struct work w = {.layer = out, .order = order, .arena = arena, .kept = vch_arena_mark(arena)};

    *out = (struct vch_layer){
        .graph = order->graph,
        .operator_ = o,
        .is_wide = o->public_bound >= VCH_DIGITS_I32_MAX,
        .count = vch_tensor_shape_count(&order->graph->values[o->output].shape),
        .outer = 1,
    };
    out->halves = out->is_wide ? 4 : 2;
    VCH_TRY(prepare(&w));
    vch_arena_rewind(arena, w.kept);
    out->block = BLOCK / (out->outer * out->inner) + 1;
    return VCH_OK;
}
