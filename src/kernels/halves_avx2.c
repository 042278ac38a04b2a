#define VARIANT(name) vch_##name##_avx2

#include "kernels/halves.h"
