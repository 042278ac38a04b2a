#include "net/tls_key.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/obj_mac.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// The names of functions that OpenSSL calls are numbers, and it casts them back by these; OpenSSL's
// own macro for such a table casts in the same way.
#define ENTRY(number, function) \
    { \
        (number), (void (*)(void))(function) \
    }

static const char NAME[] = "vouch-signer"; // of the provider, and of the parameter
static const char QUERY[] = "provider=vouch-signer";

enum { BITS = 256, SECURITY_BITS = 128 }; // of Ed25519, as OpenSSL's own say

struct vch_tls_key {
    OSSL_LIB_CTX *library;
    OSSL_PROVIDER *provider;
    struct vch_signer signer;
    EVP_PKEY *key;
};

// A key as the provider sees it: a peer's, to be compared with ours, has no signer.
struct key {
    struct vch_public_key public_key;
    const struct vch_signer *signer;
};

static void *key_new(void *provider)
{
    (void)provider;
    return calloc(1, sizeof(struct key));
}

static void key_free(void *key)
{
    free(key);
}

static int key_has(const void *key, int selection)
{
    const struct key *self = key;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || self->signer != NULL;
}

static int key_match(const void *one, const void *other, int selection)
{
    const struct key *a = one, *b = other;

    (void)selection; // Ed25519 has no parameters, and public keys tell private ones apart
    return memcmp(&a->public_key, &b->public_key, sizeof a->public_key) == 0;
}

static const OSSL_PARAM *key_import_types(int selection)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_octet_ptr(NAME, NULL, 0),
        OSSL_PARAM_END,
    };

    (void)selection;
    return types;
}

static int key_import(void *key, int selection, const OSSL_PARAM parameters[])
{
    const OSSL_PARAM *public_key = OSSL_PARAM_locate_const(parameters, OSSL_PKEY_PARAM_PUB_KEY);
    const OSSL_PARAM *signer = OSSL_PARAM_locate_const(parameters, NAME);
    struct key *self = key;
    void *out = self->public_key.bytes;
    const void *pointer = NULL;
    size_t size = 0;

    if (public_key == NULL || public_key->data_size != sizeof self->public_key) return 0;
    if (OSSL_PARAM_get_octet_string(public_key, &out, sizeof self->public_key, &size) != 1)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || signer == NULL) return 1;
    if (OSSL_PARAM_get_octet_ptr(signer, &pointer, &size) != 1) return 0;
    self->signer = pointer;
    return 1;
}

static const OSSL_PARAM *key_gettable(void *provider)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };

    (void)provider;
    return known;
}

static int key_get(void *key, OSSL_PARAM parameters[])
{
    static const struct {
        const char *name;
        int value;
    } NUMBERS[] = {
        {OSSL_PKEY_PARAM_BITS, BITS},
        {OSSL_PKEY_PARAM_SECURITY_BITS, SECURITY_BITS},
        {OSSL_PKEY_PARAM_MAX_SIZE, VCH_SIGN_SIGNATURE_SIZE},
    };

    (void)key;
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
        OSSL_PARAM *parameter = OSSL_PARAM_locate(parameters, NUMBERS[i].name);
        if (parameter != NULL && OSSL_PARAM_set_int(parameter, NUMBERS[i].value) != 1) return 0;
    }
    // No digest goes before Ed25519.
    OSSL_PARAM *digest = OSSL_PARAM_locate(parameters, OSSL_PKEY_PARAM_MANDATORY_DIGEST);
    return digest == NULL || OSSL_PARAM_set_utf8_string(digest, "") == 1;
}

static void *signature_new(void *provider, const char *query)
{
    (void)provider, (void)query;
    return calloc(1, sizeof(const struct key *));
}

static void signature_free(void *context)
{
    free(context);
}

static int signature_init(void *context, const char *digest, void *key, const OSSL_PARAM unused[])
{
    const struct key **self = context;

    (void)unused;
    if (digest != NULL && digest[0] != '\0') return 0;
    if (key != NULL) *self = key;
    return *self != NULL && (*self)->signer != NULL;
}

static int signature_make(void *context, unsigned char *out, size_t *out_size, size_t room,
                          const unsigned char *message, size_t size)
{
    const struct key *const *self = context;
    struct vch_signature signature;

    *out_size = sizeof signature.bytes;
    if (out == NULL) return 1;
    if (room < sizeof signature.bytes) return 0;
    if (!vch_is_ok(vch_signer_sign_tls((*self)->signer, &signature, message, size))) return 0;
    memcpy(out, signature.bytes, sizeof signature.bytes);
    return 1;
}

// There is no export: a copy of the key elsewhere could not sign.
static const OSSL_DISPATCH KEYS[] = {
    ENTRY(OSSL_FUNC_KEYMGMT_NEW, key_new),
    ENTRY(OSSL_FUNC_KEYMGMT_FREE, key_free),
    ENTRY(OSSL_FUNC_KEYMGMT_HAS, key_has),
    ENTRY(OSSL_FUNC_KEYMGMT_MATCH, key_match),
    ENTRY(OSSL_FUNC_KEYMGMT_IMPORT, key_import),
    ENTRY(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_import_types),
    ENTRY(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get),
    ENTRY(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable),
    {0, NULL},
};

static const OSSL_DISPATCH SIGNATURES[] = {
    ENTRY(OSSL_FUNC_SIGNATURE_NEWCTX, signature_new),
    ENTRY(OSSL_FUNC_SIGNATURE_FREECTX, signature_free),
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signature_init),
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signature_make),
    {0, NULL},
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
    static const OSSL_ALGORITHM keys[] = {{"ED25519:1.3.101.112", QUERY, KEYS, NULL},
                                          {NULL, NULL, NULL, NULL}};
    static const OSSL_ALGORITHM signatures[] = {{"ED25519:1.3.101.112", QUERY, SIGNATURES, NULL},
                                                {NULL, NULL, NULL, NULL}};

    (void)provider;
    *no_cache = 0;
    if (operation == OSSL_OP_KEYMGMT) return keys;
    return operation == OSSL_OP_SIGNATURE ? signatures : NULL;
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                void **provider)
{
    static const OSSL_DISPATCH functions[] = {ENTRY(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
                                              {0, NULL}};
    static char self; // the provider keeps nothing, and OpenSSL wants a pointer

    (void)handle, (void)in;
    *out = functions;
    *provider = &self;
    return 1;
}

static bool make_key(struct vch_tls_key *self)
{
    void *signer = &self->signer;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(self->library, "ED25519", QUERY);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, self->signer.public_key.bytes,
                                sizeof self->signer.public_key.bytes),
        OSSL_PARAM_octet_ptr(NAME, &signer, sizeof self->signer),
        OSSL_PARAM_END,
    };
    bool is_made = context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
                   EVP_PKEY_fromdata(context, &self->key, EVP_PKEY_KEYPAIR, parameters) == 1;

    EVP_PKEY_CTX_free(context);
    return is_made;
}

struct vch_tls_key *vch_tls_key_new(const struct vch_signer *signer)
{
    struct vch_tls_key *self = calloc(1, sizeof *self);

    if (self == NULL) return NULL;
    self->signer = *signer;
    self->library = OSSL_LIB_CTX_new();
    if (self->library != NULL && OSSL_PROVIDER_add_builtin(self->library, NAME, init) == 1)
        self->provider = OSSL_PROVIDER_load(self->library, NAME);
    if (self->provider != NULL && make_key(self)) return self;
    vch_tls_key_free(self);
    return NULL;
}

void vch_tls_key_free(struct vch_tls_key *key)
{
    if (key == NULL) return;
    EVP_PKEY_free(key->key);
    if (key->provider != NULL) (void)OSSL_PROVIDER_unload(key->provider);
    OSSL_LIB_CTX_free(key->library);
    free(key);
}

EVP_PKEY *vch_tls_key_get(const struct vch_tls_key *key)
{
    return key->key;
}
