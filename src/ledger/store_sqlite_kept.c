// What SQLite keeps beside the log: checkpoints by their size, and blobs by a name.
#include <string.h>

#include "ledger/store_record.h"
#include "ledger/store_sqlite_parts.h"

vch_status vch_store_sqlite_parts_put_checkpoint(struct vch_store_engine *engine,
                                                 const struct vch_store_checkpoint *checkpoint,
                                                 struct vch_complaint *complaint)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, VCH_STORE_SQLITE_PUT_CHECKPOINT);
    size_t size = 0;

    vch_arena_release(&sqlite->arena);
    uint8_t *record = vch_store_record_encode_checkpoint(&size, checkpoint, &sqlite->arena);
    if (record == NULL) return VCH_FAIL(NO_MEMORY);
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)checkpoint->tree.size);
    vch_database_bind(statement, 2, record, size);
    return vch_database_run(&sqlite->database, statement, complaint);
}

vch_status vch_store_sqlite_parts_checkpoint(struct vch_store_engine *engine, uint64_t size,
                                             struct vch_store_checkpoint *out,
                                             struct vch_arena *arena,
                                             struct vch_complaint *complaint)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);
    sqlite3_stmt *statement =
        vch_database_take(&sqlite->database, size == UINT64_MAX ? VCH_STORE_SQLITE_LATEST
                                                                : VCH_STORE_SQLITE_CHECKPOINT);
    uint8_t *record = NULL;
    size_t record_size = 0;

    if (size != UINT64_MAX) (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)size);
    VCH_TRY(
        vch_database_get(&sqlite->database, statement, &record, &record_size, arena, complaint));
    if (record == NULL) return VCH_OK;
    return vch_store_record_decode_checkpoint(out, record, record_size, complaint);
}

vch_status vch_store_sqlite_parts_put_blob(struct vch_store_engine *engine,
                                           const struct vch_digest *name,
                                           const struct vch_digest *digest, const void *bytes,
                                           size_t size, struct vch_complaint *complaint)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, VCH_STORE_SQLITE_PUT_BLOB);

    vch_database_bind(statement, 1, name->bytes, sizeof *name);
    vch_database_bind(statement, 2, digest->bytes, sizeof *digest);
    vch_database_bind(statement, 3, bytes, size);
    return vch_database_run(&sqlite->database, statement, complaint);
}

vch_status vch_store_sqlite_parts_blob(struct vch_store_engine *engine,
                                       const struct vch_digest *name, struct vch_digest *digest,
                                       uint8_t **out, size_t *size, struct vch_arena *arena,
                                       struct vch_complaint *complaint)
{
    struct vch_store_sqlite *sqlite = vch_store_sqlite_parts_of(engine);
    sqlite3_stmt *statement = vch_database_take(&sqlite->database, VCH_STORE_SQLITE_BLOB);
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
