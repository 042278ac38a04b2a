// One request from this node to another: connect, greet, have its evidence judged where there is a
// policy, ask, hear the answer, leave.
//
// The other side may be hostile or away; every wait is bounded by net/stream.h, and nothing it
// answers is believed beyond "taken" or "not taken", which only ends the errand.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "channel/channel.h"
#include "net/stream.h"

struct vch_errand;

struct vch_errand_setup {
    struct event_base *base;
    struct vch_tls *tls;
    uint32_t *live_count; // as in net/stream.h
    struct vch_stream_limits limits;
    struct vch_public_key peer;
    const char *host;
    uint16_t port;
    const struct vch_asker_policy *policy; // what the other has to show first; NULL: nothing
    struct vch_attester *attester;         // what this node shows; NULL: nothing
    // Told once, unless the errand is freed before. `why` is for people.
    void (*on_end)(void *context, struct vch_errand *errand, bool is_taken, const char *why);
    void *context;
};

// The memory of what is to be asked: the request, and the bytes that follow it in chunks. The
// errand's, with all it holds.
struct vch_errand_load {
    struct vch_arena arena;
    Vouch__RefereeRequest request; // with id 1
    const uint8_t *bytes;
    size_t size;
};

// Takes the load, also on failure.
vch_status vch_errand_new(struct vch_errand **out, const struct vch_errand_setup *setup,
                          struct vch_errand_load *load);
void vch_errand_free(struct vch_errand *errand); // NULL is nothing to free
