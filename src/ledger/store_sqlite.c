#include "ledger/store_sqlite.h"

#include <stdlib.h>

#include "ledger/store_record.h"
#include "ledger/store_sqlite_parts.h"

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

static const char *const STATEMENTS[VCH_STORE_SQLITE_STATEMENT_COUNT] = {
    [VCH_STORE_SQLITE_BEGIN] = "BEGIN IMMEDIATE",
    [VCH_STORE_SQLITE_COMMIT] = "COMMIT",
    [VCH_STORE_SQLITE_ROLLBACK] = "ROLLBACK",
    [VCH_STORE_SQLITE_HOLD] = "BEGIN",
    [VCH_STORE_SQLITE_HEAD] = "SELECT record FROM head WHERE one = 1",
    [VCH_STORE_SQLITE_FIRST_HEAD] = "INSERT INTO head VALUES (1, ?1)",
    [VCH_STORE_SQLITE_ENDS] = ("SELECT coalesce((SELECT min(position) FROM entry), 0), "
                               "coalesce((SELECT max(position) + 1 FROM entry), 0)"),
    [VCH_STORE_SQLITE_MOVE] = "UPDATE head SET record = ?1 WHERE one = 1",
    [VCH_STORE_SQLITE_APPEND] = "INSERT INTO entry VALUES (?1, ?2, ?3)",
    [VCH_STORE_SQLITE_READ] =
        "SELECT position, nodes, bytes FROM entry WHERE position >= ?1 ORDER BY position",
    [VCH_STORE_SQLITE_NODES] =
        "SELECT position, nodes FROM entry WHERE position >= ?1 ORDER BY position",
    [VCH_STORE_SQLITE_PUT_CHECKPOINT] = "INSERT OR REPLACE INTO checkpoint VALUES (?1, ?2)",
    [VCH_STORE_SQLITE_CHECKPOINT] = "SELECT record FROM checkpoint WHERE size = ?1",
    [VCH_STORE_SQLITE_LATEST] = "SELECT record FROM checkpoint ORDER BY size DESC LIMIT 1",
    [VCH_STORE_SQLITE_PUT_BLOB] = "INSERT OR REPLACE INTO blob VALUES (?1, ?2, ?3)",
    [VCH_STORE_SQLITE_BLOB] = "SELECT bytes, digest FROM blob WHERE name = ?1",
};

vch_status vch_store_sqlite_parts_run(struct vch_store_sqlite *sqlite,
                                      enum vch_store_sqlite_statement statement,
                                      struct vch_complaint *complaint)
{
    return vch_database_run(&sqlite->database, vch_database_take(&sqlite->database, (int)statement),
                            complaint);
}

static vch_status hold(struct vch_store_engine *engine, struct vch_complaint *complaint)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);

    return vch_store_sqlite_parts_run(sqlite, VCH_STORE_SQLITE_HOLD, complaint);
}

static void let_go(struct vch_store_engine *engine)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);

    if (sqlite3_get_autocommit(sqlite->database.sqlite) != 0) return;
    // It wrote nothing, so nothing can be lost.
    (void)sqlite3_step(vch_database_take(&sqlite->database, VCH_STORE_SQLITE_COMMIT));
}

static vch_status audit(struct vch_store_engine *engine, uint64_t size,
                        struct vch_complaint *complaint)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);

    VCH_TRY(vch_database_audit(&sqlite->database, complaint));
    return vch_store_sqlite_parts_check_ends(sqlite, size, complaint);
}

static void close_engine(struct vch_store_engine *engine)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);

    vch_database_close(&sqlite->database);
    vch_arena_release(&sqlite->arena);
    free(sqlite);
}

static const struct vch_store_engine_calls CALLS = {
    .close = close_engine,
    .head = vch_store_sqlite_parts_head,
    .append = vch_store_sqlite_parts_append,
    .read = vch_store_sqlite_parts_read,
    .completed = vch_store_sqlite_parts_completed,
    .put_checkpoint = vch_store_sqlite_parts_put_checkpoint,
    .checkpoint = vch_store_sqlite_parts_checkpoint,
    .put_blob = vch_store_sqlite_parts_put_blob,
    .blob = vch_store_sqlite_parts_blob,
    .hold = hold,
    .let_go = let_go,
    .audit = audit,
};

static vch_status fill(struct vch_database *database, struct vch_complaint *complaint)
{
    struct vch_store_head empty = {.root = vch_hash_bytes(NULL, 0)};
    sqlite3_stmt *statement = vch_database_take(database, VCH_STORE_SQLITE_FIRST_HEAD);
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
    .statement_count = VCH_STORE_SQLITE_STATEMENT_COUNT,
    .fill = fill,
};

// Head and entries as one transaction left them.
static vch_status start(struct vch_store_sqlite *sqlite, struct vch_complaint *complaint)
{
    struct vch_store_head found = {0};

    VCH_TRY(vch_store_sqlite_parts_run(sqlite, VCH_STORE_SQLITE_BEGIN, complaint));
    vch_status status = vch_store_sqlite_parts_head(&sqlite->engine, &found, complaint);
    if (vch_is_ok(status))
        status = vch_store_sqlite_parts_check_ends(sqlite, found.size, complaint);
    VCH_TRY(vch_store_sqlite_parts_run(sqlite, VCH_STORE_SQLITE_COMMIT, complaint));
    return status;
}

vch_status vch_store_sqlite_open(struct vch_store_engine **out, const char *path,
                                 const struct vch_store_options *options,
                                 struct vch_complaint *complaint)
{
    struct vch_store_sqlite *sqlite = calloc(1, sizeof *sqlite);

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
