#include "crypto/identity.h"

#include <string.h>

// A TBSCertificate (RFC 5280) up to its key, which are its last bytes.
static const uint8_t BODY[] = {
    0x30, 0x81, 0x83,                                           // SEQUENCE
    0xa0, 0x03, 0x02, 0x01, 0x02,                               // version 3
    0x02, 0x01, 0x01,                                           // serial number 1
    0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,                   // Ed25519
    0x30, 0x10, 0x31, 0x0e, 0x30, 0x0c, 0x06, 0x03, 0x55, 0x04, // issuer: CN=
    0x03, 0x0c, 0x05, 'v',  'o',  'u',  'c',  'h',              //
    0x30, 0x22,                                                 // for all time
    0x18, 0x0f, '1',  '9',  '7',  '0',  '0',  '1',  '0',  '1',  //
    '0',  '0',  '0',  '0',  '0',  '0',  'Z',                    //
    0x18, 0x0f, '9',  '9',  '9',  '9',  '1',  '2',  '3',  '1',  //
    '2',  '3',  '5',  '9',  '5',  '9',  'Z',                    //
    0x30, 0x10, 0x31, 0x0e, 0x30, 0x0c, 0x06, 0x03, 0x55, 0x04, // subject: CN=
    0x03, 0x0c, 0x05, 'v',  'o',  'u',  'c',  'h',              //
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,       // an Ed25519 key
    0x03, 0x21, 0x00,                                           // BIT STRING
};
static const uint8_t HEAD[] = {0x30, 0x81, 0xd0};               // SEQUENCE
static const uint8_t SIGNED[] = {0x30, 0x05, 0x06, 0x03, 0x2b,  // by Ed25519
                                 0x65, 0x70, 0x03, 0x41, 0x00}; // BIT STRING

_Static_assert(sizeof BODY + VCH_SIGN_PUBLIC_SIZE == VCH_IDENTITY_BODY_SIZE, "the body's parts");
_Static_assert(sizeof HEAD + VCH_IDENTITY_BODY_SIZE + sizeof SIGNED + VCH_SIGN_SIGNATURE_SIZE ==
                   VCH_IDENTITY_CERTIFICATE_SIZE,
               "the certificate's parts");

enum {
    SPACES = 64,
    HASH_MIN = 32, // of SHA-256
    HASH_MAX = 48, // of SHA-384
};

void vch_identity_body(uint8_t out[static VCH_IDENTITY_BODY_SIZE], const struct vch_public_key *key)
{
    memcpy(out, BODY, sizeof BODY);
    memcpy(out + sizeof BODY, key->bytes, sizeof key->bytes);
}

void vch_identity_certificate(uint8_t out[static VCH_IDENTITY_CERTIFICATE_SIZE],
                              const struct vch_public_key *key,
                              const struct vch_signature *signature)
{
    memcpy(out, HEAD, sizeof HEAD);
    vch_identity_body(out + sizeof HEAD, key);
    memcpy(out + sizeof HEAD + VCH_IDENTITY_BODY_SIZE, SIGNED, sizeof SIGNED);
    memcpy(out + VCH_IDENTITY_CERTIFICATE_SIZE - sizeof signature->bytes, signature->bytes,
           sizeof signature->bytes);
}

static bool is_body(const uint8_t *message, size_t size, const struct vch_public_key *key)
{
    uint8_t body[VCH_IDENTITY_BODY_SIZE];

    vch_identity_body(body, key);
    return size == sizeof body && memcmp(message, body, sizeof body) == 0;
}

// 64 spaces, what is signed with the zero byte that ends it, a hash of the handshake so far.
static bool is_handshake(const uint8_t *message, size_t size)
{
    static const char *const ends[] = {"TLS 1.3, server CertificateVerify",
                                       "TLS 1.3, client CertificateVerify"};
    const size_t text = strlen(ends[0]) + 1;
    uint8_t spaces[SPACES];

    memset(spaces, ' ', sizeof spaces);
    if (size != SPACES + text + HASH_MIN && size != SPACES + text + HASH_MAX) return false;
    return memcmp(message, spaces, sizeof spaces) == 0 &&
           (memcmp(message + SPACES, ends[0], text) == 0 ||
            memcmp(message + SPACES, ends[1], text) == 0);
}

vch_status vch_identity_check_message(const void *message, size_t size,
                                      const struct vch_public_key *key)
{
    return is_body(message, size, key) || is_handshake(message, size) ? VCH_OK : VCH_FAIL(REFUSED);
}
