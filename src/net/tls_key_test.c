// Handshakes in memory, with keys that are elsewhere: what happens when whoever holds one does not
// sign, signs something else, or has another.
#include "net/tls_key.h"

#include <openssl/evp.h>
#include <string.h>

#include "harness/test.h"
#include "net/tls.h"

// A signer that signs its certificate, and afterwards as its kind says.
enum kind { HONEST, GONE, LIAR, OTHER };

struct end {
    struct vch_secret_key key, other;
    enum kind kind;
    uint32_t calls;
    struct vch_tls *tls;
    SSL *ssl;
};

static vch_status sign_tls(void *context, struct vch_signature *out, const void *message,
                           size_t size)
{
    struct end *end = context;
    const struct vch_signer here = vch_signer_local(&end->key);
    bool is_certificate = end->calls++ == 0;

    if (!is_certificate && end->kind == GONE) return VCH_FAIL(UNAVAILABLE);
    if (!is_certificate && end->kind == OTHER) {
        vch_sign_bare_message(out, &end->other, message, size);
        return VCH_OK;
    }
    VCH_TRY(vch_signer_sign_tls(&here, out, message, size));
    if (!is_certificate && end->kind == LIAR) out->bytes[5] ^= 1;
    return VCH_OK;
}

static vch_status sign(void *context, struct vch_signature *out, const char *protocol,
                       const struct vch_signer_item *items, uint32_t count)
{
    (void)context, (void)out, (void)protocol, (void)items, (void)count;
    return VCH_FAIL(REFUSED);
}

static void make(struct end *end, uint8_t number, enum kind kind)
{
    uint8_t seed[32] = {number};

    *end = (struct end){.kind = kind};
    vch_sign_key(&end->key, seed);
    seed[0] = 99;
    vch_sign_key(&end->other, seed);
    const struct vch_signer signer = {
        .public_key = end->key.public_key, .sign = sign, .sign_tls = sign_tls, .context = end};
    CHECK_OK(vch_tls_new(&end->tls, &signer, NULL));
}

static bool admit(void *context, const struct vch_public_key *key)
{
    (void)context, (void)key;
    return true;
}

static void connect(struct end *server, struct end *client)
{
    static const struct vch_tls_admission everybody = {admit, NULL};
    BIO *left = NULL, *right = NULL;

    CHECK(BIO_new_bio_pair(&left, 0, &right, 0) == 1);
    server->ssl = vch_tls_new_accepting(server->tls, &everybody);
    client->ssl = vch_tls_new_connecting(client->tls, &server->key.public_key);
    CHECK(server->ssl != NULL && client->ssl != NULL);
    SSL_set_bio(server->ssl, left, left);
    SSL_set_bio(client->ssl, right, right);
    SSL_set_accept_state(server->ssl);
    SSL_set_connect_state(client->ssl);
}

// Whether both ends come to trust each other.
static bool shakes_hands(struct end *server, struct end *client)
{
    struct vch_public_key seen;

    connect(server, client);
    for (int i = 0; i < 10; i++) {
        (void)SSL_do_handshake(client->ssl);
        (void)SSL_do_handshake(server->ssl);
    }
    bool is_done = SSL_is_init_finished(client->ssl) && SSL_is_init_finished(server->ssl);
    if (is_done) {
        CHECK_OK(vch_tls_peer(&seen, server->ssl));
        CHECK(memcmp(&seen, &client->key.public_key, sizeof seen) == 0);
        CHECK_OK(vch_tls_peer(&seen, client->ssl));
        CHECK(memcmp(&seen, &server->key.public_key, sizeof seen) == 0);
    }
    SSL_free(server->ssl);
    SSL_free(client->ssl);
    return is_done;
}

static bool try_kinds(enum kind server_kind, enum kind client_kind)
{
    struct end server, client;

    make(&server, 1, server_kind);
    make(&client, 2, client_kind);
    bool is_done = shakes_hands(&server, &client);
    vch_tls_free(server.tls);
    vch_tls_free(client.tls);
    return is_done;
}

TEST(tls_key_signers_elsewhere_shake_hands)
{
    CHECK(try_kinds(HONEST, HONEST));
}

TEST(tls_key_handshakes_fail_where_an_end_does_not_sign_or_signs_wrongly)
{
    for (enum kind kind = GONE; kind <= OTHER; kind++) {
        CHECK(!try_kinds(kind, HONEST));
        CHECK(!try_kinds(HONEST, kind));
    }
}

TEST(tls_key_an_end_goes_on_after_a_handshake_that_failed)
{
    struct end server, client;

    make(&server, 1, GONE);
    make(&client, 2, HONEST);
    CHECK(!shakes_hands(&server, &client));
    server.kind = HONEST;
    CHECK(shakes_hands(&server, &client));
    vch_tls_free(server.tls);
    vch_tls_free(client.tls);
}

static vch_status refuse(void *context, struct vch_signature *out, const void *message, size_t size)
{
    (void)context, (void)out, (void)message, (void)size;
    return VCH_FAIL(UNAVAILABLE);
}

TEST(tls_key_there_is_none_without_a_signature_of_the_certificate)
{
    struct vch_complaint complaint = {""};
    struct vch_tls *tls = NULL;
    const struct vch_signer signer = {.sign = sign, .sign_tls = refuse};

    CHECK_FAILS(vch_tls_new(&tls, &signer, &complaint), UNAVAILABLE);
    CHECK(complaint.text[0] != '\0');
}

TEST(tls_key_gives_nothing_away_and_signs_what_tls_signs)
{
    struct vch_secret_key key;
    const uint8_t seed[32] = {1};
    uint8_t bytes[64];
    size_t size = sizeof bytes;

    vch_sign_key(&key, seed);
    const struct vch_signer signer = vch_signer_local(&key);
    struct vch_tls_key *self = vch_tls_key_new(&signer);
    CHECK(self != NULL);
    CHECK(EVP_PKEY_get_raw_private_key(vch_tls_key_get(self), bytes, &size) != 1);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    CHECK(EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, vch_tls_key_get(self), NULL) == 1);
    size = sizeof bytes;
    CHECK(EVP_DigestSign(context, bytes, &size, (const uint8_t *)"anything", 8) != 1);
    EVP_MD_CTX_free(context);
    vch_tls_key_free(self);
}
