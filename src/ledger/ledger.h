// The ledger: one process that orders a network's entries, keeps them, has them witnessed, and
// shows them (specs/ledger.md).
//
// Nothing is acknowledged that is not durable, and nothing is shown that was not acknowledged by
// the store. Where its store fails it stops, and says why: begun anew, it derives its state from
// what is there.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/sign.h"
#include "entry/charter.h"
#include "entry/entry.h"
#include "net/stream.h"

struct vch_ledger;

struct vch_ledger_options {
    const struct vch_secret_key *clerk; // borrowed
    const uint8_t *charter_bytes;       // of a charter file; borrowed
    size_t charter_size;
    struct vch_public_key founder;
    const char *store;               // where: ledger/store.h; borrowed
    const char *const *witness_urls; // http://HOST:PORT; borrowed
    uint32_t witness_count;
    const char *host;                  // NULL: 127.0.0.1
    uint16_t port;                     // 0: the kernel picks
    const char *http_host;             // NULL: 127.0.0.1
    uint16_t http_port;                // 0: the kernel picks
    const char *page_folder;           // NULL: the page inside the program; borrowed
    uint32_t connections_max;          // 0: 256
    uint32_t connections_per_peer_max; // 0: 16
    size_t memory_max;                 // of all requests; 0: 256 MiB
    uint32_t verifier_count;           // threads; 0: one per processor
    uint32_t drain_ms;                 // 0: 10 s
    struct vch_stream_limits limits;   // all zero: vch_stream_default_limits
    bool handles_signals;              // SIGTERM and SIGINT drain
    // For tests of lies; NULL in earnest. Whether it pretends that its state refuses this draft.
    bool (*drops)(void *context, const struct vch_entry *draft);
    void *drops_context;
};

// Opens the store (a new one gets the charter as its first entry), replays it, listens.
vch_status vch_ledger_new(struct vch_ledger **out, const struct vch_ledger_options *options,
                          struct vch_complaint *complaint);
const char *vch_ledger_host(const struct vch_ledger *ledger);
uint16_t vch_ledger_port(const struct vch_ledger *ledger);
uint16_t vch_ledger_http_port(const struct vch_ledger *ledger);
uint64_t vch_ledger_size(const struct vch_ledger *ledger); // durable entries

// Until it is told to stop, or its store fails: then IO, with the reason.
vch_status vch_ledger_run(struct vch_ledger *ledger, struct vch_complaint *complaint);
void vch_ledger_stop(struct vch_ledger *ledger); // drains; from any thread
void vch_ledger_free(struct vch_ledger *ledger);
