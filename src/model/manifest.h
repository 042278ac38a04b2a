// A graph and its canonical bytes: the public manifest (specs/model.proto, specs/package.md).
//
// One graph has one manifest and one manifest has one graph: decoding accepts only the bytes that
// encoding the result writes, so that a digest of the manifest identifies the model.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "model/graph.h"

#define VCH_MANIFEST_VERSION 1u
#define VCH_MANIFEST_SIZE_MAX (1u << 28)

// Writes a graph, roots included, after vch_graph_check. Result in the arena. LIMIT when the
// manifest would be larger than VCH_MANIFEST_SIZE_MAX; MALFORMED for text that is not UTF-8.
vch_status vch_manifest_encode(uint8_t **out, size_t *size, const struct vch_graph *graph,
                               struct vch_arena *arena, struct vch_complaint *complaint);

// Reads bytes from anywhere into a graph that passed vch_graph_check and holds no parameters. The
// graph lives in the arena and borrows nothing from `bytes`. Takes at most
// vch_manifest_memory_max(size) from the arena, whatever the bytes say. MALFORMED, LIMIT,
// UNSUPPORTED.
vch_status vch_manifest_decode(struct vch_graph **out, const uint8_t *bytes, size_t size,
                               struct vch_arena *arena, struct vch_complaint *complaint);

// Heap bytes that decoding a manifest of `size` bytes takes at most: 2 MiB + 128 bytes for each
// of the manifest's, and never over 512 MiB + 8 bytes for each.
size_t vch_manifest_memory_max(size_t size);

// Is it UTF-8 without control characters?
bool vch_manifest_is_text(const char *text);

// VCH_OK for such text of at most VCH_GRAPH_NAME_MAX bytes, or NULL: what names and labels must be.
// MALFORMED and LIMIT with a complaint.
vch_status vch_manifest_check_text(const char *text, struct vch_complaint *complaint);

// How many shifts go with `count` multipliers.
uint32_t vch_manifest_shift_count(enum vch_operator_kind kind, uint32_t count);
