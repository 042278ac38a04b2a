// PEM, strictly: blocks of one label, base64 in lines, and nothing but white space around them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

// DER of one block: what fits in the largest input of this module.
#define VCH_PEM_DER_MAX 49152

// Takes the next block of *text and moves *text and *size behind it. *der_size is 0 at the end of
// the text, which may be one NUL. MALFORMED for anything else.
vch_status vch_pem_next(const uint8_t **text, size_t *size, const char *label,
                        uint8_t der[VCH_PEM_DER_MAX], size_t *der_size);
