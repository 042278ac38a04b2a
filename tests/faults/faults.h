// Nodes that misbehave, each in one way, so that tests can watch a client notice.
//
// A fault is made of the two hooks that a node offers to tests: who executes, and a look at each
// frame before it is sent. Everything else of such a node is the real thing.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "node/node.h"

//   X(NAME, name on the command line)
#define FAULTS(X) \
    X(NONE, "none") \
    X(WRONG_OUTPUT, "wrong-output")               /* another tensor than it signed for */ \
    X(SIGNED_WRONG_OUTPUT, "signed-wrong-output") /* lies, and signs the lie */ \
    X(BAD_SIGNATURE, "bad-signature") \
    X(REPLAY, "replay")             /* the vote of an earlier job */ \
    X(WRONG_INPUT, "wrong-input")   /* signs for another input */ \
    X(OUT_OF_RANGE, "out-of-range") /* signs a tensor that no engine can make */ \
    X(STALL, "stall")               /* never answers */ \
    X(REFUSE, "refuse") \
    X(CRASH, "crash")           /* gone in the middle of a job */ \
    X(DRIBBLE, "dribble")       /* answers, a few bytes a second */ \
    X(HUGE_FRAME, "huge-frame") /* announces a frame of 1 GB */ \
    X(MALFORMED_FRAME, "malformed-frame") \
    X(CLOSE_MID_TENSOR, "close-mid-tensor") \
    X(BAD_PROOF, "bad-proof")     /* these vote as they should: one bit of the proof is wrong */ \
    X(OLD_PROOF, "old-proof")     /* the proof of an earlier job */ \
    X(BAD_ANNEX, "bad-annex")     /* one bit of the annex is wrong */ \
    X(NO_PROOF, "no-proof")       /* refuses to prove */ \
    X(STALL_PROOF, "stall-proof") /* never proves */ \
    X(NOT_A_PROOF, "not-a-proof") /* votes once more, where a proof was asked for */ \
    /* On a ledger, and as a referee honest. */ \
    X(COPY_COMMIT, "copy-commit") /* commits to what another has committed to */ \
    X(WITHHOLD_REVEAL, "withhold-reveal") \
    X(WITHHOLD_COMMIT, "withhold-commit") \
    X(FALSE_REVEAL, "false-reveal") /* of another output than it committed to */ \
    /* Signs a lie, and disputes the verdict against it once the file FAULT_WAITS_FOR is there. */ \
    X(LATE_DISPUTE, "late-dispute")

enum fault_mode {
#define X(name, text) FAULT_##name,
    FAULTS(X)
#undef X
        FAULT_COUNT
};

struct fault {
    _Atomic enum fault_mode mode;
    struct vch_public_key self;
    void (*crash)(void *context); // what CRASH does; the process ends where there is none
    void *crash_context;
    // REPLAY: what was said once.
    bool has_vote;
    struct vch_vote vote;
    uint8_t *changed, *old_proof; // of proofs: what was changed, and what was given once
    size_t old_proof_size;
    struct ev_token_bucket_cfg *slowly; // DRIBBLE
};

const char *fault_name(enum fault_mode mode);
enum fault_mode fault_parse(const char *name); // FAULT_COUNT for unknown names

// Puts the fault's hooks into the options; `fault` must outlive the node.
void fault_install(struct fault *fault, struct vch_node_options *options);
void fault_release(struct fault *fault);
