// Who starts confined children of one kind, also when whoever needs them can no longer fork: a
// process forked while that one has no keys, no threads and no connections yet. It hears single
// bytes from its parent, and ends as its parent does, together with what it started.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "confine/child.h"

struct vch_starter {
    pid_t pid;
    int channel;
    bool is_running; // a child that was not ended yet
};

// `profile`, and what `context` points to, are as they were at this moment for all children.
vch_status vch_starter_new(struct vch_starter *out, const struct vch_profile *profile,
                           vch_child_work *work, void *context, struct vch_complaint *complaint);

// What a child gets besides, opened anew for each by the starter, whom no fence keeps from files.
// `open` notes the descriptor in `context` too, where the child's work finds it.
typedef vch_status vch_starter_open(int *descriptor, void *context,
                                    struct vch_complaint *complaint);
// As vch_starter_new; the profile itself keeps no descriptors. Where `open` fails no child starts.
vch_status vch_starter_new_with(struct vch_starter *out, const struct vch_profile *profile,
                                vch_child_work *work, vch_starter_open *open, void *context,
                                struct vch_complaint *complaint);

// As vch_starter_new, for many children one after another: once the first has been granted
// namespaces, the starter moves into such, an empty root and no capabilities itself, and each child
// after that is forked inside, with all its other fences of its own. It then shares these with its
// starter and with children that have ended. The profile hands over no paths.
vch_status vch_starter_new_inside(struct vch_starter *out, const struct vch_profile *profile,
                                  vch_child_work *work, void *context,
                                  struct vch_complaint *complaint);

// One child at a time. `out->pid` is 0: it is no child of this process. As vch_child_start;
// UNAVAILABLE where the starter itself is gone.
vch_status vch_starter_start(struct vch_starter *starter, struct vch_child *out,
                             struct vch_complaint *complaint);

// Closes the child's channel, gives it a second to end by itself, then ends it. As vch_child_end.
vch_status vch_starter_end(struct vch_starter *starter, struct vch_child *child,
                           struct vch_complaint *complaint);
// The same at once, for one that is known to be at something.
vch_status vch_starter_stop(struct vch_starter *starter, struct vch_child *child,
                            struct vch_complaint *complaint);

// Ends the child that runs, and the starter. All zeros is fine.
void vch_starter_free(struct vch_starter *starter);
