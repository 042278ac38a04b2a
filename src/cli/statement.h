// What this program says of itself where it is attested.
#pragma once

#include "attest/facts.h"
#include "base/complaint.h"
#include "crypto/sign.h"

// Of this very program, as it was started: its image's digest; no policy, model or confinement.
vch_status vch_statement_facts(struct vch_facts *out, struct vch_complaint *complaint);

// Digest of the SubjectPublicKeyInfo of an identity's certificates (net/tls.h).
struct vch_digest vch_statement_key(const struct vch_public_key *identity);
