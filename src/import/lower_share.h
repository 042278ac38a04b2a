// Weights and tables that are made once and used by many operators: the steps of a recurrent layer.
#pragma once

#include "import/lower.h"

// A product made before from the same arrays at the same scales: its parameters, scaling and bias
// bound are copied into the operator. False where there is none.
bool vch_lower_share_find_product(struct vch_operator *operator_, const struct vch_lower *at,
                                  double scale_in, double scale_out);
vch_status vch_lower_share_keep_product(struct vch_lower *at, const struct vch_operator *operator_,
                                        double scale_in, double scale_out);

// The same for the table of a FUNCTION layer.
bool vch_lower_share_find_table(struct vch_operator *operator_, const struct vch_lower *at,
                                enum vch_type type_in, double scale_in, enum vch_type type_out,
                                double scale_out);
vch_status vch_lower_share_keep_table(struct vch_lower *at, const struct vch_operator *operator_,
                                      enum vch_type type_in, double scale_in,
                                      enum vch_type type_out, double scale_out);
