// One request at a time over a channel to the key agent, and its answer (agent/request.h).
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/request.h"
#include "base/complaint.h"
#include "base/status.h"

#define VCH_ASKING_PARTS_MAX 4

struct vch_asking {
    int channel;
    pthread_mutex_t turn;
    bool is_gone; // the agent has ended: nothing is asked any more
};

struct vch_asking_part {
    const void *bytes;
    size_t size;
};

void vch_asking_init(struct vch_asking *asking, int channel); // which stays the caller's
void vch_asking_release(struct vch_asking *asking);

// Sends the parts as one request, and hears its answer, which has exactly `size` bytes. From any
// thread. UNAVAILABLE: the agent has ended; else what it says.
vch_status vch_asking_ask(struct vch_asking *asking, enum vch_request_kind kind,
                          const struct vch_asking_part *parts, size_t count, void *out, size_t size,
                          struct vch_complaint *complaint);

// The same for whoever has the turn, and what else is used in turn.
void vch_asking_take_turn(struct vch_asking *asking);
vch_status vch_asking_ask_in_turn(struct vch_asking *asking, enum vch_request_kind kind,
                                  const struct vch_asking_part *parts, size_t count, void *out,
                                  size_t size, struct vch_complaint *complaint);
void vch_asking_end_turn(struct vch_asking *asking);

// For who finds out otherwise.
vch_status vch_asking_gone(struct vch_asking *asking, struct vch_complaint *complaint);
