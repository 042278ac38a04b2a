// A transaction as the JSON that etcd's gateway takes.
#pragma once

#include "ledger/etcd.h"

// NUL-terminated, in the arena; NULL: no memory.
char *vch_etcd_request_encode(size_t *size, const struct vch_etcd_transaction *transaction,
                              struct vch_arena *arena);
