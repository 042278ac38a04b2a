// Tiles (C2SP tlog-tiles): a log as files that never change, of 256 nodes each.
//
//     tile/<level>/<index>[.p/<width>]      nodes (8 level, 256 index ...), 32 bytes each
//     tile/entries/<index>[.p/<width>]      the entries themselves: tlog/bundle.h
//
// An index is written in groups of three digits, all but the last after an x: x001/x234/067. A
// tile that its tree does not fill yet is partial and says how wide it is.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "tlog/tree.h"

#define VCH_TILE_HEIGHT 8u
#define VCH_TILE_WIDTH 256u    // check: 2**8
#define VCH_TILE_SIZE 8192u    // check: 256 * 32
#define VCH_TILE_LEVELS_MAX 8u // levels 0 to 7 hold nodes of trees below 2^63 leaves
#define VCH_TILE_PATH_MAX 64u

struct vch_tile {
    bool is_entries;
    unsigned level; // 0 for entries
    uint64_t index;
    unsigned width; // 1 to VCH_TILE_WIDTH
};

// How wide the tile at a level and index is in a tree of `size` leaves: 0 when there is none.
unsigned vch_tile_width(unsigned level, uint64_t index, uint64_t size);

// Writes the path, "tile/...", and a NUL; returns the characters.
size_t vch_tile_encode_path(char out[static VCH_TILE_PATH_MAX], const struct vch_tile *tile);

// The canonical path only; MALFORMED otherwise.
vch_status vch_tile_decode_path(struct vch_tile *out, const char *path);

// The tile that holds node (level, index) of a tree, full; and where in it: the node is the root
// over `count` of its digests from `first` on.
struct vch_tile_place {
    struct vch_tile tile;
    unsigned first, count;
};
struct vch_tile_place vch_tile_find(unsigned level, uint64_t index);

// Node of the place, from the tile's bytes: `size` is a multiple of 32. TRUNCATED when the tile is
// too narrow.
vch_status vch_tile_node(struct vch_digest *out, const struct vch_tile_place *place,
                         const uint8_t *bytes, size_t size);
