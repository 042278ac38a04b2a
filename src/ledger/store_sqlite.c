#include "ledger/store_sqlite.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/database.h"
#include "ledger/store_order.h"
#include "ledger/store_record.h"

#define APPLICATION_ID 0x76636c67 // "vclg"

enum { VERSION = 1, VALUE_MAX = 4 << 20, ARENA_MAX = 1 << 20 };

// Records (store_record.h) where their damage would otherwise go unnoticed: pages have no checksum.
static const char *const TABLES[] = {
    "CREATE TABLE blob (name BLOB PRIMARY KEY, digest BLOB NOT NULL, bytes BLOB NOT NULL) STRICT",
    "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT",
    ("CREATE TABLE entry (position INTEGER PRIMARY KEY, nodes BLOB NOT NULL, "
     "bytes BLOB NOT NULL) STRICT"),
    "CREATE TABLE head (one INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT",
};

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    HOLD,
    HEAD,
    FIRST_HEAD,
    MOVE,
    ENDS,
    APPEND,
    READ,
    NODES,
    PUT_CHECKPOINT,
    CHECKPOINT,
    LATEST,
    PUT_BLOB,
    BLOB,
    STATEMENT_COUNT,
};

static const char *const STATEMENTS[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [HOLD] = "BEGIN",
    [HEAD] = "SELECT record FROM head WHERE one = 1",
    [FIRST_HEAD] = "INSERT INTO head VALUES (1, ?1)",
    [ENDS] = ("SELECT coalesce((SELECT min(position) FROM entry), 0), "
              "coalesce((SELECT max(position) + 1 FROM entry), 0)"),
    [MOVE] = "UPDATE head SET record = ?1 WHERE one = 1",
    [APPEND] = "INSERT INTO entry VALUES (?1, ?2, ?3)",
    [READ] = "SELECT position, nodes, bytes FROM entry WHERE position >= ?1 ORDER BY position",
    [NODES] = "SELECT position, nodes FROM entry WHERE position >= ?1 ORDER BY position",
    [PUT_CHECKPOINT] = "INSERT OR REPLACE INTO checkpoint VALUES (?1, ?2)",
    [CHECKPOINT] = "SELECT record FROM checkpoint WHERE size = ?1",
    [LATEST] = "SELECT record FROM checkpoint ORDER BY size DESC LIMIT 1",
    [PUT_BLOB] = "INSERT OR REPLACE INTO blob VALUES (?1, ?2, ?3)",
    [BLOB] = "SELECT bytes, digest FROM blob WHERE name = ?1",
};

struct sqlite {
    struct vch_store_engine engine;
    struct vch_database database;
    struct vch_arena arena; // records on their way in or out
};

static vch_status head(struct vch_store_engine *engine, struct vch_store_head *out,
                       struct vch_complaint *complaint)
{
    struct sqlite *sqlite = (struct sqlite *)engine;
    uint8_t *record = NULL;
    size_t size = 0;

    vch_arena_release(&sqlite->arena);
    VCH_TRY(vch_database_get(&sqlite->database, vch_database_take(&sqlite->database, HEAD), &record,
                             &size, &sqlite->arena, complaint));
    if (record != NULL) return vch_store_record_decode_head(out, record, size, complaint);
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s has no head: the file was damaged; restore it from a copy",
                        sqlite->database.path);
}

// The first and the last entry must be where the head says; reading finds any gap between.
static vch_status check_ends(struct sqlite *sqlite, uint64_t size, struct vch_complaint *complaint)
{
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, ENDS);
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

static vch_status append_rows(struct sqlite *sqlite, const struct vch_store_group *group,
                              struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(&sqlite->arena);
    const struct vch_digest *nodes = group->nodes;

    for (uint32_t i = 0; i < group->count; i++) {
        uint64_t position = group->before.size + i;
        sqlite3_stmt *statement = vch_database_take(&sqlite->database, APPEND);
        size_t size = 0;
        uint8_t *record = vch_store_record_encode_nodes(&size, position, 1, nodes, &sqlite->arena);
        if (record == NULL) return VCH_FAIL(NO_MEMORY);
        nodes += vch_store_order_count(position + 1) - vch_store_order_count(position);
        (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)position);
        vch_database_bind(statement, 2, record, size);
        vch_database_bind(statement, 3, group->entries[i].bytes, group->entries[i].size);
        VCH_TRY(vch_database_run(&sqlite->database, statement, complaint));
        vch_arena_rewind(&sqlite->arena, mark);
    }
    return VCH_OK;
}

// Inside a transaction that nobody else writes beside.
static vch_status append_group(struct sqlite *sqlite, const struct vch_store_group *group,
                               struct vch_complaint *complaint)
{
    struct vch_store_head found = {0};
    uint8_t record[VCH_STORE_RECORD_HEAD_SIZE];

    VCH_TRY(head(&sqlite->engine, &found, complaint));
    if (found.size != group->before.size || !vch_hash_is_equal(&found.root, &group->before.root))
        return VCH_FAIL(REFUSED);
    VCH_TRY(append_rows(sqlite, group, complaint));
    vch_store_record_encode_head(record, &group->after);
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, MOVE);
    vch_database_bind(statement, 1, record, sizeof record);
    return vch_database_run(&sqlite->database, statement, complaint);
}

// COMMIT returns when the log's pages are on stable storage (synchronous = FULL).
static vch_status append(struct vch_store_engine *engine, const struct vch_store_group *group,
                         struct vch_complaint *complaint)
{
    struct sqlite *sqlite = (struct sqlite *)engine;

    VCH_TRY(vch_database_run(&sqlite->database, vch_database_take(&sqlite->database, BEGIN),
                             complaint));
    vch_status status = append_group(sqlite, group, complaint);
    if (vch_is_ok(status))
        status = vch_database_run(&sqlite->database, vch_database_take(&sqlite->database, COMMIT),
                                  complaint);
    if (!vch_is_ok(status) && sqlite3_get_autocommit(sqlite->database.sqlite) == 0)
        (void)sqlite3_step(vch_database_take(&sqlite->database, ROLLBACK));
    return status;
}

// The nodes of the row at hand, which must be those of the entry at `position`.
static vch_status row_nodes(struct sqlite *sqlite, sqlite3_stmt *statement, uint64_t position,
                            struct vch_store_completed *out, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    const uint8_t *bytes = sqlite3_column_blob(statement, 1);
    size_t size = (size_t)sqlite3_column_bytes(statement, 1);

    VCH_TRY(vch_store_record_decode_nodes(out, bytes, bytes != NULL ? size : 0, arena, complaint));
    if (sqlite3_column_int64(statement, 0) == (sqlite3_int64)position && out->first == position &&
        out->count == 1)
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s: entry %" PRIu64 " is missing: the file was damaged; restore it from "
                        "a copy",
                        sqlite->database.path, position);
}

static vch_status read_row(struct sqlite *sqlite, sqlite3_stmt *statement,
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

static vch_status read_rows(struct sqlite *sqlite, sqlite3_stmt *statement, uint32_t count,
                            size_t size_max, struct vch_store_slice *out, struct vch_arena *arena,
                            struct vch_complaint *complaint)
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
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s: entry %" PRIu64 " is missing: the file was damaged; restore it from "
                        "a copy",
                        sqlite->database.path, out->first);
}

static vch_status read_slice(struct vch_store_engine *engine, uint64_t from, uint32_t count,
                             size_t size_max, struct vch_store_slice *out, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    struct sqlite *sqlite = (struct sqlite *)engine;
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, READ);

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
static vch_status collect_nodes(struct sqlite *sqlite, sqlite3_stmt *statement, uint32_t wanted,
                                struct vch_store_completed *out, struct vch_digest *nodes,
                                struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(arena);
    bool is_row = true;

    for (uint64_t used = 0; out->count < wanted; out->count++) {
        struct vch_store_completed row = {0};
        uint64_t position = out->first + out->count;
        VCH_TRY(vch_database_next(&sqlite->database, statement, &is_row, complaint));
        if (!is_row) return VCH_OK;
        VCH_TRY(row_nodes(sqlite, statement, position, &row, arena, complaint));
        uint64_t size = vch_store_order_count(position + 1) - vch_store_order_count(position);
        memcpy(nodes + used, row.nodes, size * sizeof *nodes);
        used += size;
        vch_arena_rewind(arena, mark);
    }
    return VCH_OK;
}

static vch_status completed(struct vch_store_engine *engine, uint64_t leaf, uint32_t wanted,
                            struct vch_store_completed *out, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    struct sqlite *sqlite = (struct sqlite *)engine;
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, NODES);
    uint64_t room = vch_store_order_count(leaf + wanted) - vch_store_order_count(leaf);
    struct vch_digest *nodes = VCH_ARENA_NEW(arena, struct vch_digest, room);

    if (nodes == NULL) return VCH_FAIL(NO_MEMORY);
    *out = (struct vch_store_completed){.first = leaf, .nodes = nodes};
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)leaf);
    vch_status status = collect_nodes(sqlite, statement, wanted, out, nodes, arena, complaint);
    (void)sqlite3_reset(statement);
    return status;
}

static vch_status hold(struct vch_store_engine *engine, struct vch_complaint *complaint)
{
    struct sqlite *sqlite = (struct sqlite *)engine;

    return vch_database_run(&sqlite->database, vch_database_take(&sqlite->database, HOLD),
                            complaint);
}

static void let_go(struct vch_store_engine *engine)
{
    struct sqlite *sqlite = (struct sqlite *)engine;

    if (sqlite3_get_autocommit(sqlite->database.sqlite) != 0) return;
    (void)sqlite3_step(vch_database_take(&sqlite->database, COMMIT)); // it wrote nothing
}

static vch_status put_checkpoint(struct vch_store_engine *engine,
                                 const struct vch_store_checkpoint *checkpoint,
                                 struct vch_complaint *complaint)
{
    struct sqlite *sqlite = (struct sqlite *)engine;
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, PUT_CHECKPOINT);
    size_t size = 0;

    vch_arena_release(&sqlite->arena);
    uint8_t *record = vch_store_record_encode_checkpoint(&size, checkpoint, &sqlite->arena);
    if (record == NULL) return VCH_FAIL(NO_MEMORY);
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)checkpoint->tree.size);
    vch_database_bind(statement, 2, record, size);
    return vch_database_run(&sqlite->database, statement, complaint);
}

static vch_status checkpoint(struct vch_store_engine *engine, uint64_t size,
                             struct vch_store_checkpoint *out, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    struct sqlite *sqlite = (struct sqlite *)engine;
    sqlite3_stmt *statement =
        vch_database_take(&sqlite->database, size == UINT64_MAX ? LATEST : CHECKPOINT);
    uint8_t *record = NULL;
    size_t record_size = 0;

    if (size != UINT64_MAX) (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)size);
    VCH_TRY(
        vch_database_get(&sqlite->database, statement, &record, &record_size, arena, complaint));
    if (record == NULL) return VCH_OK;
    return vch_store_record_decode_checkpoint(out, record, record_size, complaint);
}

static vch_status put_blob(struct vch_store_engine *engine, const struct vch_digest *name,
                           const struct vch_digest *digest, const void *bytes, size_t size,
                           struct vch_complaint *complaint)
{
    struct sqlite *sqlite = (struct sqlite *)engine;
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, PUT_BLOB);

    vch_database_bind(statement, 1, name->bytes, sizeof *name);
    vch_database_bind(statement, 2, digest->bytes, sizeof *digest);
    vch_database_bind(statement, 3, bytes, size);
    return vch_database_run(&sqlite->database, statement, complaint);
}

static vch_status blob(struct vch_store_engine *engine, const struct vch_digest *name,
                       struct vch_digest *digest, uint8_t **out, size_t *size,
                       struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct sqlite *sqlite = (struct sqlite *)engine;
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, BLOB);
    bool is_row = false;

    vch_database_bind(statement, 1, name->bytes, sizeof *name);
    VCH_TRY(vch_database_next(&sqlite->database, statement, &is_row, complaint));
    if (!is_row) return VCH_OK;
    *out = vch_database_copy(statement, 0, size, arena);
    if (sqlite3_column_bytes(statement, 1) == sizeof *digest)
        memcpy(digest->bytes, sqlite3_column_blob(statement, 1), sizeof *digest);
    (void)sqlite3_reset(statement);
    return *out != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static vch_status audit(struct vch_store_engine *engine, uint64_t size,
                        struct vch_complaint *complaint)
{
    struct sqlite *sqlite = (struct sqlite *)engine;

    VCH_TRY(vch_database_audit(&sqlite->database, complaint));
    return check_ends(sqlite, size, complaint);
}

static void close_engine(struct vch_store_engine *engine)
{
    struct sqlite *sqlite = (struct sqlite *)engine;

    vch_database_close(&sqlite->database);
    vch_arena_release(&sqlite->arena);
    free(sqlite);
}

static const struct vch_store_engine_calls CALLS = {
    .close = close_engine,
    .head = head,
    .append = append,
    .read = read_slice,
    .completed = completed,
    .put_checkpoint = put_checkpoint,
    .checkpoint = checkpoint,
    .put_blob = put_blob,
    .blob = blob,
    .hold = hold,
    .let_go = let_go,
    .audit = audit,
};

static vch_status fill(struct vch_database *database, struct vch_complaint *complaint)
{
    struct vch_store_head empty = {.root = vch_hash_bytes(NULL, 0)};
    sqlite3_stmt *statement = vch_database_take(database, FIRST_HEAD);
    uint8_t record[VCH_STORE_RECORD_HEAD_SIZE];

    vch_store_record_encode_head(record, &empty);
    vch_database_bind(statement, 1, record, sizeof record);
    return vch_database_run(database, statement, complaint);
}

static const struct vch_database_schema SCHEMA = {
    .application_id = APPLICATION_ID,
    .version = VERSION,
    .value_max = VALUE_MAX,
    .tables = TABLES,
    .table_count = sizeof TABLES / sizeof *TABLES,
    .statements = STATEMENTS,
    .statement_count = STATEMENT_COUNT,
    .fill = fill,
};

// Head and entries as one transaction left them.
static vch_status start(struct sqlite *sqlite, struct vch_complaint *complaint)
{
    struct vch_store_head found = {0};

    VCH_TRY(vch_database_run(&sqlite->database, vch_database_take(&sqlite->database, BEGIN),
                             complaint));
    vch_status status = head(&sqlite->engine, &found, complaint);
    if (vch_is_ok(status)) status = check_ends(sqlite, found.size, complaint);
    VCH_TRY(vch_database_run(&sqlite->database, vch_database_take(&sqlite->database, COMMIT),
                             complaint));
    return status;
}

vch_status vch_store_sqlite_open(struct vch_store_engine **out, const char *path,
                                 const struct vch_store_options *options,
                                 struct vch_complaint *complaint)
{
    struct sqlite *sqlite = calloc(1, sizeof *sqlite);

    if (sqlite == NULL) return VCH_FAIL(NO_MEMORY);
    sqlite->engine.calls = &CALLS;
    vch_arena_init(&sqlite->arena, ARENA_MAX);
    vch_status status = vch_database_open(&sqlite->database, path, &SCHEMA, options->create,
                                          options->patience_ms, complaint);
    if (vch_is_ok(status)) status = start(sqlite, complaint);
    if (!vch_is_ok(status)) {
        close_engine(&sqlite->engine);
        return status;
    }
    *out = &sqlite->engine;
    return VCH_OK;
}
