#include "tlog/equivocation.h"

#include <string.h>

#include "base/base64.h"
#include "tlog/consistency.h"
#include "tlog/lines.h"
#include "tlog/note.h"

// The note at the front of `lines`, with the empty line behind it: everything up to the second
// empty line, as the first one divides its text from its signatures.
static vch_status take_note(const char **note, size_t *size, struct vch_lines *lines)
{
    size_t begin = lines->offset, line_size = 0;
    const char *line = NULL;

    for (int empty = 0; empty < 2;) {
        VCH_TRY(vch_lines_read(lines, &line, &line_size));
        empty += line_size == 0;
    }
    *note = lines->text + begin;
    *size = lines->offset - begin - 1;
    return VCH_OK;
}

static vch_status take_digest(struct vch_digest *out, struct vch_lines *lines)
{
    const char *line = NULL;
    size_t size = 0;

    VCH_TRY(vch_lines_read(lines, &line, &size));
    return vch_base64_decode_exactly(out->bytes, sizeof out->bytes, line, size);
}

// Does the second log begin with another tree than the first?
static vch_status check_history(const struct vch_equivocation *found, struct vch_lines *lines,
                                struct vch_complaint *complaint)
{
    struct vch_tree_path path = {0};
    struct vch_digest root;

    VCH_TRY(take_digest(&root, lines));
    while (!vch_lines_is_at_end(lines)) {
        if (path.count == VCH_TREE_PATH_MAX) return VCH_FAIL(LIMIT);
        VCH_TRY(take_digest(&path.nodes[path.count++], lines));
    }
    if (vch_hash_is_equal(&root, &found->first.root))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the second checkpoint's log begins with the first one's: no lie");
    return vch_consistency_verify(found->first.size, &root, found->second.size, &found->second.root,
                                  &path);
}

static vch_status check_roots(const struct vch_equivocation *found, const struct vch_lines *lines,
                              struct vch_complaint *complaint)
{
    if (!vch_lines_is_at_end(lines))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "two checkpoints of one size need no proof behind them");
    if (!vch_hash_is_equal(&found->first.root, &found->second.root)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF, "the two checkpoints are the same");
}

vch_status vch_equivocation_verify(struct vch_equivocation *out, const char *bytes, size_t size,
                                   const struct vch_vkey *log, struct vch_complaint *complaint)
{
    struct vch_lines lines = {.text = bytes, .size = size};
    const char *first = NULL, *second = NULL;
    size_t first_size = 0, second_size = 0;
    struct vch_note note;

    if (size > VCH_EQUIVOCATION_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "evidence of %zu bytes; the limit is %u",
                            size, VCH_EQUIVOCATION_SIZE_MAX);
    VCH_TRY(take_note(&first, &first_size, &lines));
    VCH_TRY(take_note(&second, &second_size, &lines));
    VCH_TRY(vch_checkpoint_open(&out->first, &note, first, first_size, log, complaint));
    VCH_TRY(vch_checkpoint_open(&out->second, &note, second, second_size, log, complaint));
    if (out->first.size == out->second.size) return check_roots(out, &lines, complaint);
    if (out->first.size < out->second.size) return check_history(out, &lines, complaint);
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "the checkpoint of the smaller tree comes first");
}

struct writer {
    char *out;
    size_t room, size;
    bool is_full;
};

static void write_bytes(struct writer *writer, const char *bytes, size_t size)
{
    writer->is_full |= size > writer->room - writer->size;
    if (writer->is_full) return;
    memcpy(writer->out + writer->size, bytes, size);
    writer->size += size;
}

static void write_digest(struct writer *writer, const struct vch_digest *digest)
{
    char text[VCH_BASE64_SIZE(VCH_DIGEST_SIZE) + 1];
    size_t size = vch_base64_encode(text, digest->bytes, sizeof digest->bytes);

    write_bytes(writer, text, size);
    write_bytes(writer, "\n", 1);
}

size_t vch_equivocation_encode(char *out, size_t room, const char *first, size_t first_size,
                               const char *second, size_t second_size,
                               const struct vch_digest *root, const struct vch_tree_path *path)
{
    struct writer writer = {.out = out, .room = room};

    write_bytes(&writer, first, first_size);
    write_bytes(&writer, "\n", 1);
    write_bytes(&writer, second, second_size);
    write_bytes(&writer, "\n", 1);
    if (root != NULL) write_digest(&writer, root);
    for (uint32_t i = 0; root != NULL && i < path->count; i++)
        write_digest(&writer, &path->nodes[i]);
    return writer.is_full ? 0 : writer.size;
}
