#include "certificate/pem.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"

enum { LINE_MAX = 76, FENCE_MAX = 64 };

struct line {
    const char *text;
    size_t size;
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Up to a newline, or the end; a carriage return and blanks before it are no part of the line.
static struct line take_line(const uint8_t **text, size_t *size)
{
    struct line line = {(const char *)*text, 0};
    size_t used = 0;

    while (used < *size && (*text)[used] != '\n')
        used++;
    line.size = used;
    while (line.size > 0 && is_space((uint8_t)line.text[line.size - 1]))
        line.size--;
    if (used < *size) used++;
    *text += used;
    *size -= used;
    return line;
}

static bool is_fence(struct line line, const char *what, const char *label)
{
    char fence[FENCE_MAX];
    int size = snprintf(fence, sizeof fence, "-----%s %s-----", what, label);

    return size > 0 && line.size == (size_t)size && memcmp(line.text, fence, line.size) == 0;
}

vch_status vch_pem_next(const uint8_t **text, size_t *size, const char *label,
                        uint8_t der[VCH_PEM_DER_MAX], size_t *der_size)
{
    bool is_last = false;

    *der_size = 0;
    while (*size > 0 && is_space(**text))
        ++*text, --*size;
    if (*size == 0 || (*size == 1 && **text == '\0')) return VCH_OK;
    if (!is_fence(take_line(text, size), "BEGIN", label)) return VCH_FAIL(MALFORMED);
    while (*size > 0) {
        struct line line = take_line(text, size);
        size_t got = 0;
        if (is_fence(line, "END", label)) return *der_size > 0 ? VCH_OK : VCH_FAIL(MALFORMED);
        if (line.size == 0 || line.size > LINE_MAX || is_last) return VCH_FAIL(MALFORMED);
        VCH_TRY(vch_base64_decode(der + *der_size, &got, VCH_PEM_DER_MAX - *der_size, line.text,
                                  line.size));
        is_last = got != line.size / 4 * 3; // padding ends the block
        *der_size += got;
    }
    return VCH_FAIL(TRUNCATED);
}
