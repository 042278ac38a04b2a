// Checking a proof of vouch, and nothing else: libvouch-verify.
//
// No file, no thread, no heap, no clock, no randomness, no network: bytes and memory are the
// caller's. specs/annex.md says what the files are, SOUNDNESS.md what a proof shows.
//
//     struct vouch_signed word;
//     vouch_verify_signed(&word, annex, annex_size);
//     question.signature = ed25519_verify(word.owner, word.message, 32, word.signature)
//                              ? VOUCH_SIGNATURE_GOOD : VOUCH_SIGNATURE_BAD;
//     size_t room = vouch_verify_memory(&question);
//     int code = vouch_verify_proof(&result, &question, malloc(room), room);
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vouch_code {
    VOUCH_ACCEPTED = 0,  // model, weights and run are shown, nothing is false
    VOUCH_REFUSED = 1,   // something is not shown, or false; or cannot be proven at all
    VOUCH_USAGE = 2,     // a question that makes no sense
    VOUCH_MALFORMED = 3, // not the files they should be, or over a limit
    VOUCH_NO_MEMORY = 4, // give more
};

enum vouch_verdict {
    VOUCH_NOT_SHOWN = 0,
    VOUCH_SHOWN = 1,
    VOUCH_FALSE = 2,
};

enum vouch_claim {
    VOUCH_MODEL,   // it is about the model with this manifest
    VOUCH_WEIGHTS, // the weights behind the annex's root are that model's, on its owner's word
    VOUCH_RUN,     // run on what is behind the input's root, they give what is behind the output's
    VOUCH_INPUT,   // the opening's input is behind the root
    VOUCH_OUTPUT,  // and its output
    VOUCH_JOB,     // the proof was made for this job
    VOUCH_CLAIM_COUNT,
};

#define VOUCH_TEXT_SIZE 512

struct vouch_finding {
    int32_t verdict; // enum vouch_verdict
    char reason[VOUCH_TEXT_SIZE];
};

struct vouch_result {
    int32_t code;               // enum vouch_code, as returned
    char text[VOUCH_TEXT_SIZE]; // what went wrong where there are no findings
    struct vouch_finding findings[VOUCH_CLAIM_COUNT];
};

// Ed25519 is left to the caller, who has it anyway.
enum vouch_signature {
    VOUCH_SIGNATURE_NOT_CHECKED = 0, // then VOUCH_WEIGHTS is not shown, and nothing is accepted
    VOUCH_SIGNATURE_GOOD = 1,
    VOUCH_SIGNATURE_BAD = 2,
};

// What the owner of an annex signed: `signature` must be that of `owner` over `message`.
struct vouch_signed {
    uint8_t owner[32], message[32], signature[64];
};

struct vouch_bytes {
    const void *bytes;
    size_t size;
};

struct vouch_question {
    struct vouch_bytes manifest; // of the model that the reader means: `vouch inspect --manifest`
    struct vouch_bytes annex;    // of it
    struct vouch_bytes proof;
    struct vouch_bytes opening; // or none
    const uint8_t *owner;       // 32 bytes: whose word on weights counts
    const uint8_t *job;         // 32 bytes: what the proof must be made for; or NULL
    int32_t signature;          // enum vouch_signature
};

// What to check and set `signature` by. VOUCH_ACCEPTED or VOUCH_MALFORMED.
int vouch_verify_signed(struct vouch_signed *out, const void *annex, size_t size, void *memory,
                        size_t memory_size);

// Bytes of memory with which proofs of this size about this model can be checked. Less may do; with
// too little the answer is VOUCH_NO_MEMORY.
size_t vouch_verify_memory(const struct vouch_question *question);

// Uses nothing but `memory`, of any alignment. `result` is filled in whatever comes out.
int vouch_verify_proof(struct vouch_result *result, const struct vouch_question *question,
                       void *memory, size_t memory_size);

#ifdef __cplusplus
}
#endif
