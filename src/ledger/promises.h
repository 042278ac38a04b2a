// What witnesses promised members for this ledger: drafts that it must not leave out. It answers
// each with the place where it is, or signs that it takes it not (specs/witness.md, section 3).
#pragma once

#include <event2/buffer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agreement/state.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "entry/entry.h"
#include "ledger/store.h"

#define VCH_PROMISES_MAX 64u // of one witness at a time
#define VCH_PROMISES_DRAFT_MAX 512u
#define VCH_PROMISES_SETS 65536u // check: 2**16
#define VCH_PROMISES_WAYS 4u

enum vch_promises_fate {
    VCH_PROMISES_OPEN,     // nothing can be said yet
    VCH_PROMISES_INCLUDED, // it is in the log
    VCH_PROMISES_REFUSED,  // signed
};

struct vch_promises_one {
    struct vch_digest digest; // of the draft
    size_t size;
    uint8_t draft[VCH_PROMISES_DRAFT_MAX];
    enum vch_promises_fate fate; // under the checkpoint that it was judged for
    uint64_t position;
    uint64_t refused_ms;
    struct vch_signature refusal;
};

struct vch_promises {
    uint32_t count;
    struct vch_promises_one all[VCH_PROMISES_MAX];
};

// A witness's list, each line "<time> <base64 draft>". MALFORMED, LIMIT.
vch_status vch_promises_decode(struct vch_promises *out, const char *text, size_t size);

// Where members' entries lie in the log, by the digest of their draft: the newest ones. Older ones
// are forgotten, and refused if a witness asks, truthfully: the state takes none of them twice.
struct vch_promises_places {
    struct {
        struct vch_digest digest;
        uint64_t end; // one more than the position; 0: nothing is here
    } places[VCH_PROMISES_SETS][VCH_PROMISES_WAYS];
};
// `bytes` are the entry's, with its time.
void vch_promises_note(struct vch_promises_places *places, uint64_t position,
                       const struct vch_entry *entry, const uint8_t *bytes, size_t size);

struct vch_promises_judge {
    const struct vch_promises_places *places;
    struct vch_state *state; // of exactly the entries that the checkpoint covers
    uint64_t now_ms;         // at which it would take an entry now
    const struct vch_digest *ledger;
    const struct vch_secret_key *clerk;
    // A draft that the log lacks and the state takes: it is on its way now.
    void (*submit)(void *context, const uint8_t *draft, size_t size);
    void *context;
    bool (*drops)(void *context, const struct vch_entry *draft); // ledger/ledger.h
    void *drops_context;
};
// Settles what can be said under a checkpoint. Nothing is refused but what the state itself
// refuses.
void vch_promises_settle(struct vch_promises *promises, const struct vch_promises_judge *judge,
                         uint64_t size, const struct vch_digest *root);

// The answers, as a witness reads them. On the store's thread.
vch_status vch_promises_write(struct evbuffer *out, const struct vch_promises *promises,
                              uint64_t size, struct vch_store *store);
