// What a response comes to under rules: one verdict, with every check that it rests on.
//
// The one place where kinds of evidence meet: which verifier judges which items (specs/attest.md,
// section 5), what a kind is worth, what statement, hardware and age have to be. Pure, like all
// that it calls: rules, block, history and time are handed in, and nothing of them is the attested
// end's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attest/binder.h"
#include "attest/exchange.h"
#include "attest/facts.h"
#include "attest/rules.h"
#include "base/arena.h"
#include "base/complaint.h"
#include "evidence/appraisal.h"
#include "evidence/tpm_quote.h"

#define VCH_RESULT_ARENA_SIZE (8u << 20) // what a verdict takes at most
#define VCH_RESULT_HARDWARE_MAX 64

enum vch_result_word {
    VCH_RESULT_CONTRAINDICATED, // something failed, or could not be decided
    VCH_RESULT_WARNING,         // nothing failed; something is worse than it could be
    VCH_RESULT_AFFIRMING,
};

// What the same end said before, and what is known of when it was asked. Zeroes: nothing is.
struct vch_result_history {
    bool has_quote;
    struct vch_digest ak; // SHA-256 of the SubjectPublicKeyInfo of the key that signed it
    struct vch_tpm_quote_clock clock;
    bool is_session; // this is no first verdict on its connection: same boot, same key
    int64_t asked_s; // when the nonce was drawn, by who drew it; 0: unknown. Evidence without a
                     // connection is not taken then
};

// Holds no pointers but names of checks, which are static: it may be copied between processes of
// one program.
struct vch_result {
    struct vch_appraisal appraisal;
    enum vch_binder_kind kind;
    enum vch_rules_level level; // of the kind: what the verdict is worth if it is not the worst
    enum vch_result_word word;
    bool is_test;           // the roots are a test's, or the TPM is software
    struct vch_facts facts; // the statement: shown where level and word say so, else claimed
    enum vch_rules_id hardware_kind;
    uint8_t hardware[VCH_RESULT_HARDWARE_MAX];
    size_t hardware_size;                       // 0: the evidence names no machine
    char operator_name[VCH_RULES_TEXT_MAX + 1]; // by the rules; empty: not listed, or not shown
    char site[VCH_RULES_TEXT_MAX + 1];
    struct vch_result_history history; // to hand in next time; is_session and asked_s as they were
    int64_t until_s;          // the last second of the verdict; not after any of what it rests on
    struct vch_digest digest; // names the verdict: rules, block, time, level, word, every check
};

// VCH_OK: affirming or warning. REFUSED: contraindicated; the appraisal and the complaint say why
// and what to do. MALFORMED, TRUNCATED, UNSUPPORTED or LIMIT: items that are no evidence, and
// contraindicated. NO_MEMORY. `history` may be NULL. Whether a good verdict is good enough for
// something is for vch_result_allows to say. The arena is rewound.
vch_status vch_result_judge(struct vch_result *out, const struct vch_exchange_response *response,
                            const uint8_t binder[static VCH_BINDER_SIZE],
                            const struct vch_rules *rules, const struct vch_result_history *history,
                            int64_t time_s, struct vch_arena *arena,
                            struct vch_complaint *complaint);

// Whether what was judged under these rules may have that class of data, at that time. REFUSED with
// a complaint that says why not.
vch_status vch_result_allows(const struct vch_result *result, const struct vch_rules *rules,
                             enum vch_rules_class what, int64_t time_s,
                             struct vch_complaint *complaint);

// Names the machine, of whatever kind its id is, for telling whether two are one; zeroes where the
// evidence names none.
struct vch_digest vch_result_machine(const struct vch_result *result);

const char *vch_result_word_text(enum vch_result_word word);

// The check that decided: the first that failed, else the first that warned; NULL: all passed.
const struct vch_appraisal_check *vch_result_reason(const struct vch_result *result);

// What to do where the check of that name fails, in general; empty where there is nothing to say.
const char *vch_result_advice(const char *check);
