// Attributes: numbers, texts, tensors, and lists of numbers and texts.
#include <string.h>

#include "import/onnx_parts.h"
#include "import/onnx_tensor.h"

#define TEXT_SIZE_MAX 65536u

static enum vch_network_attribute_kind kind_of(const Vouch__Onnx__AttributeProto *proto)
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

static vch_status read_text(const char **out, const struct vch_onnx_parts *reading,
                            const ProtobufCBinaryData *text)
{
    return vch_onnx_parts_keep_text(out, reading, text->data, text->len, TEXT_SIZE_MAX,
                                    "a text attribute");
}

static vch_status read_texts(struct vch_network_attribute *out,
                             const struct vch_onnx_parts *reading,
                             const Vouch__Onnx__AttributeProto *proto)
{
    const char **texts = VCH_ARENA_NEW(reading->network->arena, const char *, proto->n_strings);

    if (texts == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < proto->n_strings; i++)
        VCH_TRY(read_text(&texts[i], reading, &proto->strings[i]));
    out->texts = texts;
    out->count = proto->n_strings;
    return VCH_OK;
}

static void *keep_list(const struct vch_onnx_parts *reading, const void *items, size_t count,
                       size_t size)
{
    void *out = vch_arena_alloc(reading->network->arena, count, size);

    if (out != NULL && count > 0) memcpy(out, items, count * size);
    return out;
}

static vch_status read_reals(struct vch_network_attribute *out,
                             const struct vch_onnx_parts *reading,
                             const Vouch__Onnx__AttributeProto *proto)
{
    out->count = proto->n_floats;
    out->reals = keep_list(reading, proto->floats, proto->n_floats, sizeof *proto->floats);
    return out->reals == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static vch_status read_integers(struct vch_network_attribute *out,
                                const struct vch_onnx_parts *reading,
                                const Vouch__Onnx__AttributeProto *proto)
{
    out->count = proto->n_ints;
    out->integers = keep_list(reading, proto->ints, proto->n_ints, sizeof *proto->ints);
    return out->integers == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

static vch_status read_tensor(struct vch_network_attribute *out,
                              const struct vch_onnx_parts *reading,
                              const Vouch__Onnx__TensorProto *proto)
{
    struct vch_network_tensor *tensor = NULL;

    VCH_TRY(vch_onnx_tensor_decode(&tensor, reading->network, proto, reading->files,
                                   reading->complaint));
    out->tensor = tensor;
    return VCH_OK;
}

vch_status vch_onnx_parts_read_attribute(struct vch_network_attribute *out,
                                         const struct vch_onnx_parts *reading,
                                         const Vouch__Onnx__AttributeProto *proto,
                                         const char *operator_)
{
    out->kind = kind_of(proto);
    VCH_TRY(vch_onnx_parts_keep_name(&out->name, reading, proto->name));
    switch (out->kind) {
    case VCH_NETWORK_ATTRIBUTE_REAL: out->real = proto->f; return VCH_OK;
    case VCH_NETWORK_ATTRIBUTE_INTEGER: out->integer = proto->i; return VCH_OK;
    case VCH_NETWORK_ATTRIBUTE_TEXT: return read_text(&out->text, reading, &proto->s);
    case VCH_NETWORK_ATTRIBUTE_TENSOR:
        if (proto->t == NULL) break;
        return read_tensor(out, reading, proto->t);
    case VCH_NETWORK_ATTRIBUTE_REALS: return read_reals(out, reading, proto);
    case VCH_NETWORK_ATTRIBUTE_INTEGERS: return read_integers(out, reading, proto);
    case VCH_NETWORK_ATTRIBUTE_TEXTS: return read_texts(out, reading, proto);
    case VCH_NETWORK_ATTRIBUTE_SUBGRAPH:
    default: break;
    }
    return vch_complain(reading->complaint, VCH_CODE_UNSUPPORTED,
                        "%s: attribute '%s' has type %d; numbers, texts, tensors and lists of "
                        "numbers and texts are read, subgraphs are not",
                        operator_, out->name, (int)out->kind);
}
