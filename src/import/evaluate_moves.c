// Elements that keep their values and change places.
#include <math.h>
#include <string.h>

#include "import/evaluate_parts.h"
#include "import/walk.h"

static void follow(double *out, const double *x, struct vch_walk *walk)
{
    size_t count = vch_network_count(walk->over);

    for (size_t i = 0; i < count; i++) {
        out[i] = x[walk->offset];
        vch_walk_next(walk);
    }
}

void vch_evaluate_parts_transpose(double *out, const struct vch_layers *layers,
                                  const struct vch_layer *layer, const double *const *inputs)
{
    const struct vch_network_shape *from = vch_layers_shape(layers, layer->inputs[0]);
    struct vch_walk walk = {.over = vch_layers_shape(layers, layer->output)};

    for (uint32_t axis = 0; axis < from->rank; axis++)
        walk.steps[axis] = vch_walk_step(from, layer->order[axis]);
    follow(out, inputs[0], &walk);
}

void vch_evaluate_parts_slice(double *out, const struct vch_layers *layers,
                              const struct vch_layer *layer, const double *const *inputs)
{
    const struct vch_network_shape *from = vch_layers_shape(layers, layer->inputs[0]);
    struct vch_walk walk = {.over = vch_layers_shape(layers, layer->output)};

    for (uint32_t axis = 0; axis < from->rank; axis++) { // negative steps wrap around, as intended
        size_t step = vch_walk_step(from, axis);
        walk.steps[axis] = step * (size_t)layer->step[axis];
        walk.offset += step * (size_t)layer->begin[axis];
    }
    follow(out, inputs[0], &walk);
}

void vch_evaluate_parts_pad(double *out, const struct vch_layers *layers,
                            const struct vch_layer *layer, const double *const *inputs)
{
    const struct vch_network_shape *to = vch_layers_shape(layers, layer->output);
    struct vch_walk walk = {.over = vch_layers_shape(layers, layer->inputs[0])};
    size_t count = vch_network_count(to), held = vch_network_count(walk.over);

    for (size_t i = 0; i < count; i++)
        out[i] = layer->fill;
    for (uint32_t axis = 0; axis < to->rank; axis++) {
        walk.steps[axis] = vch_walk_step(to, axis);
        walk.offset += walk.steps[axis] * (size_t)layer->begin[axis];
    }
    for (size_t i = 0; i < held; i++) {
        out[walk.offset] = inputs[0][i];
        vch_walk_next(&walk);
    }
}

void vch_evaluate_parts_concat(double *out, const struct vch_layers *layers,
                               const struct vch_layer *layer, const double *const *inputs)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->output);
    size_t row = vch_walk_step(shape, layer->axis) * shape->dims[layer->axis];
    size_t rows = vch_network_count(shape) / (row ? row : 1), begin = 0;

    for (uint32_t i = 0; i < layer->input_count; i++) {
        size_t part = vch_network_count(vch_layers_shape(layers, layer->inputs[i]));
        part = rows == 0 ? 0 : part / rows;
        for (size_t j = 0; j < rows; j++)
            memcpy(out + j * row + begin, inputs[i] + j * part, part * sizeof *out);
        begin += part;
    }
}

// As the integer model has it: below 0, where it stands for the end, counts from there, and
// whatever is outside means the nearest end.
void vch_evaluate_parts_gather(double *out, const struct vch_layers *layers,
                               const struct vch_layer *layer, const double *const *inputs)
{
    const struct vch_network_shape *shape = vch_layers_shape(layers, layer->inputs[0]);
    size_t picks = vch_network_count(vch_layers_shape(layers, layer->inputs[1]));
    size_t inner = vch_walk_step(shape, layer->axis), size = shape->dims[layer->axis];
    size_t outer = vch_network_count(shape) / (inner * size);

    for (size_t i = 0; i < outer; i++)
        for (size_t k = 0; k < picks; k++, out += inner) {
            double index = inputs[1][k] + (inputs[1][k] < 0 ? (double)size : 0);
            index = fmin(fmax(index, 0), (double)(size - 1));
            memcpy(out, inputs[0] + (i * size + (size_t)index) * inner, inner * sizeof *out);
        }
}
