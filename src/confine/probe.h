// What this kernel grants, tried out in children that do nothing else.
#pragma once

#include <stdbool.h>

#include "base/complaint.h"
#include "base/status.h"
#include "confine/confine.h"
#include "confine/secret.h"

enum { VCH_PROBE_ROLES = 4 };

struct vch_probe_role {
    const char *role;
    struct vch_profile_limits limits;
    bool can_run;                   // all that it requires was granted
    struct vch_confine_facts facts; // all of its fences together
};

struct vch_probe {
    struct vch_confine_facts alone; // each fence with no other but what it stands on
    uint32_t landlock_version;
    struct vch_probe_role roles[VCH_PROBE_ROLES];
    bool has_secret;
    enum vch_secret_home home; // that keys would get
};

// Fails only where no process can be started at all.
vch_status vch_probe_run(struct vch_probe *out, struct vch_complaint *complaint);
