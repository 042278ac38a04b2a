// Points that come again, as tables of their multiples (edwards.h): the keys of the nodes,
// witnesses and clerk that sign everything somebody sees. Shared by all threads of a process.
//
// A memory of public values, and of nothing else: what is computed with a table is what would be
// computed without. It holds some hundreds of points; others then take their places. Asking about a
// point changes nothing: only those come in under which something was found right, so naming keys
// moves nobody out and has no table made. Signing under keys of one's own does, and costs speed.
//
// Only processes that live among the same keys all day keep tables: nodes, ledgers, witnesses, and
// clients while they wait. In all others, those that say the last word about a voucher or a log
// among them, nothing is taken without libsodium's yes.
#pragma once

#include <stdint.h>

#include "crypto/edwards.h"

enum vch_known_kind {
    VCH_KNOWN_SIGNER, // an Ed25519 key; the table is of its negative
    VCH_KNOWN_VRF,    // a ristretto255 point; likewise
};

// From now on this process keeps tables.
void vch_known_start(void);

struct vch_known; // a table that is held: it stays what it is until it is let go

// NULL where no tables are kept, and for a point that has none: whoever asks does without.
const struct vch_known *vch_known_hold(enum vch_known_kind kind,
                                       const uint8_t point[static VCH_EDWARDS_SIZE]);
void vch_known_let_go(const struct vch_known *known); // NULL is nothing to let go
// A signature under this key, or a proof, was found right. When that happens again, the point has a
// table from then on, unless it is none or is of small order.
void vch_known_remember(enum vch_known_kind kind, const uint8_t point[static VCH_EDWARDS_SIZE]);
const struct vch_edwards_table *vch_known_table(const struct vch_known *known);

// That of RFC 8032's B. NULL while another thread makes it, and where no tables are kept.
const struct vch_edwards_table *vch_known_base(void);
