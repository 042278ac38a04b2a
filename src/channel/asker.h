// The verifier's side of an attestation: asks the other end of one connection what it runs, has the
// answer judged, and says whether anything private may be sent to it (specs/wire.md, section 9).
//
// One question is open at a time. Its nonce is made for it and serves once; an answer that nobody
// asked for, that comes too late or that is not accepted fails the asker for good, and its stream
// has to be closed. Times are handed in. What the judge says may come from inside the call or
// later, from another process.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attest/exchange.h"
#include "attest/result.h"
#include "base/complaint.h"
#include "base/status.h"
#include "channel/transport.h"
#include "crypto/sign.h"

#define VCH_ASKER_WHY_SIZE 240
#define VCH_ASKER_WARNED_MAX 8u
#define VCH_ASKER_CHECK_SIZE 40 // a check's name

struct vch_asker;

enum vch_asker_state {
    VCH_ASKER_IDLE,    // nothing was asked yet
    VCH_ASKER_WAITING, // for an answer
    VCH_ASKER_JUDGING, // one
    VCH_ASKER_SETTLED, // the last one was accepted
    VCH_ASKER_FAILED,
};

// All that a judge needs: what was asked, what this end knows of the connection, what came.
struct vch_asker_answer {
    struct vch_exchange_request request;
    uint8_t occasion[32], salt[32]; // of its nonce
    struct vch_exchange_channel channel;
    uint64_t asked_ms;                 // Unix, when the nonce was drawn
    struct vch_result_history history; // of that node, and whether this stream has had a verdict
    const uint8_t *bytes;              // as they came: vch_exchange_decode_response takes them
    size_t size;
    uint64_t time_ms; // Unix, when they came
};

struct vch_asker_verdict {
    bool is_accepted;
    enum vch_rules_level level;
    enum vch_result_word word;
    bool is_test;                               // it rests on a test's roots
    uint64_t until_ms;                          // Unix; it does not hold for longer
    uint8_t binder[VCH_BINDER_SIZE];            // the block that the answer was held to
    struct vch_digest digest;                   // of the result
    struct vch_digest machine;                  // names it (result.h); zeroes: nothing does
    struct vch_result_history history;          // for the next time
    char operator_name[VCH_RULES_TEXT_MAX + 1]; // of the machine, by the rules; or empty
    // Where it is not accepted: which check, and what to do. Where it is no more than a warning:
    // of what.
    char why[VCH_ASKER_WHY_SIZE];
    // For whoever releases keys (sealing/grant.h): whether "binding.evidence" has passed, and the
    // checks that were only warned about; more than there is room for count one more than that.
    bool is_bound;
    uint32_t warned_count;
    char warned[VCH_ASKER_WARNED_MAX][VCH_ASKER_CHECK_SIZE];
};

// What one side holds others to; shared by all its connections, and outlives them.
struct vch_asker_policy {
    struct vch_digest digest;          // which policy it is
    bool accepts[VCH_BINDER_KIND_END]; // evidence of these kinds is asked for
    uint32_t answer_ms;                // that an answer may take: 60,000 at most
    uint32_t again_ms;                 // that a verdict holds before there is another
    // That nonces are drawn for: a client's, the nonce of its job, which goes into the voucher;
    // zeroes where nobody will be shown the evidence. A verdict on another occasion counts no more.
    uint8_t occasion[32];
    // Judges `asker->answer`, then or later, by vch_asker_conclude. `forget` says that an asker
    // that was not concluded is gone; NULL where all are concluded at once.
    void (*judge)(void *context, struct vch_asker *asker);
    void (*forget)(void *context, struct vch_asker *asker);
    void *context;
};

// What is kept of an answer that was accepted, as for a voucher.
struct vch_asker_kept {
    uint8_t *bytes; // the response; NULL: there is none. To be freed
    size_t size;
    uint64_t time_ms;
    uint8_t occasion[32], salt[32];
    struct vch_asker_verdict verdict;
};

struct vch_asker_setup {
    const struct vch_asker_policy *policy;
    struct vch_transport transport;
    enum vch_binder_role role;         // of the other end, which is asked
    struct vch_public_key node;        // whom we mean to talk to: its identity in the network
    struct vch_result_history history; // what it said on earlier streams; zeroes: nothing
    // A verdict has come, otherwise than from inside a call. NULL: nobody is told.
    void (*on_change)(void *context, struct vch_asker *asker);
    void *context;
};

struct vch_asker {
    struct vch_asker_setup setup;
    enum vch_asker_state state;
    enum vch_code code; // why it failed
    char why[VCH_ASKER_WHY_SIZE];
    uint64_t asked_ms; // monotonic
    struct vch_asker_answer answer;
    uint8_t *bytes;             // of the answer in hand
    bool is_inside;             // vch_asker_receive
    struct vch_asker_kept kept; // the last that was accepted
    bool has_verdict;
    uint8_t occasion[32];    // of the verdict
    uint32_t accepted_count; // of answers
    uint64_t settled_ms;     // monotonic, when what it is about was asked
};

void vch_asker_init(struct vch_asker *asker, const struct vch_asker_setup *setup);

// Asks, with a fresh nonce. BUSY while a question is open: its answer will do. UNAVAILABLE once the
// asker has failed, or where the connection takes no more.
vch_status vch_asker_ask(struct vch_asker *asker, struct vch_transport_time now);

// An answer has come.
void vch_asker_receive(struct vch_asker *asker, const Vouch__AttestResponse *response,
                       struct vch_transport_time now);

// What the judge says of the answer in hand.
void vch_asker_conclude(struct vch_asker *asker, const struct vch_asker_verdict *verdict);

// Time has passed: asks again when that is due, fails where no answer has come.
void vch_asker_tick(struct vch_asker *asker, struct vch_transport_time now);

// May anything private be sent, now? And: on a verdict about what was asked no earlier than
// `since_ms` (monotonic), as before a release?
bool vch_asker_allows(const struct vch_asker *asker, struct vch_transport_time now);
bool vch_asker_allows_since(const struct vch_asker *asker, uint64_t since_ms,
                            struct vch_transport_time now);

// Frees what it holds; `kept` too, unless it was taken over (its bytes NULL).
void vch_asker_release(struct vch_asker *asker);
