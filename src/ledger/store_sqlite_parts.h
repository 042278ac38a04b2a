// What the parts of the SQLite engine share: store_sqlite.c has the schema and opens it,
// store_sqlite_log.c keeps entries and their nodes, store_sqlite_kept.c what lies beside the log.
//
// Each call is store_engine.h's of that name.
#pragma once

#include "ledger/database.h"
#include "ledger/store_engine.h"

struct vch_store_sqlite {
    struct vch_store_engine engine; // first: an engine is its SQLite
    struct vch_database database;
    struct vch_arena arena; // records on their way in or out
};

enum vch_store_sqlite_statement {
    VCH_STORE_SQLITE_BEGIN,
    VCH_STORE_SQLITE_COMMIT,
    VCH_STORE_SQLITE_ROLLBACK,
    VCH_STORE_SQLITE_HOLD,
    VCH_STORE_SQLITE_HEAD,
    VCH_STORE_SQLITE_FIRST_HEAD,
    VCH_STORE_SQLITE_MOVE,
    VCH_STORE_SQLITE_ENDS,
    VCH_STORE_SQLITE_APPEND,
    VCH_STORE_SQLITE_READ,
    VCH_STORE_SQLITE_NODES,
    VCH_STORE_SQLITE_PUT_CHECKPOINT,
    VCH_STORE_SQLITE_CHECKPOINT,
    VCH_STORE_SQLITE_LATEST,
    VCH_STORE_SQLITE_PUT_BLOB,
    VCH_STORE_SQLITE_BLOB,
    VCH_STORE_SQLITE_STATEMENT_COUNT,
};

static inline struct vch_store_sqlite *vch_store_sqlite_parts_of(struct vch_store_engine *engine)
{
    return (struct vch_store_sqlite *)engine;
}

// Runs a statement without values or rows.
vch_status vch_store_sqlite_parts_run(struct vch_store_sqlite *sqlite,
                                      enum vch_store_sqlite_statement statement,
                                      struct vch_complaint *complaint);

vch_status vch_store_sqlite_parts_head(struct vch_store_engine *engine, struct vch_store_head *out,
                                       struct vch_complaint *complaint);
// The first and the last entry must be where a head of this size says; reading finds any gap
// between.
vch_status vch_store_sqlite_parts_check_ends(struct vch_store_sqlite *sqlite, uint64_t size,
                                             struct vch_complaint *complaint);
vch_status vch_store_sqlite_parts_append(struct vch_store_engine *engine,
                                         const struct vch_store_group *group,
                                         struct vch_complaint *complaint);
vch_status vch_store_sqlite_parts_read(struct vch_store_engine *engine, uint64_t from,
                                       uint32_t count, size_t size_max, struct vch_store_slice *out,
                                       struct vch_arena *arena, struct vch_complaint *complaint);
vch_status vch_store_sqlite_parts_completed(struct vch_store_engine *engine, uint64_t leaf,
                                            uint32_t wanted, struct vch_store_completed *out,
                                            struct vch_arena *arena,
                                            struct vch_complaint *complaint);

vch_status vch_store_sqlite_parts_put_checkpoint(struct vch_store_engine *engine,
                                                 const struct vch_store_checkpoint *checkpoint,
                                                 struct vch_complaint *complaint);
vch_status vch_store_sqlite_parts_checkpoint(struct vch_store_engine *engine, uint64_t size,
                                             struct vch_store_checkpoint *out,
                                             struct vch_arena *arena,
                                             struct vch_complaint *complaint);
vch_status vch_store_sqlite_parts_put_blob(struct vch_store_engine *engine,
                                           const struct vch_digest *name,
                                           const struct vch_digest *digest, const void *bytes,
                                           size_t size, struct vch_complaint *complaint);
vch_status vch_store_sqlite_parts_blob(struct vch_store_engine *engine,
                                       const struct vch_digest *name, struct vch_digest *digest,
                                       uint8_t **out, size_t *size, struct vch_arena *arena,
                                       struct vch_complaint *complaint);
