#include "witness/records.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/check.h"
#include "tlog/lines.h"

enum { DIGITS = 2 * VCH_DIGEST_SIZE };

#define DIGEST_TEXT (VCH_BASE64_SIZE(VCH_DIGEST_SIZE) + 1)
#define DRAFT_TEXT (VCH_BASE64_SIZE(VCH_DRAFT_SIZE_MAX) + 1)

// Adds the line that covers the lines before it.
static size_t seal(char *text, int size)
{
    char hex[DIGITS + 1];

    VCH_ASSERT(size > 0 && (size_t)size + DIGITS + 2 <= VCH_RECORDS_SIZE_MAX);
    struct vch_digest digest = vch_hash_bytes(text, (size_t)size);
    vch_hex_encode(hex, digest.bytes, VCH_DIGEST_SIZE);
    return (size_t)size + (size_t)snprintf(text + size, DIGITS + 2, "%s\n", hex);
}

static size_t encode_log(char *out, const char *origin, uint64_t size,
                         const struct vch_digest *root, uint64_t count, uint64_t time_s)
{
    char base64[DIGEST_TEXT];

    (void)vch_base64_encode(base64, root->bytes, VCH_DIGEST_SIZE);
    return seal(out, snprintf(out, VCH_RECORDS_SIZE_MAX,
                              "vouch/witness/v1\n%s\n%" PRIu64 "\n%s\n%" PRIu64 "\n%" PRIu64 "\n",
                              origin, size, base64, count, time_s));
}

size_t vch_records_encode_log(char out[static VCH_RECORDS_SIZE_MAX], const struct vch_core_log *log)
{
    return encode_log(out, log->vkey.name, log->size, &log->root, log->count, log->time_s);
}

size_t vch_records_encode_change(char out[static VCH_RECORDS_SIZE_MAX],
                                 const struct vch_core_log *log,
                                 const struct vch_core_change *change)
{
    return encode_log(out, log->vkey.name, change->size, &change->root, change->count,
                      change->time_s);
}

size_t vch_records_encode_promise(char out[static VCH_RECORDS_SIZE_MAX],
                                  const struct vch_core_promise *promise)
{
    char draft[DRAFT_TEXT];

    (void)vch_base64_encode(draft, promise->draft, promise->draft_size);
    return seal(out, snprintf(out, VCH_RECORDS_SIZE_MAX,
                              "vouch/promise/v1\n%" PRIu64 "\n%" PRIu64 "\n%s\n",
                              promise->handed_ms, promise->handed_count, draft));
}

size_t vch_records_encode_refusal(char out[static VCH_RECORDS_SIZE_MAX],
                                  const struct vch_core_log *log,
                                  const struct vch_core_change *change,
                                  const struct vch_core_refusal *refusal)
{
    const struct vch_core_promise *promise = &log->promises[refusal->promise];
    char root[DIGEST_TEXT], draft[DRAFT_TEXT];
    char signature[VCH_BASE64_SIZE(VCH_SIGN_SIGNATURE_SIZE) + 1];

    (void)vch_base64_encode(root, change->root.bytes, VCH_DIGEST_SIZE);
    (void)vch_base64_encode(draft, promise->draft, promise->draft_size);
    (void)vch_base64_encode(signature, refusal->signature.bytes, VCH_SIGN_SIGNATURE_SIZE);
    return (size_t)snprintf(
        out, VCH_RECORDS_SIZE_MAX, "vouch/refusal/v1\n%s\n%" PRIu64 "\n%s\n%" PRIu64 "\n%s\n%s\n",
        log->vkey.name, change->size, root, promise->handed_ms, draft, signature);
}

static vch_status open_seal(const char *text, size_t size)
{
    char hex[DIGITS + 1];

    if (size < DIGITS + 2 || size > VCH_RECORDS_SIZE_MAX) return VCH_FAIL(MALFORMED);
    size_t body = size - DIGITS - 1;
    struct vch_digest digest = vch_hash_bytes(text, body);
    vch_hex_encode(hex, digest.bytes, VCH_DIGEST_SIZE);
    bool is_right = memcmp(text + body, hex, DIGITS) == 0 && text[size - 1] == '\n';
    return is_right ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status read_text(struct vch_lines *lines, const char *expected)
{
    const char *line = NULL;
    size_t size = 0;

    VCH_TRY(vch_lines_read(lines, &line, &size));
    bool is_right = size == strlen(expected) && memcmp(line, expected, size) == 0;
    return is_right ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status read_number(struct vch_lines *lines, uint64_t *out)
{
    const char *line = NULL;
    size_t size = 0;

    VCH_TRY(vch_lines_read(lines, &line, &size));
    return vch_lines_decode_number(out, line, size, INT64_MAX);
}

struct read {
    uint64_t size, count, time_s;
    struct vch_digest root;
};

static vch_status read_log(struct read *out, const char *origin, struct vch_lines lines)
{
    const char *line = NULL;
    size_t size = 0;

    VCH_TRY(read_text(&lines, "vouch/witness/v1"));
    VCH_TRY(read_text(&lines, origin));
    VCH_TRY(read_number(&lines, &out->size));
    VCH_TRY(vch_lines_read(&lines, &line, &size));
    VCH_TRY(vch_base64_decode_exactly(out->root.bytes, VCH_DIGEST_SIZE, line, size));
    VCH_TRY(read_number(&lines, &out->count));
    VCH_TRY(read_number(&lines, &out->time_s));
    return lines.size - lines.offset == DIGITS + 1 ? VCH_OK : VCH_FAIL(MALFORMED);
}

vch_status vch_records_decode_log(struct vch_core_log *log, const char *text, size_t size,
                                  struct vch_complaint *complaint)
{
    const char *origin = log->vkey.name;
    struct read read;

    if (!vch_is_ok(open_seal(text, size)) ||
        !vch_is_ok(read_log(&read, origin, (struct vch_lines){text, size, 0})))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the state kept for %s is damaged, or another log's: this witness must "
                            "not go on without it",
                            origin);
    log->size = read.size;
    log->root = read.root;
    log->count = read.count;
    log->time_s = read.time_s;
    return VCH_OK;
}

static vch_status read_promise(struct vch_core_promise *out, struct vch_lines lines)
{
    struct vch_draft draft;
    const char *line = NULL;
    size_t size = 0, draft_size = 0;

    VCH_TRY(read_text(&lines, "vouch/promise/v1"));
    VCH_TRY(read_number(&lines, &out->handed_ms));
    VCH_TRY(read_number(&lines, &out->handed_count));
    VCH_TRY(vch_lines_read(&lines, &line, &size));
    VCH_TRY(vch_base64_decode(out->draft, &draft_size, sizeof out->draft, line, size));
    VCH_TRY(vch_draft_decode(&draft, out->draft, draft_size));
    out->writer = draft.writer;
    out->draft_size = (uint32_t)draft_size;
    out->digest = vch_hash_bytes(out->draft, draft_size);
    return lines.size - lines.offset == DIGITS + 1 ? VCH_OK : VCH_FAIL(MALFORMED);
}

vch_status vch_records_decode_promise(struct vch_core_promise *out, const char *text, size_t size,
                                      struct vch_complaint *complaint)
{
    if (vch_is_ok(open_seal(text, size)) &&
        vch_is_ok(read_promise(out, (struct vch_lines){text, size, 0})))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED, "a promise that was kept is damaged");
}
