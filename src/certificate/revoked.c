#include "certificate/revoked.h"

#include <openssl/x509.h>

static bool is_by(const X509_CRL *crl, const X509_NAME *issuer)
{
    return X509_NAME_cmp(X509_CRL_get_issuer(crl), issuer) == 0;
}

bool vch_revoked_concerns(const struct X509_crl_st *crl, const struct vch_certificate_list *chain)
{
    for (uint32_t i = 0; i < chain->count; i++)
        if (is_by(crl, X509_get_issuer_name(chain->items[i]))) return true;
    return false;
}

// Delta and indirect lists, and those of some reasons, say so by a critical extension.
static bool is_whole(const X509_CRL *crl)
{
    return X509_CRL_get_ext_by_critical(crl, 1, -1) < 0;
}

static bool is_over(const X509_CRL *crl, int64_t time_s)
{
    int64_t start_s, end_s;

    return !vch_is_ok(vch_crl_dates(crl, &start_s, &end_s)) || end_s < time_s;
}

static vch_status check(X509_CRL *crl, X509 *certificate, X509 *issuer, int64_t time_s,
                        uint32_t place, struct vch_complaint *complaint)
{
    const char *what = NULL;
    X509_REVOKED *entry = NULL;

    if (X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1)
        what = "the verifier's own list of what its issuer revoked is signed by another key";
    else if (!is_whole(crl))
        what = "the verifier's own list of what its issuer revoked is no whole list";
    else if (is_over(crl, time_s))
        what = "the verifier's own list of what its issuer revoked is over: get the next one";
    else if (X509_CRL_get0_by_cert(crl, &entry, certificate) != 0)
        what = "certificate revoked, by the verifier's own list";
    if (what == NULL) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF, "certificate %u of the chain: %s", place,
                        what);
}

vch_status vch_revoked_check(const struct vch_certificate_list *chain, uint32_t count,
                             struct x509_st *root, const struct vch_crl_list *own, int64_t time_s,
                             struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < count; i++) {
        X509 *issuer = i + 1 < count ? chain->items[i + 1] : root;
        for (uint32_t k = 0; k < own->count; k++)
            if (is_by(own->items[k], X509_get_subject_name(issuer)))
                VCH_TRY(check(own->items[k], chain->items[i], issuer, time_s, i + 1, complaint));
    }
    return VCH_OK;
}
