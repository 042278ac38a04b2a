// The fences around a confined process, in the order in which they go up, and what came of each.
#pragma once

#include <stdint.h>

#define VCH_FENCES(X) \
    X(DESCRIPTORS, "descriptors", "every descriptor closed that was not handed over") \
    X(LIMITS, "limits", \
      "no core file; memory, descriptors and files no larger than the role needs") \
    X(DUMPABLE, "dumpable", "no core dump, no debugger of the same user") \
    X(PRIVILEGES, "no-new-privs", "no program gains rights by being started") \
    X(NAMESPACES, "namespaces", "users, mounts, processes, network and IPC of its own") \
    X(ROOT, "root", "an empty root; what was handed over in it, read-only") \
    X(CAPABILITIES, "capabilities", "none, and none to be had") \
    X(LANDLOCK, "landlock", "no file, TCP port, signal or abstract socket but those handed over") \
    X(SYSCALLS, "syscalls", "an allow-list of system calls; attacks end the process")

enum vch_fence {
#define X(id, name, text) VCH_FENCE_##id,
    VCH_FENCES(X)
#undef X
        VCH_FENCE_COUNT
};

#define VCH_FENCE_BIT(id) (1u << VCH_FENCE_##id)
#define VCH_FENCE_ALL ((1u << VCH_FENCE_COUNT) - 1)

enum vch_fence_outcome { VCH_FENCE_NOT_ASKED, VCH_FENCE_GRANTED, VCH_FENCE_REFUSED };

struct vch_fence_result {
    enum vch_fence_outcome outcome;
    char why[120]; // of a refusal: which call, and the kernel's word; of a grant: what is partial
};

const char *vch_fence_name(enum vch_fence step);
const char *vch_fence_text(enum vch_fence step); // what it gives
const char *vch_fence_outcome_text(enum vch_fence_outcome outcome);

// The fences that this one stands on.
uint32_t vch_fence_needs(enum vch_fence fence);

// Notes that the kernel refused `call`, with errno as it is. Returns `REFUSED`.
enum vch_fence_outcome vch_fence_refuse(struct vch_fence_result *out, const char *call);
