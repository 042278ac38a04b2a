// The values of an ONNX graph, in the order in which the network numbers them: initializers, which
// are constants; inputs; what nodes compute, as the nodes stand.
#include "import/onnx_parts.h"
#include "import/onnx_tensor.h"

static vch_status read_initializer(struct vch_onnx_parts *reading,
                                   const Vouch__Onnx__TensorProto *proto)
{
    struct vch_network_tensor *tensor = NULL;
    uint32_t index = 0;

    VCH_TRY(vch_onnx_tensor_decode(&tensor, reading->network, proto, reading->files,
                                   reading->complaint));
    VCH_TRY(vch_onnx_parts_define(reading, proto->name, &index));
    struct vch_network_value *value = &reading->network->values[index];
    value->type = tensor->type;
    value->element = tensor->element;
    value->has_shape = true;
    value->shape = tensor->shape;
    value->constant = tensor;
    return VCH_OK;
}

// One dimension of a declared input. Only the batch, which comes first, may be open.
static vch_status read_dimension(uint32_t *out, const struct vch_onnx_parts *reading,
                                 const char *input,
                                 const Vouch__Onnx__TensorShapeProto__Dimension *dim, size_t axis)
{
    if (dim->has_dim_value && dim->dim_value > VCH_NETWORK_COUNT_MAX)
        return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                            "input '%s': dimension %zu is %lld, more than %u", input, axis,
                            (long long)dim->dim_value, VCH_NETWORK_COUNT_MAX);
    if (dim->has_dim_value && dim->dim_value >= 0) {
        *out = (uint32_t)dim->dim_value;
        return VCH_OK;
    }
    *out = 1;
    if (axis == 0) return VCH_OK;
    return vch_complain(reading->complaint, VCH_CODE_UNSUPPORTED,
                        "input '%s': dimension %zu is open (%.60s); only the first, the batch, may "
                        "be: export the model with fixed sizes",
                        input, axis, dim->dim_param == NULL ? "not given" : dim->dim_param);
}

// What the input is made of, and how many elements it has.
static vch_status read_type(struct vch_network_value *value, size_t *count,
                            const struct vch_onnx_parts *reading,
                            const Vouch__Onnx__TypeProto__Tensor *type)
{
    if (type != NULL && !vch_onnx_tensor_kind(&value->type, type->elem_type))
        return vch_complain(reading->complaint, VCH_CODE_UNSUPPORTED,
                            "input '%s' is made of %s; real numbers, bool and integers of 8 to 64 "
                            "bits are supported",
                            value->name, vch_onnx_tensor_type_name(type->elem_type));
    if (type == NULL || type->shape == NULL || type->shape->n_dim > VCH_NETWORK_RANK_MAX)
        return vch_complain(reading->complaint, VCH_CODE_UNSUPPORTED,
                            "input '%s' declares no tensor of numbers with a shape of at most %d "
                            "dimensions",
                            value->name, VCH_NETWORK_RANK_MAX);
    value->element = type->elem_type;
    value->has_shape = true;
    value->shape.rank = (uint32_t)type->shape->n_dim;
    *count = 1;
    for (size_t i = 0; i < type->shape->n_dim; i++) {
        uint32_t *dim = &value->shape.dims[i];
        VCH_TRY(read_dimension(dim, reading, value->name, type->shape->dim[i], i));
        if (__builtin_mul_overflow(*count, (size_t)*dim, count) || *count > VCH_NETWORK_COUNT_MAX)
            return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                                "input '%s' has more than %u elements", value->name,
                                VCH_NETWORK_COUNT_MAX);
    }
    return VCH_OK;
}

// An input without elements never changes: it is a constant.
static vch_status set_empty(struct vch_network *network, struct vch_network_value *value)
{
    struct vch_network_tensor *tensor = NULL;

    VCH_TRY(vch_network_new_tensor(network, value->type, &value->shape, &tensor));
    tensor->element = value->element;
    value->constant = tensor;
    return VCH_OK;
}

static vch_status read_input(struct vch_onnx_parts *reading,
                             const Vouch__Onnx__ValueInfoProto *info)
{
    struct vch_network *network = reading->network;
    uint32_t index = 0;
    size_t count = 0;

    // Before IR version 4 every initializer was listed among the inputs as well.
    if (vch_onnx_parts_find(&index, reading, info->name)) return VCH_OK;
    if (network->input_count == VCH_GRAPH_PORTS_MAX)
        return vch_complain(reading->complaint, VCH_CODE_LIMIT, "more than %u inputs",
                            VCH_GRAPH_PORTS_MAX);
    VCH_TRY(vch_onnx_parts_define(reading, info->name, &index));
    struct vch_network_value *value = &network->values[index];
    VCH_TRY(read_type(value, &count, reading, info->type == NULL ? NULL : info->type->tensor_type));
    if (count == 0) return set_empty(network, value);
    network->inputs[network->input_count++] = index;
    return VCH_OK;
}

static vch_status define_outputs(struct vch_onnx_parts *reading, const Vouch__Onnx__NodeProto *node)
{
    uint32_t unused = 0;

    for (size_t i = 0; i < node->n_output; i++)
        if (node->output[i][0] != '\0')
            VCH_TRY(vch_onnx_parts_define(reading, node->output[i], &unused));
    return VCH_OK;
}

vch_status vch_onnx_parts_read_values(struct vch_onnx_parts *reading, size_t count)
{
    const Vouch__Onnx__GraphProto *graph = reading->graph;

    reading->names = VCH_ARENA_NEW(reading->scratch, struct vch_onnx_parts_name, count);
    if (reading->names == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < graph->n_initializer; i++) {
        if (graph->initializer[i]->name == NULL)
            return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                                "initializer %zu has no name", i);
        VCH_TRY(read_initializer(reading, graph->initializer[i]));
    }
    VCH_TRY(vch_onnx_parts_sort_names(reading));
    for (size_t i = 0; i < graph->n_input; i++) {
        const char *name = graph->input[i]->name;
        if (name == NULL || name[0] == '\0')
            return vch_complain(reading->complaint, VCH_CODE_MALFORMED, "input %zu has no name", i);
        VCH_TRY(read_input(reading, graph->input[i]));
    }
    if (reading->network->input_count == 0)
        return vch_complain(reading->complaint, VCH_CODE_UNSUPPORTED,
                            "the model has no inputs with elements: what it says never changes");
    reading->next = reading->network->value_count;
    for (size_t i = 0; i < graph->n_node; i++)
        VCH_TRY(define_outputs(reading, graph->node[i]));
    return vch_onnx_parts_sort_names(reading);
}
