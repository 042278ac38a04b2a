#include "import/npy_type.h"

#include <math.h>
#include <string.h>

#include "base/check.h"

static bool is_known(char kind, uint32_t size)
{
    static const struct {
        char kind;
        uint32_t sizes; // bit n: n bytes are possible
    } known[] = {
        {'f', 1u << 2 | 1u << 4 | 1u << 8},
        {'i', 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8},
        {'u', 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8},
        {'b', 1u << 1},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].kind == kind) return (known[i].sizes >> size & 1) != 0;
    return false;
}

vch_status vch_npy_type_parse(struct vch_npy_type *out, const char *text, size_t size,
                              struct vch_complaint *complaint)
{
    bool is_short = size == 3 && strchr("<>=|", text[0]) != NULL && text[0] != '\0';
    uint32_t bytes = is_short && text[2] >= '1' && text[2] <= '8' ? (uint32_t)(text[2] - '0') : 0;

    // Wider than a byte needs an order; '|' means that there is none.
    if (bytes == 0 || !is_known(text[1], bytes) || (text[0] == '|' && bytes > 1))
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the array's type is '%.*s'; expected real numbers: f2 f4 f8 i1 i2 i4 "
                            "i8 u1 u2 u4 u8 or b1 (convert it with array.astype('float32'))",
                            (int)(size < 40 ? size : 40), text);
    *out = (struct vch_npy_type){text[1], bytes, text[0] == '>'};
    return VCH_OK;
}

static uint64_t read_word(const struct vch_npy_type *type, const uint8_t *bytes)
{
    uint64_t word = 0;

    for (uint32_t i = 0; i < type->size; i++)
        word |= (uint64_t)bytes[type->is_big_endian ? type->size - 1 - i : i] << (8 * i);
    return word;
}

static float float_from_bits(uint32_t bits)
{
    float value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double double_from_bits(uint64_t bits)
{
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// IEEE 754 binary16; every value is exact in binary32.
static float float_from_half(uint32_t half)
{
    uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ffu;

    if (exponent == 31) return float_from_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent != 0) return float_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float tiny = (float)fraction * 0x1p-24f;
    return sign ? -tiny : tiny;
}

static int64_t sign_extend(uint64_t word, uint32_t size)
{
    uint32_t unused = 64 - 8 * size;
    uint64_t sign = (uint64_t)1 << (8 * size - 1);

    word = word << unused >> unused;
    return (int64_t)((word ^ sign) - sign);
}

float vch_npy_type_read(const struct vch_npy_type *type, const uint8_t *bytes)
{
    uint64_t word = read_word(type, bytes);

    switch (type->kind) {
    case 'b': return word != 0 ? 1 : 0;
    case 'u': return (float)word;
    case 'i': return (float)sign_extend(word, type->size);
    default: VCH_ASSERT(type->kind == 'f');
    }
    if (type->size == 2) return float_from_half((uint32_t)word);
    if (type->size == 4) return float_from_bits((uint32_t)word);
    return (float)double_from_bits(word);
}

int64_t vch_npy_type_read_integer(const struct vch_npy_type *type, const uint8_t *bytes)
{
    uint64_t word = read_word(type, bytes);

    VCH_ASSERT(type->kind != 'f');
    if (type->kind == 'b') return word != 0;
    if (type->kind == 'i') return sign_extend(word, type->size);
    return word > INT64_MAX ? INT64_MAX : (int64_t)word;
}

bool vch_npy_type_is_overflow(const struct vch_npy_type *type, const uint8_t *bytes, float value)
{
    if (type->kind != 'f' || type->size != 8 || !isinf(value)) return false;
    return !isinf(double_from_bits(read_word(type, bytes)));
}
