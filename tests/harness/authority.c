#include "harness/authority.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "harness/test.h"

static EVP_MD_CTX *signer_of(EVP_PKEY *key, const char *hash, int salt)
{
    EVP_PKEY_CTX *padding = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const char *usual = EVP_PKEY_get_bits(key) == 256 ? "SHA256" : "SHA384";
    const EVP_MD *md = EVP_get_digestbyname(hash == NULL ? usual : hash);

    CHECK_EQ(EVP_DigestSignInit(context, &padding, md, NULL, key), 1);
    if (EVP_PKEY_get_id(key) == EVP_PKEY_RSA) {
        CHECK_EQ(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING), 1);
        CHECK_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, salt == 0 ? 48 : salt), 1);
    }
    return context;
}

static void extend_by_name(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    CHECK(extension != NULL);
    CHECK_EQ(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void constrain(X509 *certificate, const struct authority_plan *plan)
{
    char value[64] = "critical,CA:TRUE";

    if (plan->path_length >= 0)
        (void)snprintf(value, sizeof value, "critical,CA:TRUE,pathlen:%d", plan->path_length);
    if (plan->path_length != AUTHORITY_LEAF)
        extend_by_name(certificate, NID_basic_constraints, value);
    if (plan->usage != NULL) extend_by_name(certificate, NID_key_usage, plan->usage);
    if (plan->extend != NULL) plan->extend(certificate);
}

void authority_issue(struct authority *out, const struct authority *issuer,
                     const struct authority_plan *plan)
{
    X509 *certificate = X509_new();

    out->key = plan->curve == NULL ? EVP_RSA_gen(2048) : EVP_EC_gen(plan->curve);
    out->certificate = certificate;
    if (issuer == NULL) issuer = out;
    CHECK(certificate != NULL && out->key != NULL);
    CHECK_EQ(X509_set_version(certificate, X509_VERSION_3), 1);
    CHECK_EQ(ASN1_INTEGER_set(X509_get_serialNumber(certificate), plan->serial), 1);
    X509_NAME *name = X509_get_subject_name(certificate);
    CHECK_EQ(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)plan->name,
                                        -1, -1, 0),
             1);
    CHECK_EQ(X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)), 1);
    CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate), plan->start_s) != NULL);
    CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate), plan->end_s) != NULL);
    CHECK_EQ(X509_set_pubkey(certificate, out->key), 1);
    constrain(certificate, plan);
    EVP_MD_CTX *signer = signer_of(issuer->key, plan->hash, plan->salt);
    CHECK(X509_sign_ctx(certificate, signer) > 0);
    EVP_MD_CTX_free(signer);
}

void authority_release(struct authority *authority)
{
    EVP_PKEY_free(authority->key);
    X509_free(authority->certificate);
    *authority = (struct authority){0};
}

void authority_extend(X509 *certificate, const char *oid, const void *value, size_t size)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *bytes = ASN1_OCTET_STRING_new();

    CHECK_EQ(ASN1_OCTET_STRING_set(bytes, value, (int)size), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, bytes);
    CHECK_EQ(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(bytes);
    ASN1_OBJECT_free(object);
}

size_t authority_der(const struct authority *authority, uint8_t *out, size_t size)
{
    unsigned char *end = out;

    CHECK(i2d_X509(authority->certificate, NULL) <= (int)size);
    return (size_t)i2d_X509(authority->certificate, &end);
}

static void add_revoked(X509_CRL *crl, long serial, int64_t start_s)
{
    X509_REVOKED *revoked = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_TIME *date = ASN1_TIME_set(NULL, start_s);

    CHECK_EQ(ASN1_INTEGER_set(number, serial), 1);
    CHECK_EQ(X509_REVOKED_set_serialNumber(revoked, number), 1);
    CHECK_EQ(X509_REVOKED_set_revocationDate(revoked, date), 1);
    CHECK_EQ(X509_CRL_add0_revoked(crl, revoked), 1);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(date);
}

size_t authority_list(const struct authority *issuer, const struct authority_list_plan *plan,
                      uint8_t *out, size_t size)
{
    unsigned char *end = out;
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *start = ASN1_TIME_set(NULL, plan->start_s), *next = ASN1_TIME_set(NULL, plan->end_s);

    CHECK_EQ(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
    CHECK_EQ(X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->certificate)), 1);
    CHECK_EQ(X509_CRL_set1_lastUpdate(crl, start), 1);
    CHECK_EQ(X509_CRL_set1_nextUpdate(crl, next), 1);
    for (size_t i = 0; i < plan->count; i++)
        add_revoked(crl, plan->serials[i], plan->start_s);
    if (plan->extend != NULL) plan->extend(crl);
    EVP_MD_CTX *signer = signer_of(issuer->key, plan->hash, 0);
    CHECK(X509_CRL_sign_ctx(crl, signer) > 0);
    EVP_MD_CTX_free(signer);
    CHECK(i2d_X509_CRL(crl, NULL) <= (int)size);
    size_t used = (size_t)i2d_X509_CRL(crl, &end);
    X509_CRL_free(crl);
    ASN1_TIME_free(start);
    ASN1_TIME_free(next);
    return used;
}

size_t authority_revoke(const struct authority *issuer, const long *serials, size_t count,
                        int64_t start_s, int64_t end_s, uint8_t *out, size_t size)
{
    const struct authority_list_plan plan = {
        .serials = serials, .count = count, .start_s = start_s, .end_s = end_s};

    return authority_list(issuer, &plan, out, size);
}
