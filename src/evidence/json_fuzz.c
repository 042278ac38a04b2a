// Any bytes at all: what is accepted lies where it says, and its parts read alone are the same.
#include "evidence/json.h"

#include "base/check.h"

// NOLINTNEXTLINE(misc-no-recursion): as deep as what was accepted
static void look(const struct vch_json_value *value, const char *text, size_t size)
{
    struct vch_arena arena;
    const struct vch_json_value *inside = vch_json_first(value), *again = NULL;
    uint32_t skip = 1;
    int64_t time_s = 0;
    uint64_t number = 0;

    VCH_ASSERT(value->text >= text && value->text + value->text_size <= text + size);
    (void)vch_json_time(value, &time_s);
    (void)vch_json_u64(value, 255, &number);
    for (uint32_t i = 0; i < value->count; i++, inside = vch_json_next(inside)) {
        look(inside, value->text, value->text_size);
        if (value->kind == VCH_JSON_OBJECT)
            VCH_ASSERT(inside->key >= value->text && inside->key + inside->key_size < inside->text);
        skip += inside->skip;
    }
    VCH_ASSERT(skip == value->skip);
    if (value->text_size > 64) return; // or it would take the square of the input
    vch_arena_init(&arena, 1 << 16);
    VCH_ASSERT(vch_is_ok(vch_json_decode(&again, &arena, value->text, value->text_size, NULL)));
    VCH_ASSERT(again->skip == value->skip && again->kind == value->kind);
    vch_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;
    const struct vch_json_value *root = NULL;

    vch_arena_init(&arena, 16 << 20);
    if (vch_is_ok(vch_json_decode(&root, &arena, data, size, NULL)))
        look(root, (const char *)data, size);
    vch_arena_release(&arena);
    return 0;
}
