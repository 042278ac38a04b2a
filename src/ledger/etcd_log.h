// A log's place in an etcd cluster: who is asked, the keys below its prefix, memory for one call.
#pragma once

#include "crypto/hash.h"
#include "ledger/etcd.h"

#define VCH_ETCD_LOG_PREFIX_MAX 128u
#define VCH_ETCD_LOG_KEY_MAX 224u // check: 128 + 96

struct vch_etcd_log {
    struct vch_etcd *client;
    char prefix[VCH_ETCD_LOG_PREFIX_MAX + 1];
    struct vch_arena arena; // requests, replies and records of one call
};

typedef char vch_etcd_log_key[VCH_ETCD_LOG_KEY_MAX];

// `where` is http://HOST:PORT[,...]/PREFIX. Release what was opened, also after a failure.
vch_status vch_etcd_log_open(struct vch_etcd_log *out, const char *where, uint32_t patience_ms,
                             struct vch_complaint *complaint);
void vch_etcd_log_release(struct vch_etcd_log *log);

// PREFIX/head
void vch_etcd_log_key_head(const struct vch_etcd_log *log, vch_etcd_log_key out);
// PREFIX/KIND/NUMBER, 16 hexadecimal digits, so that keys sort as numbers do.
void vch_etcd_log_key_number(const struct vch_etcd_log *log, vch_etcd_log_key out, const char *kind,
                             uint64_t number);
// PREFIX/KIND/DIGEST, and with "/N" behind it.
void vch_etcd_log_key_digest(const struct vch_etcd_log *log, vch_etcd_log_key out, const char *kind,
                             const struct vch_digest *digest);
void vch_etcd_log_key_part(const struct vch_etcd_log *log, vch_etcd_log_key out, const char *kind,
                           const struct vch_digest *digest, uint64_t part);

// Gets at most `limit` pairs of a kind, from a number on. The keys are the operation's memory.
struct vch_etcd_log_range {
    vch_etcd_log_key key, end;
};
struct vch_etcd_operation vch_etcd_log_get_from(const struct vch_etcd_log *log,
                                                struct vch_etcd_log_range *keys, const char *kind,
                                                uint64_t number, uint32_t limit);

// The value of one key, in the log's arena; `*value` is NULL when there is none.
vch_status vch_etcd_log_get(struct vch_etcd_log *log, const char *key, const uint8_t **value,
                            size_t *size, struct vch_complaint *complaint);
vch_status vch_etcd_log_put(struct vch_etcd_log *log, const char *key, const uint8_t *value,
                            size_t size, struct vch_complaint *complaint);
