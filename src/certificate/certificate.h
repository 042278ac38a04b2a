// X.509 certificates from outside: read within limits, asked about, and judged as a chain.
//
// Nothing here knows whom to trust: the one root of a chain, the time and the revocation lists are
// arguments. Objects are OpenSSL's, and a list owns them: every list that was read into, whatever
// came of it, is released.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "certificate/spki.h"

#define VCH_CERTIFICATE_BYTES_MAX 65536 // of one piece of input, DER or PEM
#define VCH_CERTIFICATE_COUNT_MAX 8     // in one list
#define VCH_CERTIFICATE_SERIAL_MAX 20   // bytes, RFC 5280 4.1.2.2
#define VCH_CERTIFICATE_NAME_MAX 1024   // bytes of a distinguished name in DER

struct x509_st; // OpenSSL's X509

struct vch_certificate_list {
    struct x509_st *items[VCH_CERTIFICATE_COUNT_MAX];
    uint32_t count;
};

struct vch_certificate_bytes {
    const uint8_t *bytes;
    size_t size;
};

void vch_certificate_init(struct vch_certificate_list *list);
void vch_certificate_release(struct vch_certificate_list *list);

// Appends what the bytes hold: one certificate in DER, exactly; or PEM, one certificate or more
// with nothing but white space between them, and at most one NUL at the very end. Version 3 only.
// MALFORMED, or LIMIT for too many bytes or certificates.
vch_status vch_certificate_read(struct vch_certificate_list *list, const uint8_t *bytes,
                                size_t size, struct vch_complaint *complaint);

// The extension's value: the bytes inside its OCTET STRING, borrowed from the certificate. `oid` is
// dotted decimals. MALFORMED: no such extension, or more than one.
vch_status vch_certificate_extension(const struct x509_st *certificate, const char *oid,
                                     struct vch_certificate_bytes *out);
bool vch_certificate_has_extension(const struct x509_st *certificate, const char *oid);

// Distinguished names as DER, for comparing; and the last common name as text, which must be of
// printable ASCII and fit, else MALFORMED.
vch_status vch_certificate_subject(const struct x509_st *certificate,
                                   uint8_t out[VCH_CERTIFICATE_NAME_MAX], size_t *size);
vch_status vch_certificate_issuer(const struct x509_st *certificate,
                                  uint8_t out[VCH_CERTIFICATE_NAME_MAX], size_t *size);
vch_status vch_certificate_subject_name(const struct x509_st *certificate, char *out, size_t size);
vch_status vch_certificate_issuer_name(const struct x509_st *certificate, char *out, size_t size);

// Big-endian, without leading zeroes; zero has no bytes. Negative ones are MALFORMED.
vch_status vch_certificate_serial(const struct x509_st *certificate,
                                  uint8_t out[VCH_CERTIFICATE_SERIAL_MAX], size_t *size);

// VCH_OK: its own key signed it, with a hash and a key of 112 bits of security at least. Else
// BAD_PROOF.
vch_status vch_certificate_verify_own(struct x509_st *certificate);

// UNSUPPORTED: a key that spki.h does not know.
vch_status vch_certificate_spki(const struct x509_st *certificate, struct vch_spki *out);

// When it starts and ends, in seconds since 1970.
vch_status vch_certificate_dates(const struct x509_st *certificate, int64_t *start_s,
                                 int64_t *end_s);
