#include "likeness/calibration.h"

#include <string.h>

#include "likeness/coordinate.h"
#include "likeness/sort.h"

#define FITTED_EVERY 4u  // one input in four gives scales and units; the others are held out
#define SHRINKAGE 16u    // deviations that the pool counts for beside a coordinate's own
#define WEIGHT_MAX 1024u // of a coordinate's own, so that products stay below 2^64
#define POOL_SHARE 16u   // no scale is below this part of the pool's

// What the steps share.
struct fitting {
    const struct vch_calibration *of;
    uint32_t fitted_count, held_count;
    int64_t *low, *high; // of all runs, as one run is laid out
    uint64_t *scales;
    struct vch_distance_units units;
    struct vch_arena *arena;
};

static vch_status check_counts(const struct vch_calibration *of, struct vch_complaint *complaint)
{
    const size_t name = strlen(of->name);

    if (of->run_count < 2 || of->run_count > VCH_FLOOR_RUNS_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "%u honest runs: expected 2 to %u, of different machines or engines",
                            of->run_count, VCH_FLOOR_RUNS_MAX);
    if (of->input_count < VCH_CALIBRATION_INPUTS_MIN ||
        of->input_count > VCH_CALIBRATION_INPUTS_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "%u inputs in each run: expected %u to %u",
                            of->input_count, VCH_CALIBRATION_INPUTS_MIN,
                            VCH_CALIBRATION_INPUTS_MAX);
    if (of->coordinate_count == 0 || of->coordinate_count > VCH_FLOOR_COORDINATES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "%u coordinates: expected 1 to %u",
                            of->coordinate_count, VCH_FLOOR_COORDINATES_MAX);
    if (name == 0 || name > VCH_FLOOR_NAME_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "the name of the model has 1 to %u characters", VCH_FLOOR_NAME_MAX);
    for (size_t i = 0; i < name; i++)
        if (of->name[i] < ' ' || of->name[i] > '~')
            return vch_complain(complaint, VCH_CODE_USAGE,
                                "the name of the model is printable ASCII");
    return VCH_OK;
}

// Beyond the limit all outputs look alike, so a floor made there would say nothing.
static vch_status check_numbers(const struct vch_calibration *of, struct vch_complaint *complaint)
{
    const size_t count = (size_t)of->input_count * of->coordinate_count;

    for (uint32_t run = 0; run < of->run_count; run++)
        for (size_t i = 0; i < count; i++) {
            const int64_t value = of->runs[run][i];
            if (value > -VCH_COORDINATE_LIMIT && value < VCH_COORDINATE_LIMIT) continue;
            return vch_complain(
                complaint, VCH_CODE_MALFORMED,
                "honest run %u, input %zu, coordinate %zu: expected a number between -2^20 and "
                "2^20, found one that is not (bring outputs to a smaller unit)",
                run, i / of->coordinate_count, i % of->coordinate_count);
        }
    return VCH_OK;
}

static bool is_fitted(uint32_t input)
{
    return input % FITTED_EVERY == 0;
}

static vch_status find_ranges(struct fitting *fit)
{
    const struct vch_calibration *of = fit->of;
    const size_t count = (size_t)of->input_count * of->coordinate_count;

    fit->low = VCH_ARENA_NEW(fit->arena, int64_t, count);
    fit->high = VCH_ARENA_NEW(fit->arena, int64_t, count);
    if (fit->low == NULL || fit->high == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(fit->low, of->runs[0], count * sizeof *fit->low);
    memcpy(fit->high, of->runs[0], count * sizeof *fit->high);
    for (uint32_t run = 1; run < of->run_count; run++)
        for (size_t i = 0; i < count; i++) {
            const int64_t value = of->runs[run][i];
            if (value < fit->low[i]) fit->low[i] = value;
            if (value > fit->high[i]) fit->high[i] = value;
        }
    return VCH_OK;
}

// How far the run can be from the centre of any committee: where more than half are honest, the
// median lies between the lowest and the highest of their values, wherever liars pull it.
static uint64_t deviation_at(const struct fitting *fit, uint32_t run, uint32_t input, uint32_t i)
{
    const size_t at = (size_t)input * fit->of->coordinate_count + i;
    const uint64_t below = vch_coordinate_distance(fit->of->runs[run][at], fit->low[at]);
    const uint64_t above = vch_coordinate_distance(fit->of->runs[run][at], fit->high[at]);

    return below > above ? below : above;
}

// The smallest number that nine tenths of them do not pass.
static uint64_t nine_tenths(uint64_t *values, size_t count)
{
    vch_sort_u64(values, count);
    return values[count - count / 10 - 1];
}

static vch_status fit_scales(struct fitting *fit)
{
    const struct vch_calibration *of = fit->of;
    const size_t count = (size_t)of->run_count * fit->fitted_count;
    const uint64_t weight = count < WEIGHT_MAX ? count : WEIGHT_MAX;
    uint64_t *all = VCH_ARENA_NEW(fit->arena, uint64_t, count * of->coordinate_count);

    if (all == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < of->coordinate_count; i++) {
        uint64_t *own = all + i * count, *at = own;
        for (uint32_t input = 0; input < of->input_count; input += FITTED_EVERY)
            for (uint32_t run = 0; run < of->run_count; run++)
                *at++ = deviation_at(fit, run, input, i);
        fit->scales[i] = nine_tenths(own, count);
    }
    const uint64_t pool = nine_tenths(all, count * of->coordinate_count);
    for (uint32_t i = 0; i < of->coordinate_count; i++) {
        uint64_t scale = (weight * fit->scales[i] + SHRINKAGE * pool) / (weight + SHRINKAGE);
        if (scale < pool / POOL_SHARE) scale = pool / POOL_SHARE;
        fit->scales[i] = scale < VCH_FLOOR_SCALE_MIN ? VCH_FLOOR_SCALE_MIN : scale;
    }
    return VCH_OK;
}

static struct vch_distance measure(const struct fitting *fit, uint32_t run, uint32_t input)
{
    struct vch_distance distance = {0};

    for (uint32_t i = 0; i < fit->of->coordinate_count; i++)
        vch_distance_add(&distance, deviation_at(fit, run, input, i), fit->scales[i]);
    return distance;
}

static uint64_t unit_of(uint64_t *values, size_t count)
{
    vch_sort_u64(values, count);
    const uint64_t middle = values[count / 2];
    return middle < VCH_DISTANCE_UNIT_MIN ? VCH_DISTANCE_UNIT_MIN : middle;
}

static vch_status fit_units(struct fitting *fit)
{
    const size_t count = (size_t)fit->of->run_count * fit->fitted_count;
    uint64_t *means = VCH_ARENA_NEW(fit->arena, uint64_t, count);
    uint64_t *peaks = VCH_ARENA_NEW(fit->arena, uint64_t, count);
    size_t at = 0;

    if (means == NULL || peaks == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t run = 0; run < fit->of->run_count; run++)
        for (uint32_t input = 0; input < fit->of->input_count; input += FITTED_EVERY, at++) {
            const struct vch_distance distance = measure(fit, run, input);
            means[at] = vch_distance_mean(&distance);
            peaks[at] = distance.peak;
        }
    fit->units = (struct vch_distance_units){unit_of(means, count), unit_of(peaks, count)};
    return VCH_OK;
}

// The run's held-out scores, ascending, in `scores`; `means` is scratch.
static void score_run(struct vch_calibration_run *seen, uint64_t *scores, uint64_t *means,
                      const struct fitting *fit, uint32_t run)
{
    uint32_t at = 0;

    for (uint32_t input = 0; input < fit->of->input_count; input++) {
        if (is_fitted(input)) continue;
        const struct vch_distance distance = measure(fit, run, input);
        scores[at] = vch_distance_score(&distance, &fit->units);
        means[at++] = vch_distance_mean(&distance);
    }
    vch_sort_u64(scores, fit->held_count);
    vch_sort_u64(means, fit->held_count);
    *seen = (struct vch_calibration_run){means[fit->held_count / 2], means[fit->held_count - 1]};
}

// The envelope: as many of its scores reach a given one as of the run with the most that do. So a
// rank taken from it is good for every run, and no one run's machine pays for another's.
static vch_status hold_out(uint64_t *envelope, struct vch_calibration_run *seen,
                           const struct fitting *fit)
{
    uint64_t *scores = VCH_ARENA_NEW(fit->arena, uint64_t, fit->held_count);
    uint64_t *means = VCH_ARENA_NEW(fit->arena, uint64_t, fit->held_count);

    if (scores == NULL || means == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t run = 0; run < fit->of->run_count; run++) {
        score_run(&seen[run], scores, means, fit, run);
        for (uint32_t i = 0; i < fit->held_count; i++) {
            const uint64_t score = scores[fit->held_count - 1 - i];
            if (score > envelope[i]) envelope[i] = score;
        }
    }
    return VCH_OK;
}

static vch_status calibrate(struct vch_floor *out, struct vch_calibration_run **seen,
                            struct fitting *fit)
{
    const struct vch_calibration *of = fit->of;
    uint64_t *envelope = VCH_ARENA_NEW(fit->arena, uint64_t, fit->held_count);

    fit->scales = VCH_ARENA_NEW(fit->arena, uint64_t, of->coordinate_count);
    *seen = VCH_ARENA_NEW(fit->arena, struct vch_calibration_run, of->run_count);
    if (envelope == NULL || fit->scales == NULL || *seen == NULL) return VCH_FAIL(NO_MEMORY);
    const struct vch_arena_mark mark = vch_arena_mark(fit->arena); // below is scratch
    vch_status status = find_ranges(fit);
    if (vch_is_ok(status)) status = fit_scales(fit);
    if (vch_is_ok(status)) status = fit_units(fit);
    if (vch_is_ok(status)) status = hold_out(envelope, *seen, fit);
    vch_arena_rewind(fit->arena, mark);
    VCH_TRY(status);

    *out = (struct vch_floor){
        .run_count = of->run_count,
        .fitted_count = fit->fitted_count,
        .coordinate_count = of->coordinate_count,
        .score_count = fit->held_count,
        .units = fit->units,
        .scales = fit->scales,
        .scores = envelope,
    };
    memcpy(out->name, of->name, strlen(of->name));
    return VCH_OK;
}

vch_status vch_calibration_floor(struct vch_floor *out, struct vch_calibration_run **seen,
                                 const struct vch_calibration *of, struct vch_arena *arena,
                                 struct vch_complaint *complaint)
{
    VCH_TRY(check_counts(of, complaint));
    VCH_TRY(check_numbers(of, complaint));
    const uint32_t fitted = (of->input_count + FITTED_EVERY - 1) / FITTED_EVERY;
    struct fitting fit = {
        .of = of,
        .fitted_count = fitted,
        .held_count = of->input_count - fitted,
        .arena = arena,
    };
    vch_status status = calibrate(out, seen, &fit);
    if (status.code == VCH_CODE_NO_MEMORY)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY,
                            "no memory for %u runs of %u inputs and %u coordinates", of->run_count,
                            of->input_count, of->coordinate_count);
    return status;
}
