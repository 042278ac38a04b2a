// Pooling over windows of a channel-last image, a row of outputs at a time.
#include "base/check.h"
#include "model/bands.h"
#include "model/step.h"

enum { TAPS_MAX = 256, CHANNELS_MAX = 512 };

struct pool {
    const struct vch_step *step;
    const struct vch_window *window;
    enum vch_type in_type, out_type;
    size_t channels;
    int64_t height, width, out_height, out_width;
    size_t rows, pieces; // rows of outputs, of all samples
    bool is_average;
};

struct part {               // of a window that lies inside the image
    int64_t y0, y1, x0, x1; // from, and past the end
};

static void clip(int64_t *from, int64_t *end, int64_t step, int64_t size)
{
    while (*from < 0)
        *from += step;
    if (*end > size) *end = size;
}

static struct part clip_window(const struct pool *p, int64_t oy, int64_t ox)
{
    const struct vch_window *w = p->window;
    struct part part = {0};

    part.y0 = oy * w->stride[0] - w->pad_begin[0];
    part.x0 = ox * w->stride[1] - w->pad_begin[1];
    part.y1 = part.y0 + (int64_t)(w->kernel[0] - 1) * w->dilation[0] + 1;
    part.x1 = part.x0 + (int64_t)(w->kernel[1] - 1) * w->dilation[1] + 1;
    clip(&part.y0, &part.y1, w->dilation[0], p->height);
    clip(&part.x0, &part.x1, w->dilation[1], p->width);
    return part;
}

// Offsets of the elements of a window's part, from its first, and how many there are; 0 when they
// are more than `taps` holds.
static size_t list_taps(const struct pool *p, const struct part *part, uint32_t taps[TAPS_MAX])
{
    const struct vch_window *w = p->window;
    size_t count = 0;

    for (int64_t y = part->y0; y < part->y1; y += w->dilation[0])
        for (int64_t x = part->x0; x < part->x1; x += w->dilation[1]) {
            if (count == TAPS_MAX) return 0;
            taps[count++] = (uint32_t)(size_t)((y - part->y0) * p->width + x - part->x0) *
                            (uint32_t)p->channels;
        }
    return count;
}

// One channel of one window, in the plainest way: any type, any number of elements.
static int64_t reduce(const struct pool *p, size_t image, const struct part *part, size_t channel)
{
    const struct vch_window *w = p->window;
    int64_t best = INT64_MIN, sum = 0;
    uint32_t count = 0;

    for (int64_t y = part->y0; y < part->y1; y += w->dilation[0])
        for (int64_t x = part->x0; x < part->x1; x += w->dilation[1], count++) {
            const size_t at = image + (size_t)(y * p->width + x) * p->channels + channel;
            const int64_t v = vch_tensor_load(p->in_type, p->step->inputs[0], at);
            if (v > best) best = v;
            if (p->is_average) sum += v;
        }
    VCH_ASSERT(count > 0);
    if (!p->is_average) return best;
    // Scaling has one entry for whole windows, or entry n - 1 for n elements.
    const struct vch_requantise how = vch_step_scaling(p->step->operator_, count - 1);
    return vch_requantise_one(sum, &how);
}

static void run_plainly(const struct pool *p, size_t image, const struct part *part, size_t at)
{
    for (size_t c = 0; c < p->channels; c++)
        vch_step_store(p->out_type, p->step->output, at + c, reduce(p, image, part, c));
}

static bool is_short(const struct pool *p)
{
    return p->in_type == VCH_TYPE_I8 || p->in_type == VCH_TYPE_I16;
}

static size_t offset_of(const struct pool *p, size_t image, const struct part *part)
{
    return image + (size_t)(part->y0 * p->width + part->x0) * p->channels;
}

static void run_average(const struct pool *p, size_t image, const struct part *part, size_t at)
{
    const struct vch_kernels *kernels = p->step->kernels;
    const size_t from = offset_of(p, image, part);
    uint32_t taps[TAPS_MAX];
    const size_t count = list_taps(p, part, taps);
    int32_t sums[CHANNELS_MAX];

    if (!is_short(p) || count == 0) {
        run_plainly(p, image, part, at);
        return;
    }
    const struct vch_requantise how = vch_step_scaling(p->step->operator_, (uint32_t)count - 1);
    for (size_t c = 0; c < p->channels; c += CHANNELS_MAX) {
        const size_t channels = p->channels - c < CHANNELS_MAX ? p->channels - c : CHANNELS_MAX;
        if (p->in_type == VCH_TYPE_I8)
            kernels->sum_taps_i8(sums, (const int8_t *)p->step->inputs[0] + from + c, taps, count,
                                 channels);
        else
            kernels->sum_taps_i16(sums, (const int16_t *)p->step->inputs[0] + from + c, taps, count,
                                  channels);
        vch_step_requantise_i32(p->step, p->out_type, p->step->output, at + c, sums, channels, 0,
                                &how);
    }
}

// `count` windows with parts alike, from `part` on.
static void run_max(const struct pool *p, size_t image, const struct part *part, size_t at,
                    size_t count)
{
    const struct vch_kernels *kernels = p->step->kernels;
    const size_t from = offset_of(p, image, part);
    uint32_t taps[TAPS_MAX], places[TAPS_MAX];
    const size_t tap_count = list_taps(p, part, taps);

    VCH_ASSERT(count <= TAPS_MAX);
    for (size_t i = 0; i < count; i++)
        places[i] = (uint32_t)(i * p->window->stride[1] * p->channels);
    if (p->in_type == VCH_TYPE_I8)
        kernels->max_pool_i8((int8_t *)p->step->output + at,
                             (const int8_t *)p->step->inputs[0] + from, places, count, taps,
                             tap_count, p->channels);
    else
        kernels->max_pool_i16((int16_t *)p->step->output + at,
                              (const int16_t *)p->step->inputs[0] + from, places, count, taps,
                              tap_count, p->channels);
}

static bool is_whole(const struct pool *p, const struct part *part)
{
    const struct vch_window *w = p->window;

    return part->x1 - part->x0 == (int64_t)(w->kernel[1] - 1) * w->dilation[1] + 1;
}

// Windows whose parts are as wide as the kernel go together.
static void run_max_row(const struct pool *p, size_t image, int64_t oy, size_t at)
{
    const size_t taps = (size_t)p->window->kernel[0] * p->window->kernel[1];

    for (int64_t ox = 0, count = 1; ox < p->out_width; ox += count) {
        const struct part part = clip_window(p, oy, ox);
        const size_t to = at + (size_t)ox * p->channels;
        count = 1;
        if (!is_short(p) || taps > TAPS_MAX) {
            run_plainly(p, image, &part, to);
            continue;
        }
        while (is_whole(p, &part) && count < TAPS_MAX && ox + count < p->out_width) {
            const struct part next = clip_window(p, oy, ox + count);
            if (!is_whole(p, &next)) break;
            count++;
        }
        run_max(p, image, &part, to, (size_t)count);
    }
}

static void run_row(const struct pool *p, size_t index)
{
    const int64_t oy = (int64_t)(index % (size_t)p->out_height);
    const size_t image =
        index / (size_t)p->out_height * (size_t)(p->height * p->width) * p->channels;
    const size_t at = index * (size_t)p->out_width * p->channels;

    if (!p->is_average) {
        run_max_row(p, image, oy, at);
        return;
    }
    for (int64_t ox = 0; ox < p->out_width; ox++) {
        const struct part part = clip_window(p, oy, ox);
        run_average(p, image, &part, at + (size_t)ox * p->channels);
    }
}

static void run_piece(void *context, size_t piece)
{
    const struct pool *p = context;
    const struct vch_step_part part = vch_step_part(piece, p->pieces, p->rows);

    for (size_t i = part.first; i < part.last; i++)
        run_row(p, i);
}

static void pool(const struct vch_step *step, bool is_average)
{
    const struct vch_bands_image in = vch_bands_image(vch_step_input(step, 0), true);
    const struct vch_bands_image out = vch_bands_image(vch_step_output(step), true);
    struct pool p = {
        .step = step,
        .window = &step->operator_->window,
        .in_type = in.type,
        .out_type = out.type,
        .channels = in.channels,
        .height = (int64_t)in.height,
        .width = (int64_t)in.width,
        .out_height = (int64_t)out.height,
        .out_width = (int64_t)out.width,
        .rows = step->batch * out.height,
        .is_average = is_average,
    };

    p.pieces =
        vch_step_piece_count(step->batch * vch_graph_work(step->graph, step->operator_), p.rows);
    vch_workers_run(step->workers, run_piece, &p, p.pieces);
}

void vch_step_max_pool(const struct vch_step *step)
{
    pool(step, false);
}

void vch_step_average_pool(const struct vch_step *step)
{
    pool(step, true);
}
