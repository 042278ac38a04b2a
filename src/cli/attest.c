// vouch attest: what machines can show about themselves, and what of it holds.
#include <string.h>

#include "cli/attest_probe.h"
#include "cli/commands.h"

static const struct vch_option options[] = {
    {"json", NULL, "print JSON", false},
    {0},
};

static const struct {
    const char *name;
    vch_status (*run)(struct vch_tool *tool);
} ACTIONS[] = {
    {"probe", vch_attest_probe_run},
};

static vch_status run(struct vch_tool *tool)
{
    const char *name = tool->options->operands[0];

    for (size_t i = 0; i < sizeof ACTIONS / sizeof *ACTIONS; i++)
        if (strcmp(ACTIONS[i].name, name) == 0) return ACTIONS[i].run(tool);
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "vouch attest does not know \"%.40s\": it does probe", name);
}

const struct vch_command vch_commands_attest = {
    .name = "attest",
    .operands = "probe",
    .summary = "what this machine's kernel grants to confine processes and keep keys",
    .details =
        "probe: tries each fence around a process (specs/confinement.md) in a child of its own,\n"
        "then those of each role together, and the memory that keys would get. Prints what was\n"
        "granted, what was refused, and the kernel's word for it. Exits with 1 where a role could\n"
        "not run. It shows nothing to a remote party: that takes evidence from hardware.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};
