#include "import/product.h"

#include <math.h>

#define BIAS_BITS_MAX 40 // a bias this large already drowns every product

static double round_half_up(double x)
{
    return floor(x + 0.5);
}

double vch_product_scale(const struct vch_product *product, size_t channel)
{
    const double *weights = product->weights + channel * product->depth;
    double largest = 0;

    if (product->scales != NULL) return product->scales[channel];
    for (size_t k = 0; k < product->depth; k++)
        largest = fmax(largest, fabs(weights[k]));
    double for_bias = ldexp(fabs(product->bias[channel]) / product->scale_in, -BIAS_BITS_MAX + 1);
    return fmax(1e-30, fmax(largest / product->weight_max, for_bias));
}

static bool find_ratio(struct vch_product_channel *out, const struct vch_product *product,
                       size_t channel)
{
    double wanted = vch_product_scale(product, channel);
    double real = product->scale_in * wanted / product->scale_out;

    out->scale = wanted;
    if (product->scales != NULL)
        return vch_ratio_nearest(&out->ratio, real) && out->ratio.multiplier != 0;
    if (!vch_ratio_above(&out->ratio, real) || out->ratio.multiplier == 0) return false;
    out->scale = vch_ratio_value(out->ratio) * product->scale_out / product->scale_in;
    return true;
}

// What rounding the weights costs on average, over the samples: the bias takes it back.
static double expected_loss(const struct vch_product *product, const int32_t *row, double scale,
                            size_t channel)
{
    const double *weights = product->weights + channel * product->depth;
    size_t group = channel / (product->channels / product->groups);
    double sum = 0;

    if (product->means == NULL) return 0;
    for (size_t k = 0; k < product->depth; k++)
        sum += (weights[k] - scale * row[k]) * product->means[group * product->depth + k];
    return sum;
}

vch_status vch_product_quantise(struct vch_product_channel *out, int32_t *row,
                                const struct vch_product *product, size_t channel)
{
    const double *weights = product->weights + channel * product->depth;

    if (!find_ratio(out, product, channel)) return VCH_FAIL(LIMIT);
    for (size_t k = 0; k < product->depth; k++) {
        double whole = round_half_up(weights[k] / out->scale);
        row[k] = (int32_t)fmin(fmax(whole, -product->weight_max), product->weight_max);
    }
    double bias = product->bias[channel] + expected_loss(product, row, out->scale, channel);
    out->bias = (int64_t)round_half_up(bias / (product->scale_in * out->scale));
    return VCH_OK;
}
