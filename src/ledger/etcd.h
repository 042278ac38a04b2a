// Transactions on an etcd cluster through its members' JSON gateways.
//
// Whatever a request's answer would have been, when a member does not give it the same request goes
// to the next one: a transaction must be such that doing it twice does no harm. Members speak plain
// HTTP here, so they are asked on this machine alone: a member of the cluster runs beside us, or a
// proxy that speaks TLS to them.
#pragma once

#include "ledger/etcd_reply.h"

#define VCH_ETCD_ENDPOINTS_MAX 8u
#define VCH_ETCD_ENDPOINT_SIZE_MAX 80u
#define VCH_ETCD_REQUEST_SIZE_MAX (1280u << 10) // of values; etcd takes 1.5 MiB in all

struct vch_etcd;

// One of a transaction's operations: puts `value`, or, when that is NULL, gets `key`, or at most
// `limit` pairs from `key` up to and without `end`.
struct vch_etcd_operation {
    const char *key, *end;
    uint32_t limit;
    const uint8_t *value;
    size_t size;
};

// If `key` has this value (NULL: if there is no such key) `then` is done, else `otherwise`. Without
// a key to compare `then` is.
struct vch_etcd_transaction {
    const char *key;
    const uint8_t *value;
    size_t size;
    const struct vch_etcd_operation *then;
    uint32_t then_count;
    const struct vch_etcd_operation *otherwise;
    uint32_t otherwise_count;
};

// `endpoints` is http://HOST:PORT[,...], loopback addresses only.
vch_status vch_etcd_new(struct vch_etcd **out, const char *endpoints, size_t size,
                        uint32_t patience_ms, struct vch_complaint *complaint);
void vch_etcd_free(struct vch_etcd *etcd);

// OK: a majority of the cluster has agreed on the answer, which has as many answers as the branch
// taken has operations. UNAVAILABLE: no member gave one within the patience; whether it happened,
// or still will, is not known.
vch_status vch_etcd_ask(struct vch_etcd *etcd, const struct vch_etcd_transaction *transaction,
                        struct vch_etcd_reply *out, struct vch_arena *arena,
                        struct vch_complaint *complaint);
