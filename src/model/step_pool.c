// Pooling over windows of an image, one plane (sample and channel) at a time.
#include "base/check.h"
#include "model/step.h"

struct pool {
    const struct vch_step *step;
    enum vch_type in_type, out_type;
    int64_t height, width, out_height, out_width;
    bool is_average;
};

struct part {               // of a window that lies inside the image
    int64_t y0, y1, x0, x1; // from, and past the end
    int64_t y_step, x_step;
};

static void clip(int64_t *from, int64_t *end, int64_t step, int64_t size)
{
    while (*from < 0)
        *from += step;
    if (*end > size) *end = size;
}

static struct part clip_window(const struct pool *p, int64_t oy, int64_t ox)
{
    const struct vch_window *w = &p->step->operator_->window;
    struct part part = {.y_step = w->dilation[0], .x_step = w->dilation[1]};

    part.y0 = oy * w->stride[0] - w->pad_begin[0];
    part.x0 = ox * w->stride[1] - w->pad_begin[1];
    part.y1 = part.y0 + (int64_t)(w->kernel[0] - 1) * part.y_step + 1;
    part.x1 = part.x0 + (int64_t)(w->kernel[1] - 1) * part.x_step + 1;
    clip(&part.y0, &part.y1, part.y_step, p->height);
    clip(&part.x0, &part.x1, part.x_step, p->width);
    return part;
}

static int64_t largest(const struct pool *p, size_t plane, const struct part *part)
{
    int64_t best = INT64_MIN;

    for (int64_t y = part->y0; y < part->y1; y += part->y_step) {
        for (int64_t x = part->x0; x < part->x1; x += part->x_step) {
            int64_t v =
                vch_step_load(p->in_type, p->step->inputs[0], plane + (size_t)(y * p->width + x));
            if (v > best) best = v;
        }
    }
    return best;
}

static int64_t average(const struct pool *p, size_t plane, const struct part *part)
{
    int64_t sum = 0;
    uint32_t count = 0;

    for (int64_t y = part->y0; y < part->y1; y += part->y_step) {
        for (int64_t x = part->x0; x < part->x1; x += part->x_step, count++)
            sum +=
                vch_step_load(p->in_type, p->step->inputs[0], plane + (size_t)(y * p->width + x));
    }
    VCH_ASSERT(count > 0);
    // Scaling has one entry for whole windows, or entry n - 1 for n elements.
    struct vch_requantise how = vch_step_scaling(p->step->operator_, count - 1);
    return vch_requantise_one(sum, &how);
}

static void run_plane(void *context, size_t index)
{
    const struct pool *p = context;
    size_t plane = index * (size_t)(p->height * p->width);
    size_t at = index * (size_t)(p->out_height * p->out_width);

    for (int64_t oy = 0; oy < p->out_height; oy++) {
        for (int64_t ox = 0; ox < p->out_width; ox++, at++) {
            const struct part part = clip_window(p, oy, ox);
            vch_step_store(p->out_type, p->step->output, at,
                           p->is_average ? average(p, plane, &part) : largest(p, plane, &part));
        }
    }
}

static void pool(const struct vch_step *step, bool is_average)
{
    const struct vch_value *x = vch_step_input(step, 0), *y = vch_step_output(step);
    const uint32_t *in = x->shape.dims + (x->shape.rank - 3);
    const uint32_t *out = y->shape.dims + (y->shape.rank - 3);
    struct pool p = {
        .step = step,
        .in_type = x->type,
        .out_type = y->type,
        .height = in[1],
        .width = in[2],
        .out_height = out[1],
        .out_width = out[2],
        .is_average = is_average,
    };

    uint64_t work = (uint64_t)vch_tensor_shape_count(&y->shape) * step->batch *
                    step->operator_->window.kernel[0] * step->operator_->window.kernel[1];
    vch_workers_run(vch_step_workers(step, work), run_plane, &p, (size_t)in[0] * step->batch);
}

void vch_step_max_pool(const struct vch_step *step)
{
    pool(step, false);
}

void vch_step_average_pool(const struct vch_step *step)
{
    pool(step, true);
}
