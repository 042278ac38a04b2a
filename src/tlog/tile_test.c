// Tiles: the specification's examples, every node of a log out of its tiles, and bundles.
#include "tlog/tile.h"

#include <string.h>

#include "harness/logs.h"
#include "tlog/bundle.h"

static const struct {
    struct vch_tile tile;
    const char *path;
} known[] = {
    {{false, 0, 1234067, 256}, "tile/0/x001/x234/067"}, // the specification's own
    {{false, 0, 0, 256}, "tile/0/000"},
    {{false, 0, 273, 112}, "tile/0/273.p/112"},
    {{false, 1, 1, 17}, "tile/1/001.p/17"},
    {{false, 2, 0, 1}, "tile/2/000.p/1"},
    {{false, 7, 999, 255}, "tile/7/999.p/255"},
    {{false, 0, 1000, 256}, "tile/0/x001/000"},
    {{false, 3, 999999, 256}, "tile/3/x999/999"},
    {{false, 3, 1000000, 256}, "tile/3/x001/x000/000"},
    {{true, 0, 5, 256}, "tile/entries/005"},
    {{true, 0, 123456789, 9}, "tile/entries/x123/x456/789.p/9"},
};

TEST(tile_paths_are_those_of_the_specification)
{
    char path[VCH_TILE_PATH_MAX];
    struct vch_tile tile;

    FOR_EACH(row, known)
    {
        CHECK_EQ(vch_tile_encode_path(path, &row->tile), strlen(row->path));
        CHECK(strcmp(path, row->path) == 0);
        CHECK_OK(vch_tile_decode_path(&tile, row->path));
        CHECK(tile.is_entries == row->tile.is_entries && tile.level == row->tile.level);
        CHECK(tile.index == row->tile.index && tile.width == row->tile.width);
    }
}

TEST(tile_paths_have_one_form)
{
    static const char *const lies[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/8/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/entries/",
        "tile//000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001000",
        "tile/0/x001/x000",
        "tile/0/1000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/9/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000 ",
        "tile/0/../000",
        "tile/entries/0/000",
        "tile/0/xx01/000",
        "tile/0/x001//000",
        "tile/0/000.p/1000",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x234/067x",
        "tile/0/x",
    };
    struct vch_tile tile;

    FOR_EACH(lie, lies) CHECK_FAILS(vch_tile_decode_path(&tile, *lie), MALFORMED);
}

// "A tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile of
// width 112, one full level 1 tile, one partial level 1 tile of width 17, and one partial level 2
// tile of width 1."
TEST(tile_widths_are_those_of_the_specification)
{
    CHECK_EQ(vch_tile_width(0, 0, 70000), 256);
    CHECK_EQ(vch_tile_width(0, 272, 70000), 256);
    CHECK_EQ(vch_tile_width(0, 273, 70000), 112);
    CHECK_EQ(vch_tile_width(0, 274, 70000), 0);
    CHECK_EQ(vch_tile_width(1, 0, 70000), 256);
    CHECK_EQ(vch_tile_width(1, 1, 70000), 17);
    CHECK_EQ(vch_tile_width(1, 2, 70000), 0);
    CHECK_EQ(vch_tile_width(2, 0, 70000), 1);
    CHECK_EQ(vch_tile_width(3, 0, 70000), 0);
    CHECK_EQ(vch_tile_width(0, 0, 256), 256);
    CHECK_EQ(vch_tile_width(0, 1, 256), 0);
    CHECK_EQ(vch_tile_width(1, 0, 256), 1);
    CHECK_EQ(vch_tile_width(8, 0, VCH_TREE_SIZE_MAX), 0);
}

static struct log leaves;

// What a tile holds, by definition.
static size_t fill_tile(uint8_t *out, const struct vch_tile *tile, uint64_t size)
{
    unsigned width = vch_tile_width(tile->level, tile->index, size);

    for (unsigned i = 0; i < width; i++) {
        struct vch_digest digest;
        CHECK_OK(log_read(&leaves, VCH_TILE_HEIGHT * tile->level, tile->index * VCH_TILE_WIDTH + i,
                          &digest));
        memcpy(out + (size_t)i * VCH_DIGEST_SIZE, digest.bytes, VCH_DIGEST_SIZE);
    }
    return (size_t)width * VCH_DIGEST_SIZE;
}

TEST(tiles_hold_every_node_of_a_log)
{
    uint8_t bytes[VCH_TILE_SIZE];
    struct vch_digest got, want;

    log_fill(&leaves, LOG_SIZE_MAX, "tiles");
    for (unsigned level = 0; leaves.size >> level > 0; level++)
        for (uint64_t index = 0; index < leaves.size >> level; index++) {
            struct vch_tile_place place = vch_tile_find(level, index);
            size_t size = fill_tile(bytes, &place.tile, LOG_SIZE_MAX);
            CHECK_OK(vch_tile_node(&got, &place, bytes, size));
            CHECK_OK(log_read(&leaves, level, index, &want));
            CHECK(vch_hash_is_equal(&got, &want));
            size_t least = (size_t)(place.first + place.count) * VCH_DIGEST_SIZE;
            CHECK_OK(vch_tile_node(&got, &place, bytes, least));
            CHECK_FAILS(vch_tile_node(&got, &place, bytes, least - VCH_DIGEST_SIZE), TRUNCATED);
            CHECK_FAILS(vch_tile_node(&got, &place, bytes, least - 1), MALFORMED);
        }
}

TEST(bundles_hold_entries_and_nothing_after_them)
{
    uint8_t bytes[64];
    struct vch_reader reader = {bytes, 0, 0};
    const uint8_t *entry = NULL;
    size_t size = 0;

    vch_bundle_encode_size(bytes, 3);
    memcpy(bytes + 2, "one", 3);
    vch_bundle_encode_size(bytes + 5, 0);
    vch_bundle_encode_size(bytes + 7, 2);
    memcpy(bytes + 9, "hi", 2);
    CHECK_HEX(bytes, 11,
              "00036f6e650000"
              "00026869");
    reader.size = 11;
    CHECK_OK(vch_bundle_read(&reader, &entry, &size));
    CHECK(size == 3 && memcmp(entry, "one", 3) == 0);
    CHECK_OK(vch_bundle_read(&reader, &entry, &size));
    CHECK_EQ(size, 0);
    reader.size = 9; // within the third, after its size
    CHECK_FAILS(vch_bundle_read(&reader, &entry, &size), TRUNCATED);
    CHECK_EQ(reader.offset, 7);
    CHECK_OK(vch_bundle_check(bytes, 11, 3));
    CHECK_FAILS(vch_bundle_check(bytes, 11, 2), MALFORMED);
    CHECK_FAILS(vch_bundle_check(bytes, 11, 4), TRUNCATED);
    for (size_t cut = 0; cut < 11; cut++)
        CHECK_FAILS(vch_bundle_check(bytes, cut, 3), TRUNCATED);
    vch_bundle_encode_size(bytes, VCH_BUNDLE_ENTRY_MAX);
    CHECK_HEX(bytes, 2, "ffff");
}
