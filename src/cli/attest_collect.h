// vouch attest collect: evidence of this machine, for somebody who is not connected to it.
#pragma once

#include "cli/tool.h"
#include "collect/collector.h"

#define VCH_ATTEST_COLLECT_SOURCE_OPTIONS \
    {"from", "SOURCE", "tsm[:FOLDER], tpm[:TCTI], az-vtpm[:TCTI] or none", false}, \
        {"pcrs", "LIST", "of a TPM, such as 0-7,11 (default: all 24)", false}, \
        {"event-log", "FILE", "of a TPM: the boot log, shown along", false}, \
        {"endorse", "LABEL=FILE", "signed by vendors, shown or used: vek, tcb-info ...", true}, \
    { \
        "timeout", "SECONDS", "for the hardware to answer (default: 20)", false \
    }

// What those options ask for; everything lies in the tool's arena. USAGE.
vch_status vch_attest_collect_setup(struct vch_collector_setup *out, struct vch_tool *tool,
                                    const char *source);

vch_status vch_attest_collect_run(struct vch_tool *tool);
