#include "model/manifest_reader.h"

#include <string.h>

#include "model/manifest.h"

vch_status vch_manifest_reader_refuse(const struct vch_manifest_reader *at, const char *what)
{
    static const char bad[] = "not in canonical form (fields in order, once, defaults left out)";

    return vch_complain(at->complaint, VCH_CODE_MALFORMED, "manifest: %s", at->is_bad ? bad : what);
}

vch_status vch_manifest_reader_text(const char **out, struct vch_canonical *text,
                                    struct vch_manifest_reader *at)
{
    const size_t size = (size_t)(text->end - text->at);

    *out = at->text;
    if (size > 0) memcpy(at->text, text->at, size);
    at->text[size] = '\0';
    at->text += size + 1;
    if (strlen(*out) != size) at->is_bad = true; // a NUL inside
    return vch_manifest_check_text(*out, at->complaint);
}

vch_status vch_manifest_reader_name(const char **out, struct vch_canonical *message, uint32_t field,
                                    struct vch_manifest_reader *at)
{
    struct vch_canonical text;

    *out = "";
    return vch_canonical_bytes(&text, message, field) ? vch_manifest_reader_text(out, &text, at)
                                                      : VCH_OK;
}

// A list of any length, into room of our own.
const uint32_t *vch_manifest_reader_numbers(uint32_t *count, struct vch_canonical *message,
                                            uint32_t field, struct vch_manifest_reader *at)
{
    uint32_t *const out = at->numbers;
    struct vch_canonical list;

    *count = 0;
    if (!vch_canonical_bytes(&list, message, field)) return out;
    while (list.at < list.end && !at->is_bad)
        out[(*count)++] = vch_canonical_next_u32(&list);
    at->numbers += *count;
    return out;
}

const int32_t *vch_manifest_reader_integers(uint32_t *count, struct vch_canonical *message,
                                            uint32_t field, struct vch_manifest_reader *at)
{
    int32_t *const out = (int32_t *)(void *)at->numbers;
    struct vch_canonical list;

    *count = 0;
    if (!vch_canonical_bytes(&list, message, field)) return out;
    while (list.at < list.end && !at->is_bad)
        out[(*count)++] = vch_canonical_next_s32(&list);
    at->numbers += *count;
    return out;
}
