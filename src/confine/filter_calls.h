// System calls by name, as tables; those whose arguments matter are in filter.c.
#pragma once

#include <stdint.h>

struct vch_filter_call {
    uint32_t family; // VCH_PROFILE_..., any of which allows it
    const char *name;
};

extern const struct vch_filter_call vch_filter_calls_allowed[]; // up to one without a name
extern const char *const vch_filter_calls_deadly[];             // up to NULL
