// What the core's files share.
#pragma once

#include "witness/core.h"

#define VCH_CORE_PROMISES_TYPE "text/x.vouch.promises"

// A reply of one text, by which a request that changes nothing ends.
void vch_core_parts_reply(struct vch_core_reply *reply, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// One more line of promises; there is room for VCH_SUBMISSION_ANSWERS_MAX.
void vch_core_parts_promise(struct vch_core_reply *reply, const struct vch_core_promise *promise);

const struct vch_core_log *vch_core_parts_log(const struct vch_core *core, const char *origin,
                                              size_t size); // NULL: unknown
// The promise's index; promise_count when there is none.
uint32_t vch_core_parts_find(const struct vch_core_log *log, const struct vch_digest *digest);
