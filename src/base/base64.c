#include "base/base64.h"

#include <string.h>

enum { PAD = 64 }; // the place of padding

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

// Up to three bytes as four characters; missing bytes count as zero, and what only they would
// fill is padding.
static void encode_group(char out[4], const uint8_t *in, size_t count)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < count ? in[i] : 0);
    for (size_t i = 0; i < 4; i++)
        out[i] = digits[i <= count ? bits >> (18 - 6 * i) & 63 : PAD];
}

size_t vch_base64_encode(char *out, const void *bytes, size_t size)
{
    const uint8_t *in = bytes;
    char *at = out;

    for (size_t i = 0; i < size; i += 3, at += 4)
        encode_group(at, in + i, size - i < 3 ? size - i : 3);
    *at = '\0';
    return (size_t)(at - out);
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return -1;
}

// Four characters, the last `padding` of them padding, as 3 - padding bytes.
static vch_status decode_group(uint8_t *out, const char *text, size_t padding)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - padding ? digit_value(text[i]) : 0;
        if (value < 0) return VCH_FAIL(MALFORMED);
        bits = bits << 6 | (uint32_t)value;
    }
    for (size_t i = 0; i < 3 - padding; i++)
        out[i] = (uint8_t)(bits >> (16 - 8 * i));
    uint32_t unused = padding > 0 ? bits & ((1u << 8 * padding) - 1) : 0;
    return unused == 0 ? VCH_OK : VCH_FAIL(MALFORMED);
}

vch_status vch_base64_decode(uint8_t *out, size_t *size, size_t size_max, const char *text,
                             size_t text_size)
{
    size_t padding = 0;

    *size = 0;
    if (text_size % 4 != 0) return VCH_FAIL(MALFORMED);
    while (padding < 2 && padding < text_size && text[text_size - 1 - padding] == '=')
        padding++;
    if (text_size / 4 * 3 - padding > size_max) return VCH_FAIL(LIMIT);
    for (size_t i = 0; i < text_size; i += 4) {
        size_t missing = i + 4 == text_size ? padding : 0;
        VCH_TRY(decode_group(out + *size, text + i, missing));
        *size += 3 - missing;
    }
    return VCH_OK;
}

vch_status vch_base64_decode_exactly(uint8_t *out, size_t size, const char *text, size_t text_size)
{
    size_t got = 0;

    if (text_size != VCH_BASE64_SIZE(size)) return VCH_FAIL(MALFORMED);
    vch_status status = vch_base64_decode(out, &got, size, text, text_size);
    return vch_is_ok(status) && got == size ? VCH_OK : VCH_FAIL(MALFORMED);
}
