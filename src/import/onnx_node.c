// One node of an ONNX graph: what it is, under which operator set, and what it reads.
#include <string.h>

#include "import/onnx.h"
#include "import/onnx_parts.h"

static vch_status check_domain(struct vch_network_node *node, const struct vch_onnx_parts *reading)
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

static vch_status read_names(struct vch_network_node *node, const struct vch_onnx_parts *reading,
                             const Vouch__Onnx__NodeProto *proto)
{
    const char *name = proto->name;

    if ((name == NULL || name[0] == '\0') && proto->n_output > 0) name = proto->output[0];
    VCH_TRY(vch_onnx_parts_keep_name(&node->name, reading, name));
    VCH_TRY(vch_onnx_parts_keep_name(&node->operator_, reading, proto->op_type));
    return vch_onnx_parts_keep_name(&node->domain, reading, proto->domain);
}

static vch_status read_attributes(struct vch_network_node *node,
                                  const struct vch_onnx_parts *reading,
                                  const Vouch__Onnx__NodeProto *proto)
{
    struct vch_network_attribute *attributes =
        VCH_ARENA_NEW(reading->network->arena, struct vch_network_attribute, proto->n_attribute);

    if (attributes == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < proto->n_attribute; i++)
        VCH_TRY(vch_onnx_parts_read_attribute(&attributes[i], reading, proto->attribute[i],
                                              node->operator_));
    node->attribute_count = (uint32_t)proto->n_attribute;
    node->attributes = attributes;
    return VCH_OK;
}

// What the node reads must have come before it: this excludes cycles as well.
static vch_status read_inputs(struct vch_network_node *node, const struct vch_onnx_parts *reading,
                              const Vouch__Onnx__NodeProto *proto)
{
    node->input_count = (uint32_t)proto->n_input;
    node->inputs = VCH_ARENA_NEW(reading->network->arena, uint32_t, proto->n_input);
    if (node->inputs == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < node->input_count; i++) {
        node->inputs[i] = VCH_NONE;
        if (proto->input[i][0] == '\0') continue;
        bool is_defined = vch_onnx_parts_find(&node->inputs[i], reading, proto->input[i]);
        if (!is_defined || node->inputs[i] >= reading->next)
            return vch_complain(
                reading->complaint, VCH_CODE_MALFORMED, "%s node '%s' reads '%.200s', which %s",
                node->operator_, node->name, proto->input[i],
                is_defined ? "is computed later or depends on itself" : "nothing defines");
    }
    return VCH_OK;
}

static vch_status read_outputs(struct vch_network_node *node, struct vch_onnx_parts *reading,
                               const Vouch__Onnx__NodeProto *proto)
{
    node->output_count = (uint32_t)proto->n_output;
    node->outputs = VCH_ARENA_NEW(reading->network->arena, uint32_t, proto->n_output);
    if (node->outputs == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < node->output_count; i++)
        node->outputs[i] = proto->output[i][0] == '\0' ? VCH_NONE : reading->next++;
    return VCH_OK;
}

vch_status vch_onnx_parts_read_node(struct vch_onnx_parts *reading,
                                    const Vouch__Onnx__NodeProto *proto)
{
    struct vch_network_node node = {0};

    VCH_TRY(read_names(&node, reading, proto));
    VCH_TRY(check_domain(&node, reading));
    VCH_TRY(read_attributes(&node, reading, proto));
    VCH_TRY(read_inputs(&node, reading, proto));
    VCH_TRY(read_outputs(&node, reading, proto));
    return vch_network_append(reading->network, &node);
}
