// What judging one voucher's claims shares. Each claim has its place, and they are judged in an
// order in which each comes after those that it rests on.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "voucher/contest.h"
#include "voucher/recount.h"
#include "voucher/verify.h"

enum { VCH_JUDGE_PARTS_HEX_SIZE = 2 * 32 + 1 };

// What one verification knows so far.
struct vch_judge_parts {
    const struct vch_verify_input *input;
    const struct vch_voucher *voucher;
    const struct vch_policy *policy;
    struct vch_verify_report *report;
    struct vch_arena *scratch;
    struct vch_recount recount;
    bool is_founder_named, is_right_package, is_planned;
    // Agreements: how many, what each shows (by result; NULL: none), and the first that is not
    // right.
    uint32_t agreement_count;
    const struct vch_contest_finding **agreed;
    vch_status agreement_status;
    struct vch_complaint agreement_complaint;
    // Does the opening open these? NOT_CLAIMED: there is none; NOT_SHOWN: there was no memory.
    enum vch_verdict input_opening, output_opening;
    uint32_t proof_count;
    vch_status proof_status; // of all of them, where they could be checked
    struct vch_complaint proof_complaint;
    bool is_run_again; // and every commitment was to what the model gives
    bool is_sound; // the job, and where the reader holds the model its plan, were checked and hold
    uint32_t values[VCH_JOB_SEGMENTS_MAX + 1]; // of the package's graph, at the job's boundaries
};

// A claim's finding, for a person to read.
__attribute__((format(printf, 4, 5))) void vch_judge_parts_say(struct vch_judge_parts *judge,
                                                               enum vch_claim claim,
                                                               enum vch_verdict verdict,
                                                               const char *format, ...);
// The text of a NOT_SHOWN for all that rests on the registry.
void vch_judge_parts_rest_on_founder(struct vch_judge_parts *judge, enum vch_claim claim);
enum vch_verdict vch_judge_parts_verdict(const struct vch_judge_parts *judge, enum vch_claim claim);
const char *vch_judge_parts_hex(char out[static VCH_JUDGE_PARTS_HEX_SIZE],
                                const uint8_t bytes[static 32]);
bool vch_judge_parts_is_among(const struct vch_public_key *key, const struct vch_public_key *keys,
                              uint32_t count);
// How many of the job's segments nodes ran.
uint32_t vch_judge_parts_node_segments(const struct vch_job *job);

// What each agreement shows. The first that shows nothing makes the votes false.
void vch_judge_parts_check_agreements(struct vch_judge_parts *judge);
// Whether the opening opens the commitments to input and output.
void vch_judge_parts_open_ends(struct vch_judge_parts *judge);
// Every proof, and how they fit together.
void vch_judge_parts_check_proofs(struct vch_judge_parts *judge);

void vch_judge_parts_client(struct vch_judge_parts *judge);
void vch_judge_parts_model(struct vch_judge_parts *judge);
// SPLIT and QUORUM, which rest on the same votes.
void vch_judge_parts_votes(struct vch_judge_parts *judge);
void vch_judge_parts_quorum(struct vch_judge_parts *judge); // where the votes hold
// ENDS and PROOF: what was run again need not be proven, and what is proven need not be run again.
void vch_judge_parts_run(struct vch_judge_parts *judge);
void vch_judge_parts_proof(struct vch_judge_parts *judge);
void vch_judge_parts_input(struct vch_judge_parts *judge);
void vch_judge_parts_output(struct vch_judge_parts *judge);
