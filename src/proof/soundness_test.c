// The sum of all errors of specs/proof.md stays below 2^-100 for every statement that is sealed.
//
// Errors are counted in units of 1/|K|, |K| = p^2 > 2^127.99, but for the columns' one, which is a
// power of 5/8. Each is what SOUNDNESS.md says it is.
#include <stdio.h>

#include "harness/test.h"
#include "proof/oracle.h"
#include "proof/slots.h"
#include "proof/statement.h"

struct shape {
    uint32_t places, zero_places, slots; // their logarithms: nu, nu_0, nu_q
    uint32_t columns, rows;              // c and log(R)
};

// Polynomials of this degree at a random point, one after the other.
struct term {
    const char *step;
    uint64_t errors;
};

enum { TERMS = 12 };

static void list_terms(struct term terms[static TERMS], const struct shape *shape)
{
    const uint64_t nu = shape->places, layers = nu * (nu - 1) / 2, products = 3 * nu + 2;
    const uint64_t cells = shape->columns + (uint64_t)shape->rows;
    const uint64_t checks = 1 + layers + nu + shape->slots + 1 + cells + 1 + 3 * products;
    const uint64_t symbols = (uint64_t)8 << shape->columns;
    const struct term all[TERMS] = {
        // The sum of fractions over alpha and beta: of degree 6 in each of 2^nu denominators.
        {"look-ups: alpha, beta", 6 * ((uint64_t)1 << nu)},
        {"layers: l", nu},
        {"layers: rounds", 2 * layers},
        {"layers: join", nu},
        {"relation: l", 2},
        {"relation: y", shape->zero_places},
        {"products: rounds", 2 * (uint64_t)shape->slots},
        {"cells: m and rounds", 2 + 2 * cells},
        {"pads: sacrifice", 1},
        {"checks: x", checks - 1},
        {"rows: g of the equation", 1},
        // Ben-Sasson et al., once for each coordinate of the tensor and once for the masks.
        {"rows: proximity", (shape->rows + (uint64_t)1) * symbols},
    };

    for (size_t i = 0; i < TERMS; i++)
        terms[i] = all[i];
}

// ((1 + D/n) / 2)^150 = (5/8)^150
static double columns_error(void)
{
    double error = 1;

    for (uint32_t i = 0; i < VCH_ORACLE_POSITIONS; i++)
        error *= (1 + 0.25) / 2;
    return error;
}

static double total_error(const struct shape *shape)
{
    const double p = 18446744069414584321.0;
    struct term terms[TERMS];
    double sum = columns_error();

    list_terms(terms, shape);
    for (size_t i = 0; i < TERMS; i++)
        sum += (double)terms[i].errors / p / p;
    return sum;
}

// Tenths of bits: the largest b with error <= 2^(-b/10).
static int bits_of(double error)
{
    const double tenth = 0.93303299153680741; // 2^-0.1
    double bound = tenth;
    int bits = 0;

    while (error <= bound) {
        bound *= tenth;
        bits++;
    }
    return bits;
}

TEST(the_largest_statement_has_100_bits)
{
    const struct shape largest = {VCH_STATEMENT_LOG_PLACES_MAX, VCH_STATEMENT_LOG_PLACES_MAX,
                                  VCH_STATEMENT_LOG_SLOTS_MAX, VCH_STATEMENT_LOG_COLUMNS_MAX,
                                  31 - VCH_STATEMENT_LOG_COLUMNS_MAX};
    const int bits = bits_of(total_error(&largest));
    struct term terms[TERMS];

    list_terms(terms, &largest);
    FOR_EACH(term, terms)
    printf("# %-24s %12llu / |K|: %d.%d bits\n", term->step, (unsigned long long)term->errors,
           (1280 - bits_of(1.0 / (double)term->errors)) / 10,
           (1280 - bits_of(1.0 / (double)term->errors)) % 10);
    printf("# columns: %d.%d bits; all: %d.%d bits\n", bits_of(columns_error()) / 10,
           bits_of(columns_error()) % 10, bits / 10, bits % 10);
    CHECK(bits >= 1000);
}

TEST(larger_limits_would_not_have_them)
{
    struct shape larger = {VCH_STATEMENT_LOG_PLACES_MAX + 1, 0, 0, VCH_STATEMENT_LOG_COLUMNS_MAX,
                           31 - VCH_STATEMENT_LOG_COLUMNS_MAX};

    CHECK(bits_of(total_error(&larger)) < 1000);
}

TEST(smaller_statements_have_more)
{
    double last = 1;

    for (uint32_t nu = VCH_STATEMENT_LOG_PLACES_MAX; nu > 0; nu--) {
        const struct shape shape = {nu, nu, nu, 12, 4};
        const double error = total_error(&shape);
        CHECK(error < last);
        last = error;
    }
    CHECK(bits_of(last) >= 1010);
}
