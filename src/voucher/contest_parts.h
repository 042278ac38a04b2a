// What judging one agreement shares. Each point of specs/voucher.md, section 6, has its place, and
// they are judged in an order in which each comes after those that it rests on.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/complaint.h"
#include "base/status.h"
#include "consensus/registry.h"
#include "crypto/merkle.h"
#include "entry/charter.h"
#include "entry/entry.h"
#include "voucher/contest.h"
#include "voucher/voucher.h"

// One agreement under way, as far as it is known to be right.
struct vch_contest_parts {
    const struct vch_voucher *voucher;
    const struct vch_segment_agreement *agreement;
    uint32_t segment;
    struct vch_arena *scratch;
    struct vch_complaint *complaint;
    struct vch_contest_finding *out;
    // Its leaves' entries, as they stand in the log: of two, the one behind has the higher address.
    const struct vch_entry *entries, *end;
    const struct vch_charter *charter;
    const struct vch_entry *opening; // of the job
    uint32_t eligible_max;           // nodes that may draw for it: no draw had more
};

// The committee at work. An entry of it is known once it was looked for.
struct vch_contest_parts_round {
    struct vch_contest_id id;
    uint32_t wanted;
    const struct vch_entry *covered; // by its anchor: the job's opening, or the verdict before
    const struct vch_entry *anchor, *draw, *verdict;
    bool is_late;                                        // nobody could draw for it
    const struct vch_member *seats[VCH_ENTRY_SEATS_MAX]; // of its draw: who has them
};

static inline vch_status vch_contest_parts_refuse(const struct vch_contest_parts *contest,
                                                  const char *what)
{
    return vch_complain(contest->complaint, VCH_CODE_BAD_PROOF, "the agreement on segment %u: %s",
                        contest->segment, what);
}

static inline const struct vch_agreement_leaf *
vch_contest_parts_leaf(const struct vch_contest_parts *contest, const struct vch_entry *entry)
{
    return &contest->agreement->leaves[entry - contest->entries];
}

static inline bool vch_contest_parts_is_by(const struct vch_entry *entry,
                                           const struct vch_public_key *key)
{
    return vch_is_equal(&entry->writer, key, sizeof *key);
}

// Point 1. What the log holds where: entries, end, charter.
vch_status vch_contest_parts_read_log(struct vch_contest_parts *contest);
// Point 2. The job was opened there, under the voucher's registry: opening, eligible_max.
vch_status vch_contest_parts_find_opening(struct vch_contest_parts *contest);
// The client wants none of the operator of that name.
bool vch_contest_parts_is_excluded(const struct vch_contest_parts *contest, const char *name);
// Point 5. What the ledger says that the segment was given.
void vch_contest_parts_find_input(struct vch_contest_parts *contest);
// The first anchor in the agreement that covers an entry. NULL: there is none, or it does not hold.
const struct vch_entry *vch_contest_parts_find_anchor(const struct vch_contest_parts *contest,
                                                      const struct vch_entry *covered);

// The first entry of the round of that kind and by that writer, between two others; NULL.
const struct vch_entry *vch_contest_parts_find(const struct vch_contest_parts_round *round,
                                               enum vch_entry_kind kind,
                                               const struct vch_public_key *writer,
                                               const struct vch_entry *after,
                                               const struct vch_entry *before);
// Point 3. Its seats were drawn for it, and for its anchor: seats.
vch_status vch_contest_parts_check_draw(const struct vch_contest_parts *contest,
                                        struct vch_contest_parts_round *round);
// Point 4. Its verdict, which names an output, is what a majority of its seats answered.
vch_status vch_contest_parts_check_votes(const struct vch_contest_parts *contest,
                                         const struct vch_contest_parts_round *round);
