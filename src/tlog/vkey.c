#include "tlog/vkey.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "crypto/hash.h"

enum { ID_DIGITS = 8, BLOB_SIZE = 1 + VCH_SIGN_PUBLIC_SIZE };

bool vch_vkey_is_name(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '+') return false;
    return size > 0 && size <= VCH_VKEY_NAME_MAX;
}

vch_status vch_vkey_init(struct vch_vkey *out, const char *name, enum vch_vkey_type type,
                         const struct vch_public_key *key, struct vch_complaint *complaint)
{
    size_t size = strlen(name);

    if (!vch_vkey_is_name(name, size))
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "expected a key's name: 1 to %u printable characters without space "
                            "and \"+\", found \"%.80s\"",
                            VCH_VKEY_NAME_MAX, name);
    *out = (struct vch_vkey){.type = type, .key = *key};
    memcpy(out->name, name, size);
    return VCH_OK;
}

static void encode_blob(uint8_t out[static BLOB_SIZE], const struct vch_vkey *vkey)
{
    out[0] = (uint8_t)vkey->type;
    memcpy(out + 1, vkey->key.bytes, VCH_SIGN_PUBLIC_SIZE);
}

uint32_t vch_vkey_id(const struct vch_vkey *vkey)
{
    uint8_t blob[BLOB_SIZE];
    struct vch_hash hash;

    encode_blob(blob, vkey);
    vch_hash_init(&hash);
    vch_hash_update(&hash, vkey->name, strlen(vkey->name));
    vch_hash_update(&hash, "\n", 1);
    vch_hash_update(&hash, blob, sizeof blob);
    struct vch_digest digest = vch_hash_final(&hash);
    return vch_get_u32be(digest.bytes);
}

size_t vch_vkey_encode(char out[static VCH_VKEY_TEXT_MAX + 1], const struct vch_vkey *vkey)
{
    uint8_t blob[BLOB_SIZE];
    char base64[VCH_BASE64_SIZE(BLOB_SIZE) + 1];

    encode_blob(blob, vkey);
    (void)vch_base64_encode(base64, blob, sizeof blob);
    return (size_t)snprintf(out, VCH_VKEY_TEXT_MAX + 1, "%s+%08x+%s", vkey->name, vch_vkey_id(vkey),
                            base64);
}

static vch_status refuse(struct vch_complaint *complaint, const char *why)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "expected a verifier key, NAME+KEYID+BASE64: %s", why);
}

// What stands after the name and its plus.
static vch_status decode_rest(struct vch_vkey *out, const char *text, size_t size,
                              struct vch_complaint *complaint)
{
    uint8_t blob[BLOB_SIZE];
    size_t head = ID_DIGITS + 1;

    if (size < head || text[ID_DIGITS] != '+')
        return refuse(complaint, "there are no 8 digits between two \"+\"");
    if (!vch_is_ok(vch_base64_decode_exactly(blob, sizeof blob, text + head, size - head)))
        return refuse(complaint, "what follows the last \"+\" is not base64 of 33 bytes");
    if (blob[0] != VCH_VKEY_ED25519 && blob[0] != VCH_VKEY_COSIGNATURE)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the verifier key is of type 0x%02x: only Ed25519 (0x01) and its "
                            "cosignatures (0x04) are supported",
                            blob[0]);
    out->type = (enum vch_vkey_type)blob[0];
    memcpy(out->key.bytes, blob + 1, VCH_SIGN_PUBLIC_SIZE);
    return VCH_OK;
}

// Written anew it must be the same text: that settles the key id, and that there is one text only.
vch_status vch_vkey_decode(struct vch_vkey *out, const char *text, size_t size,
                           struct vch_complaint *complaint)
{
    char again[VCH_VKEY_TEXT_MAX + 1];
    const char *plus = size > 0 ? memchr(text, '+', size) : NULL;
    size_t name_size = plus != NULL ? (size_t)(plus - text) : 0;

    *out = (struct vch_vkey){0};
    if (!vch_vkey_is_name(text, name_size)) return refuse(complaint, "it begins with no name");
    memcpy(out->name, text, name_size);
    VCH_TRY(decode_rest(out, plus + 1, size - name_size - 1, complaint));
    if (vch_vkey_encode(again, out) != size || memcmp(again, text, size) != 0)
        return refuse(complaint, "its key id is not that of its name and key");
    return VCH_OK;
}
