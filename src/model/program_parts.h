// What the parts of one run of a program share.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "model/program.h"

// Of a value of the laid out graph: nothing yet, written by an operator, or in the caller's tensor
// number state - OUTSIDE, inputs before outputs.
enum {
    VCH_PROGRAM_PARTS_ABSENT,
    VCH_PROGRAM_PARTS_WRITTEN,
    VCH_PROGRAM_PARTS_OUTSIDE,
};

struct vch_program_parts {
    const struct vch_program *program;
    const struct vch_program_run *run;
    const uint32_t *input_values, *output_values;
    const struct vch_tensor *inputs, *outputs;
    uint32_t input_count, output_count;
    uint32_t begin, end; // operators of the laid out graph
    uint32_t chunks, lanes;
    uint32_t *states; // per value of the laid out graph
    uint8_t *memory, *turned;
    struct vch_complaint *complaint;
};

// Samples [first, first + count) in the memory of one lane.
struct vch_program_parts_chunk {
    const struct vch_program_parts *e;
    uint8_t *memory;
    size_t first;
    uint32_t count;
    struct vch_workers *workers;
};

// Checks the caller's tensors, that what the operators read is there, and that what is asked for
// will be; fills states, which were absent.
vch_status vch_program_parts_take_ports(struct vch_program_parts *e);
// Copies what lies in another of the caller's tensors.
void vch_program_parts_finish_outputs(const struct vch_program_parts *e);

// All operators over these samples, unless cancelled.
void vch_program_parts_run_chunk(const struct vch_program_parts_chunk *c);

static inline bool vch_program_parts_is_cancelled(const struct vch_program_run *run)
{
    return run->is_cancelled != NULL && run->is_cancelled(run->context);
}
