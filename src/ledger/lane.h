// A lane: threads that run jobs, so that the event loop never waits for a disk, a network or a
// signature. With one thread jobs run in the order they came, urgent ones before others.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

#define VCH_LANE_THREADS_MAX 16u

struct vch_lane;

struct vch_lane_job {
    // On one of the lane's threads; `subject` is the lane's. Sets status and complaint.
    void (*run)(void *subject, struct vch_lane_job *job);
    // On the loop's thread, when collected. A job that was not run, because the lane ends, has the
    // status UNAVAILABLE.
    void (*done)(void *context, struct vch_lane_job *job);
    void *context;
    bool is_urgent;
    vch_status status;
    struct vch_complaint complaint;
    struct vch_lane_job *next; // the lane's
};

// IO when no thread can be started. `subject` is handed to every run.
vch_status vch_lane_new(struct vch_lane **out, uint32_t threads, void *subject);
// Lends the job to the lane until it is done.
void vch_lane_submit(struct vch_lane *lane, struct vch_lane_job *job);
int vch_lane_descriptor(const struct vch_lane *lane); // readable when there is something to collect
void vch_lane_collect(struct vch_lane *lane);         // calls `done` of what is finished
// Whether the lane is to end: for jobs that would wait long.
bool vch_lane_is_ending(const struct vch_lane *lane);
// Waits for what runs, then gives every job back.
void vch_lane_free(struct vch_lane *lane);
