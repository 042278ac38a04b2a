#include "certificate/crl.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>

#include "certificate/dates.h"
#include "certificate/pem.h"

void vch_crl_init(struct vch_crl_list *list)
{
    *list = (struct vch_crl_list){0};
}

void vch_crl_release(struct vch_crl_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        X509_CRL_free(list->items[i]);
    vch_crl_init(list);
}

static bool is_canonical(X509_CRL *crl, const uint8_t *bytes, size_t size)
{
    unsigned char *again = NULL;
    int again_size = i2d_X509_CRL(crl, &again);
    bool is_same = again_size == (int)size && memcmp(again, bytes, size) == 0;

    OPENSSL_free(again);
    return is_same && X509_CRL_get0_nextUpdate(crl) != NULL;
}

// A list of changes, of some reasons, or of what others issued is one only together with others:
// OpenSSL passes over it as if it were not there, and so over whom it revokes.
static bool is_whole(const X509_CRL *crl)
{
    int found = -1; // there is no such extension
    ISSUING_DIST_POINT *point =
        X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &found, NULL);
    bool is_of_all =
        point == NULL
            ? found == -1
            : point->indirectCRL <= 0 && point->onlysomereasons == NULL &&
                  (point->onlyuser > 0) + (point->onlyCA > 0) + (point->onlyattr > 0) <= 1;

    ISSUING_DIST_POINT_free(point);
    return is_of_all && X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) < 0;
}

static vch_status append(struct vch_crl_list *list, const uint8_t *bytes, size_t size,
                         struct vch_complaint *complaint)
{
    const unsigned char *end = bytes;

    if (list->count == VCH_CRL_COUNT_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "expected at most %d revocation lists",
                            VCH_CRL_COUNT_MAX);
    ERR_set_mark();
    X509_CRL *crl = d2i_X509_CRL(NULL, &end, (long)size);
    bool is_good =
        crl != NULL && end == bytes + size && is_canonical(crl, bytes, size) && is_whole(crl);
    ERR_pop_to_mark();
    if (!is_good) {
        X509_CRL_free(crl);
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected a revocation list in DER with the date of the next one, "
                            "whole (no changes alone, no other issuers, of all reasons); found %zu "
                            "bytes that are none",
                            size);
    }
    list->items[list->count++] = crl;
    return VCH_OK;
}

static vch_status read_pem(struct vch_crl_list *list, const uint8_t *bytes, size_t size,
                           struct vch_complaint *complaint)
{
    uint8_t der[VCH_PEM_DER_MAX];

    for (size_t blocks = 0;; blocks++) {
        size_t der_size = 0;
        vch_status status = vch_pem_next(&bytes, &size, "X509 CRL", der, &der_size);
        if (!vch_is_ok(status) || (blocks == 0 && der_size == 0))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "expected revocation lists in DER or PEM; found something else at "
                                "block %zu",
                                blocks + 1);
        if (der_size == 0) return VCH_OK;
        VCH_TRY(append(list, der, der_size, complaint));
    }
}

vch_status vch_crl_read(struct vch_crl_list *list, const uint8_t *bytes, size_t size,
                        struct vch_complaint *complaint)
{
    if (size == 0)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "expected a revocation list; found nothing");
    if (size > VCH_CRL_BYTES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected at most %d bytes of revocation lists; found %zu",
                            VCH_CRL_BYTES_MAX, size);
    if (bytes[0] == (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED))
        return append(list, bytes, size, complaint);
    return read_pem(list, bytes, size, complaint);
}

vch_status vch_crl_read_own(struct vch_crl_list *list, const struct vch_crl_own *own,
                            struct vch_complaint *complaint)
{
    for (size_t i = 0; i < own->count; i++)
        VCH_TRY(vch_crl_read(list, own->pieces[i].bytes, own->pieces[i].size, complaint));
    return VCH_OK;
}

vch_status vch_crl_dates(const struct X509_crl_st *crl, int64_t *start_s, int64_t *end_s)
{
    VCH_TRY(vch_dates_seconds(X509_CRL_get0_lastUpdate(crl), start_s));
    return vch_dates_seconds(X509_CRL_get0_nextUpdate(crl), end_s);
}
