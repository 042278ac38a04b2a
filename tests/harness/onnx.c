#include "harness/onnx.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, LENGTH = 2, FIXED32 = 5 };

static struct onnx_bytes node; // under construction
static struct onnx_bytes file;

static void put(struct onnx_bytes *out, const void *bytes, size_t size)
{
    if (size > sizeof out->bytes - out->size) abort(); // a test that needs a larger buffer
    if (size > 0) memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void put_varint(struct onnx_bytes *out, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        put(out, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

static void put_integer(struct onnx_bytes *out, unsigned field, int64_t value)
{
    put_varint(out, field << 3 | VARINT);
    put_varint(out, (uint64_t)value);
}

static void put_bytes(struct onnx_bytes *out, unsigned field, const void *bytes, size_t size)
{
    put_varint(out, field << 3 | LENGTH);
    put_varint(out, size);
    put(out, bytes, size);
}

static void put_text(struct onnx_bytes *out, unsigned field, const char *text)
{
    put_bytes(out, field, text, strlen(text));
}

static void put_message(struct onnx_bytes *out, unsigned field, const struct onnx_bytes *message)
{
    put_bytes(out, field, message->bytes, message->size);
}

void onnx_init(struct onnx *onnx, int64_t opset)
{
    onnx->graph.size = 0;
    onnx->opset = opset;
    put_text(&onnx->graph, 2, "test");
}

static void put_value(struct onnx *onnx, unsigned field, const char *name, int32_t data_type,
                      const int64_t *dims, size_t rank)
{
    static struct onnx_bytes shape, tensor, type, info, dim;

    shape.size = tensor.size = type.size = info.size = 0;
    for (size_t i = 0; i < rank; i++) {
        dim.size = 0;
        if (dims[i] < 0) put_text(&dim, 2, "N");
        if (dims[i] >= 0) put_integer(&dim, 1, dims[i]);
        put_message(&shape, 1, &dim);
    }
    put_integer(&tensor, 1, data_type);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&info, 1, name);
    put_message(&info, 2, &type);
    put_message(&onnx->graph, field, &info);
}

void onnx_input(struct onnx *onnx, const char *name, const int64_t *dims, size_t rank)
{
    put_value(onnx, 11, name, 1, dims, rank);
}

void onnx_input_of(struct onnx *onnx, const char *name, int32_t type, const int64_t *dims,
                   size_t rank)
{
    put_value(onnx, 11, name, type, dims, rank);
}

void onnx_output(struct onnx *onnx, const char *name)
{
    put_value(onnx, 12, name, 1, NULL, 0);
}

static void put_tensor_head(struct onnx_bytes *tensor, const char *name, int32_t type,
                            const int64_t *dims, size_t rank)
{
    tensor->size = 0;
    for (size_t i = 0; i < rank; i++)
        put_integer(tensor, 1, dims[i]);
    put_integer(tensor, 2, type);
    put_text(tensor, 8, name);
}

void onnx_raw(struct onnx *onnx, const char *name, int32_t type, const int64_t *dims, size_t rank,
              const void *bytes, size_t size)
{
    static struct onnx_bytes tensor;

    put_tensor_head(&tensor, name, type, dims, rank);
    put_bytes(&tensor, 9, bytes, size);
    put_message(&onnx->graph, 5, &tensor);
}

static void put_entry(struct onnx_bytes *tensor, const char *key, const char *value)
{
    static struct onnx_bytes entry;

    if (value == NULL) return;
    entry.size = 0;
    put_text(&entry, 1, key);
    put_text(&entry, 2, value);
    put_message(tensor, 13, &entry);
}

void onnx_external_part(struct onnx *onnx, const char *name, const int64_t *dims, size_t rank,
                        const char *location, const char *offset, const char *length)
{
    static struct onnx_bytes tensor;

    put_tensor_head(&tensor, name, 1, dims, rank);
    put_entry(&tensor, "location", location);
    put_entry(&tensor, "offset", offset);
    put_entry(&tensor, "length", length);
    put_integer(&tensor, 14, 1);
    put_message(&onnx->graph, 5, &tensor);
}

void onnx_external(struct onnx *onnx, const char *name, const int64_t *dims, size_t rank,
                   const char *location)
{
    onnx_external_part(onnx, name, dims, rank, location, NULL, NULL);
}

void onnx_reals(struct onnx *onnx, const char *name, const int64_t *dims, size_t rank,
                const float *values)
{
    size_t count = 1;

    for (size_t i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    onnx_raw(onnx, name, 1, dims, rank, values, count * sizeof *values);
}

void onnx_integers(struct onnx *onnx, const char *name, const int64_t *values, size_t count)
{
    int64_t dims[] = {(int64_t)count};

    onnx_raw(onnx, name, 7, dims, 1, values, count * sizeof *values);
}

static void put_names(unsigned field, const char *names)
{
    for (const char *at = names; at != NULL && names[0] != '\0';) {
        const char *end = strchr(at, ',');
        put_bytes(&node, field, at, end == NULL ? strlen(at) : (size_t)(end - at));
        at = end == NULL ? NULL : end + 1;
    }
}

void onnx_node(struct onnx *onnx, const char *operator_, const char *inputs, const char *outputs)
{
    (void)onnx;
    node.size = 0;
    put_names(1, inputs);
    put_names(2, outputs);
    put_text(&node, 4, operator_);
}

static void put_attribute(const char *name, int32_t type, const struct onnx_bytes *value)
{
    static struct onnx_bytes attribute;

    attribute.size = 0;
    put_text(&attribute, 1, name);
    put(&attribute, value->bytes, value->size);
    put_integer(&attribute, 20, type);
    put_message(&node, 5, &attribute);
}

void onnx_attribute_integer(struct onnx *onnx, const char *name, int64_t value)
{
    static struct onnx_bytes field;

    (void)onnx;
    field.size = 0;
    put_integer(&field, 3, value);
    put_attribute(name, 2, &field);
}

void onnx_attribute_real(struct onnx *onnx, const char *name, float value)
{
    static struct onnx_bytes field;

    (void)onnx;
    field.size = 0;
    put_varint(&field, 2 << 3 | FIXED32);
    put(&field, &value, sizeof value);
    put_attribute(name, 1, &field);
}

void onnx_attribute_text(struct onnx *onnx, const char *name, const char *text)
{
    static struct onnx_bytes field;

    (void)onnx;
    field.size = 0;
    put_text(&field, 4, text);
    put_attribute(name, 3, &field);
}

void onnx_attribute_integers(struct onnx *onnx, const char *name, const int64_t *values,
                             size_t count)
{
    static struct onnx_bytes field;

    (void)onnx;
    field.size = 0;
    for (size_t i = 0; i < count; i++)
        put_integer(&field, 8, values[i]);
    put_attribute(name, 7, &field);
}

void onnx_attribute_reals(struct onnx *onnx, const char *name, const float *values, size_t count)
{
    static struct onnx_bytes field;

    (void)onnx;
    field.size = 0;
    for (size_t i = 0; i < count; i++) {
        put_varint(&field, 7 << 3 | FIXED32);
        put(&field, &values[i], sizeof values[i]);
    }
    put_attribute(name, 6, &field);
}

void onnx_attribute_texts(struct onnx *onnx, const char *name, const char *const *texts,
                          size_t count)
{
    static struct onnx_bytes field;

    (void)onnx;
    field.size = 0;
    for (size_t i = 0; i < count; i++)
        put_text(&field, 9, texts[i]);
    put_attribute(name, 8, &field);
}

void onnx_attribute_subgraph(struct onnx *onnx, const char *name)
{
    static struct onnx_bytes field;

    (void)onnx;
    field.size = 0;
    put_bytes(&field, 6, NULL, 0);
    put_attribute(name, 5, &field);
}

void onnx_end(struct onnx *onnx)
{
    put_message(&onnx->graph, 1, &node);
}

const struct onnx_bytes *onnx_finish(struct onnx *onnx)
{
    static struct onnx_bytes opset;

    opset.size = file.size = 0;
    put_integer(&opset, 2, onnx->opset);
    put_integer(&file, 1, 8);
    put_message(&file, 7, &onnx->graph);
    put_message(&file, 8, &opset);
    return &file;
}
