// What the attestations of a voucher show: which of the nodes that answered had shown what they
// run, to this client, for this job, by the rules of whoever reads (specs/voucher.md, section 7).
//
// What a block says is the client's word. What evidence shows is that the machine was given this
// block; and block, voucher and reader have to agree on the rest.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "attest/result.h"
#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "voucher/voucher.h"

#define VCH_ATTESTED_WHY_SIZE 240

enum vch_attested_verdict {
    VCH_ATTESTED_STATEMENT, // nothing but the node's own word
    VCH_ATTESTED_UNJUDGED,  // the reader has no rules for evidence
    VCH_ATTESTED_REFUSED,   // the reader's rules do not take it
    VCH_ATTESTED_SHOWN,
    VCH_ATTESTED_LIE, // it is not what it is said to be
};

// Of one attestation.
struct vch_attested_node {
    struct vch_public_key node;
    enum vch_attested_verdict verdict;
    enum vch_binder_kind kind;
    enum vch_rules_level level;
    enum vch_result_word word; // where it was judged
    bool is_test;
    struct vch_digest machine;                  // names it (attest/result.h); zeroes: nothing does
    uint32_t passed, warned, failed;            // checks
    char operator_name[VCH_RULES_TEXT_MAX + 1]; // by the rules; empty: not listed, or not shown
    char why[VCH_ATTESTED_WHY_SIZE]; // the check that decided; what contradicts what; empty: none
};

// What the block says against what the voucher says, so that it cannot be of this one; NULL:
// nothing.
const char *vch_attested_contradiction(const struct vch_voucher *voucher,
                                       const struct vch_segment_attestation *attestation,
                                       const struct vch_binder *binder);

// `rules` NULL: what a reader without them can tell. `time_s` 0: at the voucher's own time. Not OK:
// NO_MEMORY alone. `what` has to be allowed to the machine. `scratch` is rewound.
vch_status vch_attested_judge(struct vch_attested_node *out, const struct vch_voucher *voucher,
                              const struct vch_segment_attestation *attestation,
                              const struct vch_rules *rules, enum vch_rules_class what,
                              int64_t time_s, struct vch_arena *scratch);
