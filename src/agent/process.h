// The key agent's own side: its memory, and its answers over the socket it was started with.
#pragma once

#include "confine/child.h"
#include "confine/secret.h"

// What it says first: what its keys lie in, and the key that things are sealed to. `has_memory` is
// false where it has none for keys; then it ends.
struct vch_process_hello {
    bool has_memory;
    enum vch_secret_home home;
    struct vch_complaint complaint;
    uint8_t sealing_key[32];
};

// A vch_child_work: answers until its parent's end is closed. Keys, small requests and the stack
// that works on them lie in memory for keys. `opened` is a struct vch_opened, or NULL.
int vch_process_work(int channel, void *opened);
