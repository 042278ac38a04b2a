#include "evidence/tpm_signature.h"

#include <string.h>

#include "evidence/tpm_wire.h"

enum { RSASSA = 0x0014, ECDSA = 0x0018 }; // TPM_ALG_ID
enum { RSA_SIGNATURE_MAX = 512, COORDINATE_SIZE = 32 };

struct parts {
    uint16_t scheme;
    const uint8_t *rsa;
    uint16_t rsa_size;
    uint8_t r[COORDINATE_SIZE], s[COORDINATE_SIZE];
};

static vch_status read_parts(struct parts *out, const struct vch_tpm_signature *signature)
{
    struct vch_reader reader = {.bytes = signature->bytes, .size = signature->size};
    uint16_t hash;

    VCH_TRY(vch_tpm_wire_u16(&reader, &out->scheme));
    if (out->scheme != RSASSA && out->scheme != ECDSA) return VCH_FAIL(UNSUPPORTED);
    VCH_TRY(vch_tpm_wire_u16(&reader, &hash));
    if (hash != VCH_TPM_WIRE_SHA256) return VCH_FAIL(UNSUPPORTED);
    if (out->scheme == RSASSA) {
        VCH_TRY(vch_tpm_wire_sized(&reader, RSA_SIGNATURE_MAX, &out->rsa, &out->rsa_size));
    } else {
        VCH_TRY(vch_tpm_wire_number(&reader, out->r, COORDINATE_SIZE));
        VCH_TRY(vch_tpm_wire_number(&reader, out->s, COORDINATE_SIZE));
    }
    return reader.offset == reader.size ? VCH_OK : VCH_FAIL(MALFORMED);
}

static vch_status verify_parts(const struct parts *parts, const struct vch_spki *key,
                               const uint8_t *message, size_t size)
{
    if ((parts->scheme == RSASSA) != (key->kind == VCH_SPKI_RSA)) return VCH_FAIL(BAD_PROOF);
    if (parts->scheme == RSASSA)
        return vch_spki_verify_pkcs1(key, parts->rsa, parts->rsa_size, message, size);
    return vch_spki_verify_ecdsa(
        key, &(struct vch_spki_ecdsa){.r = parts->r, .s = parts->s, .size = COORDINATE_SIZE},
        message, size);
}

vch_status vch_tpm_signature_verify(const struct vch_tpm_signature *signature,
                                    const struct vch_spki *key, const uint8_t *message, size_t size,
                                    struct vch_complaint *complaint)
{
    struct parts parts = {0};
    vch_status status;

    if (key->kind != VCH_SPKI_RSA && key->kind != VCH_SPKI_P256)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "TPM keys are RSA or on the curve P-256; this one is neither");
    if (signature->form == VCH_TPM_SIGNATURE_TPMT) {
        status = read_parts(&parts, signature);
        if (!vch_is_ok(status))
            return vch_complain(complaint, status.code,
                                "expected a TPMT_SIGNATURE (RSASSA or ECDSA, with SHA-256) of "
                                "exactly its length, found %zu other bytes",
                                signature->size);
        status = verify_parts(&parts, key, message, size);
    } else if (key->kind == VCH_SPKI_RSA) {
        status = vch_spki_verify_pkcs1(key, signature->bytes, signature->size, message, size);
    } else {
        status = vch_spki_verify_ecdsa_der(key, signature->bytes, signature->size, message, size);
    }
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "the TPM's signature is not of this key over these bytes");
    return VCH_OK;
}
