#include "tlog/tile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

#define INDEX_MAX (UINT64_MAX / 256) // the leaves below a tile can be counted

unsigned vch_tile_width(unsigned level, uint64_t index, uint64_t size)
{
    if (level >= VCH_TILE_LEVELS_MAX) return 0;
    uint64_t nodes = size >> (VCH_TILE_HEIGHT * level), full = nodes / VCH_TILE_WIDTH;
    if (index < full) return VCH_TILE_WIDTH;
    return index == full ? (unsigned)(nodes % VCH_TILE_WIDTH) : 0;
}

// "x001/x234/067": the most significant group first.
static size_t encode_index(char *out, size_t room, uint64_t index)
{
    uint64_t unit = 1; // of the group at hand
    size_t used = 0;

    while (index / unit >= 1000)
        unit *= 1000;
    for (; unit > 1; unit /= 1000)
        used +=
            (size_t)snprintf(out + used, room - used, "x%03u/", (unsigned)(index / unit % 1000));
    return used + (size_t)snprintf(out + used, room - used, "%03u", (unsigned)(index % 1000));
}

size_t vch_tile_encode_path(char out[static VCH_TILE_PATH_MAX], const struct vch_tile *tile)
{
    size_t room = VCH_TILE_PATH_MAX, used = 0;

    VCH_ASSERT(tile->width >= 1 && tile->width <= VCH_TILE_WIDTH && tile->index <= INDEX_MAX);
    if (tile->is_entries)
        used = (size_t)snprintf(out, room, "tile/entries/");
    else
        used = (size_t)snprintf(out, room, "tile/%u/", tile->level);
    used += encode_index(out + used, room - used, tile->index);
    if (tile->width < VCH_TILE_WIDTH)
        used += (size_t)snprintf(out + used, room - used, ".p/%u", tile->width);
    return used;
}

// Skips `text` when `*at` begins with it.
static bool skip(const char **at, const char *text)
{
    size_t size = strlen(text);

    if (strncmp(*at, text, size) != 0) return false;
    *at += size;
    return true;
}

// Digits in groups, in whatever way they are grouped.
static uint64_t read_index(const char **at)
{
    uint64_t index = 0;

    for (; strchr("0123456789x/", **at) != NULL && **at != '\0'; (*at)++)
        if (**at >= '0' && **at <= '9' && index < INDEX_MAX / 10)
            index = 10 * index + (uint64_t)(**at - '0');
    return index;
}

static unsigned read_small(const char **at)
{
    unsigned value = 0;

    for (; **at >= '0' && **at <= '9' && value < 1000; (*at)++)
        value = 10 * value + (unsigned)(**at - '0');
    return value;
}

// Read generously, then written anew: only what comes out the same is a path.
vch_status vch_tile_decode_path(struct vch_tile *out, const char *path)
{
    char again[VCH_TILE_PATH_MAX];
    const char *at = path;

    *out = (struct vch_tile){.width = VCH_TILE_WIDTH};
    if (!skip(&at, "tile/")) return VCH_FAIL(MALFORMED);
    out->is_entries = skip(&at, "entries/");
    if (!out->is_entries) {
        out->level = read_small(&at);
        if (!skip(&at, "/")) return VCH_FAIL(MALFORMED);
    }
    out->index = read_index(&at);
    if (skip(&at, ".p/")) out->width = read_small(&at);
    if (out->width < 1 || out->width > VCH_TILE_WIDTH || out->level >= VCH_TILE_LEVELS_MAX)
        return VCH_FAIL(MALFORMED);
    (void)vch_tile_encode_path(again, out);
    return strcmp(again, path) == 0 ? VCH_OK : VCH_FAIL(MALFORMED);
}

struct vch_tile_place vch_tile_find(unsigned level, uint64_t index)
{
    unsigned above = level % VCH_TILE_HEIGHT; // levels between the tile's digests and the node
    uint64_t first = index << above;

    VCH_ASSERT(level < VCH_TREE_LEVELS_MAX && index <= VCH_TREE_SIZE_MAX >> level);
    return (struct vch_tile_place){
        .tile = {.level = level / VCH_TILE_HEIGHT,
                 .index = first / VCH_TILE_WIDTH,
                 .width = VCH_TILE_WIDTH},
        .first = (unsigned)(first % VCH_TILE_WIDTH),
        .count = 1u << above,
    };
}

vch_status vch_tile_node(struct vch_digest *out, const struct vch_tile_place *place,
                         const uint8_t *bytes, size_t size)
{
    struct vch_digest digests[VCH_TILE_WIDTH];
    size_t first = place->first, count = place->count;

    VCH_ASSERT(count >= 1 && first + count <= VCH_TILE_WIDTH);
    if (size % VCH_DIGEST_SIZE != 0) return VCH_FAIL(MALFORMED);
    if (size / VCH_DIGEST_SIZE < first + count) return VCH_FAIL(TRUNCATED);
    memcpy(digests, bytes + first * VCH_DIGEST_SIZE, count * VCH_DIGEST_SIZE);
    *out = vch_merkle_root_in_place(digests, count);
    return VCH_OK;
}
