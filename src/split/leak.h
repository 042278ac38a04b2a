// How much of a model's input can be recovered from what crosses a cut: measured, by trying.
//
// Two inverters per cut, a linear one and for images a small convolutional one, learn from samples
// of the input and of the activation that the integer model makes of them; then they guess held-out
// inputs from their activations. What they explain of the inputs' variance, beyond a blind guess,
// is the measure:
//
//     R2 = 1 - sum of squared errors of the guess / the same of the blind guess
//
// The blind guess is the mean of the training samples: 0 is what one knows without the activation,
// 1 is the input itself, below 0 is worse than blind. For an image R2 is over all numbers of all
// held-out images; for a table it is by column, and the column that leaks most counts.
//
// Whoever has what crosses a cut can run the model on from there and has what crosses every later
// one. So a cut's `leak` is the most that was measured there or at a later cut asked for, and never
// below 0; it is 1 where what crosses is the input itself. It is a bound from below: a stronger
// attacker, or one with more samples, does better, and a low number shows no privacy.
//
// All else is a function of graph, samples, seed and cut: no thread and no other cut changes it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "kernels/kernels.h"
#include "model/graph.h"
#include "split/image_quality.h"

#define VCH_LEAK_SAMPLES_MIN 40u
#define VCH_LEAK_SAMPLES_MAX VCH_BATCH_MAX
#define VCH_LEAK_SHOWN_MAX 10u // held-out samples whose guesses are kept

struct vch_leak_problem {
    const struct vch_graph *graph; // checked, with one input; held up to the last cut asked for
    uint32_t sample_count;
    const float *samples;         // (samples, numbers of the input), as the person has them
    const void *quantised;        // the same as the input's integers
    struct vch_image_shape image; // channels 0: what the input's own shape says
    uint32_t position_count;      // 0: every legal cut
    const uint32_t *positions;    // legal ones, ascending
    uint32_t steps;               // of the convolutional inverter; 0: VCH_INVERT_CONVOLUTION_STEPS
    uint64_t seed;                // deals the samples and begins the networks
    const struct vch_kernels *kernels;
    struct vch_workers *workers;
    void *progress_context;
    void (*progress)(void *context, uint64_t done, uint64_t total); // NULL
};

// How well one guesser did on the held-out samples.
struct vch_leak_guess {
    bool is_made;            // else the fields below say nothing
    double r2;               // over everything; for a table, columns count by their own variance
    double psnr_db;          // images; over all of them
    double ssim;             // images; mean
    const double *column_r2; // tables; NAN where a column never varies
    double ridge;            // linear, images: the strength chosen
    const float *shown;      // (shown, numbers of the input), in the person's units
};

struct vch_leak_cut {
    uint32_t position, value;
    uint64_t features; // numbers that cross, per sample
    uint32_t same_as;  // index of an earlier cut with the same numbers in another shape, or
                       // VCH_NONE: figures are that cut's
    bool is_input;     // the input itself crosses
    struct vch_leak_guess linear, convolution;
    double measured; // the better one's R2; for a table, of the best column
    uint32_t column; // tables: which that is
    double leak;     // 0..1
};

struct vch_leak {
    uint32_t training, validation, test; // samples
    uint64_t seed;
    bool is_image;
    struct vch_image_shape image; // planar; targets of a channels-last input are put in that order
    double low, range;            // of the training images' numbers
    uint32_t target_count;
    struct vch_leak_guess blind;
    uint32_t shown_count;
    const float *originals; // (shown, targets)
    uint32_t cut_count;
    struct vch_leak_cut *cuts;
};

// UNSUPPORTED for a graph with several inputs, or not held; USAGE for too few samples, with how
// many are needed; MALFORMED for samples that are not finite; NO_MEMORY. All with a complaint. The
// result is in the arena.
vch_status vch_leak_measure(struct vch_leak *out, const struct vch_leak_problem *problem,
                            struct vch_arena *arena, struct vch_complaint *complaint);
