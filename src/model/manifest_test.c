// The manifest's reader is ours, and its writer is protobuf-c: each keeps the other honest.
#include "model/manifest.h"

#include <string.h>

#include "harness/graphs.h"
#include "harness/test.h"
#include "message/message.h"
#include "model/canonical.h"
#include "schema/model.pb-c.h"

static struct vch_arena arena;

// A flipped bit, a byte put in, taken out or copied from elsewhere.
static size_t change(uint8_t *bytes, size_t size)
{
    size_t at = test_below((uint32_t)size), from = test_below((uint32_t)size);

    switch (test_below(4)) {
    case 0: bytes[at] ^= (uint8_t)(1u << test_below(8)); return size;
    case 1:
        memmove(bytes + at + 1, bytes + at, size - at);
        bytes[at] = (uint8_t)test_below(256);
        return size + 1;
    case 2: memmove(bytes + at, bytes + at + 1, size - at - 1); return size - 1;
    default: bytes[at] = bytes[from]; return size;
    }
}

static bool is_canonical(const uint8_t *bytes, size_t size)
{
    ProtobufCMessage *message = NULL;

    return vch_is_ok(vch_message_unpack(&message, &vouch__manifest__descriptor, bytes, size,
                                        "manifest", &arena, NULL));
}

static void compare(const uint8_t *bytes, size_t size)
{
    struct vch_graph *graph = NULL;
    uint8_t *again = NULL;
    size_t again_size = 0;
    struct vch_complaint complaint = {0};

    vch_status status = vch_manifest_decode(&graph, bytes, size, &arena, &complaint);
    CHECK(vch_is_ok(status) == (complaint.text[0] == '\0'));
    if (!vch_is_ok(status)) return;
    CHECK(is_canonical(bytes, size));
    CHECK_OK(vch_manifest_encode(&again, &again_size, graph, &arena, NULL));
    CHECK(again_size == size && memcmp(again, bytes, size) == 0);
}

TEST(manifest_of_a_changed_byte_is_refused_or_is_its_own_encoding)
{
    for (int i = 0; i < 40; i++) {
        uint8_t *bytes = NULL;
        size_t size = 0;
        vch_arena_init(&arena, (size_t)1 << 28);
        struct vch_graph *graph = i % 2 ? graphs_random_mlp(&arena) : graphs_random_convnet(&arena);
        CHECK_OK(vch_manifest_encode(&bytes, &size, graph, &arena, NULL));
        compare(bytes, size);
        uint8_t *changed = vch_arena_alloc(&arena, size + 4, 1);
        for (int j = 0; j < 200; j++) {
            struct vch_arena_mark mark = vch_arena_mark(&arena);
            memcpy(changed, bytes, size);
            size_t changed_size = size;
            for (uint32_t k = 1 + test_below(2); k > 0; k--)
                changed_size = change(changed, changed_size);
            compare(changed, changed_size);
            vch_arena_rewind(&arena, mark);
        }
        vch_arena_release(&arena);
    }
}

// What the reader asks for is in `bytes`; is all of it as it must be?
static bool reads_numbers(const uint8_t *bytes, size_t size, uint64_t *value)
{
    bool is_bad = false;
    struct vch_canonical cursor = vch_canonical_start(bytes, size, &is_bad);

    *value = vch_canonical_u64(&cursor, 1);
    vch_canonical_end(&cursor);
    return !is_bad;
}

TEST(canonical_numbers_have_one_spelling)
{
    static const struct {
        uint8_t bytes[12];
        size_t size;
        bool is_good;
        uint64_t value;
    } rows[] = {
        {{0}, 0, true, 0},
        {{0x08, 1}, 2, true, 1},
        {{0x08, 0}, 2, false, 0},
        {{0x08, 0xff, 0x01}, 3, true, 255},
        {{0x08, 0x81, 0x00}, 3, false, 0},
        {{0x08, 0x81}, 2, false, 0},
        {{0x08}, 1, false, 0},
        {{0x10, 1}, 2, false, 0},
        {{0x08, 1, 0x08, 1}, 4, false, 1},
        {{0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, 11, true, UINT64_MAX},
        {{0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2}, 11, false, 0},
        {{0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 129}, 11, false, 0},
    };

    FOR_EACH(row, rows)
    {
        uint64_t value = 0;
        CHECK_EQ(reads_numbers(row->bytes, row->size, &value), row->is_good);
        if (row->is_good) CHECK(value == row->value);
    }
}
