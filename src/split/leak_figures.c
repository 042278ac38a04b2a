#include "split/leak_figures.h"

#include <math.h>
#include <string.h>

struct similarities {
    const struct vch_leak_figures *of;
    const float *guesses;
    double *each; // by test sample
};

// A column's squared errors over the held-out samples, in its own units.
static double column_error(const struct vch_leak_figures *of, const float *guesses, size_t stride,
                           uint32_t column)
{
    const struct vch_leak *leak = of->leak;
    double sum = 0;

    for (size_t s = 0; s < leak->test; s++) {
        double d = (double)guesses[s * stride + column] -
                   (double)of->originals[s * leak->target_count + column];
        sum += d * d;
    }
    return sum;
}

static double r2(double error, double blind_error)
{
    return blind_error > 0 ? 1 - error / blind_error : NAN;
}

// Returns the mean squared error of all numbers.
static double compare_columns(struct vch_leak_guess *out, double *column_r2,
                              const struct vch_leak_figures *of, const float *guesses)
{
    const struct vch_leak *leak = of->leak;
    double error_sum = 0, blind_sum = 0, squares = 0;

    for (uint32_t t = 0; t < leak->target_count; t++) {
        double unit = (double)of->spreads[t] * (double)of->spreads[t];
        double error = column_error(of, guesses, leak->target_count, t);
        double blind = column_error(of, of->blind, 0, t);
        if (column_r2 != NULL) column_r2[t] = r2(error, blind);
        squares += error;
        error_sum += error / unit;
        blind_sum += blind / unit;
    }
    out->r2 = blind_sum > 0 ? r2(error_sum, blind_sum) : 0;
    return squares / ((double)leak->test * leak->target_count);
}

static void compare_image(void *context, size_t sample)
{
    struct similarities *at = context;
    const struct vch_leak *leak = at->of->leak;
    size_t first = sample * leak->target_count;

    at->each[sample] = vch_image_quality_ssim(at->of->originals + first, at->guesses + first,
                                              &leak->image, leak->low, leak->range);
}

static vch_status compare_images(struct vch_leak_guess *out, const struct vch_leak_figures *of,
                                 const float *guesses, double squared_error,
                                 struct vch_arena *arena)
{
    struct similarities at = {of, guesses, VCH_ARENA_NEW(arena, double, of->leak->test)};

    if (at.each == NULL) return VCH_FAIL(NO_MEMORY);
    vch_workers_run(of->workers, compare_image, &at, of->leak->test);
    for (size_t s = 0; s < of->leak->test; s++)
        out->ssim += at.each[s] / of->leak->test;
    out->psnr_db = vch_image_quality_psnr(squared_error, of->leak->range);
    return VCH_OK;
}

vch_status vch_leak_figures_make(struct vch_leak_guess *out, const struct vch_leak_figures *of,
                                 const float *guesses, struct vch_arena *arena)
{
    const struct vch_leak *leak = of->leak;
    size_t shown_count = (size_t)leak->shown_count * leak->target_count;
    float *shown = VCH_ARENA_NEW(arena, float, shown_count);
    double *column_r2 = NULL;

    *out = (struct vch_leak_guess){.is_made = true, .shown = shown};
    if (shown == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(shown, guesses, shown_count * sizeof *shown);
    if (!leak->is_image) {
        column_r2 = VCH_ARENA_NEW(arena, double, leak->target_count);
        if (column_r2 == NULL) return VCH_FAIL(NO_MEMORY);
    }
    out->column_r2 = column_r2;
    double squared_error = compare_columns(out, column_r2, of, guesses);
    return leak->is_image ? compare_images(out, of, guesses, squared_error, arena) : VCH_OK;
}

double vch_leak_figures_best_column(uint32_t *column, const double *column_r2, uint32_t count)
{
    double best = -INFINITY;

    for (uint32_t t = 0; t < count; t++)
        if (column_r2[t] > best) { // never true of NAN
            best = column_r2[t];
            *column = t;
        }
    return best > -INFINITY ? best : 0;
}
