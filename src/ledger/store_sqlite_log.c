// The log in SQLite: a row an entry, with the nodes that it completes, and one row for the head.
#include <inttypes.h>
#include <string.h>

#include "ledger/store_order.h"
#include "ledger/store_record.h"
#include "ledger/store_sqlite_parts.h"

vch_status vch_store_sqlite_parts_head(struct vch_store_engine *engine, struct vch_store_head *out,
                                       struct vch_complaint *complaint)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);
    uint8_t *record = NULL;
    size_t size = 0;

    vch_arena_release(&sqlite->arena);
    VCH_TRY(vch_database_get(&sqlite->database,
                             vch_database_take(&sqlite->database, VCH_STORE_SQLITE_HEAD), &record,
                             &size, &sqlite->arena, complaint));
    if (record != NULL) return vch_store_record_decode_head(out, record, size, complaint);
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s has no head: the file was damaged; restore it from a copy",
                        sqlite->database.path);
}

vch_status vch_store_sqlite_parts_check_ends(struct vch_store_sqlite *sqlite, uint64_t size,
                                             struct vch_complaint *complaint)
{
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, VCH_STORE_SQLITE_ENDS);
    bool is_row = false;

    VCH_TRY(vch_database_next(&sqlite->database, statement, &is_row, complaint));
    uint64_t first = is_row ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    uint64_t end = is_row ? (uint64_t)sqlite3_column_int64(statement, 1) : 0;
    (void)sqlite3_reset(statement);
    if (first == 0 && end == size) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s: the head counts %" PRIu64 " entries, and the entries go from %" PRIu64
                        " to %" PRIu64 ": the file was damaged; restore it from a copy",
                        sqlite->database.path, size, first, end);
}

static vch_status append_rows(struct vch_store_sqlite *sqlite, const struct vch_store_group *group,
                              struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(&sqlite->arena);
    const struct vch_digest *nodes = group->nodes;

    for (uint32_t i = 0; i < group->count; i++) {
        uint64_t position = group->before.size + i;
        sqlite3_stmt *statement = vch_database_take(&sqlite->database, VCH_STORE_SQLITE_APPEND);
        size_t size = 0;
        uint8_t *record = vch_store_record_encode_nodes(&size, position, 1, nodes, &sqlite->arena);
        if (record == NULL) return VCH_FAIL(NO_MEMORY);
        nodes += vch_store_order_between(position, 1);
        (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)position);
        vch_database_bind(statement, 2, record, size);
        vch_database_bind(statement, 3, group->entries[i].bytes, group->entries[i].size);
        VCH_TRY(vch_database_run(&sqlite->database, statement, complaint));
        vch_arena_rewind(&sqlite->arena, mark);
    }
    return VCH_OK;
}

// Inside a transaction that nobody else writes beside.
static vch_status append_group(struct vch_store_sqlite *sqlite, const struct vch_store_group *group,
                               struct vch_complaint *complaint)
{
    struct vch_store_head found = {0};
    uint8_t record[VCH_STORE_RECORD_HEAD_SIZE];

    VCH_TRY(vch_store_sqlite_parts_head(&sqlite->engine, &found, complaint));
    if (found.size != group->before.size || !vch_hash_is_equal(&found.root, &group->before.root))
        return VCH_FAIL(REFUSED);
    VCH_TRY(append_rows(sqlite, group, complaint));
    vch_store_record_encode_head(record, &group->after);
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, VCH_STORE_SQLITE_MOVE);
    vch_database_bind(statement, 1, record, sizeof record);
    return vch_database_run(&sqlite->database, statement, complaint);
}

// COMMIT returns when the log's pages are on stable storage (synchronous = FULL).
vch_status vch_store_sqlite_parts_append(struct vch_store_engine *engine,
                                         const struct vch_store_group *group,
                                         struct vch_complaint *complaint)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);

    VCH_TRY(vch_store_sqlite_parts_run(sqlite, VCH_STORE_SQLITE_BEGIN, complaint));
    vch_status status = append_group(sqlite, group, complaint);
    if (vch_is_ok(status))
        status = vch_store_sqlite_parts_run(sqlite, VCH_STORE_SQLITE_COMMIT, complaint);
    if (!vch_is_ok(status) && sqlite3_get_autocommit(sqlite->database.sqlite) == 0)
        (void)sqlite3_step(vch_database_take(&sqlite->database, VCH_STORE_SQLITE_ROLLBACK));
    return status;
}

static vch_status miss(const struct vch_store_sqlite *sqlite, uint64_t position,
                       struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s: entry %" PRIu64 " is missing: the file was damaged; restore it from "
                        "a copy",
                        sqlite->database.path, position);
}

// The nodes of the row at hand, which must be those of the entry at `position`.
static vch_status row_nodes(struct vch_store_sqlite *sqlite, sqlite3_stmt *statement,
                            uint64_t position, struct vch_store_completed *out,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    const uint8_t *bytes = sqlite3_column_blob(statement, 1);
    size_t size = (size_t)sqlite3_column_bytes(statement, 1);

    VCH_TRY(vch_store_record_decode_nodes(out, bytes, bytes != NULL ? size : 0, arena, complaint));
    if (sqlite3_column_int64(statement, 0) == (sqlite3_int64)position && out->first == position &&
        out->count == 1)
        return VCH_OK;
    return miss(sqlite, position, complaint);
}

static vch_status read_row(struct vch_store_sqlite *sqlite, sqlite3_stmt *statement,
                           struct vch_store_slice *out, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    struct vch_store_entry *entry = &out->entries[out->count];
    struct vch_store_completed nodes = {0};

    VCH_TRY(row_nodes(sqlite, statement, out->first + out->count, &nodes, arena, complaint));
    entry->bytes = vch_database_copy(statement, 2, &entry->size, arena);
    if (entry->bytes == NULL) return VCH_FAIL(NO_MEMORY);
    out->leaves[out->count++] = nodes.nodes[0];
    return VCH_OK;
}

static vch_status read_rows(struct vch_store_sqlite *sqlite, sqlite3_stmt *statement,
                            uint32_t count, size_t size_max, struct vch_store_slice *out,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    for (size_t total = 0; out->count < count;) {
        bool is_row = false;
        VCH_TRY(vch_database_next(&sqlite->database, statement, &is_row, complaint));
        if (!is_row) break;
        total += (size_t)sqlite3_column_bytes(statement, 2);
        if (out->count > 0 && total > size_max) break;
        VCH_TRY(read_row(sqlite, statement, out, arena, complaint));
    }
    if (out->count > 0) return VCH_OK;
    return miss(sqlite, out->first, complaint);
}

vch_status vch_store_sqlite_parts_read(struct vch_store_engine *engine, uint64_t from,
                                       uint32_t count, size_t size_max, struct vch_store_slice *out,
                                       struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, VCH_STORE_SQLITE_READ);

    *out = (struct vch_store_slice){
        .first = from,
        .entries = VCH_ARENA_NEW(arena, struct vch_store_entry, count),
        .leaves = VCH_ARENA_NEW(arena, struct vch_digest, count),
    };
    if (out->entries == NULL || out->leaves == NULL) return VCH_FAIL(NO_MEMORY);
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)from);
    vch_status status = read_rows(sqlite, statement, count, size_max, out, arena, complaint);
    (void)sqlite3_reset(statement);
    return status;
}

// As many rows as follow without a gap, their nodes one after another.
static vch_status collect_nodes(struct vch_store_sqlite *sqlite, sqlite3_stmt *statement,
                                uint32_t wanted, struct vch_store_completed *out,
                                struct vch_digest *nodes, struct vch_arena *arena,
                                struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(arena);
    bool is_row = true;

    for (uint64_t used = 0; out->count < wanted; out->count++) {
        struct vch_store_completed row = {0};
        uint64_t position = out->first + out->count;
        VCH_TRY(vch_database_next(&sqlite->database, statement, &is_row, complaint));
        if (!is_row) return VCH_OK;
        VCH_TRY(row_nodes(sqlite, statement, position, &row, arena, complaint));
        uint64_t size = vch_store_order_between(position, 1);
        memcpy(nodes + used, row.nodes, size * sizeof *nodes);
        used += size;
        vch_arena_rewind(arena, mark);
    }
    return VCH_OK;
}

vch_status vch_store_sqlite_parts_completed(struct vch_store_engine *engine, uint64_t leaf,
                                            uint32_t wanted, struct vch_store_completed *out,
                                            struct vch_arena *arena,
                                            struct vch_complaint *complaint)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, VCH_STORE_SQLITE_NODES);
    uint64_t room = vch_store_order_between(leaf, wanted);
    struct vch_digest *nodes = VCH_ARENA_NEW(arena, struct vch_digest, room);

    if (nodes == NULL) return VCH_FAIL(NO_MEMORY);
    *out = (struct vch_store_completed){.first = leaf, .nodes = nodes};
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)leaf);
    vch_status status = collect_nodes(sqlite, statement, wanted, out, nodes, arena, complaint);
    (void)sqlite3_reset(statement);
    return status;
}
