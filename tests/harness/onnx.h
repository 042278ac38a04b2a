// Writes small ONNX files for tests, byte by byte: what the importer reads, it must not write.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct onnx_bytes {
    size_t size;
    uint8_t bytes[1 << 16];
};

// A model under construction. Parts may be added in any order.
struct onnx {
    struct onnx_bytes graph;
    int64_t opset;
};

void onnx_init(struct onnx *onnx, int64_t opset);
// A dimension of -1 is open, with a name.
void onnx_input(struct onnx *onnx, const char *name, const int64_t *dims, size_t rank);
// An input of another of ONNX's data types.
void onnx_input_of(struct onnx *onnx, const char *name, int32_t type, const int64_t *dims,
                   size_t rank);
void onnx_output(struct onnx *onnx, const char *name);
void onnx_reals(struct onnx *onnx, const char *name, const int64_t *dims, size_t rank,
                const float *values);
void onnx_integers(struct onnx *onnx, const char *name, const int64_t *values, size_t count);

// A tensor of any kind, its bytes as they are.
void onnx_raw(struct onnx *onnx, const char *name, int32_t type, const int64_t *dims, size_t rank,
              const void *bytes, size_t size);
// A tensor in another file.
void onnx_external(struct onnx *onnx, const char *name, const int64_t *dims, size_t rank,
                   const char *location);
// Likewise, a part of it; NULL leaves offset or length out.
void onnx_external_part(struct onnx *onnx, const char *name, const int64_t *dims, size_t rank,
                        const char *location, const char *offset, const char *length);

// A node: operands separated by commas, an empty one left out; then its attributes.
void onnx_node(struct onnx *onnx, const char *operator_, const char *inputs, const char *outputs);
void onnx_attribute_integer(struct onnx *onnx, const char *name, int64_t value);
void onnx_attribute_real(struct onnx *onnx, const char *name, float value);
void onnx_attribute_text(struct onnx *onnx, const char *name, const char *text);
void onnx_attribute_integers(struct onnx *onnx, const char *name, const int64_t *values,
                             size_t count);
void onnx_attribute_reals(struct onnx *onnx, const char *name, const float *values, size_t count);
void onnx_attribute_texts(struct onnx *onnx, const char *name, const char *const *texts,
                          size_t count);
void onnx_attribute_subgraph(struct onnx *onnx, const char *name); // an empty one
void onnx_end(struct onnx *onnx);                                  // ends the node

// The file.
const struct onnx_bytes *onnx_finish(struct onnx *onnx);
