// What the core's files share.
#pragma once

#include "witness/core.h"

// A reply of one text, by which a request that changes nothing ends.
void vch_core_parts_reply(struct vch_core_reply *reply, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// The promises that were made first, as many as a request has room for answers.
void vch_core_parts_promises(struct vch_core_reply *reply, int code,
                             const struct vch_core_log *log);

// What the witness says of a promise that it made, signed.
void vch_core_parts_testify(struct vch_testimony *out, const struct vch_core *core,
                            const struct vch_core_log *log, const struct vch_core_promise *promise);

const struct vch_core_log *vch_core_parts_log(const struct vch_core *core, const char *origin,
                                              size_t size); // NULL: unknown
// NULL: its drafts are not promised.
struct vch_core_writer *vch_core_parts_writer(const struct vch_core *core,
                                              const struct vch_public_key *key);
// The promise's index; promise_count when there is none.
uint32_t vch_core_parts_find(const struct vch_core_log *log, const struct vch_digest *digest);
