// What was said, without what hides it: linear expressions over pads, and the checks made of them.
// Sections 5 and 9 of specs/proof.md.
//
// A number said is (sent - pad); a product of two of them has a pad of its own. Every check is such
// an expression that is to be 0, and all of them together become one equation.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "field/extension.h"
#include "proof/statement.h"

#define VCH_PADS_TERMS_MAX 16u

struct vch_pads_said {
    struct vch_ext sent;
    uint32_t pad;
};

// constant + the sum of factor * pad.
struct vch_pads_claim {
    struct vch_ext constant;
    uint32_t count;
    struct vch_pads_term {
        uint32_t pad;
        struct vch_ext factor;
    } terms[VCH_PADS_TERMS_MAX];
};

// The pads of one product: a and b of what was said; c, a', b' and c' follow one another from c.
struct vch_pads_product {
    uint32_t a, b, c;
};

struct vch_pads {
    uint32_t check_count, check_max, product_count, product_max, pad_count;
    uint32_t first_product_pad; // M
    struct vch_pads_claim *checks;
    struct vch_pads_product *products;
};

vch_status vch_pads_init(struct vch_pads *pads, const struct vch_statement *statement,
                         struct vch_arena *arena);

struct vch_pads_claim vch_pads_constant(struct vch_ext value);
// claim += factor * other
void vch_pads_add(struct vch_pads_claim *claim, struct vch_ext factor,
                  const struct vch_pads_claim *other);
void vch_pads_add_said(struct vch_pads_claim *claim, struct vch_ext factor,
                       struct vch_pads_said said);
// claim += factor * a * b: the next product.
void vch_pads_add_product(struct vch_pads *pads, struct vch_pads_claim *claim,
                          struct vch_ext factor, struct vch_pads_said a, struct vch_pads_said b);

// One more check: the claim is 0.
void vch_pads_check(struct vch_pads *pads, const struct vch_pads_claim *claim);
// The three checks of each product, in order: `triples` has d and f of each.
void vch_pads_check_products(struct vch_pads *pads, struct vch_ext sacrifice,
                             const struct vch_ext *triples);

// sum of ell_i pad_i + (what the one check without a claim says) = rhs, where check number k has
// the factor x^k. `ell` has pad_count entries; `power` becomes the factor of check `watched`.
struct vch_pads_equation {
    struct vch_ext *ell;
    struct vch_ext rhs, power;
};
void vch_pads_combine(const struct vch_pads *pads, struct vch_ext x, uint32_t watched,
                      struct vch_pads_equation *equation);
