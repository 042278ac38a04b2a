// What to tell a person when something is refused: what was expected, what was found, what to do.
//
// Functions that face a person take a `struct vch_complaint *` as their last parameter. The first
// complaint stands: callers further up may not overwrite what was said closest to the cause.
#pragma once

#include "base/status.h"

#define VCH_COMPLAINT_SIZE 512

struct vch_complaint {
    char text[VCH_COMPLAINT_SIZE]; // empty until something complains
};

// Records the text (cut to fit) unless an earlier complaint stands, and returns `code` as a
// status, so that a refusal is one line: `return vch_complain(complaint, VCH_CODE_LIMIT, ...);`.
// `complaint` may be NULL. Bytes that are not printable ASCII become '?', since names inside
// hostile files end up on terminals and in logs.
vch_status vch_complain(struct vch_complaint *complaint, enum vch_code code, const char *format,
                        ...) __attribute__((format(printf, 3, 4)));

// clang's analyzer reads one file at a time and would think that a refusal may mean success.
#ifdef __clang_analyzer__
#define vch_complain(complaint, code, ...) \
    ((void)(vch_complain)(complaint, code, __VA_ARGS__), (vch_status){code})
#endif
