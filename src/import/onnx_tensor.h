// A tensor in an ONNX file, in any of the format's encodings, to one of ours.
#pragma once

#include "base/complaint.h"
#include "base/status.h"
#include "import/import.h"
#include "import/network.h"
#include "schema/onnx.pb-c.h"

// Numbers of TensorProto.DataType that we read; the rest is refused.
enum vch_onnx_tensor_type {
    VCH_ONNX_TENSOR_FLOAT = 1,
    VCH_ONNX_TENSOR_UINT8 = 2,
    VCH_ONNX_TENSOR_INT8 = 3,
    VCH_ONNX_TENSOR_UINT16 = 4,
    VCH_ONNX_TENSOR_INT16 = 5,
    VCH_ONNX_TENSOR_INT32 = 6,
    VCH_ONNX_TENSOR_INT64 = 7,
    VCH_ONNX_TENSOR_STRING = 8,
    VCH_ONNX_TENSOR_BOOL = 9,
    VCH_ONNX_TENSOR_FLOAT16 = 10,
    VCH_ONNX_TENSOR_DOUBLE = 11,
    VCH_ONNX_TENSOR_UINT32 = 12,
    VCH_ONNX_TENSOR_UINT64 = 13,
    VCH_ONNX_TENSOR_BFLOAT16 = 16,
};

// What a data type becomes; false where it is not read.
bool vch_onnx_tensor_kind(enum vch_network_type *out, int32_t data_type);

// Sizes must agree with the shape exactly and every real must be finite. Text is read as labels.
vch_status vch_onnx_tensor_decode(struct vch_network_tensor **out, struct vch_network *network,
                                  const Vouch__Onnx__TensorProto *proto,
                                  const struct vch_import_files *files,
                                  struct vch_complaint *complaint);

// What a data type is called, for messages.
const char *vch_onnx_tensor_type_name(int32_t data_type);

// The IEEE 754 binary16 number with these bits, exactly.
float vch_onnx_tensor_half(uint16_t bits);
