// Texts of lines that each end in a newline, as the formats of transparency logs have them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct vch_lines {
    const char *text; // borrowed
    size_t size;
    size_t offset; // of the next line; always <= size
};

static inline bool vch_lines_is_at_end(const struct vch_lines *lines)
{
    return lines->offset == lines->size;
}

// The next line without its newline; TRUNCATED when none ends before the text does.
vch_status vch_lines_read(struct vch_lines *lines, const char **line, size_t *size);

// A decimal number in [0, most], in the one way to write it: digits without leading zeroes.
vch_status vch_lines_decode_number(uint64_t *out, const char *text, size_t size, uint64_t most);
