#include "proof/pads.h"

#include "base/check.h"

// Rounds of layers, halves, rounds of both sumchecks, root, ends and the last check of section 8,
// then three for each product.
static uint32_t count_checks(const struct vch_statement *statement)
{
    const uint32_t nu = statement->log_places;
    const uint32_t layers = nu * (nu - 1) / 2 + nu;

    return 1 + layers + statement->log_slots + 1 + statement->log_cells + 1 +
           3 * statement->product_count;
}

vch_status vch_pads_init(struct vch_pads *pads, const struct vch_statement *statement,
                         struct vch_arena *arena)
{
    *pads = (struct vch_pads){.check_max = count_checks(statement),
                              .product_max = statement->product_count,
                              .pad_count = statement->pad_count,
                              .first_product_pad = statement->message_count};
    pads->checks = VCH_ARENA_NEW(arena, struct vch_pads_claim, pads->check_max);
    pads->products = VCH_ARENA_NEW(arena, struct vch_pads_product, pads->product_max);
    return pads->checks == NULL || pads->products == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

struct vch_pads_claim vch_pads_constant(struct vch_ext value)
{
    return (struct vch_pads_claim){.constant = value};
}

static void add_term(struct vch_pads_claim *claim, uint32_t pad, struct vch_ext factor)
{
    for (uint32_t i = 0; i < claim->count; i++)
        if (claim->terms[i].pad == pad) {
            claim->terms[i].factor = vch_ext_add(claim->terms[i].factor, factor);
            return;
        }
    VCH_ASSERT(claim->count < VCH_PADS_TERMS_MAX);
    claim->terms[claim->count++] = (struct vch_pads_term){pad, factor};
}

static void add_constant(struct vch_pads_claim *claim, struct vch_ext factor, struct vch_ext value)
{
    claim->constant = vch_ext_add(claim->constant, vch_ext_mul(factor, value));
}

void vch_pads_add(struct vch_pads_claim *claim, struct vch_ext factor,
                  const struct vch_pads_claim *other)
{
    add_constant(claim, factor, other->constant);
    for (uint32_t i = 0; i < other->count; i++)
        add_term(claim, other->terms[i].pad, vch_ext_mul(factor, other->terms[i].factor));
}

void vch_pads_add_said(struct vch_pads_claim *claim, struct vch_ext factor,
                       struct vch_pads_said said)
{
    add_constant(claim, factor, said.sent);
    add_term(claim, said.pad, vch_ext_neg(factor));
}

// (X - a)(Y - b) = X Y - X b - Y a + c
void vch_pads_add_product(struct vch_pads *pads, struct vch_pads_claim *claim,
                          struct vch_ext factor, struct vch_pads_said a, struct vch_pads_said b)
{
    const uint32_t c = pads->first_product_pad + 4 * pads->product_count;

    VCH_ASSERT(pads->product_count < pads->product_max);
    pads->products[pads->product_count++] = (struct vch_pads_product){a.pad, b.pad, c};
    add_constant(claim, factor, vch_ext_mul(a.sent, b.sent));
    add_term(claim, b.pad, vch_ext_neg(vch_ext_mul(factor, a.sent)));
    add_term(claim, a.pad, vch_ext_neg(vch_ext_mul(factor, b.sent)));
    add_term(claim, c, factor);
}

void vch_pads_check(struct vch_pads *pads, const struct vch_pads_claim *claim)
{
    VCH_ASSERT(pads->check_count < pads->check_max);
    pads->checks[pads->check_count++] = *claim;
}

static void check_product(struct vch_pads *pads, const struct vch_pads_product *product,
                          struct vch_ext e, struct vch_ext d, struct vch_ext f)
{
    const struct vch_ext one = vch_ext_from_base(1), minus = vch_ext_neg(one);
    struct vch_pads_claim first = vch_pads_constant(vch_ext_neg(d));
    struct vch_pads_claim second = vch_pads_constant(vch_ext_neg(f));
    struct vch_pads_claim third = vch_pads_constant(vch_ext_mul(d, f));

    // e a - a' = d
    add_term(&first, product->a, e);
    add_term(&first, product->c + 1, minus);
    vch_pads_check(pads, &first);
    // b - b' = f
    add_term(&second, product->b, one);
    add_term(&second, product->c + 2, minus);
    vch_pads_check(pads, &second);
    // e c - c' - e f a - d b = -d f
    add_term(&third, product->c, e);
    add_term(&third, product->c + 3, minus);
    add_term(&third, product->a, vch_ext_neg(vch_ext_mul(e, f)));
    add_term(&third, product->b, vch_ext_neg(d));
    vch_pads_check(pads, &third);
}

void vch_pads_check_products(struct vch_pads *pads, struct vch_ext sacrifice,
                             const struct vch_ext *triples)
{
    for (size_t i = 0; i < pads->product_count; i++)
        check_product(pads, &pads->products[i], sacrifice, triples[2 * i], triples[2 * i + 1]);
}

void vch_pads_combine(const struct vch_pads *pads, struct vch_ext x, uint32_t watched,
                      struct vch_pads_equation *equation)
{
    struct vch_ext power = vch_ext_from_base(1);

    VCH_ASSERT(pads->check_count == pads->check_max && pads->product_count == pads->product_max);
    for (uint32_t i = 0; i < pads->pad_count; i++)
        equation->ell[i] = vch_ext_from_base(0);
    equation->rhs = vch_ext_from_base(0);
    for (uint32_t k = 0; k < pads->check_count; k++, power = vch_ext_mul(power, x)) {
        const struct vch_pads_claim *check = &pads->checks[k];
        if (k == watched) equation->power = power;
        equation->rhs = vch_ext_sub(equation->rhs, vch_ext_mul(power, check->constant));
        for (uint32_t i = 0; i < check->count; i++) {
            struct vch_ext *ell = &equation->ell[check->terms[i].pad];
            *ell = vch_ext_add(*ell, vch_ext_mul(power, check->terms[i].factor));
        }
    }
}
