// How often the root behind an opening's output was opened: X.opening.count, beside it.
//
// Each proof that begins where another ended shows 150 columns of that root again, and its blinds
// hide as many as an annex's (specs/annex.md, section 4). Who copies an opening has two counts.
#pragma once

#include "cli/tool.h"

// One more time, of `most`: durable when this returns, whatever happens next. REFUSED beyond that.
vch_status vch_opening_count_take(struct vch_tool *tool, const char *opening, uint32_t most);
