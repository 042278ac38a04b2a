#include "consensus/capture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/stream.h"

__extension__ typedef unsigned __int128 u128;

enum {
    COMMITTEE_MAX = VCH_CAPTURE_COMMITTEE_MAX,
    TRIALS = VCH_CAPTURE_TRIALS,
    FINE_BITS = 96, // of the exact sums: a count of operators fits beside them
    LOG_TRIALS = 16,
};

_Static_assert(TRIALS == 1 << LOG_TRIALS, "shifts stand for divisions by it");
_Static_assert(VCH_STREAM_KEY_SIZE == VCH_DIGEST_SIZE, "a digest is the key of a stream");

static u128 divide_up(u128 value, uint32_t by)
{
    return (value + by - 1) / by;
}

// One more seat. chances[j] is that of j dishonest ones among those seated so far.
static void seat_one(u128 *chances, uint32_t seated, uint32_t operators, uint32_t dishonest)
{
    uint32_t left = operators - seated;

    for (uint32_t j = (seated < dishonest ? seated : dishonest) + 1; j-- > 0;) {
        u128 chance = chances[j];
        if (chance == 0) continue; // where the counts below may not make sense
        uint32_t bad = dishonest - j, good = left - bad;
        chances[j] = divide_up(chance * good, left);
        if (bad > 0) chances[j + 1] += divide_up(chance * bad, left);
    }
}

// The hypergeometric tail, seat by seat: no factorials, and every rounding upwards.
uint64_t vch_capture_equal(uint32_t operators, uint32_t dishonest, uint32_t committee)
{
    u128 chances[COMMITTEE_MAX + 2] = {(u128)1 << FINE_BITS}, sum = 0;
    uint32_t seats = committee < operators ? committee : operators;

    VCH_ASSERT(operators <= VCH_CAPTURE_OPERATORS_MAX && committee <= COMMITTEE_MAX);
    VCH_ASSERT(dishonest <= operators);
    for (uint32_t i = 0; i < seats; i++)
        seat_one(chances, i, operators, dishonest);
    for (uint32_t j = committee / 2 + 1; j <= seats; j++)
        sum += chances[j];
    sum = (sum + ((u128)1 << (FINE_BITS - 64)) - 1) >> (FINE_BITS - 64);
    return sum > VCH_CAPTURE_CERTAIN ? VCH_CAPTURE_CERTAIN : (uint64_t)sum;
}

// --- other weights: draws at random

struct dice {
    uint8_t key[VCH_STREAM_KEY_SIZE], bytes[VCH_STREAM_BLOCK_SIZE];
    uint32_t block;
    size_t used;
};

static uint64_t roll(struct dice *dice)
{
    if (dice->used == sizeof dice->bytes) {
        vch_stream_bytes(dice->bytes, sizeof dice->bytes, dice->key, dice->block++);
        dice->used = 0;
    }
    uint64_t value = vch_get_u64le(dice->bytes + dice->used);
    dice->used += sizeof value;
    return value;
}

// Uniform below `bound` > 0: numbers of as many bits, until one is below it.
static uint64_t roll_below(struct dice *dice, uint64_t bound)
{
    uint64_t mask = bound - 1, value = 0;

    for (uint32_t shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    do
        value = roll(dice) & mask;
    while (value >= bound);
    return value;
}

// Weights as a Fenwick tree: sums[i - 1] is the sum of the `i & -i` weights that end with weight i,
// counted from 1. An operator that is seated leaves it for the rest of a trial.
struct urn {
    uint64_t *sums, total;
    uint32_t count, top; // top: the largest power of two that is not above count
};

static uint32_t lowest_bit(uint32_t i)
{
    return i & (0u - i);
}

static void urn_init(struct urn *urn, uint64_t *weights, uint32_t count)
{
    *urn = (struct urn){.sums = weights, .count = count, .top = 1};
    while (urn->top <= count / 2)
        urn->top *= 2;
    for (uint32_t i = 0; i < count; i++)
        urn->total += weights[i];
    for (uint32_t i = 1; i <= count; i++) {
        uint32_t above = i + lowest_bit(i);
        if (above <= count) weights[above - 1] += weights[i - 1];
    }
}

static void urn_add(struct urn *urn, uint32_t index, uint64_t weight) // modulo 2^64: also less
{
    for (uint32_t i = index + 1; i <= urn->count; i += lowest_bit(i))
        urn->sums[i - 1] += weight;
    urn->total += weight;
}

static uint64_t urn_weight(const struct urn *urn, uint32_t index)
{
    uint64_t weight = urn->sums[index];

    for (uint32_t i = index, stop = index + 1 - lowest_bit(index + 1); i > stop; i -= lowest_bit(i))
        weight -= urn->sums[i - 1];
    return weight;
}

// The operator at which the running sum of weights passes `at`.
static uint32_t urn_find(const struct urn *urn, uint64_t at)
{
    uint32_t index = 0;

    for (uint32_t step = urn->top; step > 0; step /= 2) {
        if (index + step > urn->count || urn->sums[index + step - 1] > at) continue;
        index += step;
        at -= urn->sums[index - 1];
    }
    return index;
}

// Draws one committee and puts it back. Dishonest are the first in the urn.
static bool is_captured(struct urn *urn, struct dice *dice, uint32_t dishonest, uint32_t committee)
{
    struct {
        uint32_t index;
        uint64_t weight;
    } seated[COMMITTEE_MAX];
    uint32_t seats = committee < urn->count ? committee : urn->count, bad = 0;

    for (uint32_t i = 0; i < seats; i++) {
        seated[i].index = urn_find(urn, roll_below(dice, urn->total));
        seated[i].weight = urn_weight(urn, seated[i].index);
        urn_add(urn, seated[i].index, 0 - seated[i].weight);
        bad += seated[i].index < dishonest;
    }
    for (uint32_t i = 0; i < seats; i++)
        urn_add(urn, seated[i].index, seated[i].weight);
    return bad > committee / 2;
}

static uint64_t square_root(u128 value)
{
    u128 root = 0;

    for (u128 bit = (u128)1 << 126; bit > 0; bit >>= 2) {
        bool fits = value >= root + bit;
        if (fits) value -= root + bit;
        root = (root >> 1) + (fits ? bit : 0);
    }
    return (uint64_t)root;
}

// sqrt(p (1 - p) / T) in units of 2^-64, with p = hits / T.
static uint64_t standard_error(uint32_t hits)
{
    uint32_t inside = hits == 0 ? 1 : hits == TRIALS ? TRIALS - 1 : hits;
    u128 variance = (u128)inside * (TRIALS - inside) << (2 * 64 - 3 * LOG_TRIALS);

    return square_root(variance);
}

static void estimate_by_draws(struct vch_capture *out, uint64_t *weights, uint32_t committee,
                              const struct vch_digest *seed)
{
    struct dice dice = {.used = sizeof dice.bytes};
    struct urn urn;
    uint32_t hits = 0;

    for (size_t i = 0; i < sizeof dice.key; i++)
        dice.key[i] = seed->bytes[i];
    urn_init(&urn, weights, out->operators);
    for (uint32_t i = 0; i < TRIALS; i++)
        hits += is_captured(&urn, &dice, out->dishonest, committee);
    out->probability = hits == TRIALS ? VCH_CAPTURE_CERTAIN : (uint64_t)hits << (64 - LOG_TRIALS);
    out->error = standard_error(hits);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

// Sorts, leaves out who has no weight, and counts the lightest that hold the share.
static bool sort_out(struct vch_capture *out, uint64_t *weights, uint32_t operators,
                     uint32_t percent)
{
    u128 total = 0, held = 0;

    for (uint32_t i = 0; i < operators; i++) {
        total += weights[i];
        if (weights[i] > 0) weights[out->operators++] = weights[i];
    }
    if (out->operators == 0 || total >> 63 != 0) return false;
    qsort(weights, out->operators, sizeof *weights, compare);
    while (100 * held < percent * total)
        held += weights[out->dishonest++];
    return true;
}

vch_status vch_capture_estimate(struct vch_capture *out, uint64_t *weights, uint32_t operators,
                                uint32_t committee, uint32_t percent, const struct vch_digest *seed)
{
    *out = (struct vch_capture){0};
    if (operators > VCH_CAPTURE_OPERATORS_MAX || committee == 0 || committee > COMMITTEE_MAX ||
        percent > 100 || !sort_out(out, weights, operators, percent))
        return VCH_FAIL(USAGE);
    out->is_exact = weights[0] == weights[out->operators - 1];
    if (out->is_exact)
        out->probability = vch_capture_equal(out->operators, out->dishonest, committee);
    else
        estimate_by_draws(out, weights, committee, seed);
    return VCH_OK;
}

uint64_t vch_capture_times(uint64_t probability, uint64_t times)
{
    u128 product = (u128)probability * times;
    return product > VCH_CAPTURE_CERTAIN ? VCH_CAPTURE_CERTAIN : (uint64_t)product;
}

uint64_t vch_capture_either(uint64_t a, uint64_t b)
{
    return a > VCH_CAPTURE_CERTAIN - b ? VCH_CAPTURE_CERTAIN : a + b;
}

void vch_capture_text(char out[static VCH_CAPTURE_TEXT_SIZE], uint64_t probability)
{
    u128 scaled = (u128)probability; // times 10^exponent, in units of 2^-64
    uint32_t exponent = 0;

    while (scaled > 0 && scaled >> 64 == 0) {
        scaled *= 10;
        exponent++;
    }
    uint32_t digits = (uint32_t)((10 * scaled + ((u128)1 << 63)) >> 64); // 10 to 100
    if (digits == 100) {
        digits = 10;
        exponent--;
    }
    if (probability == 0)
        (void)snprintf(out, VCH_CAPTURE_TEXT_SIZE, "0");
    else if (exponent == 0 || probability == VCH_CAPTURE_CERTAIN)
        (void)snprintf(out, VCH_CAPTURE_TEXT_SIZE, "1");
    else
        (void)snprintf(out, VCH_CAPTURE_TEXT_SIZE, "%u.%ue-%u", digits / 10, digits % 10, exponent);
}
