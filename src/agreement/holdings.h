// Which node serves which operators of which model. agreement.md, section 1.
#pragma once

#include "agreement/inside.h"

#define VCH_HOLDINGS_MAX 64u // of one node

struct model *vch_holdings_model(const struct vch_state *state, const struct vch_digest *id);
// Whether it serves all of these operators by one holding.
bool vch_holdings_cover(const struct account *account, const struct vch_digest *model,
                        uint32_t first, uint32_t last);

vch_inside_check vch_holdings_check;
vch_inside_take vch_holdings_take;
