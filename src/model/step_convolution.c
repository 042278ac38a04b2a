// CONVOLUTION: patches of the image are laid out as rows, then multiplied by rows of weights.
// Sums that int32 cannot hold, or int16 operands, go through int16 patches and int64 sums.
#include "model/patches.h"
#include "model/step.h"

enum { PATCH_BYTES = 1 << 17, PATCHES_MIN = 4, PATCHES_MAX = 256, OUTPUTS = 64, LINE = 64 };

struct convolution {
    const struct vch_step *step;
    const struct vch_window *window;
    size_t channels, height, width; // of the operand
    size_t outputs, out_height, out_width;
    size_t groups, group_channels, group_outputs;
    size_t depth;  // group_channels * kernel
    bool is_wide;  // int16 patches
    size_t places; // out_height * out_width
    size_t patch_count, patch_tiles, output_tiles, tiles, pieces;
    size_t patches_size, slot_size; // bytes
};

static size_t round_up(size_t size)
{
    return (size + LINE - 1) / LINE * LINE;
}

static struct convolution plan(const struct vch_graph *graph, const struct vch_operator *operator_,
                               uint32_t samples)
{
    const struct vch_value *x = &graph->values[operator_->inputs[0]];
    const struct vch_shape *out = &graph->values[operator_->output].shape;
    const uint32_t *in_dims = x->shape.dims + x->shape.rank - 3;
    const uint32_t *out_dims = out->dims + out->rank - 3;
    struct convolution c = {
        .window = &operator_->window,
        .channels = in_dims[0],
        .height = in_dims[1],
        .width = in_dims[2],
        .outputs = out_dims[0],
        .out_height = out_dims[1],
        .out_width = out_dims[2],
        .groups = operator_->window.groups,
    };

    c.group_channels = c.channels / c.groups;
    c.group_outputs = c.outputs / c.groups;
    c.depth = c.group_channels * c.window->kernel[0] * c.window->kernel[1];
    c.is_wide = x->type == VCH_TYPE_I16 || c.depth > VCH_DOT_I8_COUNT_MAX;
    c.places = c.out_height * c.out_width;

    size_t patch_size = c.depth * (c.is_wide ? 2 : 1), count = PATCH_BYTES / patch_size;
    count = count / PATCHES_MIN * PATCHES_MIN;
    if (count < PATCHES_MIN) count = PATCHES_MIN;
    if (count > PATCHES_MAX) count = PATCHES_MAX;
    if (count > c.places) count = c.places;
    c.patch_count = count;
    c.patch_tiles = (c.places + count - 1) / count;
    c.output_tiles = (c.group_outputs + OUTPUTS - 1) / OUTPUTS;
    c.tiles = samples * c.groups * c.patch_tiles * c.output_tiles;
    c.pieces = vch_step_piece_count(samples * vch_graph_work(graph, operator_), c.tiles);
    c.patches_size = round_up(count * patch_size);
    c.slot_size = c.patches_size + round_up(count * OUTPUTS * (c.is_wide ? 8 : 4));
    return c;
}

static bool is_depthwise(const struct vch_graph *graph, const struct vch_operator *operator_)
{
    return graph->parameters[operator_->parameters[0]].shape.dims[1] == 1;
}

size_t vch_step_convolution_scratch(const struct vch_graph *graph,
                                    const struct vch_operator *operator_, uint32_t samples)
{
    if (is_depthwise(graph, operator_)) return 0;
    struct convolution c = plan(graph, operator_, samples);
    return c.pieces * c.slot_size;
}

struct tile {
    size_t patches; // which patches: sample, group and first place in one number
    size_t sample, group, place, places, output, outputs;
};

static struct tile tile_at(const struct convolution *c, size_t index)
{
    struct tile tile = {.patches = index / c->output_tiles};
    size_t plane = tile.patches / c->patch_tiles;

    tile.output = index % c->output_tiles * OUTPUTS;
    tile.outputs =
        c->group_outputs - tile.output < OUTPUTS ? c->group_outputs - tile.output : OUTPUTS;
    tile.place = tile.patches % c->patch_tiles * c->patch_count;
    tile.places = c->places - tile.place < c->patch_count ? c->places - tile.place : c->patch_count;
    tile.group = plane % c->groups;
    tile.sample = plane / c->groups;
    return tile;
}

static void lay_out(const struct convolution *c, const struct tile *tile, void *patches)
{
    const enum vch_type type = vch_step_input(c->step, 0)->type;
    const struct vch_patches layout = {
        .type = type,
        .is_wide = c->is_wide,
        .channels = c->group_channels,
        .height = c->height,
        .width = c->width,
        .out_height = c->out_height,
        .out_width = c->out_width,
        .depth = c->depth,
        .window = c->window,
    };
    const uint8_t *image = (const uint8_t *)c->step->inputs[0] +
                           (tile->sample * c->channels + tile->group * c->group_channels) *
                               c->height * c->width * vch_tensor_type_size(type);

    vch_patches_lay_out(&layout, patches, image, tile->place, tile->places);
}

// Where the outputs of a channel of this tile go, as an element index.
static size_t index_of(const struct convolution *c, const struct tile *tile, size_t channel)
{
    return (tile->sample * c->outputs + channel) * c->places + tile->place;
}

static void multiply_i8(const struct convolution *c, const struct tile *tile, const int8_t *patches,
                        const int8_t *weights, const int64_t *bias,
                        int32_t *acc) // (outputs, places)
{
    const struct vch_step *step = c->step;

    step->kernels->product_i8(acc, tile->places, weights, tile->outputs, patches, tile->places,
                              c->depth);
    for (size_t i = 0; i < tile->outputs; i++) {
        size_t channel = tile->group * c->group_outputs + tile->output + i;
        const struct vch_requantise how = vch_step_scaling(step->operator_, (uint32_t)channel);
        vch_step_requantise_i32(step, vch_step_output(step)->type, step->output,
                                index_of(c, tile, channel), acc + i * tile->places, tile->places,
                                bias == NULL ? 0 : bias[channel], &how);
    }
}

static void multiply_i16(const struct convolution *c, const struct tile *tile,
                         const int16_t *patches, const int8_t *weights, const int64_t *bias,
                         int64_t *acc) // (places, outputs)
{
    const struct vch_step *step = c->step;
    int64_t turned[PATCHES_MAX];

    step->kernels->product_i16(acc, tile->outputs, patches, tile->places, weights, tile->outputs,
                               c->depth);
    for (size_t i = 0; i < tile->outputs; i++) {
        size_t channel = tile->group * c->group_outputs + tile->output + i;
        const struct vch_requantise how = vch_step_scaling(step->operator_, (uint32_t)channel);
        for (size_t k = 0; k < tile->places; k++)
            turned[k] = acc[k * tile->outputs + i];
        vch_step_requantise_i64(step, vch_step_output(step)->type, step->output,
                                index_of(c, tile, channel), turned, tile->places,
                                bias == NULL ? 0 : bias[channel], &how);
    }
}

static void run_piece(void *context, size_t piece)
{
    const struct convolution *c = context;
    const struct vch_step *step = c->step;
    struct vch_step_part part = vch_step_part(piece, c->pieces, c->tiles);
    const int8_t *weights = vch_step_parameter(step, 0);
    const int64_t *bias = vch_step_parameter(step, 1);
    void *patches = step->scratch + piece * c->slot_size;
    void *acc = step->scratch + piece * c->slot_size + c->patches_size;

    for (size_t i = part.first; i < part.last; i++) {
        struct tile tile = tile_at(c, i);
        const int8_t *rows = weights + (tile.group * c->group_outputs + tile.output) * c->depth;
        if (i == part.first || tile.output == 0) lay_out(c, &tile, patches);
        if (c->is_wide)
            multiply_i16(c, &tile, patches, rows, bias, acc);
        else
            multiply_i8(c, &tile, patches, rows, bias, acc);
    }
}

void vch_step_convolution(const struct vch_step *step)
{
    if (is_depthwise(step->graph, step->operator_)) {
        vch_step_depthwise(step);
        return;
    }
    struct convolution c = plan(step->graph, step->operator_, step->batch);
    c.step = step;
    vch_workers_run(step->workers, run_piece, &c, c.pieces);
}
