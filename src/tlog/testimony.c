#include "tlog/testimony.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "crypto/transcript.h"
#include "tlog/lines.h"

static const char *const HEADS[] = {
    [VCH_TESTIMONY_PROMISE] = "vouch/promise/v1",
    [VCH_TESTIMONY_REFUSAL] = "vouch/refusal/v1",
    [VCH_TESTIMONY_LOG] = "vouch/log/v1",
};

enum { KINDS = sizeof HEADS / sizeof *HEADS };

static struct vch_digest digest_of_log(const struct vch_testimony *testimony)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, HEADS[VCH_TESTIMONY_LOG]);
    vch_transcript_absorb(&transcript, "origin", testimony->origin, strlen(testimony->origin));
    vch_transcript_absorb_u64(&transcript, "size", testimony->size);
    vch_transcript_absorb_digest(&transcript, "root", &testimony->root);
    vch_transcript_absorb_u64(&transcript, "count", testimony->count);
    vch_transcript_absorb_u64(&transcript, "time", testimony->time_ms);
    return vch_transcript_final(&transcript);
}

// A refusal is the log's own word: what the witness adds to it is that it had promised.
struct vch_digest vch_testimony_digest(const struct vch_testimony *testimony,
                                       const struct vch_digest *ledger)
{
    struct vch_transcript transcript;

    if (testimony->kind == VCH_TESTIMONY_LOG) return digest_of_log(testimony);
    vch_transcript_init(&transcript, HEADS[VCH_TESTIMONY_PROMISE]);
    vch_transcript_absorb_digest(&transcript, "ledger", ledger);
    vch_transcript_absorb_u64(&transcript, "time", testimony->handed_ms);
    vch_transcript_absorb_u64(&transcript, "size", testimony->handed_size);
    vch_transcript_absorb(&transcript, "draft", testimony->draft, testimony->draft_size);
    return vch_transcript_final(&transcript);
}

struct text {
    char *out;
    size_t size;
};

static void put(struct text *text, const char *line, char end)
{
    size_t size = strlen(line);

    VCH_ASSERT(text->size + size + 1 < VCH_TESTIMONY_SIZE_MAX);
    memcpy(text->out + text->size, line, size);
    text->out[text->size + size] = end;
    text->out[text->size + size + 1] = '\0';
    text->size += size + 1;
}

static void put_number(struct text *text, uint64_t number)
{
    char line[24];

    (void)snprintf(line, sizeof line, "%" PRIu64, number);
    put(text, line, '\n');
}

static void put_bytes(struct text *text, const void *bytes, size_t size)
{
    char line[VCH_BASE64_SIZE(VCH_TESTIMONY_DRAFT_MAX) + 1];

    (void)vch_base64_encode(line, bytes, size);
    put(text, line, '\n');
}

static void put_signature(struct text *text, const struct vch_testimony *testimony)
{
    put(text, testimony->witness, ' ');
    put_bytes(text, testimony->signature.bytes, VCH_SIGN_SIGNATURE_SIZE);
}

static void put_promise(struct text *text, const struct vch_testimony *testimony)
{
    put_number(text, testimony->handed_ms);
    put_number(text, testimony->handed_size);
    put_bytes(text, testimony->draft, testimony->draft_size);
    put_signature(text, testimony);
}

static void put_tree(struct text *text, const struct vch_testimony *testimony)
{
    put_number(text, testimony->size);
    put_bytes(text, testimony->root.bytes, VCH_DIGEST_SIZE);
}

size_t vch_testimony_encode(char out[static VCH_TESTIMONY_SIZE_MAX],
                            const struct vch_testimony *testimony)
{
    struct text text = {out, 0};

    put(&text, HEADS[testimony->kind], '\n');
    put(&text, testimony->origin, '\n');
    if (testimony->kind != VCH_TESTIMONY_LOG) put_promise(&text, testimony);
    if (testimony->kind != VCH_TESTIMONY_PROMISE) put_tree(&text, testimony);
    if (testimony->kind == VCH_TESTIMONY_REFUSAL) {
        put_number(&text, testimony->refused_ms);
        put_bytes(&text, testimony->refusal.bytes, VCH_SIGN_SIGNATURE_SIZE);
    } else if (testimony->kind == VCH_TESTIMONY_LOG) {
        put_number(&text, testimony->count);
        put_number(&text, testimony->time_ms);
        put_signature(&text, testimony);
    }
    return text.size;
}

static vch_status read_number(uint64_t *out, struct vch_lines *lines)
{
    const char *line = NULL;
    size_t size = 0;

    VCH_TRY(vch_lines_read(lines, &line, &size));
    return vch_lines_decode_number(out, line, size, INT64_MAX);
}

static vch_status read_exactly(void *out, size_t size, struct vch_lines *lines)
{
    const char *line = NULL;
    size_t line_size = 0;

    VCH_TRY(vch_lines_read(lines, &line, &line_size));
    return vch_base64_decode_exactly(out, size, line, line_size);
}

static vch_status copy_name(char out[static VCH_VKEY_NAME_MAX + 1], const char *name, size_t size)
{
    if (!vch_vkey_is_name(name, size)) return VCH_FAIL(MALFORMED);
    memcpy(out, name, size);
    out[size] = '\0';
    return VCH_OK;
}

static vch_status read_head(struct vch_testimony *out, struct vch_lines *lines)
{
    const char *line = NULL;
    size_t size = 0;
    unsigned kind = 0;

    VCH_TRY(vch_lines_read(lines, &line, &size));
    while (kind < KINDS && (strlen(HEADS[kind]) != size || memcmp(HEADS[kind], line, size) != 0))
        kind++;
    if (kind == KINDS) return VCH_FAIL(MALFORMED);
    out->kind = (enum vch_testimony_kind)kind;
    VCH_TRY(vch_lines_read(lines, &line, &size));
    return copy_name(out->origin, line, size);
}

static vch_status read_signature(struct vch_testimony *out, struct vch_lines *lines)
{
    const char *line = NULL;
    size_t size = 0;

    VCH_TRY(vch_lines_read(lines, &line, &size));
    const char *space = memchr(line, ' ', size);
    if (space == NULL) return VCH_FAIL(MALFORMED);
    const size_t name_size = (size_t)(space - line);
    VCH_TRY(copy_name(out->witness, line, name_size));
    return vch_base64_decode_exactly(out->signature.bytes, VCH_SIGN_SIGNATURE_SIZE, space + 1,
                                     size - name_size - 1);
}

static vch_status read_promise(struct vch_testimony *out, struct vch_lines *lines)
{
    const char *line = NULL;
    size_t size = 0;

    VCH_TRY(read_number(&out->handed_ms, lines));
    VCH_TRY(read_number(&out->handed_size, lines));
    VCH_TRY(vch_lines_read(lines, &line, &size));
    VCH_TRY(vch_base64_decode(out->draft, &out->draft_size, VCH_TESTIMONY_DRAFT_MAX, line, size));
    return read_signature(out, lines);
}

static vch_status read_tree(struct vch_testimony *out, struct vch_lines *lines)
{
    VCH_TRY(read_number(&out->size, lines));
    return read_exactly(out->root.bytes, VCH_DIGEST_SIZE, lines);
}

static vch_status decode(struct vch_testimony *out, struct vch_lines *lines)
{
    VCH_TRY(read_head(out, lines));
    if (out->kind != VCH_TESTIMONY_LOG) VCH_TRY(read_promise(out, lines));
    if (out->kind != VCH_TESTIMONY_PROMISE) VCH_TRY(read_tree(out, lines));
    if (out->kind == VCH_TESTIMONY_REFUSAL) {
        VCH_TRY(read_number(&out->refused_ms, lines));
        VCH_TRY(read_exactly(out->refusal.bytes, VCH_SIGN_SIGNATURE_SIZE, lines));
    } else if (out->kind == VCH_TESTIMONY_LOG) {
        VCH_TRY(read_number(&out->count, lines));
        VCH_TRY(read_number(&out->time_ms, lines));
        VCH_TRY(read_signature(out, lines));
    }
    return vch_lines_is_at_end(lines) ? VCH_OK : VCH_FAIL(MALFORMED);
}

vch_status vch_testimony_decode(struct vch_testimony *out, const char *text, size_t size,
                                struct vch_complaint *complaint)
{
    struct vch_lines lines = {text, size, 0};

    memset(out, 0, sizeof *out);
    vch_status status = size < VCH_TESTIMONY_SIZE_MAX ? decode(out, &lines) : VCH_FAIL(LIMIT);
    if (vch_is_ok(status)) return status;
    return vch_complain(complaint, status.code,
                        "expected what a witness signed: a promise, a refusal or a log's state, as "
                        "it serves them");
}
