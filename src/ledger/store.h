// Where a ledger's log is kept: one interface, several engines behind it.
//
//     sqlite:PATH                               one machine; the default
//     etcd:http://127.0.0.1:2379[,...]/PREFIX   members of an etcd cluster, tried in turn
//
// The log is a gap-free list of entries. Beside them lie the digests of all complete subtrees of
// their RFC 6962 tree, derived while appending, so that proofs and tiles need no entry again;
// checkpoints by the size they speak of; and blobs by a name.
//
// Appending is conditional: it names the size it builds on, and happens wholly or not at all.
// What was appended is on stable storage (etcd: at a majority of its members) before the call
// returns. Several processes may use one log; one of them wins each position.
//
// Engines are not believed. Opening checks that head, tree and latest checkpoint agree; a read
// entry must hash to its leaf; a head that moved must extend the one this store saw before. What
// contradicts itself is refused as BAD_PROOF or MALFORMED, never served. A store that somebody
// rewrote from one end to the other agrees with itself: for that there are witnesses.
//
// A store is used by one thread at a time. Every call's waiting is bounded by `patience_ms`.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"

#define VCH_STORE_ENTRY_SIZE_MAX 65535u
#define VCH_STORE_GROUP_MAX 1000u           // entries in one append,
#define VCH_STORE_GROUP_SIZE_MAX (1u << 20) // and their bytes together
#define VCH_STORE_NODES_MAX 1024u           // digests in one call
#define VCH_STORE_NOTE_SIZE_MAX (16u << 10) // a checkpoint with its cosignatures
#define VCH_STORE_BLOB_SIZE_MAX (2u << 20)
#define VCH_STORE_LEVELS_MAX 48u // the log holds fewer than 2^48 entries

struct vch_store;

struct vch_store_options {
    bool create;          // make a new log where there is none; otherwise that is REFUSED
    uint32_t patience_ms; // for one call; 0: 10 s
};

struct vch_store_entry {
    const uint8_t *bytes;
    size_t size;
};

// The log's end. `root` is the RFC 6962 root over all `size` entries.
struct vch_store_head {
    uint64_t size;
    struct vch_digest root;
};

struct vch_store_entries {
    struct vch_store_entry *entries;
    uint32_t count;
};

// A signed note and the tree it speaks of. `note` is NULL where there is none.
struct vch_store_checkpoint {
    struct vch_store_head tree;
    const uint8_t *note;
    size_t note_size;
};

// `options` may be NULL: an existing log, default patience. Close with vch_store_close.
vch_status vch_store_open(struct vch_store **out, const char *where,
                          const struct vch_store_options *options, struct vch_complaint *complaint);
void vch_store_close(struct vch_store *store); // NULL is nothing to close

// The end as it is now, whoever moved it.
vch_status vch_store_head(struct vch_store *store, struct vch_store_head *out,
                          struct vch_complaint *complaint);

// Appends 1 to VCH_STORE_GROUP_MAX entries if the log has exactly `expected` entries, as one
// transaction. OK: `head` is the new end. REFUSED: the log is at another size, nothing of the group
// is in it, `head` says where it ends. BUSY: another process kept writing; nothing happened.
// UNAVAILABLE: the engine gave no answer, and the group may be in the log or still come into it:
// the same entries at the same `expected`, once more from this store, are then either found or
// appended, never both. Any other failure acknowledges nothing: open the store again to see.
vch_status vch_store_append(struct vch_store *store, uint64_t expected,
                            const struct vch_store_entry *entries, uint32_t count,
                            struct vch_store_head *head, struct vch_complaint *complaint);

// Entries from position `from`, at most `count` and at most `size_max` bytes of them, but one at
// least; none from the end on. Their bytes lie in the arena.
vch_status vch_store_read(struct vch_store *store, uint64_t from, uint32_t count, size_t size_max,
                          struct vch_store_entries *out, struct vch_arena *arena,
                          struct vch_complaint *complaint);

// Before and after many reads in a row, and nothing else: locks are taken once for all of them.
vch_status vch_store_hold(struct vch_store *store, struct vch_complaint *complaint);
void vch_store_let_go(struct vch_store *store);

// Digests of the complete subtrees first .. first + count - 1 of height `level`; subtree i holds
// the leaves from i * 2^level on, 2^level of them. USAGE where one of them is not complete. A proof
// made of these is to be checked before it is handed out: that is the reader's way to notice an
// engine's damage.
vch_status vch_store_nodes(struct vch_store *store, unsigned level, uint64_t first, uint32_t count,
                           struct vch_digest *out, struct vch_complaint *complaint);

// The root over the first `size` entries, from digests alone.
vch_status vch_store_root(struct vch_store *store, uint64_t size, struct vch_digest *out,
                          struct vch_complaint *complaint);

// Keeps a checkpoint, in place of an earlier one of the same size. REFUSED unless the log's first
// `tree.size` entries have the root `tree.root`. Signatures are the caller's matter.
vch_status vch_store_put_checkpoint(struct vch_store *store,
                                    const struct vch_store_checkpoint *checkpoint,
                                    struct vch_complaint *complaint);
// The one of the largest size, or the one of exactly `size`. The note lies in the arena.
vch_status vch_store_latest_checkpoint(struct vch_store *store, struct vch_store_checkpoint *out,
                                       struct vch_arena *arena, struct vch_complaint *complaint);
vch_status vch_store_checkpoint(struct vch_store *store, uint64_t size,
                                struct vch_store_checkpoint *out, struct vch_arena *arena,
                                struct vch_complaint *complaint);

// Content under a name that the caller derives from it, as a registry's digest is derived from a
// SignedRegistry (the bytes' own hash would not do: a log names registries, not signatures).
// Putting again replaces. The engine's bytes are checked against a hash kept beside them; that they
// belong to their name is for the caller to see. Getting sets `*out` to NULL where there is none.
vch_status vch_store_put_blob(struct vch_store *store, const struct vch_digest *name,
                              const void *bytes, size_t size, struct vch_complaint *complaint);
vch_status vch_store_blob(struct vch_store *store, const struct vch_digest *name, uint8_t **out,
                          size_t *size, struct vch_arena *arena, struct vch_complaint *complaint);

// Until the log has more than `size` entries: OK and its head, or TIMEOUT after `limit_ms`.
vch_status vch_store_wait(struct vch_store *store, uint64_t size, uint32_t limit_ms,
                          struct vch_store_head *head, struct vch_complaint *complaint);

// Reads everything and derives it anew: entries, digests, head, the latest checkpoint's root, the
// engine's own structures. Takes as long as the log is.
vch_status vch_store_audit(struct vch_store *store, struct vch_complaint *complaint);
