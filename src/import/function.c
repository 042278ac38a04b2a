#include "import/function.h"

#include <math.h>

static double sigmoid(double x)
{
    if (x >= 0) return 1 / (1 + exp(-x));
    return exp(x) / (1 + exp(x)); // no overflow for large negative x
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double clip(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

double vch_function_of(enum vch_layer_function function, double alpha, double beta, double x)
{
    switch (function) {
    case VCH_LAYER_ABS: return fabs(x);
    case VCH_LAYER_ACOS: return acos(x);
    case VCH_LAYER_ACOSH: return acosh(x);
    case VCH_LAYER_ASIN: return asin(x);
    case VCH_LAYER_ASINH: return asinh(x);
    case VCH_LAYER_ATAN: return atan(x);
    case VCH_LAYER_ATANH: return atanh(x);
    case VCH_LAYER_CELU: return x >= 0 ? x : alpha * expm1(x / alpha);
    case VCH_LAYER_COSH: return cosh(x);
    case VCH_LAYER_CEIL: return ceil(x);
    case VCH_LAYER_ELU: return x >= 0 ? x : alpha * expm1(x);
    case VCH_LAYER_ERF: return erf(x);
    case VCH_LAYER_EXP: return exp(x);
    case VCH_LAYER_FLOOR: return floor(x);
    case VCH_LAYER_GELU: return 0.5 * x * (1 + erf(x * M_SQRT1_2));
    case VCH_LAYER_GELU_TANH:
        return 0.5 * x * (1 + tanh(M_2_SQRTPI * M_SQRT1_2 * (x + 0.044715 * x * x * x)));
    case VCH_LAYER_HARD_SIGMOID: return clip(alpha * x + beta, 0, 1);
    case VCH_LAYER_HARD_SWISH: return x * clip(x / 6 + 0.5, 0, 1);
    case VCH_LAYER_LEAKY_RELU: return x >= 0 ? x : alpha * x;
    case VCH_LAYER_LINE: return alpha * x + beta;
    case VCH_LAYER_LOG: return log(x >= 0 && x < alpha ? alpha : x);
    case VCH_LAYER_MISH: return x * tanh(softplus(x));
    case VCH_LAYER_POWER: return pow(x + beta, alpha);
    case VCH_LAYER_POWER_OF: return pow(alpha, x);
    case VCH_LAYER_RECIPROCAL: return 1 / x;
    case VCH_LAYER_ROUND: return rint(x);
    case VCH_LAYER_SCALED_TANH: return alpha * tanh(beta * x);
    case VCH_LAYER_SELU: return x > 0 ? beta * x : beta * alpha * expm1(x);
    case VCH_LAYER_SHRINK: return x > alpha ? x - beta : x < -alpha ? x + beta : 0;
    case VCH_LAYER_SIGN: return (x > 0) - (x < 0);
    case VCH_LAYER_SINH: return sinh(x);
    case VCH_LAYER_SWISH: return x * sigmoid(alpha * x);
    case VCH_LAYER_TAN: return tan(x);
    case VCH_LAYER_SIGMOID: return sigmoid(x);
    case VCH_LAYER_SIN: return sin(x);
    case VCH_LAYER_COS: return cos(x);
    case VCH_LAYER_SOFTPLUS: return softplus(x);
    case VCH_LAYER_SOFTSIGN: return x / (1 + fabs(x));
    case VCH_LAYER_SQRT: return sqrt(x);
    case VCH_LAYER_TANH: return tanh(x);
    case VCH_LAYER_TRUNCATE: return trunc(x);
    case VCH_LAYER_THRESHOLDED_RELU: return x > alpha ? x : 0;
    }
    return 0;
}
