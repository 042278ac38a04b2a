#include "net/pace.h"

void vch_pace_init(struct vch_pace *pace, uint64_t window_ms, uint64_t bytes_min)
{
    *pace = (struct vch_pace){.window_ms = window_ms, .bytes_min = bytes_min};
}

void vch_pace_set_owing(struct vch_pace *pace, bool is_owing, uint64_t now_ms)
{
    if (is_owing && !pace->is_owing) {
        pace->window_end_ms = now_ms + pace->window_ms;
        pace->moved = 0;
    }
    pace->is_owing = is_owing;
}

void vch_pace_move(struct vch_pace *pace, uint64_t bytes)
{
    pace->moved += bytes;
}

bool vch_pace_is_stalled(struct vch_pace *pace, uint64_t now_ms)
{
    if (!pace->is_owing || now_ms < pace->window_end_ms) return false;
    if (pace->moved < pace->bytes_min) return true;
    pace->window_end_ms = now_ms + pace->window_ms;
    pace->moved = 0;
    return false;
}
