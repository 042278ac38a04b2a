#include "proof/statement.h"

#include <inttypes.h>

#include "proof/oracle.h"
#include "proof/slots.h"
#include "proof/statement_cells.h"

enum { DIGEST = VCH_DIGEST_SIZE, EXTENSION = 16 };

static vch_status limit(struct vch_complaint *complaint, const char *what, uint64_t found,
                        uint64_t most)
{
    if (found <= most) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT,
                        "a statement with %" PRIu64 " %s is larger than proofs go (%" PRIu64
                        "): prove fewer samples or fewer operators at once",
                        found, what, most);
}

static vch_status check_shape(struct vch_statement *statement, struct vch_complaint *complaint)
{
    uint64_t rows = 0;

    if (statement->log_columns < VCH_STATEMENT_LOG_COLUMNS_MIN ||
        statement->log_columns > VCH_STATEMENT_LOG_COLUMNS_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "2^%u cells a row, expected 2^%u to 2^%u",
                            statement->log_columns, VCH_STATEMENT_LOG_COLUMNS_MIN,
                            VCH_STATEMENT_LOG_COLUMNS_MAX);
    if (statement->oracle_count < 1 || statement->oracle_count > VCH_STATEMENT_ORACLES_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "%u oracles, expected 1 to %u",
                            statement->oracle_count, VCH_STATEMENT_ORACLES_MAX);
    for (uint32_t i = 0; i < statement->oracle_count; i++) {
        if (statement->oracles[i].rows == 0)
            return vch_complain(complaint, VCH_CODE_USAGE, "oracle %u has no rows", i);
        rows += statement->oracles[i].rows;
    }
    VCH_TRY(limit(complaint, "cells", rows << statement->log_columns, VCH_STATEMENT_PUBLIC));
    VCH_TRY(limit(complaint, "public cells", statement->public_count, VCH_STATEMENT_PUBLIC - 1));
    statement->row_count = (uint32_t)rows;
    statement->log_cells = statement->log_columns + vch_slots_log(rows);
    return VCH_OK;
}

// By table: the entries of its sections; 0 where none has come yet.
struct tables {
    uint8_t entries[VCH_STATEMENT_TABLES_MAX];
};

// Sections of one table have one number of entries.
static vch_status check_table(const struct vch_section *section, uint32_t index,
                              struct tables *tables, struct vch_complaint *complaint)
{
    if (section->table >= VCH_STATEMENT_TABLES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "section %u has table %u of at most %u",
                            index, section->table, VCH_STATEMENT_TABLES_MAX);
    uint8_t *entries = &tables->entries[section->table];
    if (*entries == 0) *entries = (uint8_t)section->entry_count;
    if (*entries == section->entry_count) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "section %u of table %u has %u entries, another has %u", index,
                        section->table, section->entry_count, *entries);
}

static vch_status check_section(const struct vch_statement *statement, uint32_t index,
                                struct tables *tables, struct vch_complaint *complaint)
{
    const struct vch_section *section = &statement->sections[index];
    const uint32_t most = section->kind == VCH_SECTION_ZERO ? 1 : VCH_STATEMENT_ENTRIES_MAX;

    if (section->kind > VCH_SECTION_ZERO || (index > 0 && section->kind < section[-1].kind))
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "section %u is not in the order of look-ups, tables, zeros", index);
    if (section->rows == 0 || section->lanes == 0)
        return vch_complain(complaint, VCH_CODE_USAGE, "section %u has %u rows of %u lanes", index,
                            section->rows, section->lanes);
    if (section->entry_count < 1 || section->entry_count > most)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "section %u has %u entries, expected 1 to %u", index,
                            section->entry_count, most);
    if (section->kind == VCH_SECTION_ZERO) return VCH_OK;
    return check_table(section, index, tables, complaint);
}

// Stops at the first summand past the limit, so that nothing overflows.
static uint64_t skip_slots(uint64_t next, const struct vch_section *section)
{
    const uint64_t most = (uint64_t)1 << VCH_STATEMENT_LOG_SLOTS_MAX;

    for (uint32_t e = 0; e < section->entry_count; e++) {
        const struct vch_expression *entry = &section->entries[e];
        for (uint32_t i = 0; i < entry->product_count && next <= most; i++)
            vch_slots_product(&next, section);
        for (uint32_t i = 0; i < entry->matrix_count && next <= most; i++)
            vch_slots_matrix(&next, &entry->matrices[i]);
    }
    return next;
}

struct ends {
    uint64_t places, zero_places, slots;
};

// Every end is checked against its limit before the next section adds to it, so that sums of
// 32-bit numbers and of products of two cannot overflow.
static vch_status place_section(struct vch_section *section, struct ends *ends,
                                struct vch_complaint *complaint)
{
    uint64_t *end = section->kind == VCH_SECTION_ZERO ? &ends->zero_places : &ends->places;

    section->log_lanes = vch_slots_log(section->lanes);
    const uint64_t lanes = (uint64_t)1 << section->log_lanes;
    const uint64_t base = (*end + lanes - 1) / lanes * lanes;
    VCH_TRY(limit(complaint, "lanes", lanes, (uint64_t)1 << VCH_STATEMENT_LOG_PLACES_MAX));
    *end = base + section->rows * lanes;
    VCH_TRY(limit(complaint, "places", *end, (uint64_t)1 << VCH_STATEMENT_LOG_PLACES_MAX));
    section->base = (uint32_t)base;

    section->first_slot = (uint32_t)ends->slots;
    ends->slots = skip_slots(ends->slots, section);
    return limit(complaint, "slots of products", ends->slots,
                 (uint64_t)1 << VCH_STATEMENT_LOG_SLOTS_MAX);
}

// M, T and L: section 5.
static vch_status count_messages(struct vch_statement *statement, struct vch_complaint *complaint)
{
    const uint32_t nu = statement->log_places;

    statement->message_count = 2 + 3 * (nu * (nu - 1) / 2) + 4 * nu + 1 + 3 * statement->log_slots +
                               2 + 3 * statement->log_cells;
    statement->product_count = 1 + 3 * nu + 1;
    statement->pad_count = statement->message_count + 4 * statement->product_count;
    statement->log_pad_row = vch_slots_log(statement->pad_count + VCH_ORACLE_POSITIONS);
    if (statement->log_pad_row <= statement->log_columns + 1) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT,
                        "rows of 2^%u cells are too short for %u pads: expected 2^%u",
                        statement->log_columns, statement->pad_count, statement->log_pad_row - 1);
}

vch_status vch_statement_seal(struct vch_statement *statement, struct vch_complaint *complaint)
{
    struct ends ends = {0, 0, 0};
    struct tables tables = {{0}};

    VCH_TRY(check_shape(statement, complaint));
    for (uint32_t i = 0; i < statement->section_count; i++) {
        VCH_TRY(check_section(statement, i, &tables, complaint));
        VCH_TRY(vch_statement_cells_check(statement, i, complaint));
        VCH_TRY(place_section(&statement->sections[i], &ends, complaint));
    }
    statement->log_places = vch_slots_log(ends.places < 2 ? 2 : ends.places);
    statement->log_zero_places = vch_slots_log(ends.zero_places);
    statement->log_slots = vch_slots_log(ends.slots);
    return count_messages(statement, complaint);
}

size_t vch_statement_proof_size(const struct vch_statement *statement)
{
    const size_t said = statement->message_count + 2 * (size_t)statement->product_count;
    const size_t rows =
        ((size_t)2 << statement->log_columns) + ((size_t)1 << statement->log_pad_row);
    const size_t rows_max =
        SIZE_MAX / 16384; // of an oracle: so that no sum wraps, if size_t is narrow
    size_t size = DIGEST + EXTENSION * (said + 1 + rows);

    for (uint32_t i = 0; i < statement->oracle_count; i++) {
        const size_t extra = i + 1 == statement->oracle_count ? VCH_ORACLE_EXTRA_ROWS : 0;
        if (statement->oracles[i].rows > rows_max) return SIZE_MAX; // which no proof has
        size += vch_oracle_opening_size(statement->log_columns, statement->oracles[i].rows + extra);
    }
    return size;
}
