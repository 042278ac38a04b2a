// Certificate revocation lists from outside. vch_chain_verify applies them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "certificate/certificate.h"

#define VCH_CRL_BYTES_MAX 65536 // of one piece of input, DER or PEM
#define VCH_CRL_COUNT_MAX 16    // in one list

struct X509_crl_st; // OpenSSL's X509_CRL

struct vch_crl_list {
    struct X509_crl_st *items[VCH_CRL_COUNT_MAX];
    uint32_t count;
};

void vch_crl_init(struct vch_crl_list *list);
void vch_crl_release(struct vch_crl_list *list);

// Appends what the bytes hold: one list in DER, exactly, or PEM as in certificate.h. A list must
// say when it ends and stand alone: no delta, no indirect one, none of some reasons. MALFORMED or
// LIMIT.
vch_status vch_crl_read(struct vch_crl_list *list, const uint8_t *bytes, size_t size,
                        struct vch_complaint *complaint);

// Lists that a verifier has of its own, DER or PEM; zeroes: none.
struct vch_crl_own {
    const struct vch_certificate_bytes *pieces;
    size_t count;
};

// Appends what each of them holds.
vch_status vch_crl_read_own(struct vch_crl_list *list, const struct vch_crl_own *own,
                            struct vch_complaint *complaint);

// When it was made and when the next one is due, in seconds since 1970.
vch_status vch_crl_dates(const struct X509_crl_st *crl, int64_t *start_s, int64_t *end_s);
