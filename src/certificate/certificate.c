#include "certificate/certificate.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "certificate/dates.h"
#include "certificate/pem.h"

void vch_certificate_init(struct vch_certificate_list *list)
{
    *list = (struct vch_certificate_list){0};
}

void vch_certificate_release(struct vch_certificate_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        X509_free(list->items[i]);
    vch_certificate_init(list);
}

// The same bytes again, so that what nobody signed has one form (OpenSSL keeps what was signed as
// it came); its extensions are parsed by this too.
static bool is_canonical(X509 *certificate, const uint8_t *bytes, size_t size)
{
    unsigned char *again = NULL;
    int again_size = i2d_X509(certificate, &again);
    bool is_same = again_size == (int)size && memcmp(again, bytes, size) == 0;

    OPENSSL_free(again);
    return is_same && X509_get_version(certificate) == X509_VERSION_3 &&
           (X509_get_extension_flags(certificate) & EXFLAG_INVALID) == 0;
}

static vch_status append(struct vch_certificate_list *list, const uint8_t *bytes, size_t size,
                         struct vch_complaint *complaint)
{
    const unsigned char *end = bytes;

    if (list->count == VCH_CERTIFICATE_COUNT_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "expected at most %d certificates",
                            VCH_CERTIFICATE_COUNT_MAX);
    ERR_set_mark();
    X509 *certificate = d2i_X509(NULL, &end, (long)size);
    bool is_good =
        certificate != NULL && end == bytes + size && is_canonical(certificate, bytes, size);
    ERR_pop_to_mark();
    if (!is_good) {
        X509_free(certificate);
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected an X.509 version 3 certificate in DER, exactly; found %zu "
                            "bytes that are none",
                            size);
    }
    list->items[list->count++] = certificate;
    return VCH_OK;
}

static vch_status read_pem(struct vch_certificate_list *list, const uint8_t *bytes, size_t size,
                           struct vch_complaint *complaint)
{
    uint8_t der[VCH_PEM_DER_MAX];

    for (size_t blocks = 0;; blocks++) {
        size_t der_size = 0;
        vch_status status = vch_pem_next(&bytes, &size, "CERTIFICATE", der, &der_size);
        if (!vch_is_ok(status) || (blocks == 0 && der_size == 0))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "expected certificates in PEM and white space between them; found "
                                "something else at block %zu",
                                blocks + 1);
        if (der_size == 0) return VCH_OK;
        VCH_TRY(append(list, der, der_size, complaint));
    }
}

vch_status vch_certificate_read(struct vch_certificate_list *list, const uint8_t *bytes,
                                size_t size, struct vch_complaint *complaint)
{
    if (size == 0)
        return vch_complain(complaint, VCH_CODE_TRUNCATED, "expected a certificate; found nothing");
    if (size > VCH_CERTIFICATE_BYTES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected at most %d bytes of certificates; found %zu",
                            VCH_CERTIFICATE_BYTES_MAX, size);
    if (bytes[0] == (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED))
        return append(list, bytes, size, complaint);
    return read_pem(list, bytes, size, complaint);
}

static int place_of(const X509 *certificate, const char *oid, int after)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    int place = object == NULL ? -1 : X509_get_ext_by_OBJ(certificate, object, after);

    ASN1_OBJECT_free(object);
    return place;
}

bool vch_certificate_has_extension(const struct x509_st *certificate, const char *oid)
{
    return place_of(certificate, oid, -1) >= 0;
}

vch_status vch_certificate_extension(const struct x509_st *certificate, const char *oid,
                                     struct vch_certificate_bytes *out)
{
    int place = place_of(certificate, oid, -1);

    if (place < 0 || place_of(certificate, oid, place) >= 0) return VCH_FAIL(MALFORMED);
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(certificate, place));
    *out = (struct vch_certificate_bytes){ASN1_STRING_get0_data(value),
                                          (size_t)ASN1_STRING_length(value)};
    return VCH_OK;
}

static vch_status name_of(const X509_NAME *name, uint8_t out[VCH_CERTIFICATE_NAME_MAX],
                          size_t *size)
{
    unsigned char *end = out;
    int need = i2d_X509_NAME(name, NULL);

    if (need < 0) return VCH_FAIL(MALFORMED);
    if (need > VCH_CERTIFICATE_NAME_MAX) return VCH_FAIL(LIMIT);
    *size = (size_t)i2d_X509_NAME(name, &end);
    return VCH_OK;
}

vch_status vch_certificate_subject(const struct x509_st *certificate,
                                   uint8_t out[VCH_CERTIFICATE_NAME_MAX], size_t *size)
{
    return name_of(X509_get_subject_name(certificate), out, size);
}

vch_status vch_certificate_issuer(const struct x509_st *certificate,
                                  uint8_t out[VCH_CERTIFICATE_NAME_MAX], size_t *size)
{
    return name_of(X509_get_issuer_name(certificate), out, size);
}

static vch_status common_name(const X509_NAME *name, char *out, size_t size)
{
    int place = -1;

    for (int next = -1; (next = X509_NAME_get_index_by_NID(name, NID_commonName, next)) >= 0;)
        place = next;
    if (place < 0) return VCH_FAIL(MALFORMED);
    const ASN1_STRING *text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, place));
    size_t length = (size_t)ASN1_STRING_length(text);
    const unsigned char *bytes = ASN1_STRING_get0_data(text);
    if (length >= size) return VCH_FAIL(MALFORMED);
    for (size_t i = 0; i < length; i++)
        if (bytes[i] < ' ' || bytes[i] > '~') return VCH_FAIL(MALFORMED);
    memcpy(out, bytes, length);
    out[length] = '\0';
    return VCH_OK;
}

vch_status vch_certificate_subject_name(const struct x509_st *certificate, char *out, size_t size)
{
    return common_name(X509_get_subject_name(certificate), out, size);
}

vch_status vch_certificate_issuer_name(const struct x509_st *certificate, char *out, size_t size)
{
    return common_name(X509_get_issuer_name(certificate), out, size);
}

vch_status vch_certificate_serial(const struct x509_st *certificate,
                                  uint8_t out[VCH_CERTIFICATE_SERIAL_MAX], size_t *size)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    const unsigned char *bytes = ASN1_STRING_get0_data(serial);
    size_t length = (size_t)ASN1_STRING_length(serial);

    if ((ASN1_STRING_type(serial) & V_ASN1_NEG) != 0) return VCH_FAIL(MALFORMED);
    while (length > 0 && *bytes == 0)
        bytes++, length--;
    if (length > VCH_CERTIFICATE_SERIAL_MAX) return VCH_FAIL(MALFORMED);
    memcpy(out, bytes, length);
    *size = length;
    return VCH_OK;
}

vch_status vch_certificate_verify_own(struct x509_st *certificate)
{
    enum { SECURITY_BITS = 112 };
    int bits = 0;

    if (X509_get_signature_info(certificate, NULL, NULL, &bits, NULL) != 1 ||
        bits < SECURITY_BITS || X509_self_signed(certificate, 1) != 1)
        return VCH_FAIL(BAD_PROOF);
    return VCH_OK;
}

vch_status vch_certificate_spki(const struct x509_st *certificate, struct vch_spki *out)
{
    uint8_t bytes[VCH_SPKI_SIZE_MAX];
    unsigned char *end = bytes;
    const X509_PUBKEY *key = X509_get_X509_PUBKEY(certificate);
    int need = i2d_X509_PUBKEY(key, NULL);

    if (need <= 0 || need > VCH_SPKI_SIZE_MAX) return VCH_FAIL(UNSUPPORTED);
    return vch_spki_decode(out, bytes, (size_t)i2d_X509_PUBKEY(key, &end));
}

vch_status vch_certificate_dates(const struct x509_st *certificate, int64_t *start_s,
                                 int64_t *end_s)
{
    VCH_TRY(vch_dates_seconds(X509_get0_notBefore(certificate), start_s));
    return vch_dates_seconds(X509_get0_notAfter(certificate), end_s);
}
