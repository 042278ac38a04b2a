#include "tlog/note.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/check.h"
#include "tlog/lines.h"
#include "tlog/utf8.h"

#define DASH "\xe2\x80\x94 " // an em dash and a space

enum { ID_SIZE = 4, LINE_BYTES_MAX = 72 };

static vch_status refuse(struct vch_complaint *complaint, const char *why)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED, "expected a signed note: %s", why);
}

// The text ends at the last empty line.
static const char *find_text_end(const char *bytes, size_t size)
{
    for (size_t i = size; i >= 2; i--)
        if (bytes[i - 1] == '\n' && bytes[i - 2] == '\n') return bytes + i - 1;
    return NULL;
}

static vch_status decode_blob(struct vch_note_signature *out, struct vch_complaint *complaint)
{
    uint8_t blob[VCH_NOTE_BLOB_MAX];
    size_t size = 0;
    vch_status status = vch_base64_decode(blob, &size, sizeof blob, out->base64, out->base64_size);

    if (status.code == VCH_CODE_LIMIT)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a note's signature has more than %u bytes",
                            VCH_NOTE_BLOB_MAX);
    if (!vch_is_ok(status)) return refuse(complaint, "a signature is not canonical base64");
    if (size <= ID_SIZE) return refuse(complaint, "a signature is too short");
    out->key_id = vch_get_u32be(blob);
    return VCH_OK;
}

static vch_status decode_line(struct vch_note_signature *out, const char *line, size_t size,
                              struct vch_complaint *complaint)
{
    size_t head = strlen(DASH);

    if (size < head || memcmp(line, DASH, head) != 0)
        return refuse(complaint, "a line after the last empty one does not begin with a dash");
    const char *name = line + head, *space = memchr(name, ' ', size - head);
    size_t name_size = space != NULL ? (size_t)(space - name) : 0;
    if (!vch_utf8_is_name(name, name_size))
        return refuse(complaint, "a signature line has no name, or one with a space or a plus");
    *out = (struct vch_note_signature){.name = name, .name_size = name_size};
    out->base64 = space + 1;
    out->base64_size = size - head - name_size - 1;
    return decode_blob(out, complaint);
}

static vch_status decode_signatures(struct vch_note *out, struct vch_lines lines,
                                    struct vch_complaint *complaint)
{
    const char *line = NULL;
    size_t size = 0;

    while (!vch_lines_is_at_end(&lines)) {
        if (out->signature_count == VCH_NOTE_SIGNATURES_MAX)
            return vch_complain(complaint, VCH_CODE_LIMIT,
                                "a note has more than %u signature lines", VCH_NOTE_SIGNATURES_MAX);
        if (!vch_is_ok(vch_lines_read(&lines, &line, &size)))
            return refuse(complaint, "its last line does not end in a newline");
        VCH_TRY(decode_line(&out->signatures[out->signature_count], line, size, complaint));
        out->signature_count++;
    }
    if (out->signature_count == 0) return refuse(complaint, "there is no signature line");
    return VCH_OK;
}

vch_status vch_note_decode(struct vch_note *out, const char *bytes, size_t size,
                           struct vch_complaint *complaint)
{
    out->signature_count = 0;
    if (size > VCH_NOTE_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a note has %zu bytes, more than %u", size,
                            VCH_NOTE_SIZE_MAX);
    if (!vch_utf8_is_text(bytes, size))
        return refuse(complaint, "it is not UTF-8, or holds control characters");
    const char *end = find_text_end(bytes, size);
    if (end == NULL) return refuse(complaint, "no empty line ends its text");
    out->text = bytes;
    out->text_size = (size_t)(end - bytes);
    size_t head = out->text_size + 1;
    return decode_signatures(out, (struct vch_lines){bytes + head, size - head, 0}, complaint);
}

bool vch_note_signature_is_of(const struct vch_note_signature *signature,
                              const struct vch_vkey *vkey)
{
    return signature->name_size == strlen(vkey->name) &&
           memcmp(signature->name, vkey->name, signature->name_size) == 0 &&
           signature->key_id == vch_vkey_id(vkey);
}

static vch_status verify_line(const struct vch_note *note,
                              const struct vch_note_signature *signature,
                              const struct vch_vkey *vkey)
{
    uint8_t blob[ID_SIZE + VCH_SIGN_SIGNATURE_SIZE];
    struct vch_signature bytes;

    if (!vch_is_ok(vch_base64_decode_exactly(blob, sizeof blob, signature->base64,
                                             signature->base64_size)))
        return VCH_FAIL(BAD_PROOF);
    memcpy(bytes.bytes, blob + ID_SIZE, sizeof bytes.bytes);
    return vch_sign_verify_bare_message(&vkey->key, note->text, note->text_size, &bytes);
}

vch_status vch_note_verify(const struct vch_note *note, const struct vch_vkey *vkey)
{
    bool is_signed = false;

    if (vkey->type != VCH_VKEY_ED25519) return VCH_FAIL(BAD_PROOF);
    for (uint32_t i = 0; i < note->signature_count; i++) {
        if (!vch_note_signature_is_of(&note->signatures[i], vkey)) continue;
        VCH_TRY(verify_line(note, &note->signatures[i], vkey));
        is_signed = true;
    }
    return is_signed ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

size_t vch_note_line(char out[static VCH_NOTE_LINE_MAX + 1], const struct vch_vkey *vkey,
                     const uint8_t *bytes, size_t size)
{
    uint8_t blob[ID_SIZE + LINE_BYTES_MAX];
    char base64[VCH_BASE64_SIZE(sizeof blob) + 1];

    VCH_ASSERT(size <= LINE_BYTES_MAX && vch_vkey_is_name(vkey->name, strlen(vkey->name)));
    vch_put_u32be(blob, vch_vkey_id(vkey));
    memcpy(blob + ID_SIZE, bytes, size);
    (void)vch_base64_encode(base64, blob, ID_SIZE + size);
    return (size_t)snprintf(out, VCH_NOTE_LINE_MAX + 1, DASH "%s %s\n", vkey->name, base64);
}

size_t vch_note_sign(char out[static VCH_NOTE_LINE_MAX + 1], const char *name,
                     const struct vch_secret_key *key, const char *text, size_t text_size)
{
    struct vch_signature signature;
    struct vch_vkey vkey;
    vch_status status = vch_vkey_init(&vkey, name, VCH_VKEY_ED25519, &key->public_key, NULL);

    VCH_ASSERT(vch_is_ok(status));
    vch_sign_bare_message(&signature, key, text, text_size);
    return vch_note_line(out, &vkey, signature.bytes, sizeof signature.bytes);
}
