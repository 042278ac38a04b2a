// The first bytes of a CBOR item: what it is, and a number that says how long or which. Shared by
// the readers and by what checks the form.
#pragma once

#include <stdint.h>

#include "base/status.h"
#include "evidence/cbor.h"

struct vch_cbor_head {
    enum vch_cbor_type type;
    uint64_t value;
};

// TRUNCATED; MALFORMED: indefinite, reserved, or longer than it has to be; UNSUPPORTED: a float, or
// a simple value with a byte of its own. Then the reader stays where it is.
vch_status vch_cbor_head(struct vch_cbor_reader *reader, struct vch_cbor_head *out);
