// UTF-8 as notes ask for it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Valid UTF-8 (shortest forms, no surrogates, up to U+10FFFF) without ASCII control characters
// other than newline.
bool vch_utf8_is_text(const char *text, size_t size);

// A key's name in text that is valid: not empty, no Unicode space, no plus.
bool vch_utf8_is_name(const char *name, size_t size);
