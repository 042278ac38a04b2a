// Every subcommand: one row here, one file beside this one.
#pragma once

#include "cli/tool.h"

struct vch_command {
    const char *name;
    const char *operands; // for the usage line
    const char *summary;
    const char *details; // printed by --help
    uint32_t operand_min, operand_max;
    const struct vch_option *options;
    vch_status (*run)(struct vch_tool *tool);
};

// X(name): a subcommand and its `vch_commands_<name>`, in the order of --help.
#define VCH_COMMANDS(X) \
    X(import) \
    X(inspect) \
    X(run) \
    X(annex) \
    X(prove) \
    X(split) \
    X(keygen) \
    X(registry) \
    X(charter) \
    X(ledger) \
    X(entry) \
    X(node) \
    X(witness) \
    X(infer) \
    X(verify) \
    X(attest) X(owner) X(dispute) X(audit) X(likeness) X(bench) X(completion)

#define X(name) extern const struct vch_command vch_commands_##name;
VCH_COMMANDS(X)
#undef X

// All of them, NULL-terminated.
const struct vch_command *const *vch_commands_all(void);
