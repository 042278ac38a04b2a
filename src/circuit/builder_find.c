// Which table is like another: by a digest of what it holds, so that a model with many of them, or
// with many that are alike but for their ends, is no bomb.
#include "circuit/builder_parts.h"
#include "proof/cells.h"

enum { SLOTS_MIN = 64 };

static void put(struct vch_hash *hash, uint64_t value)
{
    vch_hash_update(hash, &value, sizeof value); // it never leaves this process
}

static void put_scalar(struct vch_hash *hash, const struct vch_scalar *scalar, uint32_t lanes)
{
    for (uint32_t o = 0; o < lanes; o++)
        put(hash, vch_cells_scalar(scalar, o));
}

static void put_form(struct vch_hash *hash, const struct vch_form *form, struct vch_grid grid)
{
    put_scalar(hash, &form->constant, grid.lanes);
    put(hash, form->linear_count);
    for (uint32_t i = 0; i < form->linear_count; i++) {
        put_scalar(hash, &form->linears[i].coefficient, grid.lanes);
        for (uint32_t p = 0; p < grid.rows; p++)
            for (uint32_t o = 0; o < grid.lanes; o++)
                put(hash, vch_cells_number(&form->linears[i].cells, grid.lanes, p, o));
    }
}

// A public table is what its kind and ends say.
struct vch_digest vch_builder_parts_digest(const struct vch_builder_table *table)
{
    struct vch_hash hash;

    vch_hash_init(&hash);
    put(&hash, (uint64_t)table->kind);
    put(&hash, (uint64_t)table->lo);
    put(&hash, (uint64_t)table->hi);
    put(&hash, table->function);
    if (table->kind == VCH_TABLE_COMMITTED) {
        put(&hash, table->grid.rows);
        put(&hash, table->grid.lanes);
        put(&hash, table->entry_count);
        for (uint32_t e = 0; e < table->entry_count; e++)
            put_form(&hash, &table->entries[e].form, table->grid);
    }
    return vch_hash_final(&hash);
}

// Where the table's number is, or 0 where it would be.
static uint32_t *find(const struct vch_builder *builder, const struct vch_digest *digest)
{
    const uint32_t mask = builder->table_slot_count - 1;
    uint32_t at = (digest->bytes[0] | (uint32_t)digest->bytes[1] << 8) & mask;

    while (builder->table_slots[at] != 0 &&
           !vch_hash_is_equal(&builder->tables[builder->table_slots[at] - 1].digest, digest))
        at = (at + 1) & mask;
    return &builder->table_slots[at];
}

uint32_t vch_builder_parts_find(const struct vch_builder *builder, const struct vch_digest *digest)
{
    return builder->table_slot_count == 0 ? 0 : *find(builder, digest);
}

// At least half of the slots stay free.
bool vch_builder_parts_enter(struct vch_builder *builder, uint32_t number)
{
    if (builder->table_slot_count < 2 * number) {
        const uint32_t wanted =
            builder->table_slot_count == 0 ? SLOTS_MIN : 2 * builder->table_slot_count;
        uint32_t *slots = VCH_ARENA_NEW(builder->arena, uint32_t, wanted);
        if (slots == NULL) return false;
        builder->table_slots = slots;
        builder->table_slot_count = wanted;
        for (uint32_t i = 1; i < number; i++)
            *find(builder, &builder->tables[i - 1].digest) = i;
    }
    *find(builder, &builder->tables[number - 1].digest) = number;
    return true;
}
