// The engine on several machines: keys below a prefix of an etcd cluster.
//
//     PREFIX/head                  the end; every append compares it and moves it
//     PREFIX/entries/LAST          a group of entries, by the position of its last, 16 hex digits
//     PREFIX/nodes/LAST            the nodes that this group completes
//     PREFIX/checkpoint/INVERSE    by 2^64 - 1 - size, so that the latest comes first
//     PREFIX/name/NAME             size and digest of the blob of that name
//     PREFIX/blob/DIGEST/N         its parts, since one request holds 1.5 MiB
//
// Values are records (store_record.h). A group, its nodes and the head are put by one transaction
// that compares the head, so a request that is sent again because its answer was lost cannot append
// twice: it finds the head moved, and the group with this store's mark where it belongs.
#pragma once

#include "ledger/store_engine.h"

// `where` is what follows "etcd:" in a store's name.
vch_status vch_store_etcd_open(struct vch_store_engine **out, const char *where,
                               const struct vch_store_options *options,
                               struct vch_complaint *complaint);
