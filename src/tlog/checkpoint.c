#include "tlog/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "tlog/lines.h"

static vch_status refuse(struct vch_complaint *complaint, const char *why)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED, "expected a checkpoint: %s", why);
}

static vch_status decode_origin(struct vch_checkpoint *out, const char *line, size_t size,
                                struct vch_complaint *complaint)
{
    if (!vch_vkey_is_name(line, size))
        return refuse(complaint, "its first line is no origin of printable characters without "
                                 "space and \"+\"");
    memcpy(out->origin, line, size);
    return VCH_OK;
}

static vch_status decode_size(struct vch_checkpoint *out, const char *line, size_t size,
                              struct vch_complaint *complaint)
{
    if (!vch_is_ok(vch_lines_decode_number(&out->size, line, size, VCH_CHECKPOINT_SIZE_MAX)))
        return refuse(complaint, "its second line is no size: a decimal number below 2^63");
    return VCH_OK;
}

static vch_status decode_root(struct vch_checkpoint *out, const char *line, size_t size,
                              struct vch_complaint *complaint)
{
    if (!vch_is_ok(vch_base64_decode_exactly(out->root.bytes, VCH_DIGEST_SIZE, line, size)))
        return refuse(complaint, "its third line is no root: base64 of 32 bytes");
    return VCH_OK;
}

static vch_status decode_extension(struct vch_checkpoint *out, const char *line, size_t size,
                                   struct vch_complaint *complaint)
{
    (void)line;
    if (size == 0) return refuse(complaint, "an extension line is empty");
    out->extensions_size += size + 1;
    return VCH_OK;
}

vch_status vch_checkpoint_decode(struct vch_checkpoint *out, const char *text, size_t size,
                                 struct vch_complaint *complaint)
{
    static vch_status (*const rows[])(struct vch_checkpoint *, const char *, size_t,
                                      struct vch_complaint *) = {
        decode_origin,
        decode_size,
        decode_root,
        decode_extension,
    };
    struct vch_lines lines = {text, size, 0};
    const char *line = NULL;
    size_t line_size = 0;

    *out = (struct vch_checkpoint){0};
    if (size > VCH_CHECKPOINT_EXTENDED_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a checkpoint has %zu bytes, more than %u",
                            size, VCH_CHECKPOINT_EXTENDED_MAX);
    for (size_t row = 0; row < 3 || !vch_lines_is_at_end(&lines); row += row < 3) {
        if (!vch_is_ok(vch_lines_read(&lines, &line, &line_size)))
            return refuse(complaint, "it ends before its third line does");
        VCH_TRY(rows[row](out, line, line_size, complaint));
    }
    return VCH_OK;
}

size_t vch_checkpoint_encode(char out[static VCH_CHECKPOINT_TEXT_MAX + 1],
                             const struct vch_checkpoint *checkpoint)
{
    char root[VCH_BASE64_SIZE(VCH_DIGEST_SIZE) + 1];

    (void)vch_base64_encode(root, checkpoint->root.bytes, VCH_DIGEST_SIZE);
    return (size_t)snprintf(out, VCH_CHECKPOINT_TEXT_MAX + 1, "%s\n%" PRIu64 "\n%s\n",
                            checkpoint->origin, checkpoint->size, root);
}

size_t vch_checkpoint_sign(char out[static VCH_CHECKPOINT_NOTE_MAX + 1],
                           const struct vch_checkpoint *checkpoint,
                           const struct vch_secret_key *key)
{
    const char *text = out;
    char line[VCH_NOTE_LINE_MAX + 1];
    size_t size = vch_checkpoint_encode(out, checkpoint);
    size_t line_size = vch_note_sign(line, checkpoint->origin, key, text, size);

    out[size] = '\n';
    memcpy(out + size + 1, line, line_size + 1);
    return size + 1 + line_size;
}

vch_status vch_checkpoint_open(struct vch_checkpoint *out, struct vch_note *note, const char *bytes,
                               size_t size, const struct vch_vkey *log,
                               struct vch_complaint *complaint)
{
    VCH_TRY(vch_note_decode(note, bytes, size, complaint));
    VCH_TRY(vch_checkpoint_decode(out, note->text, note->text_size, complaint));
    if (strcmp(out->origin, log->name) != 0)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "expected a checkpoint of the log %s, found one of %s", log->name,
                            out->origin);
    if (!vch_is_ok(vch_note_verify(note, log)))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the checkpoint of %s is not signed by the log's key", log->name);
    return VCH_OK;
}
