// Files of evidence that are not part of the project: tee/ in ../shared/data, or in VOUCH_DATA.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Borrowed until the next call but seven. Without the folder the test is skipped; without the file,
// where the folder is, it fails.
const uint8_t *vectors_read(const char *name, size_t *size);
