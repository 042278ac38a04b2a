// The key agent: a confined process that holds a node's keys and answers requests of a few kinds;
// nobody gets a key out of it (specs/confinement.md, section 9).
//
// It signs votes, statements for a ledger, and what TLS has an identity sign; draws by the VRF;
// makes nonces; opens releases of data keys that are sealed to it, and weights under those keys. A
// node that was taken over can ask for all that while it runs, and has nothing once it is stopped.
#pragma once

#include <stdint.h>

#include "agent/opened.h"
#include "base/complaint.h"
#include "base/status.h"
#include "confine/child.h"
#include "confine/secret.h"
#include "crypto/signer.h"
#include "crypto/vrf.h"
#include "sealing/hpke.h"
#include "sealing/unsealer.h"

struct vch_agent;

// What a person has to know of how its keys are kept, beside the fences that were granted.
struct vch_agent_facts {
    struct vch_confine_facts fences;
    enum vch_secret_home home;
};

// Starts the process, which has no key yet but the one that things are sealed to: it draws that
// itself. Call it before anything secret is read, and from a thread that outlives the agent.
//
// `opened` is of the weights that it may open, NULL: none. Its file is the agent's alone from here
// on, closed in this process whatever becomes of it.
vch_status vch_agent_start(struct vch_agent **out, struct vch_opened *opened,
                           struct vch_complaint *complaint);
void vch_agent_free(struct vch_agent *agent); // ends it; NULL is fine

// Key files as they lie on disk, and what opens them: codes and complaints of vch_keyfile_decode
// and its like. Once each, and before anything else was answered (USAGE). Wipe both when done.
vch_status vch_agent_load(struct vch_agent *agent, const uint8_t *file, size_t size,
                          const char *passphrase, struct vch_complaint *complaint);
// For that ledger and no other. After the former.
vch_status vch_agent_load_vrf(struct vch_agent *agent, const struct vch_digest *ledger,
                              const uint8_t *file, size_t size, const char *passphrase,
                              struct vch_complaint *complaint);

const struct vch_agent_facts *vch_agent_facts(const struct vch_agent *agent);
// Readable when the agent has ended: then nothing is signed any more.
int vch_agent_descriptor(const struct vch_agent *agent);

// Everything below may be called from any thread, and is UNAVAILABLE once the agent has ended or
// before the key was loaded; REFUSED: of another ledger than the VRF's key was loaded for.

// After vch_agent_load. It signs votes of this identity and statements for ledgers.
struct vch_signer vch_agent_signer(struct vch_agent *agent);

// `alpha` is a digest.
vch_status vch_agent_prove(struct vch_agent *agent, struct vch_vrf_proof *out, const void *alpha,
                           size_t size);
vch_status vch_agent_seat_nonce(struct vch_agent *agent, uint8_t out[static 32],
                                const struct vch_digest *ledger, const struct vch_digest *subject,
                                uint32_t segment, uint32_t round);
// The one secret that is given out: what the node itself writes to its disk is sealed under it.
vch_status vch_agent_runs_key(struct vch_agent *agent, uint8_t out[static 32],
                              const struct vch_digest *ledger);

const struct vch_hpke_public *vch_agent_sealing_key(const struct vch_agent *agent);

// The release and the weights that it is for, under keys that stay there: one at a time. USAGE: not
// in the order that sealing/unsealer.h says.
struct vch_unsealer vch_agent_unsealer(struct vch_agent *agent);
