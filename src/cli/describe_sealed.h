// What `vouch inspect` says of sealed weights and of the key files that open them.
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/tool.h"

// A file of sealed weights, its chunks held to the root that its owner signed: that takes no key.
// `*out` stays NULL where the bytes are of another kind. So with the file of a data key.
vch_status vch_describe_sealed(json_t **out, struct vch_tool *tool, const uint8_t *bytes,
                               size_t size);
