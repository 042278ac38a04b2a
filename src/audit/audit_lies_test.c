// Someone shows accumulators that are not those of the weights: every lie in a linear operator is
// caught, and whoever knows the secret would not be.
#include <stdlib.h>

#include "audit/audit.h"
#include "harness/audits.h"

enum { ROUNDS = 8 };

// A layer's accumulators in the file, whatever their width.
struct lie {
    struct audits *scene;
    const struct vch_accumulators_layer *layer;
    int64_t bound;
    size_t count; // of all samples
    size_t unit;  // accumulators of a sample
};

static int64_t get(const struct lie *l, size_t i)
{
    const uint8_t *at = l->scene->bytes + l->layer->offset;
    return l->layer->is_wide ? ((const int64_t *)(const void *)at)[i]
                             : ((const int32_t *)(const void *)at)[i];
}

static void put(const struct lie *l, size_t i, int64_t value)
{
    uint8_t *at = l->scene->bytes + l->layer->offset;

    if (l->layer->is_wide)
        ((int64_t *)(void *)at)[i] = value;
    else
        ((int32_t *)(void *)at)[i] = (int32_t)value;
}

static size_t any(const struct lie *l)
{
    return test_below((uint32_t)l->count);
}

static uint64_t random_u64(void)
{
    return (uint64_t)test_below(UINT32_MAX) << 32 | test_below(UINT32_MAX);
}

// Towards zero, so that it stays within its bound.
static void nudge(const struct lie *l, size_t i, int64_t by)
{
    const int64_t value = get(l, i);
    put(l, i, value > 0 ? value - by : value + by);
}

static bool lie_by_one(const struct lie *l)
{
    nudge(l, any(l), 1);
    return true;
}

// Requantised alike, most likely: no output betrays it.
static bool lie_that_rounds_away(const struct lie *l)
{
    for (size_t tries = 0; tries < 100; tries++) {
        const size_t i = any(l);
        const int64_t value = get(l, i), other = value > 0 ? value - 1 : value + 1;
        const struct vch_operator *o = &l->scene->graph->operators[l->layer->operator_];
        const struct vch_requantise how = {o->scaling.multipliers[0], o->scaling.shifts[0],
                                           o->scaling.lo, o->scaling.hi};
        if (vch_requantise_one(value, &how) != vch_requantise_one(other, &how)) continue;
        put(l, i, other);
        return true;
    }
    return false;
}

static bool lie_by_swapping(const struct lie *l)
{
    const size_t i = any(l), k = any(l);
    const int64_t value = get(l, i);

    if (value == get(l, k)) return false;
    put(l, i, get(l, k));
    put(l, k, value);
    return true;
}

// The sum of all stays what it was: a test with r = 1 would pass.
static bool lie_that_cancels(const struct lie *l)
{
    const size_t i = any(l), k = any(l);

    if (i == k || llabs(get(l, i)) >= l->bound || llabs(get(l, k)) >= l->bound) return false;
    put(l, i, get(l, i) + 1);
    put(l, k, get(l, k) - 1);
    return true;
}

// A square whose rows and columns sum to zero.
static bool lie_that_cancels_both_ways(const struct lie *l)
{
    const size_t width = l->unit / 2;

    if (width < 2) return false;
    const size_t a = test_below((uint32_t)width - 1);
    const size_t corners[4] = {a, a + 1, width + a, width + a + 1};
    for (size_t i = 0; i < 4; i++)
        if (llabs(get(l, corners[i])) >= l->bound) return false;
    for (size_t i = 0; i < 4; i++)
        put(l, corners[i], get(l, corners[i]) + (i == 0 || i == 3 ? 1 : -1));
    return true;
}

// A word that wraps: modulo 2^64 half of all secrets would not see it.
static bool lie_by_half_a_word(const struct lie *l)
{
    const size_t i = any(l);

    if (!l->layer->is_wide) return false;
    put(l, i, (int64_t)((uint64_t)get(l, i) + ((uint64_t)1 << 63)));
    return true;
}

// p more, and p less, in words that wrap.
static bool lie_by_p(const struct lie *l)
{
    const size_t i = any(l);
    const uint64_t by = test_below(2) ? VCH_FP_P : 0 - VCH_FP_P;

    if (!l->layer->is_wide) return false;
    put(l, i, (int64_t)((uint64_t)get(l, i) + by));
    return true;
}

// An accumulator that is another one modulo p: the residue is right, and the bound is not.
static bool lie_by_the_same_residue(const struct lie *l)
{
    for (size_t i = 0; l->layer->is_wide && i < l->count; i++) {
        const int64_t value = get(l, i);
        if (value >= 0) continue;
        put(l, i, (int64_t)vch_fp_from_i64(value)); // below 2^64 as a word, which is negative here
        return get(l, i) != value;
    }
    return false;
}

static bool lie_of_two_to_the_31(const struct lie *l)
{
    const size_t i = any(l);

    if (l->layer->is_wide) return false;
    put(l, i, (int32_t)((uint32_t)get(l, i) + ((uint32_t)1 << 31)));
    return true;
}

static bool lie_beyond_the_bound(const struct lie *l)
{
    const int64_t most = l->layer->is_wide ? INT64_MAX : INT32_MAX;

    if (l->bound >= most) return false;
    put(l, any(l), test_below(2) ? l->bound + 1 : -l->bound - 1);
    return true;
}

static bool lie_at_random(const struct lie *l)
{
    for (size_t i = 0; i < l->count; i++)
        put(l, i, (int64_t)(random_u64() % (2 * (uint64_t)l->bound + 1)) - l->bound);
    return true;
}

static bool lie_of_zeros(const struct lie *l)
{
    bool is_lie = false;

    for (size_t i = 0; i < l->count; i++) {
        is_lie |= get(l, i) != 0;
        put(l, i, 0);
    }
    return is_lie;
}

// The same number more everywhere, as another bias would make it.
static bool lie_of_another_bias(const struct lie *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (llabs(get(l, i)) >= l->bound) return false;
    for (size_t i = 0; i < l->count; i++)
        put(l, i, get(l, i) + 1);
    return true;
}

// What another sample has.
static bool lie_of_another_sample(const struct lie *l)
{
    bool is_lie = false;

    for (size_t i = 0; i < l->unit; i++) {
        is_lie |= get(l, i) != get(l, l->unit + i);
        put(l, i, get(l, l->unit + i));
    }
    return is_lie;
}

static const struct {
    const char *name;
    bool (*tell)(const struct lie *l); // false: not possible here
} lies[] = {
    {"by one", lie_by_one},
    {"that rounds away", lie_that_rounds_away},
    {"by swapping", lie_by_swapping},
    {"that cancels", lie_that_cancels},
    {"that cancels both ways", lie_that_cancels_both_ways},
    {"by half a word", lie_by_half_a_word},
    {"by p", lie_by_p},
    {"by the same residue", lie_by_the_same_residue},
    {"of 2^31", lie_of_two_to_the_31},
    {"beyond the bound", lie_beyond_the_bound},
    {"at random", lie_at_random},
    {"of zeros", lie_of_zeros},
    {"of another bias", lie_of_another_bias},
    {"of another sample", lie_of_another_sample},
};

enum { LIES = sizeof lies / sizeof *lies };

static struct lie lie_about(struct audits *s, uint32_t layer)
{
    const struct vch_accumulators_layer *l = &s->plan.layers[layer];

    return (struct lie){
        .scene = s,
        .layer = l,
        .bound = (int64_t)s->graph->operators[l->operator_].public_bound,
        .count = l->count * AUDITS_BATCH,
        .unit = l->count,
    };
}

static void check_caught(struct audits *s, uint32_t layer, const char *name)
{
    struct vch_tensor outputs[VCH_GRAPH_PORTS_MAX];
    struct vch_audit_finding finding;
    struct vch_complaint complaint = {0};
    const vch_status status = audits_run(s, &finding, NULL, outputs, &complaint);

    if (status.code != VCH_CODE_BAD_PROOF)
        test_fail(__FILE__, __LINE__, "a lie %s about a %s passes", name,
                  s->graph->operators[s->plan.layers[layer].operator_].name);
    if (finding.operator_ != s->plan.layers[layer].operator_)
        test_fail(__FILE__, __LINE__, "a lie %s about operator %u is found at %u", name,
                  s->plan.layers[layer].operator_, finding.operator_);
    CHECK(strlen(complaint.text) > 0);
}

TEST(every_lie_about_every_linear_operator_is_caught_there)
{
    uint32_t told[LIES] = {0};

    for (uint32_t kind = 0; kind < AUDITS_KINDS; kind++)
        for (int round = 0; round < ROUNDS; round++) {
            struct audits s;
            audits_open(&s, kind);
            uint8_t *truth = vch_arena_alloc(&s.arena, s.plan.size, 1);
            memcpy(truth, s.bytes, s.plan.size);
            for (uint32_t i = 0; i < LIES; i++) {
                const uint32_t layer = test_below(s.plan.layer_count);
                const struct lie lie = lie_about(&s, layer);
                if (lies[i].tell(&lie) && memcmp(truth, s.bytes, s.plan.size) != 0) {
                    told[i]++;
                    check_caught(&s, layer, lies[i].name);
                }
                memcpy(s.bytes, truth, s.plan.size);
            }
            vch_arena_release(&s.arena);
        }
    for (uint32_t i = 0; i < LIES; i++)
        if (told[i] == 0) test_fail(__FILE__, __LINE__, "no lie %s was told", lies[i].name);
}

// Lies of one accumulator by every small number, at many places, under many keys.
TEST(a_lie_about_one_accumulator_is_caught_under_every_key)
{
    for (uint32_t kind = 0; kind < 11; kind++) {
        struct audits s;
        audits_open(&s, kind);
        for (int key = 0; key < 20; key++) {
            audits_prepare(&s, 1);
            for (int64_t by = 1; by < 6; by++) {
                const struct lie lie = lie_about(&s, 0);
                const size_t i = any(&lie);
                const int64_t value = get(&lie, i);
                if (llabs(value) < by) continue;
                nudge(&lie, i, by);
                check_caught(&s, 0, "by a small number");
                put(&lie, i, value);
            }
        }
        vch_arena_release(&s.arena);
    }
}

// An element of r, as the auditor draws it: r lies in the digits of a LINEAR's vector over
// accumulators, whose halves of one accumulator come one after the other.
static uint64_t secret_element(const struct vch_digits *digits, size_t i)
{
    uint64_t sum = 0;

    for (size_t d = VCH_DIGITS_COUNT; d-- > 0;)
        sum =
            vch_fp_add(vch_fp_mul(sum, 256), vch_fp_from_i64(digits->bytes[d * digits->depth + i]));
    return sum;
}

// Small numbers a and b with a r_0 + b r_1 = 0: from the convergents of r_1 / r_0 modulo p, which
// are below 2^32 in magnitude. Wide accumulators have room for such a lie.
static void find_kernel(int64_t *a, int64_t *b, uint64_t r0, uint64_t r1)
{
    const uint64_t ratio = vch_fp_mul(r1, vch_fp_inverse(r0)); // a = -b ratio
    uint64_t high = VCH_FP_P, low = ratio;
    int64_t before = 0, factor = 1; // low = factor * ratio modulo p

    while (low >> 32 != 0) {
        const uint64_t quotient = high / low, rest = high % low;
        const int64_t next = before - (int64_t)quotient * factor;
        high = low;
        low = rest;
        before = factor;
        factor = next;
    }
    *a = -(int64_t)low;
    *b = factor;
}

TEST(whoever_knows_the_secret_passes_with_a_lie_and_nobody_else)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct audits s;
        struct vch_tensor outputs[VCH_GRAPH_PORTS_MAX];
        struct vch_audit_finding finding;
        struct vch_complaint complaint = {0};
        int64_t a = 0, b = 0;
        audits_open(&s, 1); // a LINEAR with accumulators of int64
        const struct lie lie = lie_about(&s, 0);
        const struct vch_digits *digits = &s.audit.layers[0].y;
        find_kernel(&a, &b, secret_element(digits, 0), secret_element(digits, 4));
        const int64_t first = get(&lie, 0) + a, second = get(&lie, 1) + b;
        CHECK(llabs(a) < (int64_t)1 << 33 && llabs(b) < (int64_t)1 << 33);
        struct vch_operator *o = &s.graph->operators[lie.layer->operator_];
        const uint64_t stated = o->public_bound;
        o->public_bound = (uint64_t)1 << 40; // a model whose sums may be as large
        put(&lie, 0, first);
        put(&lie, 1, second);
        (void)audits_run(&s, &finding, NULL, outputs, &complaint);
        const struct vch_digest claimed =
            vch_accumulators_digest(outputs, s.plan.output_count, AUDITS_BATCH);
        memcpy(s.bytes + 88, claimed.bytes, sizeof claimed.bytes); // what follows from the lie
        CHECK_OK(audits_run(&s, &finding, NULL, outputs, &complaint));
        audits_prepare(&s, 1);
        CHECK_FAILS(audits_run(&s, &finding, NULL, outputs, &complaint), BAD_PROOF);
        CHECK_EQ(finding.operator_, lie.layer->operator_);
        o->public_bound = stated;
        vch_arena_release(&s.arena);
    }
}

TEST(another_input_output_or_model_is_refused)
{
    struct audits s;
    struct vch_tensor outputs[VCH_GRAPH_PORTS_MAX];
    struct vch_audit_finding finding;

    audits_open(&s, 2);
    s.bytes[56 + test_below(32)] ^= 1;
    CHECK_FAILS(audits_run(&s, &finding, NULL, outputs, NULL), BAD_PROOF);
    CHECK_EQ(finding.operator_, VCH_NONE);
    audits_accumulate(&s, 0, s.graph->operator_count);
    s.bytes[88 + test_below(32)] ^= 1;
    CHECK_FAILS(audits_run(&s, &finding, NULL, outputs, NULL), BAD_PROOF);
    CHECK_EQ(finding.operator_, VCH_NONE);
    audits_accumulate(&s, 0, s.graph->operator_count);
    ((uint8_t *)s.inputs[0].data)[0] ^= 1;
    CHECK_FAILS(audits_run(&s, &finding, NULL, outputs, NULL), BAD_PROOF);
    vch_arena_release(&s.arena);
}

TEST(the_first_of_several_lies_is_named)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct audits s;
        audits_open(&s, 11);
        const uint32_t first = test_below(s.plan.layer_count);
        for (uint32_t i = first; i < s.plan.layer_count; i++) {
            const struct lie lie = lie_about(&s, i);
            nudge(&lie, test_below((uint32_t)lie.unit), 1);
        }
        check_caught(&s, first, "of many");
        vch_arena_release(&s.arena);
    }
}
