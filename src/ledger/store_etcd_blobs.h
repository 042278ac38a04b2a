// Blobs in etcd, in parts: store_engine.h's put_blob and blob.
#pragma once

#include "ledger/etcd_log.h"
#include "ledger/store_engine.h"

vch_status vch_store_etcd_blobs_put(struct vch_etcd_log *log, const struct vch_digest *name,
                                    const struct vch_digest *digest, const void *bytes, size_t size,
                                    struct vch_complaint *complaint);
// `*out` stays as it is where there is none.
vch_status vch_store_etcd_blobs_get(struct vch_etcd_log *log, const struct vch_digest *name,
                                    struct vch_digest *digest, uint8_t **out, size_t *size,
                                    struct vch_arena *arena, struct vch_complaint *complaint);
