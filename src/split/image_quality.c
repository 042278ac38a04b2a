#include "split/image_quality.h"

#include <math.h>

#include "base/check.h"

#define SIGMA 1.5
#define K1 0.01
#define K2 0.03

struct window {
    uint32_t side;
    double weights[VCH_IMAGE_QUALITY_WINDOW]; // of one axis: the two-dimensional one is a product
};

// What one window sees of two images.
struct moments {
    double a, b, aa, bb, ab; // weighted means
};

static struct window make_window(const struct vch_image_shape *shape)
{
    uint32_t fits = shape->height < shape->width ? shape->height : shape->width;
    struct window window = {.side = VCH_IMAGE_QUALITY_WINDOW};
    double sum = 0;

    if (fits < window.side) window.side = fits % 2 == 1 ? fits : fits - 1;
    for (uint32_t i = 0; i < window.side; i++) {
        double x = (double)i - (double)(window.side - 1) / 2;
        window.weights[i] = exp(-x * x / (2 * SIGMA * SIGMA));
        sum += window.weights[i];
    }
    for (uint32_t i = 0; i < window.side; i++)
        window.weights[i] /= sum;
    return window;
}

static struct moments look(const float *a, const float *b, size_t width, double low,
                           const struct window *window)
{
    struct moments seen = {0};

    for (uint32_t i = 0; i < window->side; i++)
        for (uint32_t j = 0; j < window->side; j++) {
            double weight = window->weights[i] * window->weights[j];
            double x = (double)a[i * width + j] - low, y = (double)b[i * width + j] - low;
            seen.a += weight * x;
            seen.b += weight * y;
            seen.aa += weight * x * x;
            seen.bb += weight * y * y;
            seen.ab += weight * x * y;
        }
    return seen;
}

static double similarity(const struct moments *seen, double range)
{
    const double c1 = K1 * range * K1 * range, c2 = K2 * range * K2 * range;
    double variance_a = seen->aa - seen->a * seen->a, variance_b = seen->bb - seen->b * seen->b;
    double covariance = seen->ab - seen->a * seen->b;

    return (2 * seen->a * seen->b + c1) * (2 * covariance + c2) /
           ((seen->a * seen->a + seen->b * seen->b + c1) * (variance_a + variance_b + c2));
}

static double plane_similarity(const float *a, const float *b, const struct vch_image_shape *shape,
                               double low, double range, const struct window *window)
{
    uint32_t rows = shape->height - window->side + 1, columns = shape->width - window->side + 1;
    double sum = 0;

    for (uint32_t y = 0; y < rows; y++)
        for (uint32_t x = 0; x < columns; x++) {
            size_t at = (size_t)y * shape->width + x;
            struct moments seen = look(a + at, b + at, shape->width, low, window);
            sum += similarity(&seen, range);
        }
    return sum / ((double)rows * columns);
}

size_t vch_image_quality_count(const struct vch_image_shape *shape)
{
    return (size_t)shape->channels * shape->height * shape->width;
}

double vch_image_quality_psnr(double mean_squared_error, double range)
{
    VCH_ASSERT(range > 0);
    if (mean_squared_error <= 0) return VCH_IMAGE_QUALITY_PSNR_MAX;
    return fmin(10 * log10(range * range / mean_squared_error), VCH_IMAGE_QUALITY_PSNR_MAX);
}

double vch_image_quality_ssim(const float *a, const float *b, const struct vch_image_shape *shape,
                              double low, double range)
{
    const size_t plane = (size_t)shape->height * shape->width;
    const struct window window = make_window(shape);
    double sum = 0;

    VCH_ASSERT(range > 0);
    VCH_ASSERT(shape->channels > 0 && plane > 0);
    for (uint32_t c = 0; c < shape->channels; c++)
        sum += plane_similarity(a + c * plane, b + c * plane, shape, low, range, &window);
    return sum / shape->channels;
}
