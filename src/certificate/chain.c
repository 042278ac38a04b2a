#include "certificate/chain.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "certificate/revoked.h"

enum { SECURITY_LEVEL = 2 }; // OpenSSL's: 112 bits, which SHA-1 and RSA of 1024 bits have not

struct judge {
    enum vch_chain_crls crl_rule;
    int issued_by_root; // the place of the certificate that the root issued
};

// Where no revocation list is asked for, not to have one is no error. Everything else is.
static int on_error(int is_good, X509_STORE_CTX *context)
{
    const struct judge *judge = X509_STORE_CTX_get_app_data(context);
    int depth = X509_STORE_CTX_get_error_depth(context);

    if (is_good == 1) return 1;
    if (X509_STORE_CTX_get_error(context) != X509_V_ERR_UNABLE_TO_GET_CRL) return 0;
    if (judge->crl_rule == VCH_CHAIN_CRLS_OF_ALL) return 0;
    if (judge->crl_rule == VCH_CHAIN_CRLS_OF_ROOT && depth >= judge->issued_by_root) return 0;
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
}

static bool is_mgf1_sha384(const X509_ALGOR *mask)
{
    const ASN1_OBJECT *what = NULL;
    const void *parameter = NULL;
    int type = 0;

    X509_ALGOR_get0(&what, &type, &parameter, mask);
    if (OBJ_obj2nid(what) != NID_mgf1 || type != V_ASN1_SEQUENCE) return false;
    X509_ALGOR *hash = ASN1_item_unpack(parameter, ASN1_ITEM_rptr(X509_ALGOR));
    if (hash != NULL) X509_ALGOR_get0(&what, NULL, NULL, hash);
    bool is_same = hash != NULL && OBJ_obj2nid(what) == NID_sha384;
    X509_ALGOR_free(hash);
    return is_same;
}

static bool is_pss_sha384(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *hash = NULL;
    const void *parameter = NULL;
    int type = 0;
    int64_t salt = 0, trailer = 1;

    X509_ALGOR_get0(NULL, &type, &parameter, algorithm);
    if (type != V_ASN1_SEQUENCE) return false;
    RSA_PSS_PARAMS *pss = ASN1_item_unpack(parameter, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
    bool is_whole = pss != NULL && pss->hashAlgorithm != NULL && pss->maskGenAlgorithm != NULL &&
                    pss->saltLength != NULL;
    if (is_whole) X509_ALGOR_get0(&hash, NULL, NULL, pss->hashAlgorithm);
    bool is_same = is_whole && OBJ_obj2nid(hash) == NID_sha384 &&
                   is_mgf1_sha384(pss->maskGenAlgorithm) &&
                   ASN1_INTEGER_get_int64(&salt, pss->saltLength) == 1 && salt == 48 &&
                   (pss->trailerField == NULL ||
                    (ASN1_INTEGER_get_int64(&trailer, pss->trailerField) == 1 && trailer == 1));
    RSA_PSS_PARAMS_free(pss);
    return is_same;
}

// 0: none of those that can be allowed.
static unsigned signature_by(int nid, const X509_ALGOR *algorithm)
{
    switch (nid) {
    case NID_ecdsa_with_SHA256: return VCH_CHAIN_ECDSA_SHA256;
    case NID_ecdsa_with_SHA384: return VCH_CHAIN_ECDSA_SHA384;
    case NID_sha256WithRSAEncryption: return VCH_CHAIN_PKCS1_SHA256;
    case NID_sha384WithRSAEncryption: return VCH_CHAIN_PKCS1_SHA384;
    case NID_rsassaPss: return is_pss_sha384(algorithm) ? VCH_CHAIN_PSS_SHA384 : 0;
    default: return 0;
    }
}

static unsigned signature_of(const X509 *certificate)
{
    const X509_ALGOR *algorithm = NULL;

    X509_get0_signature(NULL, &algorithm, certificate);
    return signature_by(X509_get_signature_nid(certificate), algorithm);
}

static vch_status check_certificate(X509 *certificate, bool is_leaf, unsigned signatures,
                                    size_t place, struct vch_complaint *complaint)
{
    if ((signature_of(certificate) & signatures) == 0)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "certificate %zu of the chain is signed in a way that is not allowed "
                            "(%s, or its parameters)",
                            place, OBJ_nid2ln(X509_get_signature_nid(certificate)));
    if (is_leaf == (X509_check_ca(certificate) != 0))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF, "certificate %zu of the chain %s", place,
                            is_leaf ? "is an authority's: expected a leaf"
                                    : "is no authority's, and issued another");
    if (!is_leaf && X509_check_ca(certificate) != 1)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "certificate %zu of the chain issued another without basic constraints "
                            "that say it may",
                            place);
    return VCH_OK;
}

static vch_status check_leaf(X509 *leaf, enum vch_chain_leaf use, struct vch_complaint *complaint)
{
    bool is_signing = use == VCH_CHAIN_LEAF_SIGNS;
    uint32_t wanted = is_signing ? KU_DIGITAL_SIGNATURE : KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT;

    if ((X509_get_key_usage(leaf) & wanted) != 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF, "the leaf's key usage does not hold %s",
                        is_signing ? "signing" : "encryption of keys, nor agreement on them");
}

// Each by itself and in its place, before anything is computed.
static vch_status check_list(const struct vch_certificate_list *list, uint32_t below, X509 *root,
                             unsigned signatures, struct vch_complaint *complaint)
{
    if (below == 0)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "expected a leaf before the root; found none");
    for (uint32_t i = 0; i < below; i++) {
        X509 *issuer = i + 1 < below ? list->items[i + 1] : root;
        VCH_TRY(check_certificate(list->items[i], i == 0, signatures, i + 1, complaint));
        int why = X509_check_issued(issuer, list->items[i]);
        if (why != X509_V_OK)
            return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                                "certificate %u of the chain was not issued by the %s: %s", i + 1,
                                issuer == root ? "pinned root" : "next one",
                                X509_verify_cert_error_string(why));
    }
    return VCH_OK;
}

static bool is_authority(const X509_NAME *name, const struct vch_certificate_list *list,
                         uint32_t below, const X509 *root)
{
    for (uint32_t i = 1; i < below; i++)
        if (X509_NAME_cmp(name, X509_get_subject_name(list->items[i])) == 0) return true;
    return X509_NAME_cmp(name, X509_get_subject_name(root)) == 0;
}

// What an authority says of revocation is signed as its certificates are: OpenSSL takes any hash.
static vch_status check_crls(const struct vch_crl_list *crls,
                             const struct vch_certificate_list *list, uint32_t below,
                             const X509 *root, unsigned signatures, struct vch_complaint *complaint)
{
    for (uint32_t i = 0; crls != NULL && i < crls->count; i++) {
        const X509_CRL *crl = crls->items[i];
        const X509_ALGOR *algorithm = NULL;
        X509_CRL_get0_signature(crl, NULL, &algorithm);
        int nid = X509_CRL_get_signature_nid(crl);
        if ((signature_by(nid, algorithm) & signatures) == 0 &&
            is_authority(X509_CRL_get_issuer(crl), list, below, root))
            return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                                "revocation list %u is signed in a way that is not allowed (%s, or "
                                "its parameters)",
                                i + 1, OBJ_nid2ln(nid));
    }
    return VCH_OK;
}

static STACK_OF(X509) * stack_of(const struct vch_certificate_list *list, uint32_t below)
{
    STACK_OF(X509) *stack = sk_X509_new_null();

    for (uint32_t i = 1; stack != NULL && i < below; i++)
        if (sk_X509_push(stack, list->items[i]) <= 0) {
            sk_X509_free(stack);
            return NULL;
        }
    return stack;
}

static bool push_crls(STACK_OF(X509_CRL) * stack, const struct vch_crl_list *crls, int64_t until_s)
{
    int64_t start_s, end_s;

    for (uint32_t i = 0; crls != NULL && i < crls->count; i++) {
        bool is_made =
            until_s == INT64_MAX ||
            (vch_is_ok(vch_crl_dates(crls->items[i], &start_s, &end_s)) && start_s <= until_s);
        if (is_made && sk_X509_CRL_push(stack, crls->items[i]) <= 0) return false;
    }
    return true;
}

// A verifier may judge as of a time before its own lists were made: they are none of that time.
static STACK_OF(X509_CRL) * stack_of_crls(const struct vch_chain_rules *rules)
{
    STACK_OF(X509_CRL) *stack = sk_X509_CRL_new_null();

    if (stack != NULL && push_crls(stack, rules->crls, INT64_MAX) &&
        push_crls(stack, rules->own, rules->time_s))
        return stack;
    sk_X509_CRL_free(stack);
    return NULL;
}

static void set_rules(X509_STORE_CTX *context, const struct vch_chain_rules *rules, uint32_t below,
                      STACK_OF(X509_CRL) * crls)
{
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);

    X509_VERIFY_PARAM_set_time(parameters, rules->time_s);
    X509_VERIFY_PARAM_set_depth(parameters, (int)below);
    X509_VERIFY_PARAM_set_auth_level(parameters, SECURITY_LEVEL);
    (void)X509_VERIFY_PARAM_set_flags(
        parameters, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_USE_CHECK_TIME);
    X509_STORE_CTX_set0_crls(context, crls);
    X509_STORE_CTX_set_verify_cb(context, on_error);
}

// The chain that was found has to be the list, one by one.
static bool is_in_order(X509_STORE_CTX *context, const struct vch_certificate_list *list,
                        uint32_t below)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);

    if (sk_X509_num(chain) != (int)below + 1) return false;
    for (uint32_t i = 0; i < below; i++)
        if (X509_cmp(sk_X509_value(chain, (int)i), list->items[i]) != 0) return false;
    return true;
}

static vch_status verify(const struct vch_certificate_list *list, uint32_t below, X509 *root,
                         const struct vch_chain_rules *rules, struct vch_complaint *complaint)
{
    struct judge judge = {rules->crl_rule, (int)below - 1};
    vch_status status = VCH_FAIL(NO_MEMORY);
    X509_STORE *store = X509_STORE_new(); // holds the one root; never OpenSSL's default
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *untrusted = stack_of(list, below);
    STACK_OF(X509_CRL) *crls = stack_of_crls(rules);

    if (store != NULL && context != NULL && untrusted != NULL && crls != NULL &&
        X509_STORE_add_cert(store, root) == 1 &&
        X509_STORE_CTX_init(context, store, list->items[0], untrusted) == 1 &&
        X509_STORE_CTX_set_app_data(context, &judge) == 1) {
        set_rules(context, rules, below, crls);
        bool is_good = X509_verify_cert(context) == 1;
        if (is_good && is_in_order(context, list, below))
            status = VCH_OK;
        else
            status = vch_complain(
                complaint, VCH_CODE_BAD_PROOF, "certificate %d of the chain: %s",
                X509_STORE_CTX_get_error_depth(context) + 1,
                is_good ? "is not where it belongs"
                        : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    sk_X509_free(untrusted);
    sk_X509_CRL_free(crls);
    return status;
}

vch_status vch_chain_verify(const struct vch_certificate_list *list,
                            const struct vch_chain_rules *rules, struct vch_complaint *complaint)
{
    const unsigned char *end = rules->root.bytes;
    uint32_t below = list->count;

    if (below == 0)
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "expected a chain of certificates; found none");
    ERR_set_mark();
    X509 *root = d2i_X509(NULL, &end, (long)rules->root.size);
    vch_status status = VCH_FAIL(USAGE);
    if (root != NULL) {
        if (X509_cmp(list->items[below - 1], root) == 0) below--;
        status = check_list(list, below, root, rules->signatures, complaint);
        if (vch_is_ok(status)) status = check_leaf(list->items[0], rules->leaf, complaint);
        if (vch_is_ok(status))
            status = check_crls(rules->crls, list, below, root, rules->signatures, complaint);
        if (vch_is_ok(status))
            status = check_crls(rules->own, list, below, root, rules->signatures, complaint);
        if (vch_is_ok(status)) status = verify(list, below, root, rules, complaint);
        if (vch_is_ok(status) && rules->own != NULL)
            status = vch_revoked_check(list, below, root, rules->own, rules->time_s, complaint);
    }
    X509_free(root);
    ERR_pop_to_mark();
    return status;
}
