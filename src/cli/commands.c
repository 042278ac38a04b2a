#include "cli/commands.h"

const struct vch_command *const *vch_commands_all(void)
{
    static const struct vch_command *const all[] = {
#define X(name) &vch_commands_##name,
        VCH_COMMANDS(X)
#undef X
            NULL,
    };
    return all;
}
