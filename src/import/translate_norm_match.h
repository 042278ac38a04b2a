// Norms written by hand, as products or quotients that end them.
#pragma once

#include "import/translate.h"

// Where the node, a Mul or Div, ends a norm: it becomes one, and *is_done is true.
vch_status vch_translate_norm_match(bool *is_done, struct vch_translate *at);
