#include "split/png.h"

#include <string.h>
#include <zlib.h>

enum {
    SIGNATURE_SIZE = 8,
    CHUNK_FRAME = 12, // length, name and checksum
    HEADER_SIZE = 13,
    COLOUR_RGB = 2
};

static void put_u32be(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

// A chunk whose `size` bytes of content stand at out + 8 already. Gives the end.
static uint8_t *put_chunk(uint8_t *out, const char *name, uint32_t size)
{
    put_u32be(out, size);
    memcpy(out + 4, name, 4);
    put_u32be(out + 8 + size, (uint32_t)crc32(0, out + 4, size + 4));
    return out + CHUNK_FRAME + size;
}

static uint8_t *put_header(uint8_t *out, uint32_t width, uint32_t height)
{
    uint8_t *content = out + 8;

    put_u32be(content, width);
    put_u32be(content + 4, height);
    memcpy(content + 8, (const uint8_t[]){8, COLOUR_RGB, 0, 0, 0}, 5);
    return put_chunk(out, "IHDR", HEADER_SIZE);
}

static void *take_memory(void *arena, unsigned count, unsigned size)
{
    return vch_arena_alloc(arena, count, size);
}

static void keep_memory(void *arena, void *memory)
{
    (void)arena, (void)memory; // the whole arena goes at once
}

// zlib's stream of all of `bytes`; `room` is deflateBound's at least.
static vch_status deflate_all(uint8_t *out, size_t *size, size_t room, const uint8_t *bytes,
                              size_t count, struct vch_arena *arena)
{
    z_stream stream = {.zalloc = take_memory, .zfree = keep_memory, .opaque = arena};

    if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK) return VCH_FAIL(NO_MEMORY);
    stream.next_in = (z_const Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)count;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    int result = deflate(&stream, Z_FINISH);
    *size = stream.total_out;
    (void)deflateEnd(&stream);
    return result == Z_STREAM_END ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

vch_status vch_png_encode(uint8_t **out, size_t *size, const uint8_t *pixels, uint32_t width,
                          uint32_t height, struct vch_arena *arena)
{
    static const uint8_t signature[SIGNATURE_SIZE] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    if (width == 0 || height == 0 || width > VCH_PNG_SIDE_MAX || height > VCH_PNG_SIDE_MAX)
        return VCH_FAIL(LIMIT);
    const size_t row = (size_t)width * 3, count = (row + 1) * height;
    const size_t room = compressBound(count);             // fits 32 bits: the sides are bounded
    uint8_t *filtered = vch_arena_alloc(arena, count, 1); // zeroed: filter 0 before each row
    uint8_t *file =
        vch_arena_alloc(arena, room + SIGNATURE_SIZE + 3 * (size_t)CHUNK_FRAME + HEADER_SIZE, 1);
    size_t packed = 0;
    if (filtered == NULL || file == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t y = 0; y < height; y++)
        memcpy(filtered + y * (row + 1) + 1, pixels + y * row, row);

    memcpy(file, signature, SIGNATURE_SIZE);
    uint8_t *at = put_header(file + SIGNATURE_SIZE, width, height);
    VCH_TRY(deflate_all(at + 8, &packed, room, filtered, count, arena));
    at = put_chunk(at, "IDAT", (uint32_t)packed);
    at = put_chunk(at, "IEND", 0);
    *out = file;
    *size = (size_t)(at - file);
    return VCH_OK;
}
