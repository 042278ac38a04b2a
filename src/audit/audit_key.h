// K.audit: an auditor's secret, and how many tests were made with it.
//
// What an auditor says of a test tells whoever was audited a little about the secret: after q tests
// a lie passes with a probability of at most 2 q / p. So tests are counted, durably and before an
// audit's result is told, and a key ends after VCH_AUDIT_KEY_TESTS_MAX of them. Never copy this
// file: two counts of one key are none.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

#define VCH_AUDIT_KEY_MAGIC "VOUCHAUK"
#define VCH_AUDIT_KEY_SIZE 88            // check: 8 + 4 * 2 + 8 + 32 + 32
#define VCH_AUDIT_KEY_TESTS_MAX 16777216 // check: 2**24

struct vch_audit_key { // a secret: wipe with vch_wipe when done
    uint8_t secret[32];
    uint64_t tests; // so far
};

void vch_audit_key_encode(uint8_t out[static VCH_AUDIT_KEY_SIZE], const struct vch_audit_key *key);

// MALFORMED, TRUNCATED, UNSUPPORTED, each with a complaint.
vch_status vch_audit_key_decode(struct vch_audit_key *out, const uint8_t *bytes, size_t size,
                                struct vch_complaint *complaint);

// So many tests more; REFUSED, with what to do, when the key does not hold them. The caller makes
// it durable before it tells what came out.
vch_status vch_audit_key_take(struct vch_audit_key *key, uint64_t tests,
                              struct vch_complaint *complaint);
