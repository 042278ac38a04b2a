// A signer as a key that OpenSSL takes: what TLS signs goes to whoever holds the key.
//
// OpenSSL 3 has keys come from providers. Ours is built in, in a library context of its own, so
// that everything else, such as what verifies peers, comes from OpenSSL's default provider.
#pragma once

#include <openssl/evp.h>

#include "crypto/signer.h"

struct vch_tls_key;

// `signer` is copied; what stands behind it must outlive every use of the key. NULL: OpenSSL
// refuses, or there is no memory.
struct vch_tls_key *vch_tls_key_new(const struct vch_signer *signer);
void vch_tls_key_free(struct vch_tls_key *key);

EVP_PKEY *vch_tls_key_get(const struct vch_tls_key *key); // borrowed
