// The process itself: hardening, and what its environment says.
#pragma once

#include <stddef.h>

#include "base/complaint.h"
#include "base/cpu.h"
#include "base/status.h"

// No core dumps, no ptrace by equals (but in sanitizer builds), SIGPIPE ignored, libsodium
// initialised (which lets it choose its fast code; the pure modules are correct without), memory
// kept for the next job. Call first in main.
void vch_process_harden(void);

// Best processor level, lowered by VCH_CPU_LEVEL; an unknown name there is a USAGE error.
vch_status vch_process_cpu_level(enum vch_cpu_level *out, struct vch_complaint *complaint);

// Bytes of memory of this machine, or of the control group that confines it.
size_t vch_process_memory_size(void);
