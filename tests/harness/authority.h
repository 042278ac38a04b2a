// Certificates and revocation lists made when a test runs, for what no vendor shows.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
};

enum { AUTHORITY_LEAF = -2, AUTHORITY_ANY_LENGTH = -1 };

struct authority_plan {
    const char *name;       // common name
    int path_length;        // or one of the above; a leaf has no basic constraints
    const char *usage;      // as OpenSSL's configuration has it: "keyCertSign,cRLSign"; NULL: none
    int64_t start_s, end_s; // since 1970
    long serial;
    const char *curve;      // of the key; NULL: RSA of 2048 bits
    const char *hash;       // NULL: SHA-384, of P-256 SHA-256
    int salt;               // of RSA-PSS; 0: 48
    void (*extend)(X509 *); // NULL: no more extensions
};

// NULL as issuer: by itself. Release each.
void authority_issue(struct authority *out, const struct authority *issuer,
                     const struct authority_plan *plan);
void authority_release(struct authority *authority);

// An extension with a value in raw bytes.
void authority_extend(X509 *certificate, const char *oid, const void *value, size_t size);

// DER; returns its size.
size_t authority_der(const struct authority *authority, uint8_t *out, size_t size);

struct authority_list_plan {
    const long *serials; // revoked
    size_t count;
    int64_t start_s, end_s;
    const char *hash;           // as of a certificate
    void (*extend)(X509_CRL *); // NULL: no extensions
};

// A revocation list, in DER; returns its size.
size_t authority_list(const struct authority *issuer, const struct authority_list_plan *plan,
                      uint8_t *out, size_t size);
// One of those serial numbers, with nothing strange about it.
size_t authority_revoke(const struct authority *issuer, const long *serials, size_t count,
                        int64_t start_s, int64_t end_s, uint8_t *out, size_t size);
