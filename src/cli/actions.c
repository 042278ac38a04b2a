#include "cli/actions.h"

#include <stdio.h>
#include <string.h>

static vch_status start(const struct vch_action *action, struct vch_tool *tool, const char *command,
                        uint32_t count)
{
    if (count >= action->operand_least && count <= action->operand_most) return action->run(tool);
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "vouch %s %s takes %s, found %u words behind its name", command,
                        action->name, action->takes, count);
}

// "seal, release and log"
static void list(char *out, size_t room, const struct vch_action *actions, size_t count)
{
    for (size_t i = 0, size = 0; i < count && size < room; i++) {
        const char *before = i == 0 ? "" : i + 1 < count ? ", " : " and ";
        size += (size_t)snprintf(out + size, room - size, "%s%s", before, actions[i].name);
    }
}

vch_status vch_actions_run(struct vch_tool *tool, const char *command, uint32_t place,
                           const struct vch_action *actions, size_t count)
{
    const char *name = tool->options->operands[place];
    char names[256];

    for (size_t i = 0; i < count; i++)
        if (strcmp(actions[i].name, name) == 0)
            return start(&actions[i], tool, command, tool->options->operand_count - place - 1);
    list(names, sizeof names, actions, count);
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "vouch %s does not know \"%.40s\": it does %s", command, name, names);
}
