#include "tlog/lines.h"

#include <string.h>

#include "base/check.h"

vch_status vch_lines_read(struct vch_lines *lines, const char **line, size_t *size)
{
    VCH_ASSERT(lines->offset <= lines->size);
    size_t left = lines->size - lines->offset;
    const char *start = lines->text + lines->offset;
    const char *end = left > 0 ? memchr(start, '\n', left) : NULL;

    if (end == NULL) return VCH_FAIL(TRUNCATED);
    *line = start;
    *size = (size_t)(end - start);
    lines->offset += *size + 1;
    return VCH_OK;
}

vch_status vch_lines_decode_number(uint64_t *out, const char *text, size_t size, uint64_t most)
{
    uint64_t value = 0;

    if (size == 0 || (size > 1 && text[0] == '0')) return VCH_FAIL(MALFORMED);
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') return VCH_FAIL(MALFORMED);
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (most - digit) / 10 || digit > most) return VCH_FAIL(MALFORMED);
        value = 10 * value + digit;
    }
    *out = value;
    return VCH_OK;
}
