#include "evidence/tpm_ek.h"

#include <string.h>

#define EXTENDED_KEY_USAGE "2.5.29.37"
enum { SEQUENCE = 0x30, RSA_2048_SIZE = 294 }; // of a SubjectPublicKeyInfo

// tcg-kp-EKCertificate, 2.23.133.8.1, with its tag and length.
static const uint8_t ek_use[] = {0x06, 0x05, 0x67, 0x81, 0x05, 0x08, 0x01};

// A sequence of object identifiers, all of them short.
static bool has_ek_use(const struct x509_st *certificate)
{
    struct vch_certificate_bytes value;
    bool is_found = false;

    if (!vch_is_ok(vch_certificate_extension(certificate, EXTENDED_KEY_USAGE, &value)) ||
        value.size < 2 || value.size > 2 + 0x7f || value.bytes[0] != SEQUENCE ||
        value.bytes[1] != value.size - 2)
        return false;
    for (size_t at = 2, size; at < value.size; at += size) {
        size = at + 1 < value.size ? 2u + value.bytes[at + 1] : value.size;
        if (size > value.size - at) return false;
        is_found |= size == sizeof ek_use && memcmp(value.bytes + at, ek_use, size) == 0;
    }
    return is_found;
}

vch_status vch_tpm_ek_verify(struct vch_appraisal *appraisal, struct vch_spki *ek,
                             const struct vch_certificate_list *list,
                             const struct vch_chain_rules *rules)
{
    struct vch_complaint why = {0};

    vch_appraisal_check(appraisal, "tpm.ek.chain", vch_is_ok(vch_chain_verify(list, rules, &why)),
                        "%s", why.text);
    const struct x509_st *certificate = list->count == 0 ? NULL : list->items[0];
    vch_appraisal_check(appraisal, "tpm.ek.use", certificate != NULL && has_ek_use(certificate),
                        "expected a certificate for an endorsement key (extended key usage "
                        "2.23.133.8.1), found one for something else");
    bool is_key =
        certificate != NULL && vch_is_ok(vch_certificate_spki(certificate, ek)) &&
        (ek->kind == VCH_SPKI_P256 || (ek->kind == VCH_SPKI_RSA && ek->size == RSA_2048_SIZE));
    vch_appraisal_check(appraisal, "tpm.ek.key", is_key,
                        "expected an endorsement key of RSA with 2048 bits or on the curve P-256, "
                        "found another; use the TPM's other endorsement certificate");
    return vch_appraisal_status(appraisal);
}
