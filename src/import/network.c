#include "import/network.h"

#include <math.h>
#include <string.h>

#include "import/onnx.h"

size_t vch_network_count(const struct vch_network_shape *shape)
{
    size_t count = 1;

    for (uint32_t i = 0; i < shape->rank; i++)
        count *= shape->dims[i];
    return count;
}

bool vch_network_same_shape(const struct vch_network_shape *a, const struct vch_network_shape *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0;
}

// A copy of an array with room for more, since arenas do not resize.
static void *grow(struct vch_network *network, const void *items, uint32_t count, size_t size,
                  uint32_t *capacity)
{
    uint32_t wanted = *capacity < 32 ? 64 : 2 * *capacity;
    void *out = vch_arena_alloc(network->arena, wanted, size);

    if (out == NULL) return NULL;
    if (count > 0) memcpy(out, items, count * size);
    *capacity = wanted;
    return out;
}

vch_status vch_network_add_value(struct vch_network *network, const char *name, uint32_t *index)
{
    if (network->value_count == VCH_NETWORK_VALUES_MAX) return VCH_FAIL(LIMIT);
    if (network->value_count == network->value_capacity) {
        struct vch_network_value *values = grow(network, network->values, network->value_count,
                                                sizeof *values, &network->value_capacity);
        if (values == NULL) return VCH_FAIL(NO_MEMORY);
        network->values = values;
    }
    *index = network->value_count++;
    network->values[*index] = (struct vch_network_value){.name = name, .type = VCH_NETWORK_REAL};
    return VCH_OK;
}

vch_status vch_network_add_constant(struct vch_network *network, const char *name,
                                    const struct vch_network_tensor *tensor, uint32_t *index)
{
    VCH_TRY(vch_network_add_value(network, name, index));
    struct vch_network_value *value = &network->values[*index];
    value->type = tensor->type;
    value->element = tensor->element;
    value->has_shape = true;
    value->shape = tensor->shape;
    value->constant = tensor;
    return VCH_OK;
}

vch_status vch_network_new_tensor(struct vch_network *network, enum vch_network_type type,
                                  const struct vch_network_shape *shape,
                                  struct vch_network_tensor **out)
{
    struct vch_network_tensor *tensor = VCH_ARENA_NEW(network->arena, struct vch_network_tensor, 1);

    if (tensor == NULL) return VCH_FAIL(NO_MEMORY);
    tensor->type = type;
    tensor->shape = *shape;
    tensor->count = 1;
    for (uint32_t i = 0; i < shape->rank; i++)
        if (__builtin_mul_overflow(tensor->count, (size_t)shape->dims[i], &tensor->count))
            return VCH_FAIL(LIMIT);
    if (tensor->count > VCH_NETWORK_COUNT_MAX) return VCH_FAIL(LIMIT);
    if (type == VCH_NETWORK_REAL)
        tensor->reals = VCH_ARENA_NEW(network->arena, float, tensor->count);
    else
        tensor->integers = VCH_ARENA_NEW(network->arena, int64_t, tensor->count);
    if (tensor->reals == NULL && tensor->integers == NULL) return VCH_FAIL(NO_MEMORY);
    *out = tensor;
    return VCH_OK;
}

vch_status vch_network_append(struct vch_network *network, const struct vch_network_node *node)
{
    if (network->node_count == VCH_NETWORK_NODES_MAX) return VCH_FAIL(LIMIT);
    if (network->node_count == network->node_capacity) {
        struct vch_network_node *nodes = grow(network, network->nodes, network->node_count,
                                              sizeof *nodes, &network->node_capacity);
        if (nodes == NULL) return VCH_FAIL(NO_MEMORY);
        network->nodes = nodes;
    }
    network->nodes[network->node_count++] = *node;
    return VCH_OK;
}

vch_status vch_network_add_node(struct vch_network *network, const char *operator_,
                                const char *name, const uint32_t *inputs, uint32_t input_count,
                                uint32_t output)
{
    uint32_t *operands = VCH_ARENA_NEW(network->arena, uint32_t, input_count + 1);

    if (operands == NULL) return VCH_FAIL(NO_MEMORY);
    if (input_count > 0) memcpy(operands, inputs, input_count * sizeof *operands);
    operands[input_count] = output;
    struct vch_network_node node = {
        .operator_ = operator_,
        .domain = "",
        .name = name,
        .version = VCH_ONNX_OPSET_MAX,
        .input_count = input_count,
        .output_count = 1,
        .inputs = operands,
        .outputs = operands + input_count,
    };
    return vch_network_append(network, &node);
}

const struct vch_network_attribute *vch_network_find(const struct vch_network_node *node,
                                                     const char *name)
{
    for (uint32_t i = 0; i < node->attribute_count; i++)
        if (strcmp(node->attributes[i].name, name) == 0) return &node->attributes[i];
    return NULL;
}

static vch_status find_kind(const struct vch_network_attribute **out,
                            const struct vch_network_node *node, const char *name,
                            enum vch_network_attribute_kind kind, struct vch_complaint *complaint)
{
    *out = vch_network_find(node, name);
    if (*out == NULL || (*out)->kind == kind) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s node '%s': attribute '%s' has the wrong type (%d, expected %d)",
                        node->operator_, node->name, name, (int)(*out)->kind, (int)kind);
}

vch_status vch_network_integer(int64_t *out, const struct vch_network_node *node, const char *name,
                               int64_t otherwise, struct vch_complaint *complaint)
{
    const struct vch_network_attribute *found = NULL;

    VCH_TRY(find_kind(&found, node, name, VCH_NETWORK_ATTRIBUTE_INTEGER, complaint));
    *out = found == NULL ? otherwise : found->integer;
    return VCH_OK;
}

vch_status vch_network_real(float *out, const struct vch_network_node *node, const char *name,
                            float otherwise, struct vch_complaint *complaint)
{
    const struct vch_network_attribute *found = NULL;

    VCH_TRY(find_kind(&found, node, name, VCH_NETWORK_ATTRIBUTE_REAL, complaint));
    *out = found == NULL ? otherwise : found->real;
    if (isfinite(*out)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s node '%s': attribute '%s' is not a finite number", node->operator_,
                        node->name, name);
}

vch_status vch_network_integers(const int64_t **out, size_t *count,
                                const struct vch_network_node *node, const char *name,
                                struct vch_complaint *complaint)
{
    const struct vch_network_attribute *found = NULL;

    VCH_TRY(find_kind(&found, node, name, VCH_NETWORK_ATTRIBUTE_INTEGERS, complaint));
    *out = found == NULL ? NULL : found->integers;
    *count = found == NULL ? 0 : found->count;
    return VCH_OK;
}

vch_status vch_network_reals(const float **out, size_t *count, const struct vch_network_node *node,
                             const char *name, struct vch_complaint *complaint)
{
    const struct vch_network_attribute *found = NULL;

    VCH_TRY(find_kind(&found, node, name, VCH_NETWORK_ATTRIBUTE_REALS, complaint));
    *out = found == NULL ? NULL : found->reals;
    *count = found == NULL ? 0 : found->count;
    return VCH_OK;
}

vch_status vch_network_texts(const char *const **out, size_t *count,
                             const struct vch_network_node *node, const char *name,
                             struct vch_complaint *complaint)
{
    const struct vch_network_attribute *found = NULL;

    VCH_TRY(find_kind(&found, node, name, VCH_NETWORK_ATTRIBUTE_TEXTS, complaint));
    *out = found == NULL ? NULL : found->texts;
    *count = found == NULL ? 0 : found->count;
    return VCH_OK;
}

vch_status vch_network_text(const char **out, const struct vch_network_node *node, const char *name,
                            const char *otherwise, struct vch_complaint *complaint)
{
    const struct vch_network_attribute *found = NULL;

    VCH_TRY(find_kind(&found, node, name, VCH_NETWORK_ATTRIBUTE_TEXT, complaint));
    *out = found == NULL ? otherwise : found->text;
    return VCH_OK;
}

bool vch_network_is(const struct vch_network_node *node, const char *operator_)
{
    return node->domain[0] == '\0' && strcmp(node->operator_, operator_) == 0;
}

bool vch_network_is_ml(const struct vch_network_node *node, const char *operator_)
{
    return strcmp(node->domain, VCH_NETWORK_DOMAIN_ML) == 0 &&
           strcmp(node->operator_, operator_) == 0;
}

const struct vch_network_tensor *vch_network_constant(const struct vch_network *network,
                                                      const struct vch_network_node *node,
                                                      uint32_t index)
{
    if (index >= node->input_count || node->inputs[index] == VCH_NONE) return NULL;
    return network->values[node->inputs[index]].constant;
}
