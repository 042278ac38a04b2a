// Records: what was encoded comes back, and any other bytes are refused.
#include "ledger/store_record.h"

#include <string.h>

#include "harness/stores.h"
#include "ledger/store_order.h"

enum { KINDS = 5, NOTE_MAX = 100, COUNT_MAX = 20 };

static struct vch_arena arena;
static struct vch_complaint complaint;
static struct stores_group group;
static struct vch_digest nodes[2 * COUNT_MAX + 64];
static uint8_t writer[VCH_STORE_RECORD_WRITER_SIZE], note[NOTE_MAX];

static void fill(void *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)test_below(256);
}

// What a record of each kind may hold.
struct content {
    uint64_t first;
    uint32_t count;
    struct vch_store_checkpoint checkpoint;
    struct vch_store_record_blob blob;
};

static struct content random_content(void)
{
    struct content content = {.first = test_below(5000), .count = 1 + test_below(COUNT_MAX)};

    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 20);
    complaint.text[0] = '\0';
    stores_fill(&group, 1, content.first, content.count);
    fill(nodes, sizeof nodes);
    fill(writer, sizeof writer);
    fill(note, sizeof note);
    content.checkpoint = (struct vch_store_checkpoint){
        .tree = {content.first, nodes[0]}, .note = note, .note_size = 1 + test_below(NOTE_MAX)};
    content.blob =
        (struct vch_store_record_blob){test_below(VCH_STORE_BLOB_SIZE_MAX + 1), nodes[1]};
    return content;
}

static uint8_t *encode(int kind, size_t *size, const struct content *content)
{
    uint8_t *fixed = vch_arena_alloc(&arena, VCH_STORE_RECORD_HEAD_SIZE, 1);

    *size = VCH_STORE_RECORD_HEAD_SIZE;
    switch (kind) {
    case 0:
        return vch_store_record_encode_nodes(size, content->first, content->count, nodes, &arena);
    case 1:
        return vch_store_record_encode_entries(size, writer, content->first, group.entries,
                                               content->count, &arena);
    case 2: vch_store_record_encode_head(fixed, &content->checkpoint.tree); return fixed;
    case 3: return vch_store_record_encode_checkpoint(size, &content->checkpoint, &arena);
    default: vch_store_record_encode_blob(fixed, &content->blob); return fixed;
    }
}

static vch_status decode(int kind, const uint8_t *bytes, size_t size)
{
    struct vch_store_completed completed;
    struct vch_store_record_entries entries;
    struct vch_store_head head;
    struct vch_store_checkpoint checkpoint;
    struct vch_store_record_blob blob;

    switch (kind) {
    case 0: return vch_store_record_decode_nodes(&completed, bytes, size, &arena, &complaint);
    case 1: return vch_store_record_decode_entries(&entries, bytes, size, &arena, &complaint);
    case 2: return vch_store_record_decode_head(&head, bytes, size, &complaint);
    case 3: return vch_store_record_decode_checkpoint(&checkpoint, bytes, size, &complaint);
    default: return vch_store_record_decode_blob(&blob, bytes, size, &complaint);
    }
}

TEST(store_record_gives_back_what_was_put_in)
{
    for (int i = 0; i < 50; i++) {
        struct content content = random_content();
        struct vch_store_completed completed;
        struct vch_store_record_entries entries;
        struct vch_store_checkpoint checkpoint;
        size_t size = 0;

        const uint8_t *bytes = encode(0, &size, &content);
        CHECK_OK(vch_store_record_decode_nodes(&completed, bytes, size, &arena, &complaint));
        CHECK(completed.first == content.first && completed.count == content.count);
        CHECK(memcmp(completed.nodes, nodes,
                     vch_store_order_between(content.first, content.count) * sizeof *nodes) == 0);
        bytes = encode(1, &size, &content);
        CHECK_OK(vch_store_record_decode_entries(&entries, bytes, size, &arena, &complaint));
        CHECK(entries.first == content.first && entries.count == content.count);
        CHECK(memcmp(entries.writer, writer, sizeof writer) == 0);
        for (uint32_t j = 0; j < content.count; j++) {
            CHECK_EQ(entries.entries[j].size, group.entries[j].size);
            CHECK(memcmp(entries.entries[j].bytes, group.bytes[j], group.entries[j].size) == 0);
        }
        bytes = encode(3, &size, &content);
        CHECK_OK(vch_store_record_decode_checkpoint(&checkpoint, bytes, size, &complaint));
        CHECK(checkpoint.tree.size == content.first);
        CHECK(checkpoint.note_size == content.checkpoint.note_size);
        CHECK(memcmp(checkpoint.note, note, checkpoint.note_size) == 0);
    }
}

TEST(store_record_with_a_changed_bit_or_another_length_is_refused)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct content content = random_content();
        size_t size = 0;
        uint8_t *bytes = encode(kind, &size, &content);
        uint8_t *longer = vch_arena_alloc(&arena, size + 1, 1);

        CHECK_OK(decode(kind, bytes, size));
        memcpy(longer, bytes, size);
        CHECK_FAILS(decode(kind, longer, size + 1), MALFORMED);
        CHECK(complaint.text[0] != '\0');
        for (size_t i = 0; i < 8 * size; i += 1 + test_below(5)) {
            bytes[i / 8] ^= (uint8_t)(1u << i % 8);
            CHECK_FAILS(decode(kind, bytes, size), MALFORMED);
            bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        }
        for (size_t shorter = 0; shorter < size; shorter += 1 + test_below(3))
            CHECK_FAILS(decode(kind, bytes, shorter), MALFORMED);
    }
}

TEST(store_record_of_one_kind_is_no_record_of_another)
{
    struct content content = random_content();

    for (int kind = 0; kind < KINDS; kind++) {
        size_t size = 0;
        const uint8_t *bytes = encode(kind, &size, &content);
        for (int other = 0; other < KINDS; other++)
            if (other != kind) CHECK_FAILS(decode(other, bytes, size), MALFORMED);
    }
}
