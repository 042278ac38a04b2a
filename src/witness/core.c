#include "witness/core.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/check.h"
#include "crypto/merkle.h"
#include "tlog/lines.h"
#include "witness/core_parts.h"

void vch_core_log_init(struct vch_core_log *out, const struct vch_vkey *vkey,
                       const struct vch_digest *ledger)
{
    memset(out, 0, sizeof *out);
    out->vkey = *vkey;
    out->has_ledger = ledger != NULL;
    if (ledger != NULL) out->ledger = *ledger;
    out->root = vch_merkle_root_in_place(NULL, 0);
}

void vch_core_parts_reply(struct vch_core_reply *reply, int code, const char *format, ...)
{
    va_list args;

    reply->code = code;
    reply->content_type = "text/plain; charset=utf-8";
    va_start(args, format);
    int size = vsnprintf(reply->body, sizeof reply->body, format, args);
    va_end(args);
    reply->size = size < (int)sizeof reply->body ? (size_t)size : sizeof reply->body - 1;
}

static void add_promise(struct vch_core_reply *reply, const struct vch_core_promise *promise)
{
    char base64[VCH_BASE64_SIZE(VCH_DRAFT_SIZE_MAX) + 1];
    size_t room = sizeof reply->body - reply->size;

    (void)vch_base64_encode(base64, promise->draft, promise->draft_size);
    int size =
        snprintf(reply->body + reply->size, room, "%" PRIu64 " %s\n", promise->handed_ms, base64);
    VCH_ASSERT(size > 0 && (size_t)size < room);
    reply->size += (size_t)size;
}

void vch_core_parts_promises(struct vch_core_reply *reply, int code, const struct vch_core_log *log)
{
    vch_core_parts_reply(reply, code, "%s", "");
    reply->content_type = "text/x.vouch.promises";
    for (uint32_t i = 0; i < log->promise_count && i < VCH_SUBMISSION_ANSWERS_MAX; i++)
        add_promise(reply, &log->promises[i]);
}

const struct vch_core_log *vch_core_parts_log(const struct vch_core *core, const char *origin,
                                              size_t size)
{
    for (uint32_t i = 0; i < core->log_count; i++) {
        const char *name = core->logs[i].vkey.name;
        if (strlen(name) == size && memcmp(name, origin, size) == 0) return &core->logs[i];
    }
    return NULL;
}

uint32_t vch_core_parts_find(const struct vch_core_log *log, const struct vch_digest *digest)
{
    uint32_t i = 0;

    while (i < log->promise_count && !vch_hash_is_equal(&log->promises[i].digest, digest))
        i++;
    return i;
}

static int compare_keys(const void *a, const void *b)
{
    const struct vch_core_writer *left = a, *right = b;

    return memcmp(left->key.bytes, right->key.bytes, sizeof left->key.bytes);
}

struct vch_core_writer *vch_core_parts_writer(const struct vch_core *core,
                                              const struct vch_public_key *key)
{
    const struct vch_core_writer wanted = {.key = *key};

    if (core->writer_count == 0) return NULL;
    return bsearch(&wanted, core->writers, core->writer_count, sizeof wanted, compare_keys);
}

// The log whose origin has this SHA-256; NULL and an answer where there is none.
static const struct vch_core_log *find_log(struct vch_core_reply *reply,
                                           const struct vch_core *core, const char *origin_hex)
{
    struct vch_digest wanted;
    bool is_digest = vch_is_ok(vch_hex_decode(wanted.bytes, VCH_DIGEST_SIZE, origin_hex));

    for (uint32_t i = 0; is_digest && i < core->log_count; i++) {
        const struct vch_core_log *log = &core->logs[i];
        struct vch_digest digest = vch_hash_bytes(log->vkey.name, strlen(log->vkey.name));
        if (!vch_hash_is_equal(&digest, &wanted)) continue;
        reply->promise_count = log->promise_count;
        return log;
    }
    reply->promise_count = 0;
    vch_core_parts_reply(reply, 404, "no log has an origin with this SHA-256\n");
    return NULL;
}

void vch_core_promises(struct vch_core_reply *reply, const struct vch_core *core,
                       const char *origin_hex)
{
    const struct vch_core_log *log = find_log(reply, core, origin_hex);

    if (log != NULL) vch_core_parts_promises(reply, 200, log);
}

static void name(struct vch_testimony *out, const struct vch_core *core,
                 const struct vch_core_log *log)
{
    (void)snprintf(out->origin, sizeof out->origin, "%s", log->vkey.name);
    (void)snprintf(out->witness, sizeof out->witness, "%s", core->name);
}

static void sign(struct vch_testimony *out, const struct vch_core *core,
                 const struct vch_core_log *log)
{
    struct vch_digest digest = vch_testimony_digest(out, &log->ledger);

    vch_sign_digest(&out->signature, &core->key, &digest);
}

void vch_core_show_log(struct vch_core_reply *reply, const struct vch_core *core,
                       const char *origin_hex, uint64_t now_ms)
{
    const struct vch_core_log *log = find_log(reply, core, origin_hex);
    struct vch_testimony testimony = {.kind = VCH_TESTIMONY_LOG, .time_ms = now_ms};
    char text[VCH_TESTIMONY_SIZE_MAX];

    if (log == NULL) return;
    name(&testimony, core, log);
    testimony.size = log->size;
    testimony.root = log->root;
    testimony.count = log->count;
    sign(&testimony, core, log);
    (void)vch_testimony_encode(text, &testimony);
    vch_core_parts_reply(reply, 200, "%s", text);
}

void vch_core_parts_testify(struct vch_testimony *out, const struct vch_core *core,
                            const struct vch_core_log *log, const struct vch_core_promise *promise)
{
    *out = (struct vch_testimony){.kind = VCH_TESTIMONY_PROMISE,
                                  .handed_ms = promise->handed_ms,
                                  .handed_size = promise->handed_size,
                                  .draft_size = promise->draft_size};
    memcpy(out->draft, promise->draft, promise->draft_size);
    name(out, core, log);
    sign(out, core, log);
}

size_t vch_core_refusal_text(char out[static VCH_TESTIMONY_SIZE_MAX], const struct vch_core *core,
                             const struct vch_core_change *change,
                             const struct vch_core_refusal *refusal)
{
    const struct vch_core_log *log = &core->logs[change->log];
    struct vch_testimony testimony;

    vch_core_parts_testify(&testimony, core, log, &log->promises[refusal->promise]);
    testimony.kind = VCH_TESTIMONY_REFUSAL;
    testimony.size = change->size;
    testimony.root = change->root;
    testimony.refused_ms = refusal->time_ms;
    testimony.refusal = refusal->signature;
    return vch_testimony_encode(out, &testimony);
}

static bool is_answered(const struct vch_core_change *change, uint32_t promise)
{
    for (uint32_t i = 0; i < change->answered_count; i++)
        if (change->answered[i] == promise) return true;
    return false;
}

static void drop_answered(struct vch_core_log *log, const struct vch_core_change *change)
{
    uint32_t kept = 0;

    if (change->answered_count == 0) return;
    for (uint32_t i = 0; i < log->promise_count; i++) {
        if (is_answered(change, i)) continue;
        if (kept != i) log->promises[kept] = log->promises[i];
        kept++;
    }
    log->promise_count = kept;
}

void vch_core_count_refusal(struct vch_core *core, const struct vch_public_key *writer,
                            uint64_t day)
{
    struct vch_core_writer *found = vch_core_parts_writer(core, writer);

    if (core->day != day)
        for (uint32_t i = 0; i < core->writer_count; i++)
            core->writers[i].refusal_count = 0;
    core->day = day;
    if (found != NULL) found->refusal_count++;
}

static void count_refusals(struct vch_core *core, const struct vch_core_log *log,
                           const struct vch_core_change *change)
{
    for (uint32_t i = 0; i < change->refused_count; i++)
        if (!change->refused[i].was_kept)
            vch_core_count_refusal(core, &log->promises[change->refused[i].promise].writer,
                                   change->day);
}

void vch_core_apply(struct vch_core *core, const struct vch_core_change *change)
{
    if (change->kind == VCH_CORE_NOTHING) return;
    struct vch_core_log *log = &core->logs[change->log];
    if (change->kind == VCH_CORE_PROMISE) {
        VCH_ASSERT(log->promise_count < VCH_CORE_PROMISES_MAX);
        log->promises[log->promise_count++] = change->promise;
        return;
    }
    log->size = change->size;
    log->root = change->root;
    log->count = change->count;
    log->time_s = change->time_s;
    count_refusals(core, log, change);
    drop_answered(log, change);
}
