// Minimum pace: a peer that owes us bytes must keep sending them, and one that we owe must keep
// reading, so that nobody holds our memory by dribbling.
//
// While something is owed, each window must move at least `bytes_min` bytes, or finish. Time is
// handed in, so that the rule can be tested without waiting.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vch_pace {
    uint64_t window_ms, bytes_min; // the rule
    bool is_owing;
    uint64_t window_end_ms, moved;
};

void vch_pace_init(struct vch_pace *pace, uint64_t window_ms, uint64_t bytes_min);

// Says whether anything is owed now. Owing starts a window; not owing ends it.
void vch_pace_set_owing(struct vch_pace *pace, bool is_owing, uint64_t now_ms);
void vch_pace_move(struct vch_pace *pace, uint64_t bytes);

// True when a window has ended with too little moved; otherwise begins the next one when due.
bool vch_pace_is_stalled(struct vch_pace *pace, uint64_t now_ms);
