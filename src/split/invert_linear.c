#include "split/invert_linear.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "split/cholesky.h"

enum { BLOCK = VCH_CHOLESKY_BLOCK }; // targets solved at once

static const double ridges[] = VCH_INVERT_LINEAR_RIDGES;
enum { RIDGE_COUNT = sizeof ridges / sizeof *ridges };
_Static_assert(RIDGE_COUNT == VCH_INVERT_LINEAR_PART_COUNT, "a part of progress each");

// (system + ridge I) solution = right; a guess is basis times solution.
struct ridge {
    const struct vch_inversion *of;
    bool is_dual;
    size_t size;       // unknowns of one target: features, or training samples
    size_t blocks;     // of targets
    size_t asked;      // validation and test samples
    float *centred;    // (samples, features)
    float *across;     // (features, training), transposed; not dual
    double *system;    // (size, size), symmetric
    double *factor;    // (size, size), lower
    double *basis;     // (asked, size)
    double *right;     // (blocks, size, BLOCK), zero beyond the targets
    double *solution;  // likewise
    double *errors;    // by target, of the validation samples, with this strength
    double *least;     // by target, of the strengths so far
    bool is_by_target; // each target keeps its own best strength
    bool is_last;      // guess the test samples, not the validation ones
    float *guesses;    // (test, targets)
};

// The training samples' mean becomes zero and the largest deviation of any feature one.
static void centre(struct ridge *at)
{
    const struct vch_inversion *of = at->of;
    size_t samples = of->training + of->validation + of->test;
    float largest = 0;

    for (size_t f = 0; f < of->features; f++) {
        double sum = 0;
        for (size_t s = 0; s < of->training; s++)
            sum += (double)of->activations[s * of->features + f];
        double mean = sum / (double)of->training;
        for (size_t s = 0; s < samples; s++) {
            size_t i = s * of->features + f;
            at->centred[i] = (float)((double)of->activations[i] - mean);
            if (s < of->training) largest = fmaxf(largest, fabsf(at->centred[i]));
        }
    }
    for (size_t i = 0; largest > 0 && i < samples * of->features; i++)
        at->centred[i] /= largest;
}

static void transpose(struct ridge *at)
{
    const struct vch_inversion *of = at->of;

    for (size_t s = 0; s < of->training; s++)
        for (size_t f = 0; f < of->features; f++)
            at->across[f * of->training + s] = at->centred[s * of->features + f];
}

// What row i of the system stands for: a training sample's features, or a feature of all samples.
static const float *system_row(const struct ridge *at, size_t i)
{
    return at->is_dual ? at->centred + i * at->of->features : at->across + i * at->of->training;
}

static void fill_system_row(void *context, size_t i)
{
    struct ridge *at = context;
    size_t count = at->is_dual ? at->of->features : at->of->training;

    for (size_t j = 0; j <= i; j++)
        at->system[i * at->size + j] =
            vch_cholesky_dot(system_row(at, i), system_row(at, j), count);
}

static void fill_basis_row(void *context, size_t row)
{
    struct ridge *at = context;
    size_t features = at->of->features;
    const float *x = at->centred + (at->of->training + row) * features;

    for (size_t i = 0; i < at->size; i++)
        at->basis[row * at->size + i] =
            at->is_dual ? vch_cholesky_dot(x, system_row(at, i), features) : (double)x[i];
}

static size_t block_count(const struct ridge *at, size_t block)
{
    size_t rest = at->of->targets - block * BLOCK;
    return rest < BLOCK ? rest : BLOCK;
}

// One block of targets of all training samples, seen through the system's rows.
static void fill_right_block(void *context, size_t block)
{
    struct ridge *at = context;
    const struct vch_inversion *of = at->of;
    size_t first = block * BLOCK, count = block_count(at, block);
    double *right = at->right + block * at->size * BLOCK;

    for (size_t i = 0; i < at->size; i++)
        for (size_t s = at->is_dual ? i : 0; s < (at->is_dual ? i + 1 : of->training); s++) {
            double x = at->is_dual ? 1 : (double)at->across[i * of->training + s];
            const float *y = of->inputs + s * of->targets + first;
            for (size_t t = 0; t < count; t++)
                right[i * BLOCK + t] += x * (double)y[t];
        }
}

static void solve_block(struct ridge *at, size_t block)
{
    size_t count = at->size * BLOCK;
    double *solution = at->solution + block * count;

    memcpy(solution, at->right + block * count, count * sizeof *solution);
    vch_cholesky_solve(solution, at->factor, at->size);
}

// What the solution makes of one sample, for one block of targets.
static void guess(double *out, const struct ridge *at, size_t block, size_t asked)
{
    const double *z = at->solution + block * at->size * BLOCK;

    memset(out, 0, BLOCK * sizeof *out);
    for (size_t i = 0; i < at->size; i++)
        for (size_t t = 0; t < BLOCK; t++)
            out[t] += at->basis[asked * at->size + i] * z[i * BLOCK + t];
}

static void judge_block(struct ridge *at, size_t block)
{
    const struct vch_inversion *of = at->of;
    size_t first = block * BLOCK, count = block_count(at, block);
    double guessed[BLOCK];

    memset(at->errors + first, 0, count * sizeof *at->errors);
    for (size_t v = 0; v < of->validation; v++) {
        const float *y = of->inputs + (of->training + v) * of->targets + first;
        guess(guessed, at, block, v);
        for (size_t t = 0; t < count; t++)
            at->errors[first + t] += (guessed[t] - (double)y[t]) * (guessed[t] - (double)y[t]);
    }
}

// The targets that the strength serves better than those before get its guesses; as the last
// word, all do.
static void guess_block(struct ridge *at, size_t block)
{
    const struct vch_inversion *of = at->of;
    size_t first = block * BLOCK, count = block_count(at, block);
    double guessed[BLOCK];

    for (size_t s = 0; s < of->test; s++) {
        guess(guessed, at, block, of->validation + s);
        for (size_t t = 0; t < count; t++)
            if (at->is_last || at->errors[first + t] < at->least[first + t])
                at->guesses[s * of->targets + first + t] = (float)guessed[t];
    }
    for (size_t t = first; t < first + count; t++)
        at->least[t] = fmin(at->least[t], at->errors[t]);
}

static void work_on_block(void *context, size_t block)
{
    struct ridge *at = context;

    solve_block(at, block);
    if (!at->is_last) judge_block(at, block);
    if (at->is_last || at->is_by_target) guess_block(at, block);
}

static double mean_error(const struct ridge *at, const double *errors)
{
    double sum = 0;

    for (size_t t = 0; t < at->of->targets; t++)
        sum += errors[t];
    return sum / ((double)at->of->validation * (double)at->of->targets);
}

// The mean square of the validation errors under one strength; infinite where there is none.
static double try_ridge(struct ridge *at, double ridge)
{
    if (!vch_cholesky_factorise(at->factor, at->system, at->size, ridge)) return INFINITY;
    vch_workers_run(at->of->workers, work_on_block, at, at->blocks);
    return mean_error(at, at->errors);
}

static vch_status allocate(struct ridge *at)
{
    const struct vch_inversion *of = at->of;
    struct vch_arena *arena = of->arena;
    size_t samples = of->training + of->validation + of->test;

    at->centred = vch_arena_alloc(arena, samples, of->features * sizeof(float));
    at->across =
        vch_arena_alloc(arena, at->is_dual ? 0 : of->training, of->features * sizeof(float));
    at->system = vch_arena_alloc(arena, at->size, at->size * sizeof(double));
    at->factor = vch_arena_alloc(arena, at->size, at->size * sizeof(double));
    at->basis = vch_arena_alloc(arena, at->asked, at->size * sizeof(double));
    at->right = vch_arena_alloc(arena, at->blocks, at->size * BLOCK * sizeof(double));
    at->solution = vch_arena_alloc(arena, at->blocks, at->size * BLOCK * sizeof(double));
    at->errors = VCH_ARENA_NEW(arena, double, of->targets);
    at->least = VCH_ARENA_NEW(arena, double, of->targets);
    bool is_whole = at->centred != NULL && at->across != NULL && at->system != NULL &&
                    at->factor != NULL && at->basis != NULL && at->right != NULL &&
                    at->solution != NULL && at->errors != NULL && at->least != NULL;
    return is_whole ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static double mean_diagonal(const struct ridge *at)
{
    double sum = 0;

    for (size_t i = 0; i < at->size; i++)
        sum += at->system[i * at->size + i];
    return sum / (double)at->size;
}

static void choose_and_guess(struct vch_inversion_result *out, struct ridge *at)
{
    const struct vch_inversion *of = at->of;
    double unit = mean_diagonal(at);

    if (!(unit > 0)) unit = 1; // the activation never varies: any strength guesses the mean
    out->validation_error = INFINITY;
    for (size_t t = 0; t < of->targets; t++)
        at->least[t] = INFINITY;
    for (size_t i = 0; i < RIDGE_COUNT; i++) {
        double error = try_ridge(at, ridges[i] * unit);
        if (error < out->validation_error) {
            out->validation_error = error;
            out->ridge = ridges[i];
        }
        if (of->progress != NULL) of->progress(of->progress_context, i + 1);
    }
    if (at->is_by_target) {
        out->validation_error = mean_error(at, at->least);
        return;
    }
    at->is_last = true;
    (void)try_ridge(at, out->ridge * unit); // it was positive before
}

static vch_status invert(struct vch_inversion_result *out, const struct vch_inversion *of)
{
    struct ridge at = {
        .of = of,
        .is_dual = of->features > of->training,
        .size = of->features > of->training ? of->training : of->features,
        .blocks = (of->targets + BLOCK - 1) / BLOCK,
        .asked = of->validation + of->test,
        .is_by_target = of->image.channels == 0,
        .guesses = out->guesses,
    };

    VCH_TRY(allocate(&at));
    centre(&at);
    if (!at.is_dual) transpose(&at);
    vch_workers_run(of->workers, fill_system_row, &at, at.size);
    vch_workers_run(of->workers, fill_basis_row, &at, at.asked);
    vch_workers_run(of->workers, fill_right_block, &at, at.blocks);
    choose_and_guess(out, &at);
    return VCH_OK;
}

vch_status vch_invert_linear_run(struct vch_inversion_result *out, const struct vch_inversion *of)
{
    struct vch_arena_mark mark = vch_arena_mark(of->arena);
    vch_status status = invert(out, of);

    vch_arena_rewind(of->arena, mark);
    return status;
}
