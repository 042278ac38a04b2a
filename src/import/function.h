// The real functions that become tables, in double precision.
#pragma once

#include "import/layers.h"

double vch_function_of(enum vch_layer_function function, double alpha, double beta, double x);
