// A picture read back, by zlib and the standard, is the picture that was written.
#include "split/png.h"

#include <string.h>
#include <zlib.h>

#include "harness/test.h"

static struct vch_arena arena;

static uint32_t get_u32be(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

// Checks a chunk's name and checksum; gives its content.
static const uint8_t *chunk(const uint8_t **at, const char *name, uint32_t *size)
{
    const uint8_t *start = *at;

    *size = get_u32be(start);
    CHECK(memcmp(start + 4, name, 4) == 0);
    CHECK_EQ(get_u32be(start + 8 + *size), crc32(0, start + 4, *size + 4));
    *at = start + 12 + *size;
    return start + 8;
}

static void check_picture(uint32_t width, uint32_t height)
{
    static uint8_t pixels[3 * 40 * 40], back[(3 * 40 + 1) * 40];
    const uint8_t *at = NULL;
    uint8_t *file = NULL;
    uint32_t part = 0;
    uLongf unpacked = sizeof back;
    size_t size = 0;

    for (size_t i = 0; i < 3 * (size_t)width * height; i++)
        pixels[i] = (uint8_t)test_below(256);
    CHECK_OK(vch_png_encode(&file, &size, pixels, width, height, &arena));
    CHECK(memcmp(file, "\x89PNG\r\n\x1a\n", 8) == 0);
    at = file + 8;
    const uint8_t *header = chunk(&at, "IHDR", &part);
    CHECK_EQ(part, 13);
    CHECK_EQ(get_u32be(header), width);
    CHECK_EQ(get_u32be(header + 4), height);
    CHECK(memcmp(header + 8, "\x08\x02\0\0\0", 5) == 0);
    const uint8_t *packed = chunk(&at, "IDAT", &part);
    CHECK_EQ(uncompress(back, &unpacked, packed, part), Z_OK);
    CHECK_EQ(unpacked, (3 * width + 1) * height);
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = back + (size_t)y * (3 * width + 1);
        CHECK_EQ(row[0], 0); // no filter
        CHECK(memcmp(row + 1, pixels + (size_t)y * 3 * width, 3 * (size_t)width) == 0);
    }
    (void)chunk(&at, "IEND", &part);
    CHECK_EQ(at - file, size);
}

TEST(pictures_are_read_back_as_they_were)
{
    vch_arena_init(&arena, (size_t)1 << 24);
    check_picture(1, 1);
    check_picture(40, 3);
    check_picture(7, 40);
    vch_arena_release(&arena);
}

TEST(pictures_without_pixels_or_too_large_are_refused)
{
    uint8_t *file = NULL, pixel[3] = {0};
    size_t size = 0;

    vch_arena_init(&arena, (size_t)1 << 24);
    CHECK_FAILS(vch_png_encode(&file, &size, pixel, 0, 1, &arena), LIMIT);
    CHECK_FAILS(vch_png_encode(&file, &size, pixel, 1, VCH_PNG_SIDE_MAX + 1, &arena), LIMIT);
    vch_arena_release(&arena);
    vch_arena_init(&arena, 64);
    CHECK_FAILS(vch_png_encode(&file, &size, pixel, 1, 1, &arena), NO_MEMORY);
}
