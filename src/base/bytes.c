#include "base/bytes.h"

#include <string.h>

void vch_wipe(void *bytes, size_t size)
{
    if (size == 0) return;
    memset(bytes, 0, size);
    __asm__ __volatile__("" : : "r"(bytes) : "memory"); // the stores must happen
}

bool vch_is_equal(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t difference = 0;

    for (size_t i = 0; i < size; i++)
        difference |= x[i] ^ y[i];
    return difference == 0;
}

bool vch_is_zero(const void *bytes, size_t size)
{
    const volatile uint8_t *x = bytes;
    uint8_t seen = 0;

    for (size_t i = 0; i < size; i++)
        seen |= x[i];
    return seen == 0;
}

void vch_hex_encode(char *out, const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = bytes;

    for (size_t i = 0; i < size; i++) {
        *out++ = digits[in[i] >> 4];
        *out++ = digits[in[i] & 15];
    }
    *out = '\0';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

vch_status vch_hex_decode(void *out, size_t size, const char *text)
{
    uint8_t *bytes = out;

    if (strlen(text) != 2 * size) return VCH_FAIL(MALFORMED);
    for (size_t i = 0; i < 2 * size; i++)
        if (digit_value(text[i]) < 0) return VCH_FAIL(MALFORMED);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(16 * digit_value(text[2 * i]) + digit_value(text[2 * i + 1]));
    return VCH_OK;
}
