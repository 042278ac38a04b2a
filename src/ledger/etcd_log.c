#include "ledger/etcd_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

enum { ARENA_MAX = 64 << 20 };

// http://HOST:PORT[,...]/PREFIX: the prefix begins at the first slash that is no scheme's.
static vch_status take_prefix(struct vch_etcd_log *log, const char *where, size_t *endpoints_size,
                              struct vch_complaint *complaint)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-/";
    const char *slash = strchr(where, '/');

    while (slash != NULL && slash[1] == '/')
        slash = strchr(slash + 2, '/');
    const char *prefix = slash != NULL ? slash + 1 : "";
    size_t size = strlen(prefix);
    if (size == 0 || size > VCH_ETCD_LOG_PREFIX_MAX || strspn(prefix, allowed) != size ||
        prefix[size - 1] == '/')
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "\"etcd:%s\" names no log: write etcd:http://127.0.0.1:2379/PREFIX, "
                            "with a prefix of 1 to %u letters, digits and . _ - /",
                            where, VCH_ETCD_LOG_PREFIX_MAX);
    memcpy(log->prefix, prefix, size + 1);
    *endpoints_size = (size_t)(slash - where);
    return VCH_OK;
}

vch_status vch_etcd_log_open(struct vch_etcd_log *out, const char *where, uint32_t patience_ms,
                             struct vch_complaint *complaint)
{
    size_t endpoints_size = 0;

    *out = (struct vch_etcd_log){0};
    vch_arena_init(&out->arena, ARENA_MAX);
    VCH_TRY(take_prefix(out, where, &endpoints_size, complaint));
    return vch_etcd_new(&out->client, where, endpoints_size, patience_ms, complaint);
}

void vch_etcd_log_release(struct vch_etcd_log *log)
{
    vch_etcd_free(log->client);
    vch_arena_release(&log->arena);
}

void vch_etcd_log_key_head(const struct vch_etcd_log *log, vch_etcd_log_key out)
{
    (void)snprintf(out, sizeof(vch_etcd_log_key), "%s/head", log->prefix);
}

void vch_etcd_log_key_number(const struct vch_etcd_log *log, vch_etcd_log_key out, const char *kind,
                             uint64_t number)
{
    (void)snprintf(out, sizeof(vch_etcd_log_key), "%s/%s/%016" PRIx64, log->prefix, kind, number);
}

void vch_etcd_log_key_digest(const struct vch_etcd_log *log, vch_etcd_log_key out, const char *kind,
                             const struct vch_digest *digest)
{
    char hex[2 * VCH_DIGEST_SIZE + 1];

    vch_hex_encode(hex, digest->bytes, sizeof *digest);
    (void)snprintf(out, sizeof(vch_etcd_log_key), "%s/%s/%s", log->prefix, kind, hex);
}

void vch_etcd_log_key_part(const struct vch_etcd_log *log, vch_etcd_log_key out, const char *kind,
                           const struct vch_digest *digest, uint64_t part)
{
    char hex[2 * VCH_DIGEST_SIZE + 1];

    vch_hex_encode(hex, digest->bytes, sizeof *digest);
    (void)snprintf(out, sizeof(vch_etcd_log_key), "%s/%s/%s/%" PRIu64, log->prefix, kind, hex,
                   part);
}

// '0' follows '/': the end of all keys of a kind.
struct vch_etcd_operation vch_etcd_log_get_from(const struct vch_etcd_log *log,
                                                struct vch_etcd_log_range *keys, const char *kind,
                                                uint64_t number, uint32_t limit)
{
    vch_etcd_log_key_number(log, keys->key, kind, number);
    (void)snprintf(keys->end, sizeof keys->end, "%s/%s0", log->prefix, kind);
    return (struct vch_etcd_operation){.key = keys->key, .end = keys->end, .limit = limit};
}

// The value of one key; `*value` is NULL when there is none.
vch_status vch_etcd_log_get(struct vch_etcd_log *log, const char *key, const uint8_t **value,
                            size_t *size, struct vch_complaint *complaint)
{
    struct vch_etcd_operation operation = {.key = key};
    struct vch_etcd_transaction transaction = {.then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;

    *value = NULL;
    VCH_TRY(vch_etcd_ask(log->client, &transaction, &reply, &log->arena, complaint));
    if (reply.answers[0].count == 0) return VCH_OK;
    if (strcmp(reply.answers[0].pairs[0].key, key) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "etcd gave another key than %s", key);
    *value = reply.answers[0].pairs[0].value;
    *size = reply.answers[0].pairs[0].size;
    return VCH_OK;
}

vch_status vch_etcd_log_put(struct vch_etcd_log *log, const char *key, const uint8_t *value,
                            size_t size, struct vch_complaint *complaint)
{
    struct vch_etcd_operation operation = {.key = key, .value = value, .size = size};
    struct vch_etcd_transaction transaction = {.then = &operation, .then_count = 1};
    struct vch_etcd_reply reply;

    return vch_etcd_ask(log->client, &transaction, &reply, &log->arena, complaint);
}
