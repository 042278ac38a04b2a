// From a value of the file to the node that computes it: how patterns of several nodes are matched.
#pragma once

#include "import/translate.h"

// Before the first question.
vch_status vch_translate_producer_find(struct vch_translate *at);

// `value` is the file's own, not what stands for it. NULL where no node computes it.
const struct vch_network_node *vch_translate_producer_of(const struct vch_translate *at,
                                                         uint32_t value);
