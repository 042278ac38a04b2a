// A function run in a confined process of its own, with a socket to who started it.
#pragma once

#include <sys/types.h>

#include "confine/confine.h"

struct vch_child {
    pid_t pid;
    int channel; // ours; the child's end is its work's first argument
    struct vch_confine_facts facts;
};

// What the child does; its exit code. It sees the memory as it was at the start, but for secrets
// (secret.h), and must not return into what its parent was doing.
typedef int vch_child_work(int channel, void *context);

// Starts `work` inside the profile's fences, and learns what was granted. Where a required
// fence was not, nothing runs: REFUSED. Call it from a thread that outlives the child.
vch_status vch_child_start(struct vch_child *out, const struct vch_profile *profile,
                           vch_child_work *work, void *context, struct vch_complaint *complaint);

// Closes the channel and waits. OK where the work returned 0; else the complaint says how it ended:
// BAD_PROOF with another exit code, REFUSED if the kernel killed it for what it tried.
vch_status vch_child_end(struct vch_child *child, struct vch_complaint *complaint);

// Ends the child at once and waits for it.
void vch_child_stop(struct vch_child *child);

// All `size` bytes, on either end. TRUNCATED where the other end closed before, IO.
vch_status vch_child_read(int channel, void *bytes, size_t size);
vch_status vch_child_write(int channel, const void *bytes, size_t size);
// The same with a descriptor beside the bytes (-1: none), for roles that have messages.
vch_status vch_child_read_with(int channel, void *bytes, size_t size, int *descriptor);
vch_status vch_child_write_with(int channel, const void *bytes, size_t size, int descriptor);
