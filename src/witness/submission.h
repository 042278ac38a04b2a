// What a log asks of a witness (specs/witness.md, sections 1 and 3): answers to promises, the size
// that the witness last cosigned, a proof of consistency, and a checkpoint.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/sign.h"
#include "tlog/checkpoint.h"
#include "tlog/note.h"
#include "tlog/tree.h"
#include "witness/draft.h"

#define VCH_SUBMISSION_CHECKPOINT_MAX 65536u // bytes of a request without answers
#define VCH_SUBMISSION_ANSWERED_MAX 524288u  // and with them; check: 2**19
#define VCH_SUBMISSION_ANSWERS_MAX 64u
#define VCH_SUBMISSION_PROOF_MAX 63u // digests of a proof of consistency, as C2SP has it

// An answer in its own bytes.
struct vch_submission_answer {
    bool is_refusal;
    uint64_t index;    // of the entry that it shows
    size_t entry_size; // of that entry with its time; of a refusal: the draft
    uint8_t entry[VCH_DRAFT_ENTRY_MAX];
    struct vch_tree_path path;      // of inclusion
    uint64_t time_ms;               // of a refusal: the log's clock,
    struct vch_signature signature; // and its signature
};

struct vch_submission {
    const char *answers; // borrowed: read them with vch_submission_next_answer
    size_t answers_size;
    uint64_t old_size;
    struct vch_tree_path path;
    struct vch_note note; // borrows the body
    struct vch_checkpoint checkpoint;
};

// MALFORMED or LIMIT with a complaint. Where answers are not allowed, the body is C2SP's.
vch_status vch_submission_decode(struct vch_submission *out, const char *body, size_t size,
                                 bool may_answer, struct vch_complaint *complaint);

// The next answer of a decoded request, from `*offset` on (0 at first); false after the last.
bool vch_submission_next_answer(struct vch_submission_answer *out,
                                const struct vch_submission *request, size_t *offset);
