// CONVOLUTION: bands of the image are laid out (or, where windows have wide gaps, patches), then
// multiplied by packed weights. The output is channel-last.
#include "base/check.h"
#include "kernels/packing.h"
#include "model/bands.h"
#include "model/patches.h"
#include "model/prepare.h"
#include "model/step.h"

enum { PLACES_MIN = 16, PLACES_MAX = 128, PARTS = 4, PATCHES = 16, LINE = 64 };

struct convolution {
    struct vch_bands bands;
    bool is_depthwise, is_patched, is_wide;
    const struct vch_packing *packing;
    size_t outputs, groups, group_outputs;
    size_t places, depth;      // of the output's plane; terms of a sum
    size_t tile_places;        // at most, laid out at once
    size_t tiles;              // of one sample and group
    size_t slot_size;          // scratch of a piece
    uint32_t *place_offsets;   // bytes, of a whole tile
    struct vch_panels *panels; // per group
    uint64_t work;             // multiplications of one sample
};

static struct convolution describe(const struct vch_prepare *prepare, const struct vch_operator *o,
                                   struct vch_bands_image image, struct vch_bands_image out)
{
    const struct vch_window *w = &o->window;
    const size_t group_channels = image.channels / w->groups;
    const size_t depth = group_channels * w->kernel[0] * w->kernel[1];
    struct convolution c = {
        .is_depthwise = group_channels == 1 && w->groups > 1,
        .is_wide = vch_prepare_is_wide(image.type, depth),
        .outputs = out.channels,
        .groups = w->groups,
        .places = out.height * out.width,
        .depth = depth,
        .work = vch_graph_work(prepare->graph, o),
    };

    c.packing = vch_prepare_packing(prepare->kernels, c.is_wide);
    c.bands = (struct vch_bands){
        .image = image,
        .window = w,
        .kernels = prepare->kernels,
        .channels = c.is_depthwise ? image.channels : group_channels,
        .copies = c.is_depthwise ? out.channels / w->groups : 1,
        .out_height = out.height,
        .out_width = out.width,
        .element_size = c.is_depthwise ? vch_tensor_type_size(image.type) : c.packing->input_size,
        .is_raw = c.is_depthwise,
    };
    size_t least = c.places / PARTS;
    least = least < PLACES_MIN ? PLACES_MIN : least > PLACES_MAX ? PLACES_MAX : least;
    c.is_patched = !vch_bands_plan(&c.bands, least);
    if (c.is_patched) c.is_depthwise = false;
    if (c.is_depthwise) c.groups = 1; // one group of sums, one channel each
    c.group_outputs = c.outputs / c.groups;
    return c;
}

bool vch_step_convolution_is_patched(const struct vch_graph *graph, const struct vch_operator *o,
                                     const struct vch_kernels *kernels)
{
    const struct vch_prepare prepare = {.graph = graph, .kernels = kernels};
    const struct vch_bands_image image = vch_bands_image(&graph->values[o->inputs[0]], false);

    return describe(&prepare, o, image, vch_bands_image(&graph->values[o->output], false))
        .is_patched;
}

// What lies together in a laid out tile, and how often: a row of the kernel, one tap of it where
// there are gaps, or all terms of a patch.
struct strip {
    size_t length, count;
};

static struct strip strip_of(const struct convolution *c)
{
    const struct vch_window *w = c->bands.window;
    const size_t taps = (size_t)w->kernel[0] * w->kernel[1];

    if (c->is_patched) return (struct strip){c->depth, 1};
    if (c->is_depthwise) return (struct strip){1, taps};
    if (w->dilation[1] == 1 || w->kernel[1] == 1)
        return (struct strip){c->bands.channels * w->kernel[1], w->kernel[0]};
    return (struct strip){c->bands.channels, taps};
}

// Places of a tile of bands, and where each begins in it.
static void place_bands(struct convolution *c, struct vch_prepare *prepare)
{
    const struct vch_bands *b = &c->bands;
    const size_t pixel = b->channels * b->copies * b->element_size;
    const size_t row = b->row_size * b->window->stride[0];

    c->tile_places = b->rows * b->out_width;
    c->tiles = b->count;
    c->slot_size = b->size + b->spare_size;
    if (!c->is_depthwise)
        c->slot_size += vch_prepare_beyond(c->packing, strip_of(c).length, c->is_wide);
    c->place_offsets = VCH_PREPARE_PACKED(prepare, uint32_t, c->tile_places);
    for (size_t i = 0; i < c->tile_places && !vch_prepare_is_dry(prepare); i++)
        c->place_offsets[i] =
            (uint32_t)(i / b->out_width * row + i % b->out_width * b->window->stride[1] * pixel);
}

// A tile of patches: each place has all its terms to itself. What is laid out before it is made
// ready for the kernel lies behind it.
static void place_patches(struct convolution *c, struct vch_prepare *prepare)
{
    const size_t size = c->depth * sizeof(int16_t);

    c->tile_places = c->places < PATCHES ? c->places : PATCHES;
    if (c->depth > UINT32_MAX / (PATCHES * sizeof(int16_t))) c->tile_places = 1;
    c->tiles = (c->places + c->tile_places - 1) / c->tile_places;
    c->slot_size = 2 * ((c->tile_places * size + VCH_PACKING_SLACK + LINE - 1) / LINE * LINE);
    c->place_offsets = VCH_PREPARE_PACKED(prepare, uint32_t, c->tile_places);
    for (size_t i = 0; i < c->tile_places && !vch_prepare_is_dry(prepare); i++)
        c->place_offsets[i] = (uint32_t)(i * c->depth * c->packing->input_size);
}

// Where strip `i` begins, in bytes from a place.
static size_t strip_offset(const struct convolution *c, struct strip strip, size_t i)
{
    const struct vch_bands *b = &c->bands;
    const struct vch_window *w = b->window;
    const size_t pixel = b->channels * b->copies * b->element_size;

    if (c->is_patched) return 0;
    if (strip.count == w->kernel[0] && !c->is_depthwise) return i * w->dilation[0] * b->row_size;
    return i / w->kernel[1] * w->dilation[0] * b->row_size +
           i % w->kernel[1] * w->dilation[1] * pixel;
}

// The weight of element `k` of strip `i`, in a channel's (channels, rows, columns).
static uint32_t term_of(const struct convolution *c, struct strip strip, size_t i, size_t k)
{
    const struct vch_window *w = c->bands.window;
    const size_t taps = (size_t)w->kernel[0] * w->kernel[1];

    if (k >= strip.length) return VCH_PACKING_ABSENT;
    if (c->is_patched) return (uint32_t)k;
    const size_t channel = k % c->bands.channels, column = k / c->bands.channels;
    return (uint32_t)(channel * taps + i * (taps / strip.count) + column);
}

static void prepare_groups(struct convolution *c, struct vch_prepare *prepare,
                           struct vch_prepare_sums *sums)
{
    c->panels = VCH_PREPARE_PACKED(prepare, struct vch_panels, c->groups);
    sums->channels = (uint32_t)c->group_outputs;
    if (vch_prepare_is_dry(prepare)) { // all groups are alike
        const size_t before = prepare->size;
        vch_prepare_panels(NULL, prepare, sums);
        vch_prepare_repeat(prepare, before, c->groups - 1);
        return;
    }
    for (size_t g = 0; g < c->groups; g++) {
        sums->first = (uint32_t)(g * c->group_outputs);
        vch_prepare_panels(&c->panels[g], prepare, sums);
    }
}

static void prepare_sums(struct convolution *c, struct vch_prepare *prepare,
                         const struct vch_operator *o)
{
    const struct strip strip = strip_of(c);
    const struct vch_prepare_runs each =
        c->is_depthwise ? (struct vch_prepare_runs){1, 1}
                        : vch_prepare_runs(c->packing, strip.length, c->is_wide);
    const size_t run_terms = (size_t)each.steps * c->packing->group;
    const size_t run_count = each.count * strip.count;
    uint32_t *runs = VCH_PREPARE_PACKED(prepare, uint32_t, run_count);
    uint32_t *terms =
        VCH_PREPARE_PACKED(prepare, uint32_t, c->is_depthwise ? 0 : run_count * run_terms);

    for (size_t r = 0; r < run_count && !vch_prepare_is_dry(prepare); r++) {
        const size_t i = r / each.count, first = r % each.count * run_terms;
        runs[r] = (uint32_t)(strip_offset(c, strip, i) + first * c->bands.element_size);
        for (size_t k = 0; k < run_terms && !c->is_depthwise; k++)
            terms[r * run_terms + k] = term_of(c, strip, i, first + k);
    }
    struct vch_prepare_sums sums = {
        .operator_ = o,
        .is_depthwise = c->is_depthwise,
        .terms = terms,
        .runs = runs,
        .run_count = (uint32_t)run_count,
        .run_steps = each.steps,
        .is_wide = c->is_wide,
    };
    prepare_groups(c, prepare, &sums);
}

vch_status vch_step_convolution_prepare(const void **out, struct vch_prepare *prepare,
                                        const struct vch_operator *o, bool is_channel_last)
{
    struct convolution *c = VCH_PREPARE_NEW(prepare, struct convolution, 1);

    if (c == NULL) return VCH_FAIL(NO_MEMORY);
    *c = describe(prepare, o,
                  vch_bands_image(&prepare->graph->values[o->inputs[0]], is_channel_last),
                  vch_bands_image(&prepare->graph->values[o->output], true));
    VCH_ASSERT(!c->is_patched || !is_channel_last);
    if (c->is_patched)
        place_patches(c, prepare);
    else
        place_bands(c, prepare);
    *out = c;
    prepare_sums(c, prepare, o);
    return VCH_OK;
}

static size_t piece_count(const struct convolution *c, uint32_t samples)
{
    return vch_step_packed_pieces(samples * c->work, samples * c->groups * c->tiles);
}

size_t vch_step_convolution_scratch(const void *prepared, uint32_t samples)
{
    const struct convolution *c = prepared;
    return piece_count(c, samples) * c->slot_size;
}

struct job {
    const struct convolution *c;
    const struct vch_step *step;
    size_t pieces, tiles;
};

// Lays out a tile and tells how many places it has.
static size_t lay_out(const struct convolution *c, const void *image, size_t group, size_t tile,
                      uint8_t *slot)
{
    const struct vch_bands_image *i = &c->bands.image;
    const size_t group_channels = i->channels / c->groups;

    if (!c->is_patched)
        return c->bands.out_width * vch_bands_lay_out(&c->bands, group * c->bands.channels, slot,
                                                      slot + c->bands.size, image, tile);
    const size_t first = tile * c->tile_places, left = c->places - first;
    const size_t count = left < c->tile_places ? left : c->tile_places;
    const bool is_laid = i->type == VCH_TYPE_I8 && !c->is_wide;
    const struct vch_patches patches = {
        .type = i->type,
        .is_wide = c->is_wide,
        .channels = group_channels,
        .height = i->height,
        .width = i->width,
        .out_height = c->bands.out_height,
        .out_width = c->bands.out_width,
        .depth = c->depth,
        .window = c->bands.window,
    };
    const size_t plane = i->height * i->width * vch_tensor_type_size(i->type);
    uint8_t *spare = slot + c->slot_size / 2;
    vch_patches_lay_out(&patches, is_laid ? spare : slot,
                        (const uint8_t *)image + group * group_channels * plane, first, count);
    if (is_laid) c->bands.kernels->lay_i8(slot, (const int8_t *)spare, count * c->depth);
    return count;
}

static void multiply(const struct convolution *c, size_t group, const void *tile, size_t count,
                     uint8_t *out)
{
    const struct vch_kernels *kernels = c->bands.kernels;
    const struct vch_panels *p = &c->panels[group];

    out += group * c->group_outputs * p->out_size;
    if (c->is_depthwise && c->bands.image.type == VCH_TYPE_I16)
        kernels->depthwise_i16(out, c->outputs, tile, c->place_offsets, count, p);
    else if (c->is_depthwise)
        kernels->depthwise_i8(out, c->outputs, tile, c->place_offsets, count, p);
    else if (c->is_wide)
        kernels->panels_i16(out, c->outputs, tile, c->place_offsets, count, p, 0, p->channels);
    else
        kernels->panels_i8(out, c->outputs, tile, c->place_offsets, count, p, 0, p->channels);
}

static void run_piece(void *context, size_t piece)
{
    const struct job *job = context;
    const struct convolution *c = job->c;
    const struct vch_bands_image *image = &c->bands.image;
    const struct vch_step_part part = vch_step_part(piece, job->pieces, job->tiles);
    const size_t image_size =
        image->channels * image->height * image->width * vch_tensor_type_size(image->type);
    uint8_t *slot = job->step->scratch + piece * c->slot_size;

    for (size_t i = part.first; i < part.last; i++) {
        const size_t tile = i % c->tiles, group = i / c->tiles % c->groups;
        const size_t sample = i / c->tiles / c->groups;
        const uint8_t *x = (const uint8_t *)job->step->inputs[0] + sample * image_size;
        const size_t count = lay_out(c, x, group, tile, slot);
        const size_t place = sample * c->places + tile * c->tile_places;
        multiply(c, group, slot, count,
                 (uint8_t *)job->step->output + place * c->outputs * c->panels[group].out_size);
    }
}

void vch_step_convolution(const struct vch_step *step)
{
    const struct convolution *c = step->prepared;
    struct job job = {
        .c = c,
        .step = step,
        .pieces = piece_count(c, step->batch),
        .tiles = step->batch * c->groups * c->tiles,
    };

    vch_workers_run(step->workers, run_piece, &job, job.pieces);
}
