#include "circuit/builder.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "circuit/builder_parts.h"
#include "circuit/terms.h"
#include "field/field.h"

enum { ROOM_MIN = 64 };

void vch_builder_init(struct vch_builder *out, uint32_t first_cell, struct vch_arena *arena,
                      struct vch_complaint *complaint)
{
    *out = (struct vch_builder){
        .arena = arena, .complaint = complaint, .status = VCH_OK, .first_cell = first_cell};
}

vch_status vch_builder_status(const struct vch_builder *builder)
{
    return builder->status;
}

void vch_builder_fail(struct vch_builder *builder, vch_status status)
{
    if (vch_is_ok(builder->status)) builder->status = status;
}

static void fail_memory(struct vch_builder *builder)
{
    vch_builder_fail(builder, VCH_FAIL(NO_MEMORY));
}

bool vch_builder_parts_grow(struct vch_builder *builder, void **things, uint32_t *room,
                            uint32_t count, size_t size)
{
    if (count < *room) return true;
    const uint32_t wanted = *room == 0 ? ROOM_MIN : *room * 2;
    void *larger = wanted > *room ? vch_arena_alloc(builder->arena, wanted, size) : NULL;
    if (larger == NULL) {
        fail_memory(builder);
        return false;
    }
    if (count > 0) memcpy(larger, *things, count * size);
    *things = larger;
    *room = wanted;
    return true;
}

struct vch_view vch_builder_cells(struct vch_builder *builder, uint32_t count)
{
    const struct vch_view view = {.first = builder->first_cell + builder->cell_count,
                                  .count = count};

    if ((uint64_t)builder->first_cell + builder->cell_count + count > VCH_BUILDER_CELLS_MAX) {
        vch_builder_fail(builder, vch_complain(builder->complaint, VCH_CODE_LIMIT,
                                               "a proof would have more than %u cells: prove "
                                               "fewer operators or samples at once",
                                               VCH_BUILDER_CELLS_MAX));
        return (struct vch_view){.first = builder->first_cell, .count = count};
    }
    builder->cell_count += count;
    return view;
}

uint32_t *vch_builder_list(struct vch_builder *builder, size_t count)
{
    uint32_t *list = VCH_ARENA_NEW(builder->arena, uint32_t, count);
    if (list == NULL) fail_memory(builder);
    return list;
}

uint64_t *vch_builder_scalars(struct vch_builder *builder, size_t count)
{
    uint64_t *scalars = VCH_ARENA_NEW(builder->arena, uint64_t, count);
    if (scalars == NULL) fail_memory(builder);
    return scalars;
}

// The slot of a value, or the free one where it belongs.
static struct vch_builder_slot *find_slot(const struct vch_builder *builder, uint64_t value)
{
    const uint32_t mask = builder->slot_count - 1;
    uint32_t at = (uint32_t)((value * 0x9e3779b97f4a7c15u) >> 32) & mask;

    while (builder->slots[at].number != 0 && builder->slots[at].value != value)
        at = (at + 1) & mask;
    return &builder->slots[at];
}

// At least half of the slots stay free.
static bool grow_slots(struct vch_builder *builder)
{
    if (builder->slot_count > 2 * builder->public_count + 1) return true;
    const uint32_t wanted = builder->slot_count == 0 ? 2 * ROOM_MIN : 2 * builder->slot_count;
    struct vch_builder_slot *slots = VCH_ARENA_NEW(builder->arena, struct vch_builder_slot, wanted);
    if (slots == NULL) {
        fail_memory(builder);
        return false;
    }
    builder->slots = slots;
    builder->slot_count = wanted;
    for (uint32_t i = 0; i < builder->public_count; i++)
        *find_slot(builder, builder->public_values[i]) =
            (struct vch_builder_slot){builder->public_values[i], i + 1};
    return true;
}

uint32_t vch_builder_public(struct vch_builder *builder, uint64_t value)
{
    if (!grow_slots(builder) ||
        !VCH_BUILDER_PARTS_GROW(builder, public_values, public_count, public_room))
        return VCH_STATEMENT_NONE;
    struct vch_builder_slot *slot = find_slot(builder, value);
    if (slot->number == 0) {
        builder->public_values[builder->public_count++] = value;
        *slot = (struct vch_builder_slot){value, builder->public_count};
    }
    return VCH_STATEMENT_PUBLIC + slot->number - 1;
}

struct vch_hint *vch_builder_hint(struct vch_builder *builder, enum vch_hint_kind kind,
                                  struct vch_grid grid)
{
    struct vch_hint *hint = &builder->spare;

    if (VCH_BUILDER_PARTS_GROW(builder, hints, hint_count, hint_room))
        hint = &builder->hints[builder->hint_count++];
    *hint = (struct vch_hint){.kind = kind, .grid = grid};
    return hint;
}

// Told as soon as it is known: how many samples there are may be an adversary's word, and each
// takes memory.
static void count_places(struct vch_builder *builder, enum vch_section_kind kind,
                         struct vch_grid grid)
{
    const uint64_t most = (uint64_t)1 << VCH_STATEMENT_LOG_PLACES_MAX;
    uint64_t *places = &builder->places[kind == VCH_SECTION_ZERO];

    *places += (uint64_t)grid.rows * grid.lanes;
    if (*places <= most) return;
    *places = most;
    vch_builder_fail(builder,
                     vch_complain(builder->complaint, VCH_CODE_LIMIT,
                                  "a proof would have more than %" PRIu64 " places: prove fewer "
                                  "operators or samples at once",
                                  most));
}

static struct vch_builder_item *add_item(struct vch_builder *builder, enum vch_section_kind kind,
                                         struct vch_grid grid, const struct vch_expression *entries,
                                         uint32_t count)
{
    struct vch_expression *copy = VCH_ARENA_NEW(builder->arena, struct vch_expression, count);

    VCH_ASSERT(count >= 1 && count <= VCH_STATEMENT_ENTRIES_MAX);
    count_places(builder, kind, grid);
    if (copy == NULL) fail_memory(builder);
    if (copy == NULL || !VCH_BUILDER_PARTS_GROW(builder, items, item_count, item_room)) return NULL;
    memcpy(copy, entries, count * sizeof *copy);
    struct vch_builder_item *item = &builder->items[builder->item_count++];
    *item = (struct vch_builder_item){
        .kind = kind, .grid = grid, .entry_count = count, .entries = copy};
    return item;
}

void vch_builder_lookup(struct vch_builder *builder, struct vch_grid grid, uint32_t table,
                        const struct vch_expression *entries, uint32_t entry_count)
{
    struct vch_builder_item *item =
        add_item(builder, VCH_SECTION_LOOKUP, grid, entries, entry_count);

    if (item != NULL) item->table = table;
}

void vch_builder_zero(struct vch_builder *builder, struct vch_grid grid,
                      const struct vch_expression *expression)
{
    (void)add_item(builder, VCH_SECTION_ZERO, grid, expression, 1);
}

static uint32_t widest_of(struct vch_grid grid, struct vch_scalar widths)
{
    uint64_t widest = widths.lanes == NULL ? widths.one : 0;

    for (uint32_t o = 0; widths.lanes != NULL && o < grid.lanes; o++)
        if (widths.lanes[o] > widest) widest = widths.lanes[o];
    VCH_ASSERT(widest <= VCH_BUILDER_WIDTH_MAX);
    return (uint32_t)widest;
}

void vch_builder_range(struct vch_builder *builder, struct vch_grid grid,
                       const struct vch_expression *expression, struct vch_scalar widths)
{
    struct vch_builder_item *item = add_item(builder, VCH_SECTION_LOOKUP, grid, expression, 1);

    if (item == NULL) return;
    item->is_range = true;
    item->widths = widths;
    item->widest = widest_of(grid, widths);
    item->hint = builder->hint_count;
    builder->range_counts[item->widest] += (uint64_t)grid.rows * grid.lanes;
    struct vch_hint *hint = vch_builder_hint(builder, VCH_HINT_LIMBS, grid);
    hint->expression = *expression;
    hint->shifts = widths;
}

struct vch_cells vch_builder_spread(struct vch_view view, struct vch_grid grid)
{
    if (view.list != NULL) return (struct vch_cells){.list = view.list};
    return (struct vch_cells){.first = view.first, .row_step = grid.lanes, .lane_step = 1};
}
