// A subcommand's actions, each behind a word: vouch attest verify FILE, vouch owner log FILE.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cli/tool.h"

struct vch_action {
    const char *name, *takes;             // what it takes behind its name, in words: "one FILE"
    uint32_t operand_least, operand_most; // the same in numbers
    vch_status (*run)(struct vch_tool *tool);
};

// The action that the command line's operand number `place` names, which is there. `command` is
// what stands before it: "attest policy". USAGE where it is none of these, or takes other operands.
vch_status vch_actions_run(struct vch_tool *tool, const char *command, uint32_t place,
                           const struct vch_action *actions, size_t count);
