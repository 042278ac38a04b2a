// The way to a TPM: commands written to a descriptor, answers read from it, no longer than until a
// deadline. TSS2 calls this a TCTI. Its own are libraries loaded by name, which a confined process
// cannot, and wait for as long as it takes.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <tss2/tss2_tcti.h>

#include "base/complaint.h"
#include "base/status.h"

struct vch_tcti {
    TSS2_TCTI_CONTEXT_COMMON_V1 head; // first: TSS2 is handed a pointer to it
    int file;                         // borrowed
    uint64_t deadline_us;             // by the monotonic clock
    bool is_late;                     // it passed while an answer was waited for
    bool is_lost;                     // nobody is at the other end, or it does not speak as a TPM
};

// "device:PATH", the kernel's own; "swtpm:path=SOCKET", a TPM in software behind a socket of this
// machine. USAGE where the text is neither.
vch_status vch_tcti_check(const char *text, struct vch_complaint *complaint);

// Opens it; UNAVAILABLE where there is nothing. To be closed.
vch_status vch_tcti_open(int *file, const char *text, struct vch_complaint *complaint);

void vch_tcti_init(struct vch_tcti *out, int file, uint64_t deadline_us);
