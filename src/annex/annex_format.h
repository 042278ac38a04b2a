// What the annex's reader and writer share.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

enum {
    VCH_ANNEX_FIXED_SIZE = 64, // before the indices
    VCH_ANNEX_TAIL_SIZE = VCH_SIGN_PUBLIC_SIZE + VCH_SIGN_SIGNATURE_SIZE,
    VCH_ANNEX_LINK_SIZE = VCH_DIGEST_SIZE + 4, // before its proof
};

// What the owner signs: all of the base before the signature.
struct vch_digest vch_annex_format_signed_digest(const uint8_t *bytes, size_t size);

vch_status vch_annex_format_too_large(size_t size, struct vch_complaint *complaint);
