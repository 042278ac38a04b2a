#include "import/onnx.h"

#include <stdlib.h>
#include <string.h>

#include "import/onnx_tensor.h"
#include "message/message.h"
#include "model/manifest.h"
#include "schema/onnx.pb-c.h"

// Bytes that a message of protobuf-c may take beyond its file's size: structs, names, lists.
#define UNPACKED_BASE ((size_t)64 << 20)
#define UNPACKED_PER_BYTE 8
#define TEXT_SIZE_MAX 65536u

struct named {
    const char *name; // borrowed from the unpacked message
    uint32_t value;
};

struct reading {
    const Vouch__Onnx__GraphProto *graph;
    struct vch_network *network;
    const struct vch_import_files *files;
    struct vch_arena *scratch;
    struct vch_complaint *complaint;
    struct named *names; // sorted
    size_t name_count;
    int64_t version, version_ml; // opsets; 0 where not imported
};

static vch_status keep_text(const char **out, const struct reading *reading, const void *bytes,
                            size_t size, size_t size_max, const char *what)
{
    if (size > size_max || (size > 0 && memchr(bytes, 0, size) != NULL))
        return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                            "%s is longer than %zu bytes or holds a zero byte", what, size_max);
    *out = vch_arena_string(reading->network->arena, bytes, size);
    return *out == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static vch_status keep_name(const char **out, const struct reading *reading, const char *name)
{
    if (name == NULL) name = "";
    if (!vch_manifest_is_text(name)) // as in packages: names are shown to people
        return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                            "the name '%.100s' is no UTF-8, or holds a control character", name);
    return keep_text(out, reading, name, strlen(name), VCH_ONNX_NAME_MAX, "a name");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static const struct named *find_name(const struct reading *reading, const char *name)
{
    struct named key = {.name = name};

    if (reading->name_count == 0) return NULL;
    return bsearch(&key, reading->names, reading->name_count, sizeof key, by_name);
}

static vch_status read_opsets(struct reading *reading, const Vouch__Onnx__ModelProto *model)
{
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = model->opset_import[i]->domain;
        if (domain == NULL || domain[0] == '\0' || strcmp(domain, "ai.onnx") == 0)
            reading->version = model->opset_import[i]->version;
        else if (strcmp(domain, VCH_NETWORK_DOMAIN_ML) == 0)
            reading->version_ml = model->opset_import[i]->version;
    }
    return VCH_OK;
}

// Counts first, so that everything after this is linear in what was promised here.
static vch_status check_counts(const struct reading *reading)
{
    const Vouch__Onnx__GraphProto *graph = reading->graph;
    size_t values = graph->n_input + graph->n_initializer;

    for (size_t i = 0; i < graph->n_node; i++) {
        const Vouch__Onnx__NodeProto *node = graph->node[i];
        values += node->n_output;
        if (node->n_input > VCH_NETWORK_OPERANDS_MAX || node->n_output > VCH_NETWORK_OPERANDS_MAX ||
            node->n_attribute > VCH_NETWORK_ATTRIBUTES_MAX)
            return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                                "node %zu has more than %u operands or %u attributes", i,
                                VCH_NETWORK_OPERANDS_MAX, VCH_NETWORK_ATTRIBUTES_MAX);
    }
    if (graph->n_node > VCH_NETWORK_NODES_MAX || values > VCH_NETWORK_VALUES_MAX)
        return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                            "the model has %zu nodes and %zu values; at most %u and %u are read",
                            graph->n_node, values, VCH_NETWORK_NODES_MAX, VCH_NETWORK_VALUES_MAX);
    if (graph->n_output == 0 || graph->n_output > VCH_GRAPH_PORTS_MAX)
        return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                            "the model has %zu inputs and %zu outputs; expected 1 to %u of each",
                            graph->n_input, graph->n_output, VCH_GRAPH_PORTS_MAX);
    return VCH_OK;
}

static vch_status define(struct reading *reading, const char *name, uint32_t *value)
{
    const char *kept = NULL;

    VCH_TRY(keep_name(&kept, reading, name));
    VCH_TRY(vch_network_add_value(reading->network, kept, value));
    reading->names[reading->name_count++] = (struct named){name, *value};
    return VCH_OK;
}

// One dimension of a declared input. Only the batch, which comes first, may be open.
static vch_status read_dimension(uint32_t *out, const struct reading *reading, const char *input,
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

// An input without elements never changes: it is a constant.
static vch_status set_empty(struct vch_network *network, struct vch_network_value *value)
{
    struct vch_network_tensor *tensor = NULL;

    VCH_TRY(vch_network_new_tensor(network, value->type, &value->shape, &tensor));
    tensor->element = value->element;
    value->constant = tensor;
    return VCH_OK;
}

static vch_status read_input(struct reading *reading, const Vouch__Onnx__ValueInfoProto *info)
{
    struct vch_network *network = reading->network;
    const Vouch__Onnx__TypeProto__Tensor *type =
        info->type == NULL ? NULL : info->type->tensor_type;
    uint32_t index = 0;

    if (network->input_count == VCH_GRAPH_PORTS_MAX)
        return vch_complain(reading->complaint, VCH_CODE_LIMIT, "more than %u inputs",
                            VCH_GRAPH_PORTS_MAX);
    VCH_TRY(define(reading, info->name, &index));
    struct vch_network_value *value = &network->values[index];
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
    size_t count = 1;
    value->element = type->elem_type;
    value->has_shape = true;
    value->shape.rank = (uint32_t)type->shape->n_dim;
    for (size_t i = 0; i < type->shape->n_dim; i++) {
        VCH_TRY(
            read_dimension(&value->shape.dims[i], reading, value->name, type->shape->dim[i], i));
        if (__builtin_mul_overflow(count, (size_t)value->shape.dims[i], &count) ||
            count > VCH_NETWORK_COUNT_MAX)
            return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                                "input '%s' has more than %u elements", value->name,
                                VCH_NETWORK_COUNT_MAX);
    }
    if (count == 0) return set_empty(network, value);
    network->inputs[network->input_count++] = index;
    return VCH_OK;
}

static vch_status read_initializers(struct reading *reading)
{
    const Vouch__Onnx__GraphProto *graph = reading->graph;

    for (size_t i = 0; i < graph->n_initializer; i++) {
        struct vch_network_tensor *tensor = NULL;
        uint32_t index = 0;
        if (graph->initializer[i]->name == NULL)
            return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                                "initializer %zu has no name", i);
        VCH_TRY(vch_onnx_tensor_decode(&tensor, reading->network, graph->initializer[i],
                                       reading->files, reading->complaint));
        VCH_TRY(define(reading, graph->initializer[i]->name, &index));
        struct vch_network_value *value = &reading->network->values[index];
        value->type = tensor->type;
        value->element = tensor->element;
        value->has_shape = true;
        value->shape = tensor->shape;
        value->constant = tensor;
    }
    return VCH_OK;
}

// Before IR version 4 every initializer was listed among the inputs as well.
static bool is_initializer(const struct reading *reading, size_t initializer_count,
                           const char *name)
{
    struct named key = {.name = name};

    return initializer_count > 0 &&
           bsearch(&key, reading->names, initializer_count, sizeof key, by_name) != NULL;
}

static vch_status define_values(struct reading *reading)
{
    const Vouch__Onnx__GraphProto *graph = reading->graph;
    size_t output_count = 0;

    for (size_t i = 0; i < graph->n_node; i++)
        output_count += graph->node[i]->n_output;
    reading->names = VCH_ARENA_NEW(reading->scratch, struct named,
                                   graph->n_input + graph->n_initializer + output_count);
    if (reading->names == NULL) return VCH_FAIL(NO_MEMORY);

    VCH_TRY(read_initializers(reading));
    size_t initializer_count = reading->name_count;
    qsort(reading->names, initializer_count, sizeof *reading->names, by_name);
    for (size_t i = 0; i < graph->n_input; i++) {
        const char *name = graph->input[i]->name;
        if (name == NULL || name[0] == '\0')
            return vch_complain(reading->complaint, VCH_CODE_MALFORMED, "input %zu has no name", i);
        if (is_initializer(reading, initializer_count, name)) continue;
        VCH_TRY(read_input(reading, graph->input[i]));
    }
    if (reading->network->input_count == 0)
        return vch_complain(reading->complaint, VCH_CODE_UNSUPPORTED,
                            "the model has no inputs with elements: what it says never changes");
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t j = 0; j < graph->node[i]->n_output; j++) {
            uint32_t unused = 0;
            if (graph->node[i]->output[j][0] == '\0') continue;
            VCH_TRY(define(reading, graph->node[i]->output[j], &unused));
        }
    qsort(reading->names, reading->name_count, sizeof *reading->names, by_name);
    for (size_t i = 1; i < reading->name_count; i++)
        if (strcmp(reading->names[i - 1].name, reading->names[i].name) == 0)
            return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                                "the name '%.200s' is defined twice", reading->names[i].name);
    return VCH_OK;
}

static enum vch_network_attribute_kind attribute_kind(const Vouch__Onnx__AttributeProto *proto)
{
    if (proto->has_type) return (enum vch_network_attribute_kind)proto->type;
    if (proto->has_f) return VCH_NETWORK_ATTRIBUTE_REAL; // files older than the field `type`
    if (proto->has_i) return VCH_NETWORK_ATTRIBUTE_INTEGER;
    if (proto->has_s) return VCH_NETWORK_ATTRIBUTE_TEXT;
    if (proto->t != NULL) return VCH_NETWORK_ATTRIBUTE_TENSOR;
    if (proto->n_floats > 0) return VCH_NETWORK_ATTRIBUTE_REALS;
    if (proto->n_strings > 0) return VCH_NETWORK_ATTRIBUTE_TEXTS;
    if (proto->has_g) return VCH_NETWORK_ATTRIBUTE_SUBGRAPH;
    return VCH_NETWORK_ATTRIBUTE_INTEGERS;
}

static void *keep_list(const struct reading *reading, const void *items, size_t count, size_t size)
{
    void *out = vch_arena_alloc(reading->network->arena, count, size);

    if (out != NULL && count > 0) memcpy(out, items, count * size);
    return out;
}

static vch_status read_texts(struct vch_network_attribute *attribute, const struct reading *reading,
                             const Vouch__Onnx__AttributeProto *proto)
{
    const char **texts = VCH_ARENA_NEW(reading->network->arena, const char *, proto->n_strings);

    if (texts == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < proto->n_strings; i++)
        VCH_TRY(keep_text(&texts[i], reading, proto->strings[i].data, proto->strings[i].len,
                          TEXT_SIZE_MAX, "a text attribute"));
    attribute->texts = texts;
    attribute->count = proto->n_strings;
    return VCH_OK;
}

static vch_status read_attribute(struct vch_network_attribute *attribute,
                                 const struct reading *reading,
                                 const Vouch__Onnx__AttributeProto *proto, const char *operator_)
{
    attribute->kind = attribute_kind(proto);
    VCH_TRY(keep_name(&attribute->name, reading, proto->name));
    switch (attribute->kind) {
    case VCH_NETWORK_ATTRIBUTE_REAL: attribute->real = proto->f; return VCH_OK;
    case VCH_NETWORK_ATTRIBUTE_INTEGER: attribute->integer = proto->i; return VCH_OK;
    case VCH_NETWORK_ATTRIBUTE_TEXT:
        return keep_text(&attribute->text, reading, proto->s.data, proto->s.len, TEXT_SIZE_MAX,
                         "a text attribute");
    case VCH_NETWORK_ATTRIBUTE_TENSOR: {
        struct vch_network_tensor *tensor = NULL;
        if (proto->t == NULL) break;
        VCH_TRY(vch_onnx_tensor_decode(&tensor, reading->network, proto->t, reading->files,
                                       reading->complaint));
        attribute->tensor = tensor;
        return VCH_OK;
    }
    case VCH_NETWORK_ATTRIBUTE_REALS:
        attribute->count = proto->n_floats;
        attribute->reals = keep_list(reading, proto->floats, proto->n_floats, sizeof(float));
        return attribute->reals == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
    case VCH_NETWORK_ATTRIBUTE_INTEGERS:
        attribute->count = proto->n_ints;
        attribute->integers = keep_list(reading, proto->ints, proto->n_ints, sizeof(int64_t));
        return attribute->integers == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
    case VCH_NETWORK_ATTRIBUTE_TEXTS: return read_texts(attribute, reading, proto);
    case VCH_NETWORK_ATTRIBUTE_SUBGRAPH:
    default: break;
    }
    return vch_complain(reading->complaint, VCH_CODE_UNSUPPORTED,
                        "%s: attribute '%s' has type %d; numbers, texts, tensors and lists of "
                        "numbers and texts are read, subgraphs are not",
                        operator_, attribute->name, (int)attribute->kind);
}

// What the node reads must have come before it: this excludes cycles as well.
static vch_status read_operands(struct vch_network_node *node, const struct reading *reading,
                                const Vouch__Onnx__NodeProto *proto, uint32_t *next)
{
    for (uint32_t i = 0; i < node->input_count; i++) {
        node->inputs[i] = VCH_NONE;
        if (proto->input[i][0] == '\0') continue;
        const struct named *found = find_name(reading, proto->input[i]);
        if (found == NULL || found->value >= *next)
            return vch_complain(
                reading->complaint, VCH_CODE_MALFORMED, "%s node '%s' reads '%.200s', which %s",
                node->operator_, node->name, proto->input[i],
                found == NULL ? "nothing defines" : "is computed later or depends on itself");
        node->inputs[i] = found->value;
    }
    for (uint32_t i = 0; i < node->output_count; i++)
        node->outputs[i] = proto->output[i][0] == '\0' ? VCH_NONE : (*next)++;
    return VCH_OK;
}

static vch_status check_domain(struct vch_network_node *node, const struct reading *reading)
{
    bool is_ml = strcmp(node->domain, VCH_NETWORK_DOMAIN_ML) == 0;

    if (strcmp(node->domain, "ai.onnx") == 0) node->domain = "";
    if (node->domain[0] != '\0' && !is_ml &&
        strcmp(node->domain, VCH_NETWORK_DOMAIN_MICROSOFT) != 0)
        return vch_complain(reading->complaint, VCH_CODE_UNSUPPORTED,
                            "node '%s': operator %s of domain '%s' is not supported; ai.onnx and "
                            "ai.onnx.ml are",
                            node->name, node->operator_, node->domain);
    node->version = is_ml ? reading->version_ml : reading->version;
    if (is_ml && node->version >= 1 && node->version <= 5) return VCH_OK;
    if (!is_ml && node->version >= VCH_ONNX_OPSET_MIN && node->version <= VCH_ONNX_OPSET_MAX)
        return VCH_OK;
    return vch_complain(
        reading->complaint, VCH_CODE_UNSUPPORTED,
        "%s node '%s': the model imports opset %lld of its domain; %d to %d of ai.onnx "
        "and 1 to 5 of ai.onnx.ml are supported",
        node->operator_, node->name, (long long)node->version, VCH_ONNX_OPSET_MIN,
        VCH_ONNX_OPSET_MAX);
}

static vch_status read_node(struct reading *reading, const Vouch__Onnx__NodeProto *proto,
                            uint32_t *next)
{
    struct vch_arena *arena = reading->network->arena;
    struct vch_network_node node = {
        .input_count = (uint32_t)proto->n_input,
        .output_count = (uint32_t)proto->n_output,
        .attribute_count = (uint32_t)proto->n_attribute,
        .inputs = VCH_ARENA_NEW(arena, uint32_t, proto->n_input),
        .outputs = VCH_ARENA_NEW(arena, uint32_t, proto->n_output),
    };
    struct vch_network_attribute *attributes =
        VCH_ARENA_NEW(arena, struct vch_network_attribute, proto->n_attribute);
    const char *name = proto->name;

    if (node.inputs == NULL || node.outputs == NULL || attributes == NULL)
        return VCH_FAIL(NO_MEMORY);
    if ((name == NULL || name[0] == '\0') && proto->n_output > 0) name = proto->output[0];
    VCH_TRY(keep_name(&node.name, reading, name));
    VCH_TRY(keep_name(&node.operator_, reading, proto->op_type));
    VCH_TRY(keep_name(&node.domain, reading, proto->domain));
    VCH_TRY(check_domain(&node, reading));
    for (uint32_t i = 0; i < node.attribute_count; i++)
        VCH_TRY(read_attribute(&attributes[i], reading, proto->attribute[i], node.operator_));
    node.attributes = attributes;
    VCH_TRY(read_operands(&node, reading, proto, next));
    return vch_network_append(reading->network, &node);
}

static vch_status read_graph(struct reading *reading)
{
    const Vouch__Onnx__GraphProto *graph = reading->graph;
    struct vch_network *network = reading->network;

    VCH_TRY(check_counts(reading));
    VCH_TRY(define_values(reading));
    VCH_TRY(keep_name(&network->name, reading, graph->name));
    size_t output_count = 0;
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t j = 0; j < graph->node[i]->n_output; j++)
            output_count += graph->node[i]->output[j][0] != '\0';
    uint32_t next = network->value_count - (uint32_t)output_count;
    for (size_t i = 0; i < graph->n_node; i++)
        VCH_TRY(read_node(reading, graph->node[i], &next));
    for (size_t i = 0; i < graph->n_output; i++) {
        const char *name = graph->output[i]->name == NULL ? "" : graph->output[i]->name;
        const struct named *found = find_name(reading, name);
        if (found == NULL)
            return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                                "output '%.200s' is not computed by any node", name);
        network->outputs[network->output_count++] = found->value;
    }
    return VCH_OK;
}

static vch_status unpack_and_read(struct vch_network *network, const uint8_t *bytes, size_t size,
                                  const struct vch_import_files *files, struct vch_arena *scratch,
                                  struct vch_complaint *complaint)
{
    ProtobufCMessage *message = NULL;

    if (!vch_is_ok(vch_message_read(&message, &vouch__onnx__model_proto__descriptor, bytes, size,
                                    scratch)))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "not an ONNX file: its %zu bytes do not follow the format, or unfold "
                            "to more than %zu bytes",
                            size, scratch->limit);
    const Vouch__Onnx__ModelProto *model = (const Vouch__Onnx__ModelProto *)(const void *)message;
    if (model->graph == NULL)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "not an ONNX model: it has no graph");
    struct reading reading = {
        .graph = model->graph,
        .network = network,
        .files = files,
        .scratch = scratch,
        .complaint = complaint,
    };
    VCH_TRY(read_opsets(&reading, model));
    return read_graph(&reading);
}

vch_status vch_onnx_decode(struct vch_network **out, const uint8_t *bytes, size_t size,
                           const struct vch_import_files *files, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    struct vch_network *network = VCH_ARENA_NEW(arena, struct vch_network, 1);
    struct vch_arena scratch;
    size_t room = arena->limit - arena->used, wanted = UNPACKED_BASE + UNPACKED_PER_BYTE * size;

    if (size > VCH_ONNX_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the file has %zu bytes, more than %zu",
                            size, VCH_ONNX_SIZE_MAX);
    if (network == NULL) return VCH_FAIL(NO_MEMORY);
    network->arena = arena;
    vch_arena_init(&scratch, wanted < room ? wanted : room);
    vch_status status = unpack_and_read(network, bytes, size, files, &scratch, complaint);
    vch_arena_release(&scratch);
    if (status.code == VCH_CODE_NO_MEMORY)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY,
                            "the model does not fit the %zu bytes that importing may use",
                            arena->limit);
    *out = network;
    return status;
}
