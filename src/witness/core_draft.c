#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "tlog/lines.h"
#include "witness/core.h"
#include "witness/core_parts.h"

struct handover {
    const char *origin;
    size_t origin_size, size;
    uint8_t bytes[VCH_DRAFT_SIZE_MAX];
    struct vch_draft draft;
};

static vch_status decode(struct handover *out, const char *body, size_t size)
{
    struct vch_lines lines = {body, size, 0};
    const char *line = NULL;
    size_t line_size = 0;

    if (size > VCH_CORE_DRAFT_MAX) return VCH_FAIL(LIMIT);
    VCH_TRY(vch_lines_read(&lines, &out->origin, &out->origin_size));
    VCH_TRY(vch_lines_read(&lines, &line, &line_size));
    if (!vch_lines_is_at_end(&lines)) return VCH_FAIL(MALFORMED);
    VCH_TRY(vch_base64_decode(out->bytes, &out->size, VCH_DRAFT_SIZE_MAX, line, line_size));
    return vch_draft_decode(&out->draft, out->bytes, out->size);
}

static uint32_t count_of_writer(const struct vch_core_log *log, const struct vch_public_key *writer)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < log->promise_count; i++)
        count += vch_is_equal(log->promises[i].writer.bytes, writer->bytes, sizeof writer->bytes);
    return count;
}

static void promise(struct vch_core_promise *out, const struct handover *handover,
                    const struct vch_core_log *log, const struct vch_digest *digest,
                    uint64_t now_ms)
{
    *out = (struct vch_core_promise){
        .handed_ms = now_ms,
        .handed_count = log->count,
        .handed_size = log->size,
        .digest = *digest,
        .writer = handover->draft.writer,
        .draft_size = (uint32_t)handover->size,
    };
    memcpy(out->draft, handover->bytes, handover->size);
}

static void reply_promise(struct vch_core_reply *reply, const struct vch_core *core,
                          const struct vch_core_log *log, const struct vch_core_promise *promise)
{
    struct vch_testimony testimony;
    char text[VCH_TESTIMONY_SIZE_MAX];

    vch_core_parts_testify(&testimony, core, log, promise);
    (void)vch_testimony_encode(text, &testimony);
    vch_core_parts_reply(reply, 200, "%s", text);
}

// Not the signature first: whoever is no writer is not worth verifying one for.
static const struct vch_core_writer *find_writer(struct vch_core_reply *reply,
                                                 const struct vch_core *core,
                                                 const struct vch_public_key *key)
{
    const struct vch_core_writer *writer = vch_core_parts_writer(core, key);

    if (core->writer_count == 0)
        vch_core_parts_reply(reply, 403,
                             "this witness promises no drafts, as it was given no registry: "
                             "whoever runs it can start it with --registry and --founder\n");
    else if (writer == NULL)
        vch_core_parts_reply(reply, 403,
                             "the draft's writer is no member of the registries that this witness "
                             "was given, nor their founder: whoever runs it can give it a newer "
                             "one\n");
    return writer;
}

static bool has_room(const struct vch_core *core, const struct vch_core_log *log,
                     const struct vch_core_writer *writer, uint64_t now_ms)
{
    bool is_of_today = core->day == now_ms / VCH_CORE_DAY_MS;

    return log->promise_count < VCH_CORE_PROMISES_MAX &&
           count_of_writer(log, &writer->key) < VCH_CORE_WRITER_MAX &&
           (!is_of_today || writer->refusal_count < VCH_CORE_REFUSALS_MAX);
}

void vch_core_add_draft(struct vch_core_reply *reply, struct vch_core_change *change,
                        const struct vch_core *core, const char *body, size_t size, uint64_t now_ms)
{
    struct handover handover;

    change->kind = VCH_CORE_NOTHING;
    reply->promise_count = 0;
    if (!vch_is_ok(decode(&handover, body, size))) {
        vch_core_parts_reply(reply, 400,
                             "expected a line with a log's origin and one with base64 of a draft, "
                             "of a kind that is promised\n");
        return;
    }
    const struct vch_core_log *log =
        vch_core_parts_log(core, handover.origin, handover.origin_size);
    if (log == NULL || !log->has_ledger) {
        vch_core_parts_reply(reply, 404, "this witness takes no drafts for this log\n");
        return;
    }
    reply->promise_count = log->promise_count;
    const struct vch_core_writer *writer = find_writer(reply, core, &handover.draft.writer);
    if (writer == NULL) return;
    if (!vch_is_ok(vch_draft_verify(&handover.draft, &log->ledger))) {
        vch_core_parts_reply(reply, 403, "the writer did not sign this draft for this ledger\n");
        return;
    }
    struct vch_digest digest = vch_hash_bytes(handover.bytes, handover.size);
    uint32_t before = vch_core_parts_find(log, &digest);
    if (before < log->promise_count) {
        reply_promise(reply, core, log, &log->promises[before]);
        return;
    }
    if (!has_room(core, log, writer, now_ms)) {
        vch_core_parts_reply(reply, 503,
                             "too many promises wait, or refusals of this writer's drafts were "
                             "kept today: ask again later, or ask another witness\n");
        return;
    }
    change->kind = VCH_CORE_PROMISE;
    change->log = (uint32_t)(log - core->logs);
    promise(&change->promise, &handover, log, &digest, now_ms);
    reply->promise_count++;
    reply_promise(reply, core, log, &change->promise);
}
