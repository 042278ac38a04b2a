#include "harness/mutate_onnx.h"

#include <stdio.h>
#include <string.h>

#include "harness/mutate.h"
#include "schema/onnx.pb-c.h"

typedef Vouch__Onnx__ModelProto model_proto;
typedef Vouch__Onnx__GraphProto graph_proto;
typedef Vouch__Onnx__NodeProto node_proto;
typedef Vouch__Onnx__TensorProto tensor_proto;
typedef Vouch__Onnx__AttributeProto attribute_proto;

enum { TENSOR_SIZE_MAX = 1 << 14, ROUNDS_MAX = 4 };

#define MEMORY_MAX ((size_t)64 << 20)

static model_proto *read_model(struct mutate *at, const uint8_t *bytes, size_t size)
{
    ProtobufCMessage *message = mutate_read(at, &vouch__onnx__model_proto__descriptor, bytes, size);
    model_proto *model = (model_proto *)(void *)message;

    return model != NULL && model->graph != NULL ? model : NULL;
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessage *message, const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
}

// A name that some value of the graph has; "" where there is none.
static char *pick_name(struct mutate *at, const graph_proto *graph)
{
    char *name = NULL;
    uint32_t seen = 0;

    for (size_t i = 0; i < graph->n_input; i++)
        if (graph->input[i]->name != NULL && mutate_chance(at, ++seen))
            name = graph->input[i]->name;
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (graph->initializer[i]->name != NULL && mutate_chance(at, ++seen))
            name = graph->initializer[i]->name;
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t j = 0; j < graph->node[i]->n_output; j++)
            if (mutate_chance(at, ++seen)) name = graph->node[i]->output[j];
    return name != NULL ? name : (char *)(uintptr_t) "";
}

static node_proto *pick_node(struct mutate *at, const graph_proto *graph, size_t *index)
{
    if (graph->n_node == 0) return NULL;
    *index = mutate_below(at, (uint32_t)graph->n_node);
    return graph->node[*index];
}

// Makes cycles, references ahead, and constants of what was computed and the other way round.
static void rewire(struct mutate *at, graph_proto *graph)
{
    size_t index = 0;
    node_proto *node = pick_node(at, graph, &index);

    if (node == NULL || node->n_input == 0) return;
    node->input[mutate_below(at, (uint32_t)node->n_input)] = pick_name(at, graph);
}

static char *fresh_name(struct mutate *at)
{
    char text[24];

    (void)snprintf(text, sizeof text, "n%u", mutate_below(at, 1u << 30));
    return vch_arena_string(at->arena, text, strlen(text));
}

// Whoever read `name` in a node from `first` on, or as the graph's output, reads `by` instead.
static void redirect(const graph_proto *graph, size_t first, const char *name, char *by)
{
    for (size_t i = first; i < graph->n_node; i++)
        for (size_t j = 0; j < graph->node[i]->n_input; j++)
            if (strcmp(graph->node[i]->input[j], name) == 0) graph->node[i]->input[j] = by;
    for (size_t i = 0; i < graph->n_output; i++)
        if (graph->output[i]->name != NULL && strcmp(graph->output[i]->name, name) == 0)
            graph->output[i]->name = by;
}

// A copy of a node behind the one whose result it takes; who read that result reads the copy's.
static void chain(struct mutate *at, graph_proto *graph, const node_proto *like)
{
    const ProtobufCFieldDescriptor *nodes = field_of(&graph->base, "node");
    size_t index = 0;
    const node_proto *before = pick_node(at, graph, &index);

    if (before == NULL || before->n_output == 0) return;
    char *taken = before->output[mutate_below(at, (uint32_t)before->n_output)];
    node_proto *copy = (node_proto *)(void *)mutate_copy(at, &like->base);
    if (copy == NULL) return;
    for (size_t i = 0; i < copy->n_output; i++)
        if ((copy->output[i] = fresh_name(at)) == NULL) return;
    if (copy->n_output > 0) redirect(graph, index + 1, taken, copy->output[0]);
    if (copy->n_input > 0) copy->input[0] = taken;
    node_proto **place = mutate_insert(at, &graph->base, nodes, index + 1);
    if (place != NULL) *place = copy;
}

static const tensor_proto *find_initializer(const graph_proto *graph, const char *name)
{
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (graph->initializer[i]->name != NULL && strcmp(graph->initializer[i]->name, name) == 0)
            return graph->initializer[i];
    return NULL;
}

// A node of another model, with copies of the constants that it reads.
static void splice(struct mutate *at, graph_proto *graph, const graph_proto *other)
{
    const ProtobufCFieldDescriptor *tensors = field_of(&graph->base, "initializer");
    size_t index = 0;
    const node_proto *from = pick_node(at, other, &index);
    node_proto *node = from == NULL ? NULL : (node_proto *)(void *)mutate_copy(at, &from->base);

    if (node == NULL) return;
    for (size_t i = 0; i < node->n_input; i++) {
        const tensor_proto *constant = find_initializer(other, node->input[i]);
        node->input[i] = constant == NULL ? pick_name(at, graph) : fresh_name(at);
        if (node->input[i] == NULL) return;
        if (constant == NULL) continue;
        tensor_proto *copy = (tensor_proto *)(void *)mutate_copy(at, &constant->base);
        if (copy == NULL) return;
        tensor_proto **place = mutate_insert(at, &graph->base, tensors, graph->n_initializer);
        if (place == NULL) return;
        copy->name = node->input[i];
        *place = copy;
    }
    chain(at, graph, node);
}

static void change_operator(struct mutate *at, graph_proto *graph)
{
    size_t index = 0, count = 0;
    node_proto *node = pick_node(at, graph, &index);

    while (at->words != NULL && at->words[count] != NULL)
        count++;
    if (node == NULL || count == 0) return;
    node->op_type = (char *)(uintptr_t)at->words[mutate_below(at, (uint32_t)count)];
}

static void change_opset(struct mutate *at, const model_proto *model)
{
    for (size_t i = 0; i < model->n_opset_import; i++)
        model->opset_import[i]->version = 1 + mutate_below(at, 26);
}

// Attributes that many operators have, under which the generic mutation finds its values.
static void add_attribute(struct mutate *at, const graph_proto *graph)
{
    static const char *const names[] = {
        "axis",          "axes",
        "pads",          "strides",
        "dilations",     "kernel_shape",
        "group",         "alpha",
        "beta",          "keepdims",
        "mode",          "auto_pad",
        "ceil_mode",     "to",
        "value",         "perm",
        "epsilon",       "transA",
        "transB",        "largest",
        "exclusive",     "count_include_pad",
        "split",         "num_outputs",
        "hidden_size",   "direction",
        "storage_order", "output_padding",
        "blocksize",     "p",
    };
    size_t index = 0;
    node_proto *node = pick_node(at, graph, &index);
    attribute_proto *attribute = vch_arena_alloc(at->arena, 1, sizeof *attribute);
    int64_t *ints = vch_arena_alloc(at->arena, 8, sizeof *ints);

    if (node == NULL || attribute == NULL || ints == NULL) return;
    vouch__onnx__attribute_proto__init(attribute);
    attribute->name = (char *)(uintptr_t)names[mutate_below(at, sizeof names / sizeof *names)];
    attribute->has_type = 1;
    attribute->type = mutate_chance(at, 2) ? 7 : mutate_chance(at, 2) ? 2 : 1;
    attribute->has_f = attribute->has_i = 1;
    attribute->f = (float)mutate_below(at, 5) / 2;
    attribute->i = mutate_integer(at, 1);
    attribute->n_ints = mutate_below(at, 9);
    attribute->ints = ints;
    for (size_t i = 0; i < attribute->n_ints; i++)
        ints[i] = mutate_chance(at, 4) ? mutate_integer(at, 1) : (int64_t)mutate_below(at, 4);
    attribute_proto **place =
        mutate_insert(at, &node->base, field_of(&node->base, "attribute"), node->n_attribute);
    if (place != NULL) *place = attribute;
}

static size_t type_size(int32_t type)
{
    static const uint8_t sizes[] = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8};

    return type >= 0 && (size_t)type < sizeof sizes ? sizes[type] : 0;
}

// Raw bytes as the shape wants them: those that were there, again and again.
static void refit(struct mutate *at, tensor_proto *tensor)
{
    size_t size = type_size(tensor->data_type), old = tensor->raw_data.len;

    if (!tensor->has_raw_data || size == 0) return;
    for (size_t i = 0; i < tensor->n_dims; i++)
        if (tensor->dims[i] < 0 || __builtin_mul_overflow(size, (size_t)tensor->dims[i], &size) ||
            size > TENSOR_SIZE_MAX)
            return;
    if (size == old) return;
    uint8_t *bytes = vch_arena_alloc(at->arena, size, 1);
    if (bytes == NULL) return;
    for (size_t i = 0; i < size && old > 0; i++)
        bytes[i] = tensor->raw_data.data[i % old];
    tensor->raw_data = (ProtobufCBinaryData){size, bytes};
}

static void refit_all(struct mutate *at, const graph_proto *graph)
{
    for (size_t i = 0; i < graph->n_initializer; i++)
        refit(at, graph->initializer[i]);
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t j = 0; j < graph->node[i]->n_attribute; j++)
            if (graph->node[i]->attribute[j]->t != NULL) refit(at, graph->node[i]->attribute[j]->t);
}

static void mutate_once(struct mutate *at, model_proto *model)
{
    size_t index = 0;

    switch (mutate_below(at, 12)) {
    case 0:
    case 1: rewire(at, model->graph); return;
    case 2:
        if (model->graph->n_node > 0) chain(at, model->graph, pick_node(at, model->graph, &index));
        return;
    case 3: change_operator(at, model->graph); return;
    case 4: add_attribute(at, model->graph); return;
    case 5: change_opset(at, model); return;
    default: mutate_message(at, &model->base); return;
    }
}

static size_t finish(struct mutate *at, const model_proto *model, uint8_t *out, size_t size_max)
{
    if (model->graph != NULL && !mutate_chance(at, 8)) refit_all(at, model->graph);
    size_t size = mutate_write(out, size_max, &model->base);
    vch_arena_release(at->arena);
    return size;
}

size_t mutate_onnx(uint8_t *data, size_t size, size_t size_max, unsigned seed,
                   const char *const *operators)
{
    struct vch_arena arena;
    struct mutate at = {.arena = &arena, .random = seed, .words = operators};

    vch_arena_init(&arena, MEMORY_MAX);
    model_proto *model = mutate_chance(&at, 32) ? NULL : read_model(&at, data, size);
    if (model == NULL) {
        vch_arena_release(&arena);
        return LLVMFuzzerMutate(data, size, size_max);
    }
    for (uint32_t i = mutate_below(&at, ROUNDS_MAX) + 1; i > 0 && model->graph != NULL; i--)
        mutate_once(&at, model);
    size_t changed = finish(&at, model, data, size_max);
    return changed > 0 ? changed : LLVMFuzzerMutate(data, size, size_max);
}

size_t mutate_onnx_cross(const uint8_t *one, size_t one_size, const uint8_t *other,
                         size_t other_size, uint8_t *out, size_t out_size_max, unsigned seed)
{
    struct vch_arena arena;
    struct mutate at = {.arena = &arena, .random = seed};

    vch_arena_init(&arena, MEMORY_MAX);
    model_proto *model = read_model(&at, one, one_size);
    const model_proto *donor = read_model(&at, other, other_size);
    if (model == NULL || donor == NULL) {
        vch_arena_release(&arena);
        return 0;
    }
    if (mutate_chance(&at, 3))
        mutate_graft(&at, &model->base, &donor->base);
    else
        splice(&at, model->graph, donor->graph);
    return finish(&at, model, out, out_size_max);
}
