// A statement in the making: cells of the witness, public cells, tables, sections, and hints that
// tell a witness maker what the cells hold.
//
// Whoever verifies builds the same statement and ignores the hints. Errors stay: after the first
// one every call still gives something harmless, and vch_builder_status says what went wrong, so
// that operators read straight through. Only lists may come back NULL.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "circuit/hint.h"
#include "proof/statement.h"

#define VCH_BUILDER_RANGE 0u      // the table of ranges is always number 0
#define VCH_BUILDER_WIDTH_MAX 62u // bits of what is looked up in a range
#define VCH_BUILDER_LIMB_MIN 4u   // W, the width of a limb, is between these
#define VCH_BUILDER_LIMB_MAX 16u
#define VCH_BUILDER_SATURATIONS_MAX 64u
#define VCH_BUILDER_SATURATION_BITS 17u  // of a quotient that a table clamps
#define VCH_BUILDER_CELLS_MAX (1u << 30) // of all oracles

// Numbers of cells, one for each element: `list`, or without a list first, first + 1, ...
struct vch_view {
    const uint32_t *list;
    uint32_t first, count;
};

enum vch_table_kind {
    VCH_TABLE_RANGE,       // (w, v)
    VCH_TABLE_CLAMP,       // (y, sign), of lo and hi
    VCH_TABLE_SATURATION,  // (q, clamp(q, lo, hi)), for q of so many bits
    VCH_TABLE_FUNCTION,    // (x, T[x]) for x = lo .. hi, of a table of the model
    VCH_TABLE_EXPONENTIAL, // (d, T[-d]) for d = 0 .. hi, likewise
    VCH_TABLE_COMMITTED,   // of cells
};

struct vch_builder_table {
    enum vch_table_kind kind;
    int64_t lo, hi;
    uint32_t function; // the model's table
    struct vch_grid grid;
    uint32_t entry_count;
    const struct vch_expression *entries;
    struct vch_digest digest; // of all of this
};

// A look-up, a zero, or a check of a range, whose limbs come at the end.
struct vch_builder_item {
    enum vch_section_kind kind;
    bool is_range;
    struct vch_grid grid;
    uint32_t table, entry_count;
    const struct vch_expression *entries;
    struct vch_scalar widths; // is_range
    uint32_t widest;
    uint32_t hint; // is_range: the number of its LIMBS
};

struct vch_builder_slot { // of a hash table
    uint64_t value;
    uint32_t number; // plus 1; 0 is free
};

// Quotients clamped to lo .. hi: what a table for all of those with at most so many bits would
// save, in look-ups and cells; and the bits of the table, 0 where there is none. Known after one
// building of the statement, used in another.
struct vch_builder_saturation {
    int64_t lo, hi;
    uint64_t savings[VCH_BUILDER_SATURATION_BITS + 1];
    uint32_t bits;
};

struct vch_builder_saturations {
    uint32_t count;
    struct vch_builder_saturation items[VCH_BUILDER_SATURATIONS_MAX];
};

struct vch_builder {
    struct vch_arena *arena;
    struct vch_complaint *complaint;
    vch_status status;               // the first failure
    uint32_t first_cell, cell_count; // of the witness

    uint32_t item_count, item_room;
    struct vch_builder_item *items;
    uint32_t table_count, table_room;
    struct vch_builder_table *tables; // from number 1 on
    uint32_t table_slot_count;        // a power of two
    uint32_t *table_slots;            // numbers of tables by digest; 0 is free
    uint64_t places[2];               // of look-ups and of zeros, tables apart
    uint32_t hint_count, hint_room;
    struct vch_hint *hints;
    struct vch_hint spare; // given away where there is no memory
    uint32_t public_count, public_room;
    uint64_t *public_values;
    uint32_t slot_count; // a power of two
    struct vch_builder_slot *slots;
    struct vch_builder_saturations saturations;
    uint64_t range_counts[VCH_BUILDER_WIDTH_MAX + 1]; // places by width
};

// The witness begins at cell `first_cell`.
void vch_builder_init(struct vch_builder *out, uint32_t first_cell, struct vch_arena *arena,
                      struct vch_complaint *complaint);

vch_status vch_builder_status(const struct vch_builder *builder);
void vch_builder_fail(struct vch_builder *builder, vch_status status); // unless one stands

// `count` new cells of the witness.
struct vch_view vch_builder_cells(struct vch_builder *builder, uint32_t count);
// The public cell of an element of F, always the same for the same value.
uint32_t vch_builder_public(struct vch_builder *builder, uint64_t value);
// Room for numbers of cells, and for scalars of lanes; NULL where there is no memory.
uint32_t *vch_builder_list(struct vch_builder *builder, size_t count);
uint64_t *vch_builder_scalars(struct vch_builder *builder, size_t count);
// A hint to fill in.
struct vch_hint *vch_builder_hint(struct vch_builder *builder, enum vch_hint_kind kind,
                                  struct vch_grid grid);

// The tuple of the entries is a row of a table; the expression is 0; it is in 0 .. 2^w - 1. What
// entries point to is borrowed, the entries themselves are copied.
void vch_builder_lookup(struct vch_builder *builder, struct vch_grid grid, uint32_t table,
                        const struct vch_expression *entries, uint32_t entry_count);
void vch_builder_zero(struct vch_builder *builder, struct vch_grid grid,
                      const struct vch_expression *expression);
void vch_builder_range(struct vch_builder *builder, struct vch_grid grid,
                       const struct vch_expression *expression, struct vch_scalar widths);

// The number of a table, made where it is asked for the first time.
uint32_t vch_builder_clamp(struct vch_builder *builder, int64_t lo, int64_t hi);
uint32_t vch_builder_saturated(struct vch_builder *builder, int64_t lo, int64_t hi, uint32_t bits);
uint32_t vch_builder_function(struct vch_builder *builder, const struct vch_graph *graph,
                              uint32_t table, int64_t lo, int64_t hi);
uint32_t vch_builder_exponential(struct vch_builder *builder, const struct vch_graph *graph,
                                 uint32_t table, int64_t most);
// The table whose rows are the entries' values at each (row, lane), without products: one for all
// that hold the same cells in every row.
uint32_t vch_builder_committed(struct vch_builder *builder, struct vch_grid grid,
                               const struct vch_expression *entries, uint32_t entry_count);

// The bits of the table that clamps quotients of `bits` bits to lo .. hi, or 0: there is none.
// Remembers that it would have saved so much.
uint32_t vch_builder_saturation(struct vch_builder *builder, int64_t lo, int64_t hi, uint32_t bits,
                                uint64_t saving);
// The tables that are worth their rows, from what was remembered: for the next building.
void vch_builder_choose(struct vch_builder_saturations *out, const struct vch_builder *builder);

// Chooses the limbs' width, allocates limbs and multiplicities, and lists the sections. `out` has
// its context, columns and all oracles but the witness, which this adds; it is then sealed.
vch_status vch_builder_finish(struct vch_builder *builder, struct vch_statement *out);

// The cells of a view on a grid, element after element; or by strides, from element `first` on.
struct vch_cells vch_builder_spread(struct vch_view view, struct vch_grid grid);
static inline uint32_t vch_builder_cell(struct vch_view view, uint32_t element)
{
    return view.list != NULL ? view.list[element] : view.first + element;
}
