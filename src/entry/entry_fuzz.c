// Any bytes at all: an entry that is accepted encodes to the very same bytes, and its fields to the
// very same statement.
#include "entry/entry.h"

#include <string.h>

#include "base/check.h"

static void check_statement(struct vch_entry entry, struct vch_arena *arena)
{
    const struct vch_secret_key writer = {.seed = {0}};
    const struct vch_digest ledger = {{0}};
    struct vch_complaint complaint = {0};
    const uint8_t *statement = entry.statement;
    const size_t size = entry.statement_size;

    VCH_ASSERT(vch_is_ok(vch_entry_sign(&entry, &ledger, &writer, arena, &complaint)));
    VCH_ASSERT(entry.statement_size == size && memcmp(entry.statement, statement, size) == 0);
}

static void check_stamp(const struct vch_entry *entry, const uint8_t *data, size_t size,
                        struct vch_arena *arena)
{
    struct vch_entry draft = *entry;
    struct vch_complaint complaint = {0};
    uint8_t *bytes = NULL, *stamped = NULL;
    size_t draft_size = 0, stamped_size = 0;

    draft.time_ms = 0;
    VCH_ASSERT(vch_is_ok(vch_entry_encode(&bytes, &draft_size, &draft, arena, &complaint)));
    VCH_ASSERT(vch_is_ok(
        vch_entry_stamp(&stamped, &stamped_size, bytes, draft_size, entry->time_ms, arena)));
    VCH_ASSERT(stamped_size == size && memcmp(stamped, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    struct vch_entry entry;
    uint8_t *again = NULL;
    size_t again_size = 0;

    vch_arena_init(&arena, 1 << 23);
    if (vch_is_ok(vch_entry_decode(&entry, data, size, &arena, &complaint))) {
        VCH_ASSERT(vch_is_ok(vch_entry_encode(&again, &again_size, &entry, &arena, &complaint)));
        VCH_ASSERT(again_size == size && memcmp(again, data, size) == 0);
        check_statement(entry, &arena);
        check_stamp(&entry, data, size, &arena);
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
    }
    vch_arena_release(&arena);
    return 0;
}
