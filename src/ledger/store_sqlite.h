// The engine on one machine: an SQLite database, write-ahead logged, every commit fsynced.
#pragma once

#include "ledger/store_engine.h"

vch_status vch_store_sqlite_open(struct vch_store_engine **out, const char *path,
                                 const struct vch_store_options *options,
                                 struct vch_complaint *complaint);
