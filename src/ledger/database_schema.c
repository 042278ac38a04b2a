// A database's tables: made where there are none, and otherwise ours to the letter.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ledger/database_parts.h"

static vch_status query_number(struct vch_database *database, const char *text, uint32_t *out,
                               struct vch_complaint *complaint)
{
    char number[32];

    VCH_TRY(vch_database_parts_query(database, text, number, sizeof number, complaint));
    *out = (uint32_t)strtoul(number, NULL, 10);
    return VCH_OK;
}

static vch_status prepare(struct vch_database *database, struct vch_complaint *complaint)
{
    const struct vch_database_schema *schema = database->schema;

    VCH_ASSERT(schema->statement_count <= VCH_DATABASE_STATEMENTS_MAX);
    for (int i = 0; i < schema->statement_count; i++) {
        int result = sqlite3_prepare_v3(database->sqlite, schema->statements[i], -1,
                                        SQLITE_PREPARE_PERSISTENT, &database->statements[i], NULL);
        if (result != SQLITE_OK) return vch_database_parts_refuse(database, result, complaint);
    }
    return VCH_OK;
}

static vch_status make_tables(struct vch_database *database, struct vch_complaint *complaint)
{
    const struct vch_database_schema *schema = database->schema;
    char text[128];

    (void)snprintf(text, sizeof text, "PRAGMA application_id = %u; PRAGMA user_version = %u",
                   schema->application_id, schema->version);
    VCH_TRY(vch_database_parts_execute(database, text, complaint));
    for (int i = 0; i < schema->table_count; i++)
        VCH_TRY(vch_database_parts_execute(database, schema->tables[i], complaint));
    VCH_TRY(prepare(database, complaint));
    return schema->fill(database, complaint);
}

// Every object of the schema with its text, as we would have made it.
static vch_status check_tables(struct vch_database *database, struct vch_complaint *complaint)
{
    const struct vch_database_schema *schema = database->schema;
    char found[256];
    uint32_t count = 0;

    VCH_TRY(query_number(database, "SELECT count(*) FROM sqlite_schema WHERE sql IS NOT NULL",
                         &count, complaint));
    bool is_ours = count == (uint32_t)schema->table_count;
    for (int i = 0; is_ours && i < schema->table_count; i++) {
        char select[128];
        (void)snprintf(select, sizeof select,
                       "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name "
                       "LIMIT 1 OFFSET %d",
                       i);
        VCH_TRY(vch_database_parts_query(database, select, found, sizeof found, complaint));
        is_ours = strcmp(found, schema->tables[i]) == 0;
    }
    if (is_ours) return prepare(database, complaint);
    return vch_complain(
        complaint, VCH_CODE_MALFORMED,
        "%s: its tables are not those that this version makes: " VCH_DATABASE_PARTS_RESTORE,
        database->path);
}

static vch_status check_version(struct vch_database *database, uint32_t application_id,
                                struct vch_complaint *complaint)
{
    const struct vch_database_schema *schema = database->schema;
    uint32_t version = 0;

    if (application_id != schema->application_id)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "%s is a database of something else (application id %#x, not %#x): "
                            "choose another path",
                            database->path, application_id, schema->application_id);
    VCH_TRY(query_number(database, "PRAGMA user_version", &version, complaint));
    if (version != schema->version)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "%s has version %u of its tables; this program knows version %u: use "
                            "the program that made it",
                            database->path, version, schema->version);
    return check_tables(database, complaint);
}

// Looks under the lock that a maker holds, so that of two who come first one makes the tables. What
// is made goes from the log into the file at once: a file that is not empty says whose it is.
vch_status vch_database_parts_check_or_make(struct vch_database *database, bool create,
                                            struct vch_complaint *complaint)
{
    uint32_t application_id = 0, objects = 0;

    VCH_TRY(vch_database_parts_execute(database, create ? "BEGIN IMMEDIATE" : "BEGIN", complaint));
    VCH_TRY(query_number(database, "PRAGMA application_id", &application_id, complaint));
    VCH_TRY(query_number(database, "SELECT count(*) FROM sqlite_schema", &objects, complaint));
    bool is_empty = application_id == 0 && objects == 0;
    if (is_empty && !create)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "%s is empty: if nothing was ever kept in it, create it; else restore "
                            "it from a copy",
                            database->path);
    if (is_empty)
        VCH_TRY(make_tables(database, complaint));
    else
        VCH_TRY(check_version(database, application_id, complaint));
    VCH_TRY(vch_database_parts_execute(database, "COMMIT", complaint));
    return is_empty
               ? vch_database_parts_execute(database, "PRAGMA wal_checkpoint(TRUNCATE)", complaint)
               : VCH_OK;
}
