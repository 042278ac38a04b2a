// What does this proof show, to a reader who holds the model's manifest and its annex?
//
// Every claim has its own verdict and reason, as with vouchers (voucher/verify.h). The statement is
// made from what the reader holds; the proof file only says which one it is.
#pragma once

#include "annex/annex.h"
#include "annex/proof_file.h"
#include "annex/proof_opening.h"
#include "base/cpu.h"
#include "base/workers.h"
#include "model/graph.h"

enum vch_answer_verdict {
    VCH_ANSWER_NOT_SHOWN,
    VCH_ANSWER_SHOWN,
    VCH_ANSWER_FALSE,
};

#define VCH_ANSWER_CLAIMS(X) \
    X(MODEL, "model", "it is the model that the reader holds") \
    X(WEIGHTS, "weights", "the weights are the model's, on its owner's word") \
    X(RUN, "run", "the model gives this output for this input") \
    X(INPUT, "input", "what the input is") \
    X(OUTPUT, "output", "what the output is") \
    X(JOB, "job", "what the proof was made for")

enum vch_answer_claim {
#define X(name, text, meaning) VCH_ANSWER_CLAIM_##name,
    VCH_ANSWER_CLAIMS(X)
#undef X
        VCH_ANSWER_CLAIM_COUNT
};

struct vch_answer_finding {
    enum vch_answer_verdict verdict;
    char reason[VCH_COMPLAINT_SIZE];
};

struct vch_answer_input {
    const struct vch_graph *graph; // checked
    struct vch_digest identity;    // of the graph's manifest
    const struct vch_annex *annex;
    const struct vch_proof_file *proof;
    const struct vch_proof_opening *opening; // or NULL
    const struct vch_digest *job;            // that must be the proof's, or NULL
    uint32_t owner_count;                    // whose word counts
    const struct vch_public_key *owners;
    // vch_annex_verify_owner, or NULL: then the owner's word is not shown.
    vch_status (*verify_owner)(const struct vch_annex *annex);
    enum vch_cpu_level level;
    struct vch_workers *workers;
};

struct vch_answer_report {
    struct vch_answer_finding findings[VCH_ANSWER_CLAIM_COUNT];
};

const char *vch_answer_verify_claim(enum vch_answer_claim claim);       // "model", ...
const char *vch_answer_verify_verdict(enum vch_answer_verdict verdict); // "shown", ...

// VCH_OK exactly when model, weights and run are shown, and so are input, output and job where the
// reader gave an opening and a job; BAD_PROOF when the report says why not; another code, with a
// complaint and no report, when nothing could be said. `arena` is rewound.
vch_status vch_answer_verify(struct vch_answer_report *report, const struct vch_answer_input *input,
                             struct vch_arena *arena, struct vch_complaint *complaint);
