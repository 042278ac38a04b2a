// The certificate table that a host hands its SEV-SNP guests (AMD's publication 56421, GHCB,
// section 4.1.8.1): entries of an identifier, an offset and a length, a last one of zeroes, then
// the certificates. It comes from whom the guest does not trust, and helps who verifies at best.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

#define VCH_CERT_TABLE_SIZE_MAX (64u << 10)
#define VCH_CERT_TABLE_ENTRIES_MAX 16

struct vch_cert_table {
    const uint8_t *vek, *issuer, *crl; // borrowed; NULL: the table has none
    size_t vek_size, issuer_size, crl_size;
};

// The VCEK, or else the VLEK, and the ASK (or ASVK) in any form; what else there is is left alone.
// No bytes, or zeroes alone: a host that hands out nothing. MALFORMED or LIMIT.
vch_status vch_cert_table_decode(struct vch_cert_table *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint);
