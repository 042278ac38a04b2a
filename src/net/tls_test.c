// TLS connections in memory: the exporter and the keys that attestation is bound to, and what would
// give two connections one exporter: other versions, tickets, resumption, early data.
#include "net/tls.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

enum { SERVER, CLIENT, ENDS, ROUNDS = 20 };

static const char LABEL[] = "EXPORTER-test";

struct scene {
    struct vch_secret_key keys[ENDS];
    struct vch_tls *tls[ENDS];
    SSL *ssl[ENDS];
};

static bool admit(void *context, const struct vch_public_key *key)
{
    const struct scene *scene = context;

    return vch_is_equal(key, &scene->keys[CLIENT].public_key, sizeof *key);
}

static void set_up(struct scene *scene)
{
    *scene = (struct scene){0};
    for (int i = 0; i < ENDS; i++) {
        const uint8_t seed[VCH_SIGN_SEED_SIZE] = {(uint8_t)(7 + i)};
        vch_sign_key(&scene->keys[i], seed);
        const struct vch_signer signer = vch_signer_local(&scene->keys[i]);
        CHECK_OK(vch_tls_new(&scene->tls[i], &signer, NULL));
    }
}

static void join(SSL *a, SSL *b)
{
    BIO *ends[2] = {NULL, NULL};

    CHECK(BIO_new_bio_pair(&ends[0], 0, &ends[1], 0) == 1);
    SSL_set_bio(a, ends[0], ends[0]);
    SSL_set_bio(b, ends[1], ends[1]);
    SSL_set_accept_state(a);
    SSL_set_connect_state(b);
}

static void connect_ends(struct scene *scene)
{
    const struct vch_tls_admission admission = {admit, scene};

    scene->ssl[SERVER] = vch_tls_new_accepting(scene->tls[SERVER], &admission);
    scene->ssl[CLIENT] =
        vch_tls_new_connecting(scene->tls[CLIENT], &scene->keys[SERVER].public_key);
    CHECK(scene->ssl[SERVER] != NULL && scene->ssl[CLIENT] != NULL);
    join(scene->ssl[SERVER], scene->ssl[CLIENT]);
}

// Until both are done, or one has failed.
static bool shake_hands(SSL *server, SSL *client)
{
    for (int i = 0; i < ROUNDS; i++) {
        const int a = SSL_do_handshake(client), b = SSL_do_handshake(server);
        if (a == 1 && b == 1) return true;
        if (a != 1 && SSL_get_error(client, a) != SSL_ERROR_WANT_READ) return false;
        if (b != 1 && SSL_get_error(server, b) != SSL_ERROR_WANT_READ) return false;
    }
    return false;
}

static void disconnect(struct scene *scene)
{
    for (int i = 0; i < ENDS; i++) {
        SSL_free(scene->ssl[i]);
        scene->ssl[i] = NULL;
    }
}

static void tear_down(struct scene *scene)
{
    disconnect(scene);
    for (int i = 0; i < ENDS; i++)
        vch_tls_free(scene->tls[i]);
}

static void export(uint8_t out[VCH_TLS_EXPORT_SIZE], SSL *ssl, const char *label,
                   const char *context)
{
    CHECK_OK(vch_tls_export(out, ssl, label, context, strlen(context)));
}

TEST(tls_exporters_are_equal_at_both_ends_and_differ_elsewhere)
{
    struct scene scene;
    uint8_t a[VCH_TLS_EXPORT_SIZE], b[VCH_TLS_EXPORT_SIZE], first[VCH_TLS_EXPORT_SIZE];

    set_up(&scene);
    connect_ends(&scene);
    CHECK_FAILS(vch_tls_export(a, scene.ssl[CLIENT], LABEL, "n", 1), BAD_PROOF); // too early
    CHECK(shake_hands(scene.ssl[SERVER], scene.ssl[CLIENT]));
    export(first, scene.ssl[CLIENT], LABEL, "nonce");
    export(b, scene.ssl[SERVER], LABEL, "nonce");
    CHECK(memcmp(first, b, sizeof b) == 0);
    export(a, scene.ssl[CLIENT], LABEL, "other");
    CHECK(memcmp(first, a, sizeof a) != 0);
    export(a, scene.ssl[CLIENT], "EXPORTER-other", "nonce");
    CHECK(memcmp(first, a, sizeof a) != 0);
    disconnect(&scene);
    connect_ends(&scene); // the same keys, the same nonce, another handshake
    CHECK(shake_hands(scene.ssl[SERVER], scene.ssl[CLIENT]));
    export(a, scene.ssl[CLIENT], LABEL, "nonce");
    CHECK(memcmp(first, a, sizeof a) != 0);
    tear_down(&scene);
}

TEST(tls_keys_are_those_of_the_certificates)
{
    // SubjectPublicKeyInfo of Ed25519 (RFC 8410), up to the key.
    static const uint8_t head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    struct scene scene;
    struct vch_digest own, peer;

    set_up(&scene);
    connect_ends(&scene);
    CHECK_FAILS(vch_tls_keys(&own, &peer, scene.ssl[CLIENT]), BAD_PROOF);
    CHECK(shake_hands(scene.ssl[SERVER], scene.ssl[CLIENT]));
    for (int i = 0; i < ENDS; i++) {
        uint8_t info[sizeof head + VCH_SIGN_PUBLIC_SIZE];
        memcpy(info, head, sizeof head);
        memcpy(info + sizeof head, scene.keys[i].public_key.bytes, VCH_SIGN_PUBLIC_SIZE);
        const struct vch_digest expected = vch_hash_bytes(info, sizeof info);
        CHECK_OK(vch_tls_keys(&own, &peer, scene.ssl[i]));
        CHECK(vch_hash_is_equal(&own, &expected));
        CHECK_OK(vch_tls_keys(&own, &peer, scene.ssl[1 - i]));
        CHECK(vch_hash_is_equal(&peer, &expected));
    }
    tear_down(&scene);
}

// Another implementation of TLS, as far as OpenSSL goes: with the key that is admitted, and with
// everything allowed that ours leaves out.
struct stranger {
    SSL_CTX *context;
    EVP_PKEY *key;
    X509 *certificate;
};

static int accept_all(int is_good, X509_STORE_CTX *store)
{
    (void)is_good, (void)store;
    return 1;
}

static void make_stranger(struct stranger *stranger, const struct vch_secret_key *secret,
                          int version_max)
{
    static const uint8_t protocols[] = "\x07vouch/1";

    stranger->context = SSL_CTX_new(TLS_method());
    stranger->key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret->seed, sizeof secret->seed);
    stranger->certificate = X509_new();
    CHECK(stranger->context != NULL && stranger->key != NULL && stranger->certificate != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notBefore(stranger->certificate), 0) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(stranger->certificate), 1000) != NULL);
    CHECK(X509_set_pubkey(stranger->certificate, stranger->key) == 1);
    CHECK(X509_sign(stranger->certificate, stranger->key, NULL) > 0);
    CHECK(SSL_CTX_use_certificate(stranger->context, stranger->certificate) == 1);
    CHECK(SSL_CTX_use_PrivateKey(stranger->context, stranger->key) == 1);
    CHECK(SSL_CTX_set_alpn_protos(stranger->context, protocols, sizeof protocols - 1) == 0);
    CHECK(SSL_CTX_set_max_proto_version(stranger->context, version_max) == 1);
    SSL_CTX_set_verify(stranger->context, SSL_VERIFY_PEER, accept_all);
    SSL_CTX_set_session_cache_mode(stranger->context, SSL_SESS_CACHE_BOTH);
    CHECK(SSL_CTX_set_max_early_data(stranger->context, 1024) == 1);
}

static void free_stranger(struct stranger *stranger)
{
    SSL_CTX_free(stranger->context);
    EVP_PKEY_free(stranger->key);
    X509_free(stranger->certificate);
}

static SSL *accepting(struct scene *scene)
{
    const struct vch_tls_admission admission = {admit, scene};

    return vch_tls_new_accepting(scene->tls[SERVER], &admission);
}

TEST(tls_1_2_is_refused_by_both_ends)
{
    struct stranger stranger;
    struct scene scene;

    set_up(&scene);
    make_stranger(&stranger, &scene.keys[CLIENT], TLS1_2_VERSION);
    scene.ssl[SERVER] = accepting(&scene);
    scene.ssl[CLIENT] = SSL_new(stranger.context);
    join(scene.ssl[SERVER], scene.ssl[CLIENT]);
    CHECK(!shake_hands(scene.ssl[SERVER], scene.ssl[CLIENT]));
    disconnect(&scene);
    free_stranger(&stranger);

    make_stranger(&stranger, &scene.keys[SERVER], TLS1_2_VERSION);
    scene.ssl[SERVER] = SSL_new(stranger.context);
    scene.ssl[CLIENT] = vch_tls_new_connecting(scene.tls[CLIENT], &scene.keys[SERVER].public_key);
    join(scene.ssl[SERVER], scene.ssl[CLIENT]);
    CHECK(!shake_hands(scene.ssl[SERVER], scene.ssl[CLIENT]));
    free_stranger(&stranger);
    tear_down(&scene);
}

static int count_session(SSL *ssl, SSL_SESSION *session)
{
    ++*(int *)SSL_get_app_data(ssl);
    (void)session;
    return 0;
}

// Reads until nothing comes: tickets would.
static void drain(SSL *ssl)
{
    uint8_t bytes[256];

    while (SSL_read(ssl, bytes, sizeof bytes) > 0)
        continue;
}

TEST(tls_gives_no_tickets_and_takes_no_session_again)
{
    struct stranger stranger;
    struct scene scene;
    int tickets = 0;

    set_up(&scene);
    make_stranger(&stranger, &scene.keys[CLIENT], TLS1_3_VERSION);
    SSL_CTX_sess_set_new_cb(stranger.context, count_session);
    scene.ssl[SERVER] = accepting(&scene);
    scene.ssl[CLIENT] = SSL_new(stranger.context);
    SSL_set_app_data(scene.ssl[CLIENT], &tickets);
    join(scene.ssl[SERVER], scene.ssl[CLIENT]);
    CHECK(shake_hands(scene.ssl[SERVER], scene.ssl[CLIENT])); // it is TLS 1.3, with a good key
    CHECK_EQ(SSL_version(scene.ssl[CLIENT]), TLS1_3_VERSION);
    drain(scene.ssl[CLIENT]);
    CHECK_EQ(tickets, 0);
    SSL_SESSION *session = SSL_get1_session(scene.ssl[CLIENT]);
    CHECK(session != NULL && !SSL_SESSION_is_resumable(session));
    CHECK_EQ(SSL_SESSION_get_max_early_data(session), 0);
    SSL_SESSION_free(session);
    free_stranger(&stranger);
    tear_down(&scene);
}

// A pre-shared key of the stranger's own making, which is what a resumption is in TLS 1.3.
static int use_session(SSL *ssl, const EVP_MD *digest, const unsigned char **id, size_t *id_size,
                       SSL_SESSION **session)
{
    static const unsigned char key[32] = {1};

    (void)ssl, (void)digest;
    *session = SSL_SESSION_new();
    *id = (const unsigned char *)"ticket";
    *id_size = 6;
    return SSL_SESSION_set1_master_key(*session, key, sizeof key) == 1 &&
           SSL_SESSION_set_cipher(*session, SSL_CIPHER_find(ssl, (const uint8_t *)"\x13\x01")) ==
               1 &&
           SSL_SESSION_set_protocol_version(*session, TLS1_3_VERSION) == 1 &&
           SSL_SESSION_set_max_early_data(*session, 1024) == 1 &&
           SSL_SESSION_set1_alpn_selected(*session, (const uint8_t *)"vouch/1", 7) == 1;
}

TEST(tls_offered_resumption_and_early_data_come_to_nothing)
{
    struct stranger stranger;
    struct scene scene;
    uint8_t bytes[64];
    size_t written = 0;

    set_up(&scene);
    make_stranger(&stranger, &scene.keys[CLIENT], TLS1_3_VERSION);
    SSL_CTX_set_psk_use_session_callback(stranger.context, use_session);
    scene.ssl[SERVER] = accepting(&scene);
    scene.ssl[CLIENT] = SSL_new(stranger.context);
    join(scene.ssl[SERVER], scene.ssl[CLIENT]);
    CHECK(SSL_write_early_data(scene.ssl[CLIENT], "a request", 9, &written) == 1); // it is offered
    CHECK_EQ(written, 9);
    CHECK(shake_hands(scene.ssl[SERVER], scene.ssl[CLIENT])); // anew, with both certificates
    CHECK(SSL_session_reused(scene.ssl[SERVER]) == 0);
    CHECK(SSL_session_reused(scene.ssl[CLIENT]) == 0);
    CHECK(SSL_get0_peer_certificate(scene.ssl[SERVER]) != NULL);
    CHECK_EQ(SSL_get_early_data_status(scene.ssl[CLIENT]), SSL_EARLY_DATA_REJECTED);
    CHECK(SSL_read(scene.ssl[SERVER], bytes, sizeof bytes) <= 0); // and nothing of it is heard
    free_stranger(&stranger);
    tear_down(&scene);
}
