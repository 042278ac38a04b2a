#include "tlog/cosignature.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/check.h"
#include "tlog/checkpoint.h"

enum { ID_SIZE = 4, TIME_SIZE = 8, HEAD_MAX = 64 };

struct message {
    size_t size;
    char bytes[HEAD_MAX + VCH_CHECKPOINT_EXTENDED_MAX];
};

static void encode_message(struct message *out, uint64_t time_s, const char *text, size_t size)
{
    int head = snprintf(out->bytes, HEAD_MAX, "cosignature/v1\ntime %" PRIu64 "\n", time_s);

    VCH_ASSERT(size <= VCH_CHECKPOINT_EXTENDED_MAX);
    memcpy(out->bytes + head, text, size);
    out->size = (size_t)head + size;
}

size_t vch_cosignature_sign(char out[static VCH_NOTE_LINE_MAX + 1], const char *name,
                            const struct vch_secret_key *key, uint64_t time_s, const char *text,
                            size_t text_size)
{
    struct vch_vkey vkey;
    struct message message;
    struct vch_signature signature;
    uint8_t bytes[TIME_SIZE + VCH_SIGN_SIGNATURE_SIZE];
    vch_status status = vch_vkey_init(&vkey, name, VCH_VKEY_COSIGNATURE, &key->public_key, NULL);

    VCH_ASSERT(vch_is_ok(status) && time_s <= VCH_COSIGNATURE_TIME_MAX);
    encode_message(&message, time_s, text, text_size);
    vch_sign_bare_message(&signature, key, message.bytes, message.size);
    vch_put_u64be(bytes, time_s);
    memcpy(bytes + TIME_SIZE, signature.bytes, sizeof signature.bytes);
    return vch_note_line(out, &vkey, bytes, sizeof bytes);
}

static vch_status verify_line(uint64_t *time_s, const struct vch_note *note,
                              const struct vch_note_signature *line, const struct vch_vkey *vkey)
{
    uint8_t blob[ID_SIZE + TIME_SIZE + VCH_SIGN_SIGNATURE_SIZE];
    struct message message;
    struct vch_signature signature;

    if (!vch_is_ok(vch_base64_decode_exactly(blob, sizeof blob, line->base64, line->base64_size)))
        return VCH_FAIL(BAD_PROOF);
    *time_s = vch_get_u64be(blob + ID_SIZE);
    if (*time_s > VCH_COSIGNATURE_TIME_MAX) return VCH_FAIL(BAD_PROOF);
    encode_message(&message, *time_s, note->text, note->text_size);
    memcpy(signature.bytes, blob + ID_SIZE + TIME_SIZE, sizeof signature.bytes);
    return vch_sign_verify_bare_message(&vkey->key, message.bytes, message.size, &signature);
}

vch_status vch_cosignature_verify(uint64_t *time_s, const struct vch_note *note,
                                  const struct vch_vkey *vkey)
{
    uint64_t latest = 0, time = 0;
    bool is_signed = false;

    if (vkey->type != VCH_VKEY_COSIGNATURE || note->text_size > VCH_CHECKPOINT_EXTENDED_MAX)
        return VCH_FAIL(BAD_PROOF);
    for (uint32_t i = 0; i < note->signature_count; i++) {
        if (!vch_note_signature_is_of(&note->signatures[i], vkey)) continue;
        VCH_TRY(verify_line(&time, note, &note->signatures[i], vkey));
        latest = time > latest ? time : latest;
        is_signed = true;
    }
    if (!is_signed) return VCH_FAIL(BAD_PROOF);
    if (time_s != NULL) *time_s = latest;
    return VCH_OK;
}
