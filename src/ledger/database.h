// An SQLite database that holds one schema and nothing else: opened, checked, its statements ready.
//
// Write-ahead logged, and every commit is fsynced (synchronous = FULL). The file is not believed:
// another application's, another version's, or one whose schema is not ours to the letter is
// refused, and SQLite is told not to trust what is in it.
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"

#define VCH_DATABASE_STATEMENTS_MAX 16

struct vch_database;

struct vch_database_schema {
    uint32_t application_id, version;
    size_t value_max;          // bytes of one value
    const char *const *tables; // statements that make them, by name of the table
    int table_count;
    const char *const *statements;
    int statement_count;
    // Puts the first rows in, in the transaction that makes the tables.
    vch_status (*fill)(struct vch_database *database, struct vch_complaint *complaint);
};

struct vch_database {
    const struct vch_database_schema *schema;
    sqlite3 *sqlite;
    sqlite3_stmt *statements[VCH_DATABASE_STATEMENTS_MAX];
    char *path;
};

// `create` makes the file and the schema where there are none. On failure nothing is open.
vch_status vch_database_open(struct vch_database *out, const char *path,
                             const struct vch_database_schema *schema, bool create,
                             uint32_t patience_ms, struct vch_complaint *complaint);
void vch_database_close(struct vch_database *database);

// SQLite's own check of every page and index.
vch_status vch_database_audit(struct vch_database *database, struct vch_complaint *complaint);

// A statement made ready to run again, its values unset.
sqlite3_stmt *vch_database_take(struct vch_database *database, int statement);

// Bytes are borrowed until the statement has run.
void vch_database_bind(sqlite3_stmt *statement, int column, const void *bytes, size_t size);

// Runs a statement that has no rows.
vch_status vch_database_run(struct vch_database *database, sqlite3_stmt *statement,
                            struct vch_complaint *complaint);

// `is_row` is false after the last row, when the statement has let go of the database. Who stops
// earlier resets it.
vch_status vch_database_next(struct vch_database *database, sqlite3_stmt *statement, bool *is_row,
                             struct vch_complaint *complaint);

// A value of the row at hand, copied into the arena; NULL: no memory.
uint8_t *vch_database_copy(sqlite3_stmt *statement, int column, size_t *size,
                           struct vch_arena *arena);

// The first value of the only row, copied; `*out` is NULL when there is no row.
vch_status vch_database_get(struct vch_database *database, sqlite3_stmt *statement, uint8_t **out,
                            size_t *size, struct vch_arena *arena, struct vch_complaint *complaint);
