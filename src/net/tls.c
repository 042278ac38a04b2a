#include "net/tls.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/identity.h"
#include "net/tls_key.h"

// A peer's certificate holds one Ed25519 key: 300 bytes or so.
enum { CERTIFICATE_LIST_MAX = 4096 };

static const unsigned char PROTOCOLS[] = "\x07vouch/1"; // ALPN: length, name

struct vch_tls {
    SSL_CTX *context;
    struct vch_tls_key *key;
};

// What one connection knows of the peer it may have; hangs from its SSL.
struct expectation {
    bool is_pinned;
    struct vch_public_key pinned;
    struct vch_tls_admission admission;
};

static int expectation_index = -1;

static void free_expectation(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index,
                             long argument, void *context)
{
    (void)parent, (void)data, (void)index, (void)argument, (void)context;
    free(pointer);
}

// Taken once for the process, before main, so that threads need not agree on who does it.
__attribute__((constructor)) static void take_expectation_index(void)
{
    expectation_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_expectation);
}

static vch_status key_of_certificate(struct vch_public_key *out, const X509 *certificate)
{
    EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;
    size_t size = sizeof out->bytes;

    if (key == NULL || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) return VCH_FAIL(BAD_PROOF);
    if (EVP_PKEY_get_raw_public_key(key, out->bytes, &size) != 1) return VCH_FAIL(BAD_PROOF);
    return size == sizeof out->bytes ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

// Replaces the whole of X.509 path validation: the key is the identity, nothing else is read.
static int verify_peer(X509_STORE_CTX *store, void *unused)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct expectation *expectation = SSL_get_ex_data(ssl, expectation_index);
    struct vch_public_key key;
    bool is_welcome = false;

    (void)unused;
    if (expectation != NULL && sk_X509_num(X509_STORE_CTX_get0_untrusted(store)) == 1 &&
        vch_is_ok(key_of_certificate(&key, X509_STORE_CTX_get0_cert(store)))) {
        const struct vch_tls_admission *admission = &expectation->admission;
        is_welcome = expectation->is_pinned ? vch_is_equal(&key, &expectation->pinned, sizeof key)
                                            : admission->admit(admission->context, &key);
    }
    X509_STORE_CTX_set_error(store, is_welcome ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return is_welcome;
}

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                           const unsigned char *in, unsigned int in_size, void *unused)
{
    unsigned char *chosen = NULL;

    (void)ssl, (void)unused;
    if (SSL_select_next_proto(&chosen, out_size, PROTOCOLS, sizeof PROTOCOLS - 1, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static vch_status make_certificate(uint8_t out[static VCH_IDENTITY_CERTIFICATE_SIZE],
                                   const struct vch_signer *signer)
{
    uint8_t body[VCH_IDENTITY_BODY_SIZE];
    struct vch_signature signature;

    vch_identity_body(body, &signer->public_key);
    VCH_TRY(vch_signer_sign_tls(signer, &signature, body, sizeof body));
    vch_identity_certificate(out, &signer->public_key, &signature);
    return VCH_OK;
}

static bool configure(SSL_CTX *context)
{
    char signatures[] = "ed25519"; // OpenSSL's macros would cast const away

    SSL_CTX_set_options(context,
                        SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, verify_peer, NULL);
    SSL_CTX_set_max_cert_list(context, CERTIFICATE_LIST_MAX);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); // idle connections hold no buffers
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1 &&
           SSL_CTX_set1_sigalgs_list(context, signatures) == 1 &&
           SSL_CTX_set1_client_sigalgs_list(context, signatures) == 1 &&
           SSL_CTX_set_alpn_protos(context, PROTOCOLS, sizeof PROTOCOLS - 1) == 0;
}

static bool use_identity(struct vch_tls *tls, const struct vch_signer *signer,
                         const uint8_t *certificate)
{
    tls->key = vch_tls_key_new(signer);
    tls->context = SSL_CTX_new(TLS_method());
    return tls->key != NULL && tls->context != NULL && configure(tls->context) &&
           SSL_CTX_use_certificate_ASN1(tls->context, VCH_IDENTITY_CERTIFICATE_SIZE, certificate) ==
               1 &&
           SSL_CTX_use_PrivateKey(tls->context, vch_tls_key_get(tls->key)) == 1;
}

vch_status vch_tls_new(struct vch_tls **out, const struct vch_signer *signer,
                       struct vch_complaint *complaint)
{
    uint8_t certificate[VCH_IDENTITY_CERTIFICATE_SIZE];
    vch_status status = make_certificate(certificate, signer);

    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "whoever holds this identity's key does not "
                            "sign its certificate");
    struct vch_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) return VCH_FAIL(NO_MEMORY);
    if (!use_identity(tls, signer, certificate)) {
        vch_tls_free(tls);
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "OpenSSL refuses TLS 1.3 with Ed25519 keys: vouch needs OpenSSL 3 with "
                            "its default provider");
    }
    *out = tls;
    return VCH_OK;
}

void vch_tls_free(struct vch_tls *tls)
{
    if (tls == NULL) return;
    SSL_CTX_free(tls->context);
    vch_tls_key_free(tls->key); // last: OpenSSL's key calls into it
    free(tls);
}

static SSL *new_connection(struct vch_tls *tls, const struct expectation *wanted)
{
    SSL *ssl = SSL_new(tls->context);
    struct expectation *expectation = calloc(1, sizeof *expectation);

    if (expectation != NULL) *expectation = *wanted;
    if (ssl != NULL && expectation != NULL &&
        SSL_set_ex_data(ssl, expectation_index, expectation) == 1)
        return ssl; // which now owns the expectation
    free(expectation);
    SSL_free(ssl);
    return NULL;
}

SSL *vch_tls_new_accepting(struct vch_tls *tls, const struct vch_tls_admission *admission)
{
    return new_connection(tls, &(struct expectation){.admission = *admission});
}

SSL *vch_tls_new_connecting(struct vch_tls *tls, const struct vch_public_key *expected)
{
    return new_connection(tls, &(struct expectation){.is_pinned = true, .pinned = *expected});
}

vch_status vch_tls_peer(struct vch_public_key *out, const SSL *ssl)
{
    if (!SSL_is_init_finished(ssl) || SSL_get_verify_result(ssl) != X509_V_OK)
        return VCH_FAIL(BAD_PROOF);
    return key_of_certificate(out, SSL_get0_peer_certificate(ssl));
}

vch_status vch_tls_export(uint8_t out[static VCH_TLS_EXPORT_SIZE], SSL *ssl, const char *label,
                          const void *context, size_t context_size)
{
    if (!SSL_is_init_finished(ssl) ||
        SSL_export_keying_material(ssl, out, VCH_TLS_EXPORT_SIZE, label, strlen(label), context,
                                   context_size, 1) != 1)
        return VCH_FAIL(BAD_PROOF);
    return VCH_OK;
}

static vch_status digest_key(struct vch_digest *out, const X509 *certificate)
{
    unsigned char *bytes = NULL;
    int size = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &bytes) : 0;

    if (size <= 0) return VCH_FAIL(BAD_PROOF);
    *out = vch_hash_bytes(bytes, (size_t)size);
    OPENSSL_free(bytes);
    return VCH_OK;
}

vch_status vch_tls_keys(struct vch_digest *own, struct vch_digest *peer, const SSL *ssl)
{
    if (!SSL_is_init_finished(ssl)) return VCH_FAIL(BAD_PROOF);
    VCH_TRY(digest_key(own, SSL_get_certificate(ssl)));
    return digest_key(peer, SSL_get0_peer_certificate(ssl));
}
