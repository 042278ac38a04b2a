// Any bytes at all as a tile's path, and as a bundle of entries.
#include "tlog/tile.h"

#include <string.h>

#include "base/check.h"
#include "tlog/bundle.h"

static void try_path(const uint8_t *data, size_t size)
{
    char path[256] = "", again[VCH_TILE_PATH_MAX];
    struct vch_tile tile;

    memcpy(path, data, size < sizeof path ? size : sizeof path - 1);
    if (!vch_is_ok(vch_tile_decode_path(&tile, path))) return;
    VCH_ASSERT(vch_tile_encode_path(again, &tile) == strlen(path) && strcmp(again, path) == 0);
}

static void try_bundle(const uint8_t *data, size_t size)
{
    struct vch_reader reader = {data, size, 0};
    const uint8_t *entry = NULL;
    size_t entry_size = 0;
    unsigned count = 0;

    while (reader.offset < size && vch_is_ok(vch_bundle_read(&reader, &entry, &entry_size)))
        count++;
    if (reader.offset == size) VCH_ASSERT(vch_is_ok(vch_bundle_check(data, size, count)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_path(data, size);
    try_bundle(data, size);
    return 0;
}
