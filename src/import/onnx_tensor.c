#include "import/onnx_tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "import/onnx.h"

// Where the numbers of a tensor stand: raw little-endian bytes, or one of the typed lists.
struct source {
    const Vouch__Onnx__TensorProto *proto;
    const uint8_t *raw; // NULL: the typed list
    size_t raw_size;
    struct vch_complaint *complaint;
};

static const struct {
    int32_t type;
    enum vch_network_type kind;
    size_t size; // of one element in raw bytes
} types[] = {
    {VCH_ONNX_TENSOR_FLOAT, VCH_NETWORK_REAL, 4},
    {VCH_ONNX_TENSOR_UINT8, VCH_NETWORK_INTEGER, 1},
    {VCH_ONNX_TENSOR_INT8, VCH_NETWORK_INTEGER, 1},
    {VCH_ONNX_TENSOR_UINT16, VCH_NETWORK_INTEGER, 2},
    {VCH_ONNX_TENSOR_INT16, VCH_NETWORK_INTEGER, 2},
    {VCH_ONNX_TENSOR_INT32, VCH_NETWORK_INTEGER, 4},
    {VCH_ONNX_TENSOR_INT64, VCH_NETWORK_INTEGER, 8},
    {VCH_ONNX_TENSOR_BOOL, VCH_NETWORK_INTEGER, 1},
    {VCH_ONNX_TENSOR_FLOAT16, VCH_NETWORK_REAL, 2},
    {VCH_ONNX_TENSOR_DOUBLE, VCH_NETWORK_REAL, 8},
    {VCH_ONNX_TENSOR_UINT32, VCH_NETWORK_INTEGER, 4},
    {VCH_ONNX_TENSOR_UINT64, VCH_NETWORK_INTEGER, 8},
    {VCH_ONNX_TENSOR_BFLOAT16, VCH_NETWORK_REAL, 2},
};

const char *vch_onnx_tensor_type_name(int32_t data_type)
{
    // ONNX's own numbering of TensorProto.DataType.
    static const char *const names[] = {
        "undefined",      "float",      "uint8",          "int8",       "uint16",   "int16",
        "int32",          "int64",      "string",         "bool",       "float16",  "double",
        "uint32",         "uint64",     "complex64",      "complex128", "bfloat16", "float8e4m3fn",
        "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",      "int4",     "float4e2m1",
        "float8e8m0",     "uint2",      "int2",
    };

    if (data_type < 0 || (size_t)data_type >= sizeof names / sizeof *names) return "unknown";
    return names[data_type];
}

static size_t find_type(int32_t data_type)
{
    size_t i = 0;

    while (i < sizeof types / sizeof *types && types[i].type != data_type)
        i++;
    return i;
}

bool vch_onnx_tensor_kind(enum vch_network_type *out, int32_t data_type)
{
    size_t i = find_type(data_type);

    if (i == sizeof types / sizeof *types) return false;
    *out = types[i].kind;
    return true;
}

float vch_onnx_tensor_half(uint16_t bits)
{
    int exponent = bits >> 10 & 31;
    float fraction = (float)(bits & 1023), magnitude = 0;

    if (exponent == 31)
        magnitude = fraction == 0 ? INFINITY : NAN;
    else if (exponent == 0)
        magnitude = ldexpf(fraction, -24);
    else
        magnitude = ldexpf(fraction + 1024, exponent - 25);
    return bits >> 15 ? -magnitude : magnitude;
}

// The upper half of a float.
static float from_bfloat16(uint16_t bits)
{
    uint32_t word = (uint32_t)bits << 16;
    float out = 0;

    memcpy(&out, &word, sizeof out);
    return out;
}

static int64_t raw_integer(int32_t type, const uint8_t *at)
{
    uint64_t bits = 0;
    size_t size = types[find_type(type)].size;

    memcpy(&bits, at, size);
    switch (type) {
    case VCH_ONNX_TENSOR_INT8: return (int8_t)bits;
    case VCH_ONNX_TENSOR_INT16: return (int16_t)bits;
    case VCH_ONNX_TENSOR_INT32: return (int32_t)bits;
    case VCH_ONNX_TENSOR_BOOL: return bits != 0;
    default: return (int64_t)bits;
    }
}

static double raw_real(int32_t type, const uint8_t *at)
{
    float single = 0;
    double real = 0;
    uint16_t half = 0;

    switch (type) {
    case VCH_ONNX_TENSOR_FLOAT: memcpy(&single, at, sizeof single); return single;
    case VCH_ONNX_TENSOR_DOUBLE: memcpy(&real, at, sizeof real); return real;
    default: memcpy(&half, at, sizeof half); break;
    }
    return (double)(type == VCH_ONNX_TENSOR_BFLOAT16 ? from_bfloat16(half)
                                                     : vch_onnx_tensor_half(half));
}

static size_t list_count(const Vouch__Onnx__TensorProto *proto)
{
    switch (proto->data_type) {
    case VCH_ONNX_TENSOR_FLOAT: return proto->n_float_data;
    case VCH_ONNX_TENSOR_DOUBLE: return proto->n_double_data;
    case VCH_ONNX_TENSOR_INT64: return proto->n_int64_data;
    case VCH_ONNX_TENSOR_UINT32:
    case VCH_ONNX_TENSOR_UINT64: return proto->n_uint64_data;
    default: return proto->n_int32_data;
    }
}

static int64_t list_integer(const Vouch__Onnx__TensorProto *proto, size_t i)
{
    switch (proto->data_type) {
    case VCH_ONNX_TENSOR_INT64: return proto->int64_data[i];
    case VCH_ONNX_TENSOR_UINT32:
    case VCH_ONNX_TENSOR_UINT64: return (int64_t)proto->uint64_data[i];
    default: return proto->int32_data[i];
    }
}

static double list_real(const Vouch__Onnx__TensorProto *proto, size_t i)
{
    if (proto->data_type == VCH_ONNX_TENSOR_FLOAT) return (double)proto->float_data[i];
    if (proto->data_type == VCH_ONNX_TENSOR_DOUBLE) return proto->double_data[i];
    uint16_t half = (uint16_t)proto->int32_data[i];
    return (double)(proto->data_type == VCH_ONNX_TENSOR_BFLOAT16 ? from_bfloat16(half)
                                                                 : vch_onnx_tensor_half(half));
}

static const char *name_of(const Vouch__Onnx__TensorProto *proto)
{
    return proto->name == NULL || proto->name[0] == '\0' ? "(unnamed)" : proto->name;
}

static vch_status read_shape(struct vch_network_shape *shape, const struct source *source)
{
    const Vouch__Onnx__TensorProto *proto = source->proto;
    size_t count = 1;

    if (proto->n_dims > VCH_NETWORK_RANK_MAX)
        return vch_complain(source->complaint, VCH_CODE_LIMIT,
                            "tensor '%s' has %zu dimensions; at most %d are read", name_of(proto),
                            proto->n_dims, VCH_NETWORK_RANK_MAX);
    shape->rank = (uint32_t)proto->n_dims;
    for (size_t i = 0; i < proto->n_dims; i++) {
        int64_t dim = proto->dims[i];
        if (dim < 0 || dim > VCH_NETWORK_COUNT_MAX ||
            __builtin_mul_overflow(count, (size_t)dim, &count) || count > VCH_NETWORK_COUNT_MAX)
            return vch_complain(source->complaint, VCH_CODE_LIMIT,
                                "tensor '%s': dimension %zu is %lld, which makes it negative or "
                                "larger than %u elements",
                                name_of(proto), i, (long long)dim, VCH_NETWORK_COUNT_MAX);
        shape->dims[i] = (uint32_t)dim;
    }
    return VCH_OK;
}

// A file name inside a model may not leave the model's folder.
static bool is_inside(const char *path)
{
    if (path[0] == '\0' || path[0] == '/' || strchr(path, '\\') != NULL) return false;
    for (const char *part = path; part != NULL;) {
        const char *end = strchr(part, '/');
        size_t size = end == NULL ? strlen(part) : (size_t)(end - part);
        if (size == 0 || (size == 2 && memcmp(part, "..", 2) == 0)) return false;
        part = end == NULL ? NULL : end + 1;
    }
    return true;
}

static vch_status read_size(size_t *out, const char *text, const struct source *source)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value > VCH_ONNX_SIZE_MAX)
        return vch_complain(source->complaint, VCH_CODE_MALFORMED,
                            "tensor '%s': external offset or length is not a sensible number",
                            name_of(source->proto));
    *out = (size_t)value;
    return VCH_OK;
}

static vch_status read_external(struct source *source, const struct vch_import_files *files)
{
    const Vouch__Onnx__TensorProto *proto = source->proto;
    const char *path = "";
    const uint8_t *bytes = NULL;
    size_t size = 0, offset = 0, length = SIZE_MAX;

    for (size_t i = 0; i < proto->n_external_data; i++) {
        const char *key = proto->external_data[i]->key, *value = proto->external_data[i]->value;
        if (key == NULL || value == NULL) continue;
        if (strcmp(key, "location") == 0) path = value;
        if (strcmp(key, "offset") == 0) VCH_TRY(read_size(&offset, value, source));
        if (strcmp(key, "length") == 0) VCH_TRY(read_size(&length, value, source));
    }
    if (!is_inside(path) || strlen(path) > VCH_ONNX_NAME_MAX)
        return vch_complain(source->complaint, VCH_CODE_REFUSED,
                            "tensor '%s': external file '%.100s' is not a relative path inside "
                            "the model's folder",
                            name_of(proto), path);
    if (files == NULL)
        return vch_complain(source->complaint, VCH_CODE_UNSUPPORTED,
                            "tensor '%s' is in the external file '%.100s', which cannot be read "
                            "here: save the model as a single file",
                            name_of(proto), path);
    VCH_TRY(files->read(files->context, path, &bytes, &size, source->complaint));
    if (offset > size)
        return vch_complain(source->complaint, VCH_CODE_TRUNCATED,
                            "tensor '%s': external file '%.100s' has %zu bytes, not %zu",
                            name_of(proto), path, size, offset);
    if (length == SIZE_MAX) length = size - offset;
    if (length > size - offset)
        return vch_complain(source->complaint, VCH_CODE_TRUNCATED,
                            "tensor '%s': external file '%.100s' has %zu bytes, not %zu",
                            name_of(proto), path, size, offset + length);
    source->raw = bytes + offset;
    source->raw_size = length;
    return VCH_OK;
}

static vch_status check_count(const struct source *source, size_t count)
{
    const Vouch__Onnx__TensorProto *proto = source->proto;
    size_t size = types[find_type(proto->data_type)].size;

    if (source->raw != NULL && source->raw_size == count * size) return VCH_OK;
    if (source->raw == NULL && list_count(proto) == count) return VCH_OK;
    return vch_complain(source->complaint, VCH_CODE_MALFORMED,
                        "tensor '%s': its shape asks for %zu elements of %zu bytes, and the file "
                        "holds %zu %s",
                        name_of(proto), count, size,
                        source->raw != NULL ? source->raw_size : list_count(proto),
                        source->raw != NULL ? "bytes" : "elements");
}

// Infinities, which masks and open bounds are made of, are the largest numbers.
#define REAL_MAX 0x1.fffffep127

static vch_status copy_reals(struct vch_network_tensor *tensor, const struct source *source)
{
    const Vouch__Onnx__TensorProto *proto = source->proto;
    size_t size = types[find_type(proto->data_type)].size;

    for (size_t i = 0; i < tensor->count; i++) {
        double real = source->raw != NULL ? raw_real(proto->data_type, source->raw + i * size)
                                          : list_real(proto, i);
        if (isnan(real))
            return vch_complain(source->complaint, VCH_CODE_UNSUPPORTED,
                                "tensor '%s': element %zu is not a finite float32", name_of(proto),
                                i);
        tensor->reals[i] = (float)(real > REAL_MAX    ? REAL_MAX
                                   : real < -REAL_MAX ? -REAL_MAX
                                                      : real);
    }
    return VCH_OK;
}

static vch_status copy_integers(struct vch_network_tensor *tensor, const struct source *source)
{
    const Vouch__Onnx__TensorProto *proto = source->proto;
    size_t size = types[find_type(proto->data_type)].size;

    for (size_t i = 0; i < tensor->count; i++) {
        tensor->integers[i] = source->raw != NULL
                                  ? raw_integer(proto->data_type, source->raw + i * size)
                                  : list_integer(proto, i);
        if (proto->data_type == VCH_ONNX_TENSOR_UINT64 && tensor->integers[i] < 0)
            return vch_complain(source->complaint, VCH_CODE_UNSUPPORTED,
                                "tensor '%s': element %zu is beyond int64", name_of(proto), i);
    }
    return VCH_OK;
}

// Text stands for itself by its index: whoever knows what to do with labels finds them in `texts`.
static vch_status decode_texts(struct vch_network_tensor **out, struct vch_network *network,
                               const struct source *source)
{
    const Vouch__Onnx__TensorProto *proto = source->proto;
    struct vch_network_shape shape = {0};

    VCH_TRY(read_shape(&shape, source));
    if (vch_network_count(&shape) != proto->n_string_data)
        return vch_complain(source->complaint, VCH_CODE_MALFORMED,
                            "tensor '%s': its shape asks for %zu texts, and the file holds %zu",
                            name_of(proto), vch_network_count(&shape), proto->n_string_data);
    VCH_TRY(vch_network_new_tensor(network, VCH_NETWORK_INTEGER, &shape, out));
    const char **texts = VCH_ARENA_NEW(network->arena, const char *, proto->n_string_data);
    if (texts == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < proto->n_string_data; i++) {
        const ProtobufCBinaryData *text = &proto->string_data[i];
        if (text->len > VCH_ONNX_NAME_MAX ||
            (text->len > 0 && memchr(text->data, 0, text->len) != NULL))
            return vch_complain(
                source->complaint, VCH_CODE_LIMIT,
                "tensor '%s': text %zu is longer than %u bytes or holds a zero byte",
                name_of(proto), i, VCH_ONNX_NAME_MAX);
        texts[i] = vch_arena_string(network->arena, text->data, text->len);
        if (texts[i] == NULL) return VCH_FAIL(NO_MEMORY);
        (*out)->integers[i] = (int64_t)i;
    }
    (*out)->texts = texts;
    return VCH_OK;
}

vch_status vch_onnx_tensor_decode(struct vch_network_tensor **out, struct vch_network *network,
                                  const Vouch__Onnx__TensorProto *proto,
                                  const struct vch_import_files *files,
                                  struct vch_complaint *complaint)
{
    struct source source = {.proto = proto, .complaint = complaint};
    struct vch_network_shape shape = {0};
    enum vch_network_type kind = VCH_NETWORK_REAL;

    if (proto->data_type == VCH_ONNX_TENSOR_STRING) return decode_texts(out, network, &source);
    if (!vch_onnx_tensor_kind(&kind, proto->data_type))
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "tensor '%s' has data type %s; bfloat16, float16, float, double, bool "
                            "and integers of 8 to 64 bits are supported",
                            name_of(proto), vch_onnx_tensor_type_name(proto->data_type));
    VCH_TRY(read_shape(&shape, &source));
    if (proto->data_location == 1) VCH_TRY(read_external(&source, files));
    if (proto->data_location != 1 && proto->has_raw_data) {
        static const uint8_t nothing[1];
        source.raw = proto->raw_data.len > 0 ? proto->raw_data.data : nothing;
        source.raw_size = proto->raw_data.len;
    }
    VCH_TRY(check_count(&source, vch_network_count(&shape)));
    VCH_TRY(vch_network_new_tensor(network, kind, &shape, out));
    (*out)->element = proto->data_type;
    if (kind == VCH_NETWORK_REAL) return copy_reals(*out, &source);
    return copy_integers(*out, &source);
}
