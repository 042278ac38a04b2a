// A choice written as a product: Gather as exporters for few operators have it.
#pragma once

#include "import/translate.h"

// Where the node, a ReduceSum over `axis` alone, adds up x times OneHot along that axis, with x
// having no other: it becomes a gather of the result's shape, and *is_done is true.
vch_status vch_translate_select_match(bool *is_done, struct vch_translate *at, uint32_t axis,
                                      const struct vch_network_shape *result);
