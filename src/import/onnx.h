// Reads an ONNX file into a float network: every count bounded, every name resolved, no cycle.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "import/import.h"
#include "import/network.h"

#define VCH_ONNX_SIZE_MAX ((size_t)1 << 31)
#define VCH_ONNX_NAME_MAX 1024u
#define VCH_ONNX_OPSET_MIN 7
#define VCH_ONNX_OPSET_MAX 24

// `files` may be NULL: external data is then refused. MALFORMED, LIMIT, UNSUPPORTED, NO_MEMORY,
// each with a complaint. The network is in `arena`, and so is everything it points to; nothing
// borrows from `bytes`.
vch_status vch_onnx_decode(struct vch_network **out, const uint8_t *bytes, size_t size,
                           const struct vch_import_files *files, struct vch_arena *arena,
                           struct vch_complaint *complaint);
