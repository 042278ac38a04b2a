// Data keys that were released to the agent, and the weights opened under them.
#pragma once

#include "agent/holder.h"

struct vch_holder_ask {
    struct vch_holder *holder;
    const uint8_t *in;
    size_t in_size; // within what the kind of request has
    uint8_t *out;
    size_t room, *size;
    struct vch_complaint *complaint;
};

vch_status vch_holder_weights_take(const struct vch_holder_ask *ask);
vch_status vch_holder_weights_begin(const struct vch_holder_ask *ask);
vch_status vch_holder_weights_open(const struct vch_holder_ask *ask);
vch_status vch_holder_weights_end(const struct vch_holder_ask *ask);
void vch_holder_weights_drop(struct vch_holder *holder, uint32_t slot);
