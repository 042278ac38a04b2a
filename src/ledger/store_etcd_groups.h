// Groups of entries and nodes in etcd, found again: store_engine.h's read and completed.
#pragma once

#include "ledger/etcd_log.h"
#include "ledger/store_engine.h"

vch_status vch_store_etcd_groups_read(struct vch_etcd_log *log, uint64_t from, uint32_t count,
                                      size_t size_max, struct vch_store_slice *out,
                                      struct vch_arena *arena, struct vch_complaint *complaint);
vch_status vch_store_etcd_groups_completed(struct vch_etcd_log *log, uint64_t leaf, uint32_t wanted,
                                           struct vch_store_completed *out, struct vch_arena *arena,
                                           struct vch_complaint *complaint);
