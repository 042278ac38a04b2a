#include "import/npy.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "import/npy_header.h"
#include "import/zip.h"

#define FLOAT_WHOLE_MAX 0x1p24f

// Where an array's numbers go: as float32, and once more as whole numbers where those were rounded.
struct target {
    float *values;
    int64_t *integers;
    bool is_rounded;
};

static vch_status convert(struct target *out, size_t index, const uint8_t *element,
                          const struct vch_npy_type *type, struct vch_complaint *complaint)
{
    float value = vch_npy_type_read(type, element);

    out->values[index] = value;
    if (type->kind == 'f') {
        if (!vch_npy_type_is_overflow(type, element, value)) return VCH_OK;
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "element %zu is a float64 too large for float32", index);
    }
    if (out->integers != NULL)
        out->integers[index] = vch_npy_type_read_integer(type, element);
    else if (fabsf(value) >= FLOAT_WHOLE_MAX) // below, float32 holds every whole number
        out->is_rounded = true;
    return VCH_OK;
}

static vch_status convert_rows(struct target *out, const struct vch_npy_header *header,
                               const uint8_t *data, struct vch_complaint *complaint)
{
    for (size_t i = 0; i < header->count; i++)
        VCH_TRY(convert(out, i, data + i * header->type.size, &header->type, complaint));
    return VCH_OK;
}

// Counts through the result in row-major order and keeps the offset in the column-major source.
static vch_status convert_columns(struct target *out, const struct vch_npy_header *header,
                                  const uint8_t *data, struct vch_complaint *complaint)
{
    size_t index[VCH_NPY_RANK_MAX] = {0}, stride[VCH_NPY_RANK_MAX] = {0}, source = 0, step = 1;

    for (uint32_t axis = 0; axis < header->rank; axis++) {
        stride[axis] = step;
        step *= (size_t)header->dims[axis];
    }
    for (size_t i = 0; i < header->count; i++) {
        VCH_ASSERT(source < header->count);
        const uint8_t *element = data + source * header->type.size;
        VCH_TRY(convert(out, i, element, &header->type, complaint));
        for (uint32_t axis = header->rank; axis-- > 0;) {
            source += stride[axis];
            if (++index[axis] < header->dims[axis]) break;
            source -= stride[axis] * (size_t)header->dims[axis];
            index[axis] = 0;
        }
    }
    return VCH_OK;
}

static vch_status convert_all(struct vch_npy *out, const struct vch_npy_header *header,
                              const uint8_t *data, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    struct target target = {.values = VCH_ARENA_NEW(arena, float, header->count)};

    if (target.values == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY, "no memory for an array of %zu numbers",
                            header->count);
    for (int pass = 0; pass < 2; pass++) {
        VCH_TRY((header->is_fortran_order ? convert_columns : convert_rows)(&target, header, data,
                                                                            complaint));
        if (pass == 1 || !target.is_rounded) break;
        target.integers = VCH_ARENA_NEW(arena, int64_t, header->count);
        if (target.integers == NULL) return VCH_FAIL(NO_MEMORY);
    }
    *out = (struct vch_npy){.values = target.values, .integers = target.integers};
    return VCH_OK;
}

vch_status vch_npy_decode(struct vch_npy *out, const uint8_t *bytes, size_t size,
                          struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_npy_header header = {0};

    VCH_TRY(vch_npy_header_decode(&header, bytes, size, complaint));
    size_t found = size - header.data_offset, wanted = header.count * header.type.size;
    if (found < wanted)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "the array's shape needs %zu bytes of data, the file has %zu", wanted,
                            found);
    if (found > wanted)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "%zu bytes follow the array's last element", found - wanted);

    VCH_TRY(convert_all(out, &header, bytes + header.data_offset, arena, complaint));
    out->rank = header.rank;
    out->count = header.count;
    memcpy(out->dims, header.dims, sizeof out->dims);
    return VCH_OK;
}

vch_status vch_npy_decode_archive(struct vch_npy *out, const char *name, const uint8_t *bytes,
                                  size_t size, struct vch_arena *arena,
                                  struct vch_complaint *complaint)
{
    struct vch_zip zip = {0};
    struct vch_zip_member member = {0};
    const uint8_t *array = NULL;

    VCH_TRY(vch_zip_open(&zip, bytes, size, complaint));
    VCH_TRY(vch_zip_find(&member, &zip, name, ".npy", complaint));
    VCH_TRY(vch_zip_read(&array, &zip, &member, arena, complaint));
    return vch_npy_decode(out, array, (size_t)member.size, arena, complaint);
}

// "{'descr': '<f4', 'fortran_order': False, 'shape': (10, 3), }" as numpy.save writes it.
static size_t write_dictionary(char *out, const char *type, const uint64_t *dims, uint32_t rank)
{
    static const char start[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
    char *at = out + sizeof start - 1, digits[20];

    memcpy(out, start, sizeof start - 1);
    memcpy(out + sizeof "{'descr': '<" - 1, type, 2);
    for (uint32_t i = 0; i < rank; i++) {
        uint64_t dim = dims[i];
        size_t count = 0;
        do {
            digits[count++] = (char)('0' + dim % 10);
            dim /= 10;
        } while (dim > 0);
        while (count > 0)
            *at++ = digits[--count];
        if (i + 1 < rank || rank == 1) *at++ = ',';
        if (i + 1 < rank) *at++ = ' ';
    }
    memcpy(at, "), }", 4);
    return (size_t)(at + 4 - out);
}

// Everything but the data, for which there is room at *data.
static vch_status encode_header(uint8_t **out, size_t *size, uint8_t **data, size_t *count,
                                const char *type, const uint64_t *dims, uint32_t rank,
                                struct vch_arena *arena)
{
    static const uint8_t prefix[8] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    char dictionary[64 + VCH_NPY_RANK_MAX * 22];
    size_t element = (size_t)(type[1] - '0');

    *count = 1;
    if (rank > VCH_NPY_RANK_MAX) return VCH_FAIL(LIMIT);
    for (uint32_t i = 0; i < rank; i++) {
        if (dims[i] == 0) return VCH_FAIL(USAGE);
        if (dims[i] > VCH_NPY_COUNT_MAX / *count) return VCH_FAIL(LIMIT);
        *count *= (size_t)dims[i];
    }

    // The data starts at a multiple of 64; spaces and a newline fill the header up.
    size_t text = write_dictionary(dictionary, type, dims, rank);
    size_t start = (sizeof prefix + 2 + text + 1 + 63) / 64 * 64;
    uint8_t *bytes = vch_arena_alloc(arena, start + element * *count, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    memset(bytes, ' ', start);
    memcpy(bytes, prefix, sizeof prefix);
    bytes[8] = (uint8_t)((start - 10) & 255);
    bytes[9] = (uint8_t)((start - 10) >> 8);
    memcpy(bytes + 10, dictionary, text);
    bytes[start - 1] = '\n';
    *data = bytes + start;
    *out = bytes;
    *size = start + element * *count;
    return VCH_OK;
}

vch_status vch_npy_encode(uint8_t **out, size_t *size, const float *values, const uint64_t *dims,
                          uint32_t rank, struct vch_arena *arena)
{
    uint8_t *data = NULL;
    size_t count = 0;

    VCH_TRY(encode_header(out, size, &data, &count, "f4", dims, rank, arena));
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = 0;
        memcpy(&bits, &values[i], sizeof bits);
        vch_put_u32le(data + 4 * i, bits);
    }
    return VCH_OK;
}

vch_status vch_npy_encode_integers(uint8_t **out, size_t *size, const int64_t *values,
                                   const uint64_t *dims, uint32_t rank, struct vch_arena *arena)
{
    uint8_t *data = NULL;
    size_t count = 0;

    VCH_TRY(encode_header(out, size, &data, &count, "i8", dims, rank, arena));
    for (size_t i = 0; i < count; i++)
        vch_put_u64le(data + 8 * i, (uint64_t)values[i]);
    return VCH_OK;
}
