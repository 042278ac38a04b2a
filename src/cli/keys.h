// The keys of `vouch node`: with an agent (agent/), or in this process where nothing is confined.
#pragma once

#include "agent/agent.h"
#include "cli/tool.h"
#include "node/ballot.h"
#include "sealing/unsealer.h"

// It stays where it is: what the node is given points into it.
struct vch_keys {
    struct vch_agent *agent; // NULL: the keys are here
    struct vch_signer signer;
    struct vch_unsealer unsealer;
    uint8_t sealing_key[VCH_HPKE_KEY_SIZE]; // that things are sealed to; public
    bool needs_no_passphrase;               // one of the files at least: it is a key by itself
    struct vch_digest ledger;               // of its seat
    // Of a node with an agent.
    struct vch_seat_keeper keeper;
    // Of one without.
    struct vch_secret_key key;
    struct vch_vrf_secret vrf;
    struct vch_unsealer_keys sealing;
};

// `agent` becomes its own; NULL: none. It can unseal at once what `opened` is of (NULL: nothing),
// and signs after vch_keys_load.
void vch_keys_init(struct vch_keys *keys, struct vch_agent *agent, struct vch_opened *opened);
void vch_keys_release(struct vch_keys *keys);

// Opens the key file, and the one for draws, as vch_tool_secret_key does.
vch_status vch_keys_load(struct vch_keys *keys, struct vch_tool *tool, const char *path);
// After that, for a seat on that ledger.
vch_status vch_keys_load_vrf(struct vch_ballot_keys *out, struct vch_keys *keys,
                             struct vch_tool *tool, const char *path,
                             const struct vch_digest *ledger);
