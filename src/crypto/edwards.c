#include "crypto/edwards.h"

#include <string.h>

typedef struct vch_fe25519 number;

enum {
    DIGITS_MAX = 257, // check: 256 + 1: of a recoded scalar
    WINDOW = 5,       // bits: odd multiples from -15 to 15
    MULTIPLES = VCH_EDWARDS_ROWS * VCH_EDWARDS_ODD,
};

static const number ONE = {{1}};

// d = -121665 / 121666, and twice that.
static const number D = {
    {0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb, 0x52036cee2b6ff}};
static const number D2 = {
    {0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff}};

static const number BASE_X = {
    {0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5}};
static const number BASE_Y = {
    {0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333, 0x6666666666666}};

// A sum before its four products: x = X / Z, y = Y / T. Limbs below 2^54.
struct sum {
    number x, y, z, t;
};

// A point with any Z as additions want it.
struct cached {
    number plus, minus, product, z;
};

static struct vch_edwards_point from_affine(const number *x, const number *y)
{
    return (struct vch_edwards_point){*x, *y, ONE, vch_fe25519_mul(x, y)};
}

bool vch_edwards_decode(struct vch_edwards_point *out, const uint8_t bytes[static VCH_EDWARDS_SIZE])
{
    const number y = vch_fe25519_decode(bytes), y2 = vch_fe25519_square(&y);
    const number dy2 = vch_fe25519_mul(&D, &y2), above = vch_fe25519_sub(&y2, &ONE);
    const number below = vch_fe25519_add(&dy2, &ONE);
    const bool is_odd = bytes[31] >> 7;
    uint8_t again[VCH_EDWARDS_SIZE];
    number x;

    vch_fe25519_encode(again, &y);
    again[31] |= (uint8_t)(is_odd << 7);
    if (memcmp(again, bytes, sizeof again) != 0) return false;
    if (!vch_fe25519_root(&x, &above, &below)) return false;
    if (is_odd && vch_fe25519_is_zero(&x)) return false;
    if (is_odd) x = vch_fe25519_negate(&x);
    *out = from_affine(&x, &y);
    return true;
}

void vch_edwards_encode(uint8_t out[static VCH_EDWARDS_SIZE], const struct vch_edwards_point *point)
{
    const number inverse = vch_fe25519_invert(&point->z);
    const number x = vch_fe25519_mul(&point->x, &inverse), y = vch_fe25519_mul(&point->y, &inverse);

    vch_fe25519_encode(out, &y);
    out[31] |= (uint8_t)(vch_fe25519_is_odd(&x) << 7);
}

struct vch_edwards_point vch_edwards_base(void)
{
    return from_affine(&BASE_X, &BASE_Y);
}

struct vch_edwards_point vch_edwards_negate(const struct vch_edwards_point *point)
{
    return (struct vch_edwards_point){vch_fe25519_negate(&point->x), point->y, point->z,
                                      vch_fe25519_negate(&point->t)};
}

static void finish(struct vch_edwards_point *out, const struct sum *sum)
{
    out->x = vch_fe25519_mul(&sum->x, &sum->t);
    out->y = vch_fe25519_mul(&sum->y, &sum->z);
    out->z = vch_fe25519_mul(&sum->z, &sum->t);
    out->t = vch_fe25519_mul(&sum->x, &sum->y);
}

// Without T, which doublings do not look at.
static void finish_for_doubling(struct vch_edwards_point *out, const struct sum *sum)
{
    out->x = vch_fe25519_mul(&sum->x, &sum->t);
    out->y = vch_fe25519_mul(&sum->y, &sum->z);
    out->z = vch_fe25519_mul(&sum->z, &sum->t);
}

// Hisil, Wong, Carter and Dawson 2008, section 3.3, with a = -1.
static struct sum add_doubled(const struct vch_edwards_point *point)
{
    const number xx = vch_fe25519_square(&point->x), yy = vch_fe25519_square(&point->y);
    const number zz = vch_fe25519_square(&point->z), x_y = vch_fe25519_add(&point->x, &point->y);
    const number both = vch_fe25519_square(&x_y), zz2 = vch_fe25519_add(&zz, &zz);
    const number zz2_xx = vch_fe25519_add(&zz2, &xx);
    struct sum sum;

    sum.y = vch_fe25519_add(&yy, &xx);
    sum.x = vch_fe25519_sub(&both, &sum.y);
    sum.z = vch_fe25519_sub(&yy, &xx);
    sum.t = vch_fe25519_sub(&zz2_xx, &yy);
    return sum;
}

// The same paper, section 3.1. `z2` is twice the product of both Z.
static struct sum add_parts(const struct vch_edwards_point *point, const number *plus,
                            const number *minus, const number *product, const number *z2,
                            bool is_minus)
{
    const number y_x = vch_fe25519_sub(&point->y, &point->x);
    const number yx = vch_fe25519_add(&point->y, &point->x);
    const number a = vch_fe25519_mul(&y_x, is_minus ? plus : minus);
    const number b = vch_fe25519_mul(&yx, is_minus ? minus : plus);
    const number c = vch_fe25519_mul(&point->t, product);
    const number more = vch_fe25519_add(z2, &c), less = vch_fe25519_sub(z2, &c);

    return (struct sum){vch_fe25519_sub(&b, &a), vch_fe25519_add(&b, &a), is_minus ? less : more,
                        is_minus ? more : less};
}

static struct sum add_multiple(const struct vch_edwards_point *point,
                               const struct vch_edwards_multiple *other, bool is_minus)
{
    const number z2 = vch_fe25519_add(&point->z, &point->z);

    return add_parts(point, &other->plus, &other->minus, &other->product, &z2, is_minus);
}

static struct sum add_cached(const struct vch_edwards_point *point, const struct cached *other,
                             bool is_minus)
{
    const number zz = vch_fe25519_mul(&point->z, &other->z), z2 = vch_fe25519_add(&zz, &zz);

    return add_parts(point, &other->plus, &other->minus, &other->product, &z2, is_minus);
}

static struct cached cache(const struct vch_edwards_point *point)
{
    return (struct cached){vch_fe25519_add(&point->y, &point->x),
                           vch_fe25519_sub(&point->y, &point->x), vch_fe25519_mul(&point->t, &D2),
                           point->z};
}

static void double_often(struct vch_edwards_point *point, int times)
{
    for (int i = 0; i < times; i++) {
        const struct sum sum = add_doubled(point);
        finish(point, &sum);
    }
}

bool vch_edwards_has_small_order(const struct vch_edwards_point *point)
{
    struct vch_edwards_point eighth = *point;

    double_often(&eighth, 3);
    return vch_fe25519_is_zero(&eighth.x) && vch_fe25519_is_equal(&eighth.y, &eighth.z);
}

struct vch_edwards_point vch_edwards_add(const struct vch_edwards_point *a,
                                         const struct vch_edwards_point *b)
{
    const struct cached other = cache(b);
    const struct sum sum = add_cached(a, &other, false);
    struct vch_edwards_point out;

    finish(&out, &sum);
    return out;
}

// 1, 3, .. 15 times a point.
static void list_odd(struct vch_edwards_point out[static VCH_EDWARDS_ODD],
                     const struct vch_edwards_point *point)
{
    struct vch_edwards_point twice = *point;

    double_often(&twice, 1);
    const struct cached step = cache(&twice);
    out[0] = *point;
    for (int i = 1; i < VCH_EDWARDS_ODD; i++) {
        const struct sum sum = add_cached(&out[i - 1], &step, false);
        finish(&out[i], &sum);
    }
}

// All with one inversion, of the product of all Z (Montgomery).
static void make_affine(struct vch_edwards_multiple *out, const struct vch_edwards_point *points,
                        int count)
{
    number before[MULTIPLES]; // the product of all Z before

    before[0] = ONE;
    for (int i = 1; i < count; i++)
        before[i] = vch_fe25519_mul(&before[i - 1], &points[i - 1].z);
    number rest = vch_fe25519_mul(&before[count - 1], &points[count - 1].z);
    rest = vch_fe25519_invert(&rest);
    for (int i = count - 1; i >= 0; i--) {
        const number inverse = vch_fe25519_mul(&rest, &before[i]);
        const number x = vch_fe25519_mul(&points[i].x, &inverse);
        const number y = vch_fe25519_mul(&points[i].y, &inverse), xy = vch_fe25519_mul(&x, &y);
        rest = vch_fe25519_mul(&rest, &points[i].z);
        out[i] = (struct vch_edwards_multiple){vch_fe25519_add(&y, &x), vch_fe25519_sub(&y, &x),
                                               vch_fe25519_mul(&xy, &D2)};
    }
}

void vch_edwards_tabulate(struct vch_edwards_table *out, const struct vch_edwards_point *point)
{
    struct vch_edwards_point points[MULTIPLES], shifted = *point;

    for (size_t row = 0; row < VCH_EDWARDS_ROWS; row++) {
        list_odd(&points[row * VCH_EDWARDS_ODD], &shifted);
        double_often(&shifted, VCH_EDWARDS_ROW_BITS);
    }
    make_affine(out->odd[0], points, MULTIPLES);
}

// Five bits of a scalar; those from `end` on are zero.
static int window_of(const uint8_t scalar[static 32], int at, int end)
{
    const int byte = at / 8;

    if (at >= end) return 0;
    const int bits = (scalar[byte] | (byte < 31 ? scalar[byte + 1] << 8 : 0)) >> at % 8;
    const int width = end - at < WINDOW ? end - at : WINDOW;
    return bits & ((1 << width) - 1);
}

// The bits [first, end) of a scalar as odd digits from -15 to 15, four zeros at least between two:
// sum of digits[i] 2^i. `digits` is zero, and has room for one more than there are bits.
static void recode(int16_t *digits, const uint8_t scalar[static 32], int first, int end)
{
    int carry = 0;

    for (int at = first; at < end || carry != 0;) {
        const int value = window_of(scalar, at, end) + carry;
        if (value % 2 == 0) { // a carry onto a one is carried on
            at++;
            continue;
        }
        carry = value >= 1 << (WINDOW - 1);
        digits[at - first] = (int16_t)(carry != 0 ? value - (1 << WINDOW) : value);
        at += WINDOW;
    }
}

static int index_of(int digit)
{
    return (digit < 0 ? -digit : digit) / 2;
}

static const struct vch_edwards_point ZERO = {{{0}}, {{1}}, {{1}}, {{0}}};

struct vch_edwards_point vch_edwards_combine(const uint8_t a[static 32],
                                             const struct vch_edwards_table *of_a,
                                             const uint8_t b[static 32],
                                             const struct vch_edwards_table *of_b)
{
    int16_t digits[2 * VCH_EDWARDS_ROWS][VCH_EDWARDS_ROW_BITS + 1] = {0};
    struct vch_edwards_point point = ZERO;

    for (int row = 0; row < VCH_EDWARDS_ROWS; row++) {
        const int first = row * VCH_EDWARDS_ROW_BITS;
        recode(digits[row], a, first, first + VCH_EDWARDS_ROW_BITS);
        recode(digits[VCH_EDWARDS_ROWS + row], b, first, first + VCH_EDWARDS_ROW_BITS);
    }
    for (int i = VCH_EDWARDS_ROW_BITS; i >= 0; i--) {
        struct sum sum = add_doubled(&point);
        for (int row = 0; row < 2 * VCH_EDWARDS_ROWS; row++) {
            const int digit = digits[row][i];
            if (digit == 0) continue;
            const struct vch_edwards_table *table = row < VCH_EDWARDS_ROWS ? of_a : of_b;
            finish(&point, &sum);
            sum = add_multiple(&point, &table->odd[row % VCH_EDWARDS_ROWS][index_of(digit)],
                               digit < 0);
        }
        if (i > 0)
            finish_for_doubling(&point, &sum);
        else
            finish(&point, &sum);
    }
    return point;
}

struct vch_edwards_point vch_edwards_combine_new(const uint8_t a[static 32],
                                                 const struct vch_edwards_point *of_a,
                                                 const uint8_t b[static 32],
                                                 const struct vch_edwards_point *of_b)
{
    const uint8_t *const scalars[2] = {a, b};
    const struct vch_edwards_point *const points[2] = {of_a, of_b};
    struct vch_edwards_point odd[VCH_EDWARDS_ODD], point = ZERO;
    struct cached multiples[2][VCH_EDWARDS_ODD];
    int16_t digits[2][DIGITS_MAX] = {0};

    for (int k = 0; k < 2; k++) {
        recode(digits[k], scalars[k], 0, 8 * VCH_EDWARDS_SIZE);
        list_odd(odd, points[k]);
        for (int i = 0; i < VCH_EDWARDS_ODD; i++)
            multiples[k][i] = cache(&odd[i]);
    }
    for (int i = DIGITS_MAX - 1; i >= 0; i--) {
        struct sum sum = add_doubled(&point);
        for (int k = 0; k < 2; k++) {
            const int digit = digits[k][i];
            if (digit == 0) continue;
            finish(&point, &sum);
            sum = add_cached(&point, &multiples[k][index_of(digit)], digit < 0);
        }
        if (i > 0)
            finish_for_doubling(&point, &sum);
        else
            finish(&point, &sum);
    }
    return point;
}
