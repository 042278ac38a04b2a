// The one result type of every function that can fail.
//
// It is a struct so that a bool or an int can never pass for it: `return a == b;` does not
// compile. Success has exactly one spelling, VCH_OK; in particular a verifier accepts only by
// returning VCH_OK.
#pragma once

#define VCH_CODES(X) \
    X(NONE, "success") \
    X(NO_MEMORY, "not enough memory") \
    X(TRUNCATED, "input ends before its format does") \
    X(MALFORMED, "input does not follow its format") \
    X(LIMIT, "input exceeds a configured limit") \
    X(UNSUPPORTED, "input is valid but not supported") \
    X(BAD_PROOF, "does not verify") \
    X(REFUSED, "refused by policy") \
    X(USAGE, "called with arguments that make no sense") \
    X(IO, "the operating system refused") \
    X(UNAVAILABLE, "cannot be reached now") \
    X(BUSY, "has no room for more work now") \
    X(TIMEOUT, "took longer than allowed")

enum vch_code {
#define X(name, text) VCH_CODE_##name,
    VCH_CODES(X)
#undef X
};

typedef struct [[nodiscard]] vch_status {
    enum vch_code code;
} vch_status;

#define VCH_OK ((vch_status){VCH_CODE_NONE})
#define VCH_FAIL(name) ((vch_status){VCH_CODE_##name})

// Return from the calling function unless `expr` succeeds. For functions that own nothing.
#define VCH_TRY(expr) \
    do { \
        vch_status try_ = (expr); \
        if (try_.code != VCH_CODE_NONE) return try_; \
    } while (0)

const char *vch_code_text(enum vch_code code);

static inline _Bool vch_is_ok(vch_status status)
{
    return status.code == VCH_CODE_NONE;
}
