// A witness without its machine: requests and the time in, replies and what has to be written down
// out (specs/witness.md). The daemon wraps it, and so may a simulator.
//
// Whoever calls makes a change durable, applies it, and only then lets the reply out. A reply whose
// change could not be written is never sent.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "tlog/testimony.h"
#include "tlog/vkey.h"
#include "witness/draft.h"
#include "witness/submission.h"

#define VCH_CORE_LOGS_MAX 16u
#define VCH_CORE_PROMISES_MAX 1024u // of one log,
#define VCH_CORE_WRITER_MAX 64u     // and of one writer
#define VCH_CORE_REFUSALS_MAX 1024u // of one writer's drafts, kept on one day
#define VCH_CORE_DAY_MS 86400000u
#define VCH_CORE_PATIENCE_MS 2000u // a promise is overdue after that,
#define VCH_CORE_PATIENCE_COUNT 2u // and after so many larger checkpoints
#define VCH_CORE_FRESH_S 5u        // for so long the same tree gets the same cosignature
#define VCH_CORE_SKEW_MS 5000u     // between a refusal's time and ours
#define VCH_CORE_DRAFT_MAX 4096u   // bytes of a request that hands a draft over
#define VCH_CORE_REPLY_MAX 49152u  // check: 48 * 1024

struct vch_core_promise {
    uint64_t handed_ms;       // when it was made,
    uint64_t handed_count;    // how many checkpoints were cosigned before,
    uint64_t handed_size;     // and the size of the last of them
    struct vch_digest digest; // of the draft
    struct vch_public_key writer;
    uint32_t draft_size;
    uint8_t draft[VCH_DRAFT_SIZE_MAX];
};

struct vch_core_log {
    struct vch_vkey vkey;     // its name is the origin
    bool has_ledger;          // takes drafts,
    struct vch_digest ledger; // of the ledger with this id

    uint64_t size; // of what was cosigned last; at first 0 and the root of no leaves
    struct vch_digest root;
    uint64_t count;  // how often the size grew
    uint64_t time_s; // of the last cosignature
    uint32_t promise_count;
    struct vch_core_promise promises[VCH_CORE_PROMISES_MAX]; // in the order they were made
};

// Whose drafts are promised. A refusal is never given up for another, so each writer has its own
// bound: whoever floods a witness silences itself, and until the day is over.
struct vch_core_writer {
    struct vch_public_key key;
    uint32_t refusal_count; // of its drafts, kept on the core's day
};

struct vch_core {
    char name[VCH_VKEY_NAME_MAX + 1];
    struct vch_secret_key key;
    uint32_t log_count;
    struct vch_core_log *logs;       // the caller's
    uint32_t writer_count;           // 0: no draft is promised
    struct vch_core_writer *writers; // ascending by key; the caller's
    uint64_t day;                    // the last one on which a refusal was counted
};

enum vch_core_change_kind {
    VCH_CORE_NOTHING,
    VCH_CORE_AGAIN,      // nothing to write down: the last checkpoint was cosigned once more
    VCH_CORE_CHECKPOINT, // the log's state is another, and some promises are answered
    VCH_CORE_PROMISE,    // one was made
};

struct vch_core_refusal {
    uint32_t promise; // its index
    uint64_t time_ms; // of the log's clock
    struct vch_signature signature;
    bool was_kept; // another of this draft, before: it counts once
};

struct vch_core_change {
    enum vch_core_change_kind kind;
    uint32_t log;

    uint64_t size, count, time_s, day;
    struct vch_digest root;
    uint32_t answered_count;
    uint32_t answered[VCH_SUBMISSION_ANSWERS_MAX]; // indices of promises, each once
    uint32_t refused_count;
    struct vch_core_refusal refused[VCH_SUBMISSION_ANSWERS_MAX]; // some of them

    struct vch_core_promise promise;
};

struct vch_core_reply {
    int code; // of HTTP
    const char *content_type;
    uint32_t promise_count; // of the log, once the change is applied
    size_t size;
    char body[VCH_CORE_REPLY_MAX]; // with a NUL
};

// A log of which nothing was seen yet. `ledger` may be NULL.
void vch_core_log_init(struct vch_core_log *out, const struct vch_vkey *vkey,
                       const struct vch_digest *ledger);

// POST /add-checkpoint; with answers, POST /vouch/v1/add-checkpoint.
void vch_core_add_checkpoint(struct vch_core_reply *reply, struct vch_core_change *change,
                             const struct vch_core *core, const char *body, size_t size,
                             bool may_answer, uint64_t now_ms);
// POST /vouch/v1/add-draft
void vch_core_add_draft(struct vch_core_reply *reply, struct vch_core_change *change,
                        const struct vch_core *core, const char *body, size_t size,
                        uint64_t now_ms);
// GET /vouch/v1/promises/<hex>
void vch_core_promises(struct vch_core_reply *reply, const struct vch_core *core,
                       const char *origin_hex);
// GET /vouch/v1/log/<hex>
void vch_core_show_log(struct vch_core_reply *reply, const struct vch_core *core,
                       const char *origin_hex, uint64_t now_ms);
// What is kept and served of one refusal of a change that is not applied yet. Returns the
// characters.
size_t vch_core_refusal_text(char out[static VCH_TESTIMONY_SIZE_MAX], const struct vch_core *core,
                             const struct vch_core_change *change,
                             const struct vch_core_refusal *refusal);

// Counts a refusal of a writer's draft; of no concern where its drafts are not promised.
void vch_core_count_refusal(struct vch_core *core, const struct vch_public_key *writer,
                            uint64_t day);
void vch_core_apply(struct vch_core *core, const struct vch_core_change *change);
