#include "witness/submission.h"

#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "tlog/lines.h"

static vch_status refuse(struct vch_complaint *complaint, const char *expected)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED, "expected %s", expected);
}

// A line that begins with `word`, a space and a number.
static bool is_numbered(uint64_t *out, const char *word, const char *line, size_t size)
{
    size_t head = strlen(word);

    return size > head && memcmp(line, word, head) == 0 && line[head] == ' ' &&
           vch_is_ok(vch_lines_decode_number(out, line + head + 1, size - head - 1, INT64_MAX));
}

// Digests, a line each, up to an empty line.
static vch_status read_path(struct vch_tree_path *out, struct vch_lines *lines, uint32_t most)
{
    const char *line = NULL;
    size_t size = 0;

    for (out->count = 0;; out->count++) {
        VCH_TRY(vch_lines_read(lines, &line, &size));
        if (size == 0) return VCH_OK;
        if (out->count == most) return VCH_FAIL(LIMIT);
        VCH_TRY(
            vch_base64_decode_exactly(out->nodes[out->count].bytes, VCH_DIGEST_SIZE, line, size));
    }
}

static vch_status read_bytes(uint8_t *out, size_t *size, size_t most, struct vch_lines *lines)
{
    const char *line = NULL;
    size_t line_size = 0;

    VCH_TRY(vch_lines_read(lines, &line, &line_size));
    return vch_base64_decode(out, size, most, line, line_size);
}

static vch_status read_refusal(struct vch_submission_answer *out, struct vch_lines *lines)
{
    const char *line = NULL;
    size_t size = 0;

    VCH_TRY(read_bytes(out->entry, &out->entry_size, VCH_DRAFT_SIZE_MAX, lines));
    VCH_TRY(read_bytes(out->signature.bytes, &size, VCH_SIGN_SIGNATURE_SIZE, lines));
    if (size != VCH_SIGN_SIGNATURE_SIZE) return VCH_FAIL(MALFORMED);
    VCH_TRY(vch_lines_read(lines, &line, &size));
    return size == 0 ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status read_answer(struct vch_submission_answer *out, struct vch_lines *lines)
{
    const char *line = NULL;
    size_t size = 0;

    VCH_TRY(vch_lines_read(lines, &line, &size));
    out->is_refusal = is_numbered(&out->time_ms, "refused", line, size);
    if (out->is_refusal) return read_refusal(out, lines);
    if (!is_numbered(&out->index, "included", line, size)) return VCH_FAIL(MALFORMED);
    VCH_TRY(read_bytes(out->entry, &out->entry_size, VCH_DRAFT_ENTRY_MAX, lines));
    return read_path(&out->path, lines, VCH_TREE_PATH_MAX);
}

static bool is_answer(const struct vch_lines *lines)
{
    return !vch_lines_is_at_end(lines) &&
           (lines->text[lines->offset] == 'i' || lines->text[lines->offset] == 'r');
}

static vch_status skip_answers(struct vch_submission *out, struct vch_lines *lines,
                               struct vch_complaint *complaint)
{
    struct vch_submission_answer answer;

    for (uint32_t count = 0; is_answer(lines); count++) {
        if (count == VCH_SUBMISSION_ANSWERS_MAX)
            return vch_complain(complaint, VCH_CODE_LIMIT, "there are more than %u answers",
                                VCH_SUBMISSION_ANSWERS_MAX);
        if (!vch_is_ok(read_answer(&answer, lines)))
            return refuse(complaint, "an answer to a promise: included or refused, and an empty "
                                     "line at its end");
    }
    out->answers = lines->text;
    out->answers_size = lines->offset;
    return VCH_OK;
}

vch_status vch_submission_decode(struct vch_submission *out, const char *body, size_t size,
                                 bool may_answer, struct vch_complaint *complaint)
{
    struct vch_lines lines = {body, size, 0};
    const char *line = NULL;
    size_t line_size = 0;

    out->answers_size = 0;
    if (size > (may_answer ? VCH_SUBMISSION_ANSWERED_MAX : VCH_SUBMISSION_CHECKPOINT_MAX))
        return vch_complain(complaint, VCH_CODE_LIMIT, "the request has %zu bytes, too many", size);
    if (may_answer) VCH_TRY(skip_answers(out, &lines, complaint));
    if (!vch_is_ok(vch_lines_read(&lines, &line, &line_size)) ||
        !is_numbered(&out->old_size, "old", line, line_size))
        return refuse(complaint, "a line \"old SIZE\"");
    if (!vch_is_ok(read_path(&out->path, &lines, VCH_SUBMISSION_PROOF_MAX)))
        return refuse(complaint, "at most 63 lines of base64, 32 bytes each, and an empty line");
    VCH_TRY(vch_note_decode(&out->note, body + lines.offset, size - lines.offset, complaint));
    return vch_checkpoint_decode(&out->checkpoint, out->note.text, out->note.text_size, complaint);
}

bool vch_submission_next_answer(struct vch_submission_answer *out,
                                const struct vch_submission *request, size_t *offset)
{
    struct vch_lines lines = {request->answers, request->answers_size, *offset};

    if (request->answers_size == 0 || vch_lines_is_at_end(&lines)) return false;
    vch_status status = read_answer(out, &lines);
    VCH_ASSERT(vch_is_ok(status)); // it was read before
    *offset = lines.offset;
    return true;
}
