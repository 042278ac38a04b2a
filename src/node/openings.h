// What operators that disputes are about read, computed by the worker while the event loop goes on,
// and kept for as long as a side may send it to referees.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "node/kept_operands.h"
#include "node/session.h"
#include "node/task.h"

#define VCH_OPENINGS_MAX 8u
#define VCH_OPENINGS_SIZE_MAX ((size_t)256 << 20) // bytes, where there are several

struct vch_openings_one {
    bool is_used, is_waiting;
    struct vch_digest job;
    uint32_t segment, operator_;
    uint8_t *bytes;
    size_t size;
    uint64_t turn; // when somebody wanted it last
};

struct vch_openings {
    struct vch_session_host *host;
    uint64_t turn;
    struct vch_openings_one ones[VCH_OPENINGS_MAX];
};

void vch_openings_init(struct vch_openings *openings, struct vch_session_host *host);

// As vch_kept_operands. BUSY: it is being computed, or will be: ask again.
vch_status vch_openings_get(struct vch_openings *openings, struct vch_tensor *out,
                            const struct vch_kept_opening *opening, struct vch_arena *arena);
// A task for an opening has come back.
void vch_openings_take(struct vch_openings *openings, const struct vch_task *task);

void vch_openings_release(struct vch_openings *openings);
