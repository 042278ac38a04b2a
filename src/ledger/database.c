#include "ledger/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/check.h"
#include "host/clock.h"
#include "host/file.h"
#include "ledger/database_parts.h"

enum { PAUSE_MS = 5 };

// What SQLite's results mean for the caller, and what to do; anything else is the disk's.
static const struct {
    int result;
    enum vch_code code;
    const char *advice;
} MEANINGS[] = {
    {SQLITE_BUSY, VCH_CODE_BUSY, "another process kept it locked; try again"},
    {SQLITE_LOCKED, VCH_CODE_BUSY, "another process kept it locked; try again"},
    {SQLITE_NOMEM, VCH_CODE_NO_MEMORY, "free some memory"},
    {SQLITE_CORRUPT, VCH_CODE_MALFORMED, VCH_DATABASE_PARTS_RESTORE},
    {SQLITE_ERROR, VCH_CODE_MALFORMED, VCH_DATABASE_PARTS_RESTORE},
    {SQLITE_TOOBIG, VCH_CODE_MALFORMED, VCH_DATABASE_PARTS_RESTORE},
    {SQLITE_CONSTRAINT, VCH_CODE_MALFORMED, VCH_DATABASE_PARTS_RESTORE},
    {SQLITE_NOTADB, VCH_CODE_MALFORMED, "it is no database: check the path, or restore the file"},
    {SQLITE_FULL, VCH_CODE_IO, "make room on the disk, then open it again"},
    {SQLITE_CANTOPEN, VCH_CODE_IO, "check the path and the folder's permissions"},
};

vch_status vch_database_parts_refuse(const struct vch_database *database, int result,
                                     struct vch_complaint *complaint)
{
    const char *why = sqlite3_errmsg(database->sqlite);

    for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++)
        if (MEANINGS[i].result == (result & 0xff))
            return vch_complain(complaint, MEANINGS[i].code, "%s: %s: %s", database->path, why,
                                MEANINGS[i].advice);
    return vch_complain(complaint, VCH_CODE_IO,
                        "%s: %s: check the disk and the file's permissions, then open it again",
                        database->path, why);
}

vch_status vch_database_parts_execute(struct vch_database *database, const char *text,
                                      struct vch_complaint *complaint)
{
    int result = sqlite3_exec(database->sqlite, text, NULL, NULL, NULL);

    return result == SQLITE_OK ? VCH_OK : vch_database_parts_refuse(database, result, complaint);
}

sqlite3_stmt *vch_database_take(struct vch_database *database, int statement)
{
    sqlite3_stmt *taken = database->statements[statement];

    (void)sqlite3_reset(taken);
    (void)sqlite3_clear_bindings(taken);
    return taken;
}

// A null pointer would be stored as no value at all, so an empty one is bound by its size.
void vch_database_bind(sqlite3_stmt *statement, int column, const void *bytes, size_t size)
{
    int result = size == 0 ? sqlite3_bind_zeroblob(statement, column, 0)
                           : sqlite3_bind_blob64(statement, column, bytes, size, SQLITE_STATIC);

    VCH_ASSERT(result == SQLITE_OK);
}

vch_status vch_database_run(struct vch_database *database, sqlite3_stmt *statement,
                            struct vch_complaint *complaint)
{
    int result = sqlite3_step(statement);

    if (result != SQLITE_DONE) VCH_TRY(vch_database_parts_refuse(database, result, complaint));
    (void)sqlite3_reset(statement);
    return VCH_OK;
}

vch_status vch_database_next(struct vch_database *database, sqlite3_stmt *statement, bool *is_row,
                             struct vch_complaint *complaint)
{
    int result = sqlite3_step(statement);

    *is_row = result == SQLITE_ROW;
    if (result == SQLITE_ROW) return VCH_OK;
    vch_status status =
        result == SQLITE_DONE ? VCH_OK : vch_database_parts_refuse(database, result, complaint);
    (void)sqlite3_reset(statement);
    return status;
}

uint8_t *vch_database_copy(sqlite3_stmt *statement, int column, size_t *size,
                           struct vch_arena *arena)
{
    const void *bytes = sqlite3_column_blob(statement, column);
    *size = (size_t)sqlite3_column_bytes(statement, column);
    uint8_t *copy = vch_arena_alloc(arena, *size, 1);

    if (copy != NULL && bytes != NULL) memcpy(copy, bytes, *size);
    return copy;
}

vch_status vch_database_get(struct vch_database *database, sqlite3_stmt *statement, uint8_t **out,
                            size_t *size, struct vch_arena *arena, struct vch_complaint *complaint)
{
    bool is_row = false;

    *out = NULL;
    VCH_TRY(vch_database_next(database, statement, &is_row, complaint));
    if (!is_row) return VCH_OK;
    *out = vch_database_copy(statement, 0, size, arena);
    (void)sqlite3_reset(statement);
    return *out != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

vch_status vch_database_parts_query(struct vch_database *database, const char *text, char *out,
                                    size_t size, struct vch_complaint *complaint)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database->sqlite, text, -1, &statement, NULL);

    out[0] = '\0';
    if (result == SQLITE_OK) result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        const unsigned char *value = sqlite3_column_text(statement, 0);
        (void)snprintf(out, size, "%s", value != NULL ? (const char *)value : "");
        result = SQLITE_DONE;
    }
    vch_status status =
        result == SQLITE_DONE ? VCH_OK : vch_database_parts_refuse(database, result, complaint);
    (void)sqlite3_finalize(statement);
    return status;
}

static vch_status configure(struct vch_database *database, uint32_t patience_ms,
                            struct vch_complaint *complaint)
{
    char mode[16];

    (void)sqlite3_extended_result_codes(database->sqlite, 1);
    (void)sqlite3_busy_timeout(database->sqlite, (int)patience_ms);
    (void)sqlite3_limit(database->sqlite, SQLITE_LIMIT_LENGTH, (int)database->schema->value_max);
    (void)sqlite3_db_config(database->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    VCH_TRY(vch_database_parts_execute(database,
                                       "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                                       "PRAGMA mmap_size = 0; PRAGMA synchronous = FULL",
                                       complaint));
    VCH_TRY(vch_database_parts_query(database, "PRAGMA journal_mode = WAL", mode, sizeof mode,
                                     complaint));
    if (strcmp(mode, "wal") == 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                        "%s: its folder does not allow a write-ahead log (journal mode \"%s\"): "
                        "use a local file system",
                        database->path, mode);
}

static vch_status open_file(struct vch_database *database, bool create,
                            struct vch_complaint *complaint)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    struct stat facts;
    bool is_there = stat(database->path, &facts) == 0;

    if (!is_there && !create)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "there is no %s: create it, or check the path", database->path);
    if (is_there && !S_ISREG(facts.st_mode))
        return vch_complain(complaint, VCH_CODE_USAGE, "%s is not a regular file: check the path",
                            database->path);
    int result = sqlite3_open_v2(database->path, &database->sqlite, flags, NULL);
    return result == SQLITE_OK ? VCH_OK : vch_database_parts_refuse(database, result, complaint);
}

static vch_status open_all(struct vch_database *database, bool create, uint32_t patience_ms,
                           struct vch_complaint *complaint)
{
    if (database->path == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(open_file(database, create, complaint));
    VCH_TRY(configure(database, patience_ms, complaint));
    VCH_TRY(vch_database_parts_check_or_make(database, create, complaint));
    // SQLite syncs the folder for its log, not for the database itself.
    return create ? vch_file_sync_name(database->path, complaint) : VCH_OK;
}

static vch_status open_once(struct vch_database *out, const char *path,
                            const struct vch_database_schema *schema, bool create,
                            uint32_t patience_ms, struct vch_complaint *complaint)
{
    *out = (struct vch_database){.schema = schema, .path = strdup(path)};
    vch_status status = open_all(out, create, patience_ms, complaint);
    if (!vch_is_ok(status)) vch_database_close(out);
    return status;
}

// SQLite waits for locks, but not while another process turns the write-ahead log on.
vch_status vch_database_open(struct vch_database *out, const char *path,
                             const struct vch_database_schema *schema, bool create,
                             uint32_t patience_ms, struct vch_complaint *complaint)
{
    uint64_t end_us = vch_clock_monotonic_us() + (uint64_t)patience_ms * 1000;

    for (;;) {
        struct vch_complaint said = {0};
        vch_status status = open_once(out, path, schema, create, patience_ms, &said);
        if (vch_is_ok(status)) return VCH_OK;
        if (status.code != VCH_CODE_BUSY || vch_clock_monotonic_us() >= end_us)
            return vch_complain(complaint, status.code, "%s", said.text);
        (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    }
}

void vch_database_close(struct vch_database *database)
{
    for (int i = 0; i < VCH_DATABASE_STATEMENTS_MAX; i++)
        (void)sqlite3_finalize(database->statements[i]);
    (void)sqlite3_close(database->sqlite);
    free(database->path);
    *database = (struct vch_database){0};
}

vch_status vch_database_audit(struct vch_database *database, struct vch_complaint *complaint)
{
    char text[256];

    VCH_TRY(vch_database_parts_query(database, "PRAGMA integrity_check(1)", text, sizeof text,
                                     complaint));
    if (strcmp(text, "ok") == 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED, "%s: %s: " VCH_DATABASE_PARTS_RESTORE,
                        database->path, text);
}
