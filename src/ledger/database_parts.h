// What the parts of a database share: database.c opens it and runs statements, database_schema.c
// makes and checks its tables.
#pragma once

#include "ledger/database.h"

#define VCH_DATABASE_PARTS_RESTORE "the file was damaged; restore it from a copy"

// What SQLite's result means for the caller.
vch_status vch_database_parts_refuse(const struct vch_database *database, int result,
                                     struct vch_complaint *complaint);
// Statements without rows, one after another.
vch_status vch_database_parts_execute(struct vch_database *database, const char *text,
                                      struct vch_complaint *complaint);
// The text that a query's first row begins with, cut to fit; empty when there is none.
vch_status vch_database_parts_query(struct vch_database *database, const char *text, char *out,
                                    size_t size, struct vch_complaint *complaint);
// The schema's tables, and its statements made ready.
vch_status vch_database_parts_check_or_make(struct vch_database *database, bool create,
                                            struct vch_complaint *complaint);
