// Revocation lists that a verifier has of its own, against chains that others bring.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "certificate/certificate.h"
#include "certificate/crl.h"

struct x509_st; // OpenSSL's X509

// Whether the list is by whoever issued one of those certificates, as far as names say.
bool vch_revoked_concerns(const struct X509_crl_st *crl, const struct vch_certificate_list *chain);

// Each list that concerns the first `count` certificates, the last of which the root issued, has to
// be signed by that issuer, whole, and not over at that time; and to have none of them. Whatever
// other lists say, and also where it was made after that time: what is revoked was never good.
// BAD_PROOF, with a complaint that says which and why.
vch_status vch_revoked_check(const struct vch_certificate_list *chain, uint32_t count,
                             struct x509_st *root, const struct vch_crl_list *own, int64_t time_s,
                             struct vch_complaint *complaint);
