// What an owner's log says: which weights were sealed under which key, and to whom that was
// released, when, and on which verdict (specs/sealing.md, section 5).
//
// Each record names the one before it, and its writer signs it: nobody else adds one, and none is
// taken out, changed or moved but from the end. Whoever keeps the head, or how many there were,
// sees that, too.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "sealing/sealed.h"

#define VCH_RELEASE_SIZE 448

enum vch_release_what {
    VCH_RELEASE_SEALED = 1, // weights were sealed
    VCH_RELEASE_GRANTED,    // their key was released, or was about to be
};

struct vch_release {
    enum vch_release_what what;
    uint64_t time_s;             // since 1970
    struct vch_digest model;     // and the rest of what was sealed
    uint64_t counter;            // not zero
    struct vch_digest manifest;  // vch_sealed_digest
    struct vch_digest key_check; // vch_sealed_key_check: which data key, without telling it
    // Of a grant; zeroes where there is none.
    struct vch_public_key node;
    uint8_t sealing_key[32];
    struct vch_digest block;   // vch_binder_digest
    struct vch_digest policy;  // that the verdict was reached under
    struct vch_digest verdict; // vch_result.digest
    uint64_t expiry_s;
    // Filled in when it is written.
    uint64_t index;             // in the log, from 0
    struct vch_digest previous; // digest of the record before; zeroes for the first
    struct vch_public_key writer;
    struct vch_signature signature;
};

// A log as far as it was read.
struct vch_release_log {
    uint64_t count;
    struct vch_digest head; // digest of the last record; zeroes: there is none
};

// The next record of the log. USAGE: it says nothing that a record may say.
vch_status vch_release_append(struct vch_release_log *log, uint8_t out[static VCH_RELEASE_SIZE],
                              const struct vch_release *release,
                              const struct vch_secret_key *writer);

// Reads the next one. MALFORMED: no record, or not the one that follows. UNSUPPORTED: of a log of
// another version. BAD_PROOF: not signed by whom it names; or, where `writer` is one, by somebody
// else. The log is as before then.
vch_status vch_release_follow(struct vch_release_log *log, struct vch_release *out,
                              const uint8_t bytes[static VCH_RELEASE_SIZE],
                              const struct vch_public_key *writer, struct vch_complaint *complaint);

// Whether a record that was not finished may begin with these bytes, or is one of zeros, which a
// disk that lost its power leaves: anything else is not to be cut off. MALFORMED, UNSUPPORTED.
vch_status vch_release_check_start(const uint8_t *bytes, size_t size,
                                   struct vch_complaint *complaint);

// What is common to all that is said of these weights.
struct vch_release vch_release_of(const struct vch_sealed *sealed, enum vch_release_what what,
                                  uint64_t time_s);

const char *vch_release_what_text(enum vch_release_what what); // "sealed", "released"
