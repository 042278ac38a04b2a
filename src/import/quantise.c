#include "import/quantise.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "model/trees.h"

// int64 values go through binary64: from here on they are beyond every int64.
#define INT64_END 0x1p63

static double scale_of(const struct vch_port *port)
{
    double scale = 0;
    memcpy(&scale, &port->scale_bits, sizeof scale);
    return scale;
}

static void store(void *out, enum vch_type type, size_t index, int64_t value)
{
    switch (type) {
    case VCH_TYPE_I8: ((int8_t *)out)[index] = (int8_t)value; return;
    case VCH_TYPE_I16: ((int16_t *)out)[index] = (int16_t)value; return;
    case VCH_TYPE_I32: ((int32_t *)out)[index] = (int32_t)value; return;
    case VCH_TYPE_I64: ((int64_t *)out)[index] = value; return;
    }
    VCH_ASSERT(false); // a checked graph has no other type
}

static int64_t load(const void *values, enum vch_type type, size_t index)
{
    switch (type) {
    case VCH_TYPE_I8: return ((const int8_t *)values)[index];
    case VCH_TYPE_I16: return ((const int16_t *)values)[index];
    case VCH_TYPE_I32: return ((const int32_t *)values)[index];
    case VCH_TYPE_I64: return ((const int64_t *)values)[index];
    }
    VCH_ASSERT(false); // as above
    return 0;
}

// A whole number in binary64 to an int64 inside the type's range.
static int64_t clamp(double whole, enum vch_type type)
{
    int64_t lo = vch_tensor_type_min(type), hi = vch_tensor_type_max(type);

    if (whole >= INT64_END) return hi;
    if (whole < -INT64_END) return lo;
    int64_t value = (int64_t)whole;
    return value < lo ? lo : value > hi ? hi : value;
}

static vch_status quantise_real(void *out, enum vch_type type, const struct vch_port *port,
                                const float *values, size_t count, struct vch_complaint *complaint)
{
    double scale = scale_of(port);

    if (!(scale > 0) || !isfinite(scale))
        return vch_complain(complaint, VCH_CODE_MALFORMED, "input '%s' has no usable scale",
                            port->name);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "input '%s', element %zu is %s; expected a finite number",
                                port->name, i, isnan(values[i]) ? "not a number" : "infinite");
        double whole = floor((double)values[i] / scale + 0.5);
        store(out, type, i, clamp(whole, type));
    }
    return VCH_OK;
}

// Trees say where a NaN goes; comparisons of keys would take it for the largest number.
static bool is_read_by_trees_alone(const struct vch_graph *graph, uint32_t value)
{
    for (uint32_t i = 0; i < graph->operator_count; i++)
        for (uint32_t j = 0; j < graph->operators[i].input_count; j++)
            if (graph->operators[i].inputs[j] == value &&
                graph->operators[i].kind != VCH_OPERATOR_TREES)
                return false;
    return true;
}

static vch_status quantise_keys(void *out, const struct vch_graph *graph,
                                const struct vch_port *port, const float *values, size_t count,
                                struct vch_complaint *complaint)
{
    enum vch_type type = graph->values[port->value].type;
    bool takes_nan = is_read_by_trees_alone(graph, port->value);

    if (type != VCH_TYPE_I32)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "input '%s' takes keys, which are int32, not %s", port->name,
                            vch_tensor_type_name(type));
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = 0;
        if (isnan(values[i]) && !takes_nan)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "input '%s', element %zu is not a number; this model compares it, "
                                "and expects numbers (infinite ones too)",
                                port->name, i);
        memcpy(&bits, &values[i], sizeof bits);
        store(out, type, i, vch_trees_key(bits));
    }
    return VCH_OK;
}

static vch_status quantise_integer(void *out, enum vch_type type, const struct vch_port *port,
                                   const float *values, size_t count,
                                   struct vch_complaint *complaint)
{
    for (size_t i = 0; i < count; i++) {
        double value = (double)values[i];
        bool is_exact = isfinite(value) && value == floor(value) && fabs(value) < INT64_END;
        if (!is_exact || clamp(value, type) != (int64_t)value)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "input '%s', element %zu is %.9g; expected a whole number that "
                                "fits %s",
                                port->name, i, value, vch_tensor_type_name(type));
        store(out, type, i, (int64_t)value);
    }
    return VCH_OK;
}

vch_status vch_quantise_integers(void *out, const struct vch_graph *graph,
                                 const struct vch_port *port, const int64_t *values, size_t count,
                                 struct vch_complaint *complaint)
{
    enum vch_type type = graph->values[port->value].type;

    for (size_t i = 0; i < count; i++) {
        if (values[i] < vch_tensor_type_min(type) || values[i] > vch_tensor_type_max(type))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "input '%s', element %zu is %lld; expected a whole number that "
                                "fits %s",
                                port->name, i, (long long)values[i], vch_tensor_type_name(type));
        store(out, type, i, values[i]);
    }
    return VCH_OK;
}

vch_status vch_quantise_input(void *out, const struct vch_graph *graph, const struct vch_port *port,
                              const float *values, size_t count, struct vch_complaint *complaint)
{
    enum vch_type type = graph->values[port->value].type;

    switch (port->kind) {
    case VCH_PORT_REAL: return quantise_real(out, type, port, values, count, complaint);
    case VCH_PORT_KEYS: return quantise_keys(out, graph, port, values, count, complaint);
    case VCH_PORT_INTEGER: return quantise_integer(out, type, port, values, count, complaint);
    case VCH_PORT_CLASS: break;
    }
    return vch_complain(complaint, VCH_CODE_MALFORMED, "input '%s' cannot be a class", port->name);
}

void vch_quantise_output(float *out, const struct vch_graph *graph, const struct vch_port *port,
                         const void *values, size_t count)
{
    enum vch_type type = graph->values[port->value].type;
    double scale = port->kind == VCH_PORT_REAL ? scale_of(port) : 1;

    for (size_t i = 0; i < count; i++)
        out[i] = (float)(scale * (double)load(values, type, i));
}

void vch_quantise_output_integers(int64_t *out, const struct vch_graph *graph,
                                  const struct vch_port *port, const void *values, size_t count)
{
    enum vch_type type = graph->values[port->value].type;

    for (size_t i = 0; i < count; i++)
        out[i] = load(values, type, i);
}
