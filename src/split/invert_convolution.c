#include "split/invert_convolution.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "split/decoder.h"
#include "split/seeded.h"

enum {
    LANES = 8, // parts of a batch, each with a gradient of its own
    BATCH = VCH_INVERT_CONVOLUTION_BATCH,
    STOPS = VCH_INVERT_CONVOLUTION_PART_COUNT,
    PIECE = 4096, // parameters of one thread's task
};
_Static_assert(VCH_INVERT_CONVOLUTION_STEPS % STOPS == 0 && BATCH % LANES == 0, "all of one size");

#define RATE 4e-3F // of learning, at first; falls to zero in a line
#define BETA1 0.9F
#define BETA2 0.999F
#define EPSILON 1e-8F
#define SPREAD_LEAST 1e-3 // of a channel, against the widest one: below that it counts as that

struct training {
    const struct vch_inversion *of;
    struct vch_decoder decoder;
    float *x; // (samples, pixels, channels): activations in standard units
    float *parameters, *best;
    float *mean, *variance; // Adam's moments
    float *gradients[LANES];
    float *across[VCH_DECODER_LAYERS];
    struct vch_decoder_scratch scratch[LANES];
    float *guesses; // (validation or test, targets), of one evaluation
    uint32_t *order;
    size_t order_next;
    uint64_t random;
    uint32_t batch[BATCH];
    size_t judged_first, judged_count; // samples of one evaluation
    float rate, mean_unbias, variance_unbias;
};

bool vch_invert_convolution_is_possible(const struct vch_inversion *of)
{
    struct vch_decoder decoder;

    return of->image.channels > 0 && vch_decoder_init(&decoder, &of->activation, &of->image);
}

static size_t sample_count(const struct vch_inversion *of)
{
    return of->training + of->validation + of->test;
}

// Mean and spread of a channel over the training samples.
static void measure_channel(double *mean, double *spread, const struct vch_inversion *of, size_t c)
{
    size_t plane = (size_t)of->activation.height * of->activation.width;
    double sum = 0, squares = 0, count = (double)(of->training * plane);

    for (size_t s = 0; s < of->training; s++)
        for (size_t p = 0; p < plane; p++)
            sum += (double)of->activations[s * of->features + c * plane + p];
    *mean = sum / count;
    for (size_t s = 0; s < of->training; s++)
        for (size_t p = 0; p < plane; p++) {
            double d = (double)of->activations[s * of->features + c * plane + p] - *mean;
            squares += d * d;
        }
    *spread = sqrt(squares / count);
}

// From planes to pixels, each channel in standard units.
static void fill_channel(struct training *at, size_t c, double mean, double spread)
{
    const struct vch_inversion *of = at->of;
    size_t plane = (size_t)of->activation.height * of->activation.width;

    for (size_t s = 0; s < sample_count(of); s++)
        for (size_t p = 0; p < plane; p++) {
            double v = (double)of->activations[s * of->features + c * plane + p];
            at->x[s * of->features + p * of->activation.channels + c] =
                (float)((v - mean) / spread);
        }
}

static vch_status fill_activations(struct training *at)
{
    const struct vch_inversion *of = at->of;
    size_t channels = of->activation.channels;
    double *means = VCH_ARENA_NEW(of->arena, double, channels);
    double *spreads = VCH_ARENA_NEW(of->arena, double, channels);
    double widest = 0;

    if (means == NULL || spreads == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t c = 0; c < channels; c++) {
        measure_channel(&means[c], &spreads[c], of, c);
        widest = fmax(widest, spreads[c]);
    }
    if (!(widest > 0)) widest = 1; // nothing varies
    for (size_t c = 0; c < channels; c++) {
        double least = SPREAD_LEAST * widest;
        fill_channel(at, c, means[c], spreads[c] > least ? spreads[c] : widest);
    }
    return VCH_OK;
}

static vch_status allocate(struct training *at)
{
    const struct vch_inversion *of = at->of;
    struct vch_arena *arena = of->arena;
    size_t count = at->decoder.parameter_count;
    size_t guessed = of->validation > of->test ? of->validation : of->test;
    bool is_whole = true;

    at->x = vch_arena_alloc(arena, sample_count(of), of->features * sizeof(float));
    at->parameters = VCH_ARENA_NEW(arena, float, count);
    at->best = VCH_ARENA_NEW(arena, float, count);
    at->mean = VCH_ARENA_NEW(arena, float, count);
    at->variance = VCH_ARENA_NEW(arena, float, count);
    at->guesses = vch_arena_alloc(arena, guessed, of->targets * sizeof(float));
    at->order = VCH_ARENA_NEW(arena, uint32_t, of->training);
    for (size_t l = 0; l < LANES; l++) {
        at->gradients[l] = VCH_ARENA_NEW(arena, float, count);
        is_whole = is_whole && at->gradients[l] != NULL &&
                   vch_decoder_scratch_init(&at->scratch[l], &at->decoder, arena);
    }
    for (size_t l = 1; l < VCH_DECODER_LAYERS; l++) {
        size_t size = vch_convolution_parameter_count(&at->decoder.layers[l]);
        at->across[l] = VCH_ARENA_NEW(arena, float, size);
        is_whole = is_whole && at->across[l] != NULL;
    }
    return is_whole && at->x != NULL && at->parameters != NULL && at->best != NULL &&
                   at->mean != NULL && at->variance != NULL && at->guesses != NULL &&
                   at->order != NULL
               ? VCH_OK
               : VCH_FAIL(NO_MEMORY);
}

// The loss of one sample is the mean of its squared errors; this is its gradient for the image.
static void set_returned(struct training *at, struct vch_decoder_scratch *scratch, size_t sample)
{
    const struct vch_inversion *of = at->of;
    size_t plane = (size_t)of->image.height * of->image.width;
    size_t padded = vch_decoder_image_channels(&at->decoder);
    const float *y = of->inputs + sample * of->targets, *image = scratch->outputs[2];
    float weight = 2.0F / (float)(of->targets * BATCH);

    for (size_t p = 0; p < plane; p++)
        for (size_t c = 0; c < of->image.channels; c++) // beyond them it stays zero
            scratch->returned[p * padded + c] = weight * (image[p * padded + c] - y[c * plane + p]);
}

static void learn_lane(void *context, size_t lane)
{
    struct training *at = context;
    struct vch_decoder_scratch *scratch = &at->scratch[lane];
    const size_t each = BATCH / LANES;

    memset(at->gradients[lane], 0, at->decoder.parameter_count * sizeof(float));
    for (size_t i = lane * each; i < (lane + 1) * each; i++) {
        uint32_t sample = at->batch[i];
        vch_decoder_forward(scratch, at->x + sample * at->of->features, at->parameters,
                            &at->decoder);
        set_returned(at, scratch, sample);
        vch_decoder_backward(at->gradients[lane], scratch, at->across, &at->decoder);
    }
}

static void move_piece(void *context, size_t piece)
{
    struct training *at = context;
    size_t count = at->decoder.parameter_count, first = piece * PIECE;
    size_t last = count - first < PIECE ? count : first + PIECE;

    for (size_t i = first; i < last; i++) {
        float gradient = 0;
        for (size_t l = 0; l < LANES; l++)
            gradient += at->gradients[l][i];
        at->mean[i] = BETA1 * at->mean[i] + (1 - BETA1) * gradient;
        at->variance[i] = BETA2 * at->variance[i] + (1 - BETA2) * gradient * gradient;
        float mean = at->mean[i] * at->mean_unbias;
        at->parameters[i] -=
            at->rate * mean / (sqrtf(at->variance[i] * at->variance_unbias) + EPSILON);
    }
}

// Every training sample comes once before any comes again.
static void draw_batch(struct training *at)
{
    for (size_t i = 0; i < BATCH; i++) {
        if (at->order_next == 0)
            vch_seeded_shuffle(at->order, (uint32_t)at->of->training, &at->random);
        at->batch[i] = at->order[at->order_next];
        at->order_next = (at->order_next + 1) % at->of->training;
    }
}

static void judge_lane(void *context, size_t lane)
{
    struct training *at = context;
    const struct vch_inversion *of = at->of;
    struct vch_decoder_scratch *scratch = &at->scratch[lane];
    size_t plane = (size_t)of->image.height * of->image.width;
    size_t padded = vch_decoder_image_channels(&at->decoder);

    for (size_t i = lane; i < at->judged_count; i += LANES) {
        vch_decoder_forward(scratch, at->x + (at->judged_first + i) * of->features, at->parameters,
                            &at->decoder);
        for (size_t p = 0; p < plane; p++)
            for (size_t c = 0; c < of->image.channels; c++)
                at->guesses[i * of->targets + c * plane + p] = scratch->outputs[2][p * padded + c];
    }
}

static void guess(struct training *at, size_t first, size_t count)
{
    at->judged_first = first;
    at->judged_count = count;
    vch_workers_run(at->of->workers, judge_lane, at, LANES);
}

static double validation_error(struct training *at)
{
    const struct vch_inversion *of = at->of;
    const float *y = of->inputs + of->training * of->targets;
    size_t count = of->validation * of->targets;
    double sum = 0;

    guess(at, of->training, of->validation);
    for (size_t i = 0; i < count; i++) {
        double d = (double)at->guesses[i] - (double)y[i];
        sum += d * d;
    }
    return sum / (double)count;
}

static void keep_if_best(struct vch_inversion_result *out, struct training *at)
{
    double error = validation_error(at);

    if (!(error < out->validation_error)) return; // a network that ran away is not a number
    out->validation_error = error;
    memcpy(at->best, at->parameters, at->decoder.parameter_count * sizeof(float));
}

static void train(struct vch_inversion_result *out, struct training *at)
{
    const struct vch_inversion *of = at->of;
    size_t pieces = (at->decoder.parameter_count + PIECE - 1) / PIECE;
    float power1 = 1, power2 = 1;

    for (unsigned step = 0; step < of->steps; step++) {
        draw_batch(at);
        for (size_t l = 1; l < VCH_DECODER_LAYERS; l++)
            vch_convolution_transpose(at->across[l], at->parameters + at->decoder.offsets[l],
                                      &at->decoder.layers[l]);
        vch_workers_run(of->workers, learn_lane, at, LANES);
        power1 *= BETA1;
        power2 *= BETA2;
        at->mean_unbias = 1 / (1 - power1);
        at->variance_unbias = 1 / (1 - power2);
        at->rate = RATE * (float)(of->steps - step) / (float)of->steps;
        vch_workers_run(of->workers, move_piece, at, pieces);
        if ((step + 1) % (of->steps / STOPS) != 0) continue;
        keep_if_best(out, at);
        if (of->progress != NULL)
            of->progress(of->progress_context, (step + 1) / (of->steps / STOPS));
    }
}

static vch_status invert(struct vch_inversion_result *out, const struct vch_inversion *of)
{
    struct training *at = VCH_ARENA_NEW(of->arena, struct training, 1);

    if (at == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_ASSERT(of->steps > 0 && of->steps % STOPS == 0);
    at->of = of;
    at->random = of->seed;
    (void)vch_decoder_init(&at->decoder, &of->activation, &of->image); // possible, says the caller
    at->decoder.mean = of->mean;
    VCH_TRY(allocate(at));
    VCH_TRY(fill_activations(at));
    vch_decoder_seed(at->parameters, &at->decoder, vch_seeded_next(&at->random));
    out->validation_error = INFINITY;
    keep_if_best(out, at);
    train(out, at);
    memcpy(at->parameters, at->best, at->decoder.parameter_count * sizeof(float));
    guess(at, of->training + of->validation, of->test);
    memcpy(out->guesses, at->guesses, of->test * of->targets * sizeof(float));
    return VCH_OK;
}

vch_status vch_invert_convolution_run(struct vch_inversion_result *out,
                                      const struct vch_inversion *of)
{
    struct vch_arena_mark mark = vch_arena_mark(of->arena);
    vch_status status = invert(out, of);

    vch_arena_rewind(of->arena, mark);
    return status;
}
