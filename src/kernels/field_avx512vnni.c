#include "kernels/lanes_avx512vnni.h"

#include "kernels/lanes_folds.h"
#include "kernels/lanes_fractions.h"
#include "kernels/lanes_rounds.h"
#include "kernels/lanes_vectors.h"
