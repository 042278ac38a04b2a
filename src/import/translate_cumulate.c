// Sums over what comes before, and transforms: products with constant matrices.
#include <math.h>
#include <string.h>

#include "import/translate_map.h"
#include "import/translate_pick.h"

vch_status vch_translate_cumsum(struct vch_translate *at)
{
    uint32_t x = 0, operand = 0, axis = 0, output = at->node.outputs[0];
    int64_t is_exclusive = 0, is_reverse = 0;
    double wanted = 0;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_operand(&operand, at, 1));
    VCH_TRY(vch_translate_scalar(&wanted, at, operand, "axis"));
    VCH_TRY(vch_network_integer(&is_exclusive, &at->node, "exclusive", 0, at->complaint));
    VCH_TRY(vch_network_integer(&is_reverse, &at->node, "reverse", 0, at->complaint));
    const struct vch_network_shape *shape = vch_translate_shape_of(at, x);
    VCH_TRY(vch_translate_axis(&axis, at, vch_translate_integer(wanted), shape->rank));
    const uint32_t size = shape->dims[axis];
    const struct vch_network_shape square = {.rank = 2, .dims = {size, size}};
    VCH_TRY(vch_translate_grow(at, &square, 0));
    double *matrix = VCH_ARENA_NEW(at->network->arena, double, (size_t)size *size);
    if (matrix == NULL) return VCH_FAIL(NO_MEMORY);
    for (int64_t from = 0; from < size; from++)
        for (int64_t to = 0; to < size; to++) {
            int64_t distance = is_reverse != 0 ? from - to : to - from;
            matrix[from * size + to] = distance >= (is_exclusive != 0);
        }
    return vch_translate_map(at, x, axis, matrix, size, &output);
}

// What a Fourier transform does to `from` complex numbers, or reals, in rows of a matrix that takes
// them interleaved: y[k] = sum over n of x[n] e^(-+ 2 pi i n k / length), scaled where inverse.
struct fourier {
    size_t from, to, length, parts; // parts: 1 where x is real
    bool is_inverse;
    const double *window; // of `from` factors; NULL for none
};

static double *fourier_matrix(const struct fourier *f, struct vch_arena *arena)
{
    double *matrix = VCH_ARENA_NEW(arena, double, f->from * f->parts * f->to * 2);
    const double turn = 2 * acos(-1) / (double)f->length;

    if (matrix == NULL) return NULL;
    for (size_t n = 0; n < f->from; n++)
        for (size_t k = 0; k < f->to; k++) {
            double angle = (f->is_inverse ? turn : -turn) * (double)(n * k % f->length);
            double size = f->is_inverse ? 1 / (double)f->length : 1;
            double *row = matrix + n * f->parts * f->to * 2 + 2 * k;
            if (f->window != NULL) size *= f->window[n];
            row[0] = size * cos(angle);
            row[1] = size * sin(angle);
            if (f->parts == 1) continue;
            row[2 * f->to] = -row[1]; // of the imaginary part
            row[2 * f->to + 1] = row[0];
        }
    return matrix;
}

// x (..., from, parts) to (..., to, 2) over its last two axes.
static vch_status transform(struct vch_translate *at, uint32_t x, const struct fourier *f,
                            uint32_t *output)
{
    struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    const struct vch_network_shape square = {
        .rank = 2, .dims = {(uint32_t)(f->from * f->parts), (uint32_t)(f->to * 2)}};
    uint32_t flat = VCH_NONE, mapped = VCH_NONE;

    VCH_TRY(vch_translate_grow(at, &square, 0));
    const double *matrix = fourier_matrix(f, at->network->arena);
    if (matrix == NULL) return VCH_FAIL(NO_MEMORY);
    shape.rank--;
    shape.dims[shape.rank - 1] = square.dims[0];
    VCH_TRY(vch_translate_reshape_to(at, x, &shape, &flat));
    VCH_TRY(vch_translate_map(at, flat, shape.rank - 1, matrix, square.dims[1], &mapped));
    shape.dims[shape.rank - 1] = (uint32_t)f->to;
    shape.dims[shape.rank++] = 2;
    return vch_translate_reshape_to(at, mapped, &shape, output);
}

static vch_status read_dft(struct fourier *f, uint32_t *axis, const struct vch_translate *at,
                           const struct vch_network_shape *shape)
{
    int64_t is_inverse = 0, is_onesided = 0, wanted = at->node.version < 20 ? 1 : -2;
    double length = 0;

    VCH_TRY(vch_network_integer(&is_inverse, &at->node, "inverse", 0, at->complaint));
    VCH_TRY(vch_network_integer(&is_onesided, &at->node, "onesided", 0, at->complaint));
    VCH_TRY(vch_network_integer(&wanted, &at->node, "axis", wanted, at->complaint));
    if (vch_translate_has(at, 2)) {
        double number = 0;
        VCH_TRY(vch_translate_scalar(&number, at, at->node.inputs[2], "axis"));
        wanted = vch_translate_integer(number);
    }
    VCH_TRY(vch_translate_axis(axis, at, wanted, shape->rank));
    f->parts = shape->dims[shape->rank - 1];
    if (shape->rank < 2 || *axis == shape->rank - 1 || f->parts < 1 || f->parts > 2)
        return vch_translate_refuse(at, VCH_CODE_MALFORMED, "axis %u of (..., %zu)", *axis,
                                    f->parts);
    length = shape->dims[*axis];
    if (vch_translate_has(at, 1))
        VCH_TRY(vch_translate_scalar(&length, at, at->node.inputs[1], "dft_length"));
    if (!(length >= 1 && length <= VCH_GRAPH_LABELS_MAX) || (is_inverse != 0 && is_onesided != 0))
        return vch_translate_refuse(at, VCH_CODE_UNSUPPORTED,
                                    "a length of %g, or an inverse of one side", length);
    f->length = (size_t)length;
    f->from = f->length < shape->dims[*axis] ? f->length : shape->dims[*axis];
    f->to = is_onesided != 0 ? f->length / 2 + 1 : f->length;
    f->is_inverse = is_inverse != 0;
    return VCH_OK;
}

vch_status vch_translate_dft(struct vch_translate *at)
{
    uint32_t x = 0, axis = 0, order[VCH_NETWORK_RANK_MAX], cut = VCH_NONE, moved = VCH_NONE;
    uint32_t done = VCH_NONE, output = at->node.outputs[0];
    struct fourier f = {0};

    VCH_TRY(vch_translate_operand(&x, at, 0));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    VCH_TRY(read_dft(&f, &axis, at, &shape));
    VCH_TRY(vch_translate_pick_slice(at, x, axis, 0, f.from, 1, &cut));
    for (uint32_t i = 0; i < shape.rank; i++)
        order[i] = i == axis ? shape.rank - 2 : i == shape.rank - 2 ? axis : i;
    VCH_TRY(vch_translate_transpose_to(at, cut, order, &moved));
    VCH_TRY(transform(at, moved, &f, &done));
    return vch_translate_transpose_to(at, done, order, &output);
}

// Frames of a signal (batch, length, parts), each `step` after the one before it.
static vch_status cut_frames(struct vch_translate *at, uint32_t signal, size_t frames, size_t step,
                             size_t length, uint32_t *output)
{
    struct vch_network_shape shape = *vch_translate_shape_of(at, signal);
    uint32_t picked = VCH_NONE;

    if (frames > VCH_TRANSLATE_GROWN_MAX / length)
        return vch_translate_refuse(at, VCH_CODE_LIMIT, "%zu frames of %zu numbers", frames,
                                    length);
    int64_t *indices = VCH_ARENA_NEW(at->network->arena, int64_t, frames * length);
    if (indices == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < frames * length; i++)
        indices[i] = (int64_t)(i / length * step + i % length);
    VCH_TRY(vch_translate_pick(at, signal, 1, indices, frames * length, &picked));
    shape.rank = 4;
    shape.dims[3] = shape.dims[2];
    shape.dims[1] = (uint32_t)frames;
    shape.dims[2] = (uint32_t)length;
    return vch_translate_reshape_to(at, picked, &shape, output);
}

vch_status vch_translate_stft(struct vch_translate *at)
{
    uint32_t x = 0, operand = 0, frames = VCH_NONE, output = at->node.outputs[0];
    double step = 0, length = 0, *window = NULL;
    size_t window_count = 0;
    int64_t is_onesided = 1;

    VCH_TRY(vch_translate_operand(&x, at, 0));
    VCH_TRY(vch_translate_operand(&operand, at, 1));
    VCH_TRY(vch_translate_scalar(&step, at, operand, "frame_step"));
    VCH_TRY(vch_network_integer(&is_onesided, &at->node, "onesided", 1, at->complaint));
    if (vch_translate_has(at, 2))
        VCH_TRY(vch_translate_reals(&window, &window_count, at, at->node.inputs[2], "window"));
    length = (double)window_count;
    if (vch_translate_has(at, 3))
        VCH_TRY(vch_translate_scalar(&length, at, at->node.inputs[3], "frame_length"));
    const struct vch_network_shape shape = *vch_translate_shape_of(at, x);
    if (shape.rank != 3 || shape.dims[2] < 1 || shape.dims[2] > 2 || !(length >= 1) ||
        length > shape.dims[1] || !(step >= 1) || step > shape.dims[1] ||
        (window != NULL && (double)window_count != length))
        return vch_translate_refuse(at, VCH_CODE_MALFORMED,
                                    "frames of %g every %g, a window of %zu, over %u numbers",
                                    length, step, window_count, shape.dims[1]);
    size_t size = (size_t)length, count = (shape.dims[1] - size) / (size_t)step + 1;
    const struct fourier f = {
        .from = size,
        .to = is_onesided != 0 ? size / 2 + 1 : size,
        .length = size,
        .parts = shape.dims[2],
        .window = window,
    };
    VCH_TRY(cut_frames(at, x, count, (size_t)step, size, &frames));
    return transform(at, frames, &f, &output);
}
