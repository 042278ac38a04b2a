// The process that computes, as its network process has it: started, made ready, heard and ended.
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "confine/starter.h"
#include "node/apart.h"

// A model that came later.
struct vch_apart_model {
    int memory;
    size_t size;
    bool is_taken;     // by the process that runs
    uint32_t failures; // how many ended over it; VCH_APART_HANGS_MAX: it is given up
};

struct vch_apart {
    struct vch_inference_setup setup; // as the other process has it
    size_t shared_size;
    struct vch_starter starter;
    struct vch_child child; // channel -1: none runs
    bool is_loaded;
    uint64_t speed;
    uint64_t starts_ms[VCH_APART_STARTS_MAX]; // the last ones, a ring
    uint32_t start_count;
    uint64_t hung_ms;                 // when the last one was ended that hung as it loaded
    uint32_t hung_count;              // in a row
    size_t text_used;                 // by the last order and its answer
    uint8_t text[VCH_ORDER_SIZE_MAX]; // copied out of what is shared
    pthread_mutex_t lock;             // over everything below
    struct vch_confine_facts facts;
    uint64_t ended, stopped;
    uint32_t more_count;
    struct vch_apart_model more[VCH_APART_MODELS_MAX];
};

bool vch_apart_process_is_running(const struct vch_apart *apart);

// One more, which begins to load. UNAVAILABLE where too many ended of late.
vch_status vch_apart_process_start(struct vch_apart *apart, struct vch_complaint *complaint);

// One that has loaded, and has all models that were added: the one that runs, or a new one.
vch_status vch_apart_process_ready(struct vch_apart *apart, struct vch_complaint *complaint);

// The next word. With a task: TIMEOUT where it is not wanted any more, the process was told to
// stop, and does not.
vch_status vch_apart_process_hear(struct vch_apart *apart, struct vch_inference_word *word,
                                  const struct vch_task *task);

// It has ended, or is to: `why` says how.
void vch_apart_process_end(struct vch_apart *apart, bool is_stopped, struct vch_complaint *why);

// What a task left in the first `text` and `data` bytes of what is shared.
void vch_apart_process_wipe(struct vch_apart *apart, size_t text, size_t data);
