#include "tlog/utf8.h"

#include <stdint.h>

// How many bytes follow the first one of a character; -1 when none begins with it.
static int continuation_count(uint8_t first)
{
    if (first < 0x80) return 0;
    if (first >= 0xc2 && first <= 0xdf) return 1;
    if (first >= 0xe0 && first <= 0xef) return 2;
    if (first >= 0xf0 && first <= 0xf4) return 3;
    return -1;
}

// The character at `text`, of which `size` bytes are there; its bytes, or 0 when it is none.
static size_t decode(uint32_t *out, const char *text, size_t size)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    int more = continuation_count((uint8_t)text[0]);

    if (more < 0 || (size_t)more >= size) return 0;
    uint32_t value = more == 0 ? (uint8_t)text[0] : (uint8_t)text[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80) return 0;
        value = value << 6 | ((uint8_t)text[i] & 0x3f);
    }
    bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < least[more] || value > 0x10ffff || is_surrogate) return 0;
    *out = value;
    return (size_t)more + 1;
}

bool vch_utf8_is_text(const char *text, size_t size)
{
    uint32_t value = 0;

    for (size_t i = 0, used = 0; i < size; i += used) {
        used = decode(&value, text + i, size - i);
        if (used == 0 || (value < ' ' && value != '\n')) return false;
    }
    return true;
}

// White_Space of Unicode.
static bool is_space(uint32_t value)
{
    return (value >= 0x09 && value <= 0x0d) || value == 0x20 || value == 0x85 || value == 0xa0 ||
           value == 0x1680 || (value >= 0x2000 && value <= 0x200a) || value == 0x2028 ||
           value == 0x2029 || value == 0x202f || value == 0x205f || value == 0x3000;
}

bool vch_utf8_is_name(const char *name, size_t size)
{
    uint32_t value = 0;

    for (size_t i = 0, used = 0; i < size; i += used) {
        used = decode(&value, name + i, size - i);
        if (used == 0 || value == '+' || is_space(value)) return false;
    }
    return size > 0;
}
