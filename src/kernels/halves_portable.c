#define VARIANT(name) vch_##name##_portable

#include "kernels/halves.h"
