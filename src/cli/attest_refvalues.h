// vouch attest refvalues: what programs, models, boot logs and files will show, for a policy.
#pragma once

#include "cli/tool.h"

#define VCH_ATTEST_REFVALUES_OPTIONS \
    {"program", "FILE", "of refvalues: whose build (default: this program)", true}, \
        {"model", "M.vouch", "of refvalues: what is served", true}, \
        {"host-data", "FILE", "of refvalues: what a host passes in HOST_DATA, as its SHA-256", \
         true}, \
        {"eventlog", "FILE", "of refvalues: a boot log", false}, \
        {"pcr", "N", "of refvalues: of the boot log, only these registers", true}, \
    { \
        "measured", "N=FILE", "of refvalues: extended into register N, in this order", true \
    }

vch_status vch_attest_refvalues_run(struct vch_tool *tool);
