// vouch completion: the shell completes commands and options from the same tables as --help.
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

static const struct vch_option options[] = {{0}};

static vch_status run(struct vch_tool *tool)
{
    if (strcmp(tool->options->operands[0], "bash") != 0)
        return vch_complain(&tool->complaint, VCH_CODE_UNSUPPORTED,
                            "completion is written for bash, not for \"%.40s\"",
                            tool->options->operands[0]);
    printf("_vouch() {\n    local word=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
           "    if [ \"$COMP_CWORD\" = 1 ]; then\n        words=\"");
    for (const struct vch_command *const *c = vch_commands_all(); *c != NULL; c++)
        printf("%s ", (*c)->name);
    printf("\"\n    else case \"${COMP_WORDS[1]}\" in\n");
    for (const struct vch_command *const *c = vch_commands_all(); *c != NULL; c++) {
        printf("    %s) words=\"--help", (*c)->name);
        for (const struct vch_option *o = (*c)->options; o->name != NULL; o++)
            printf(" --%s", o->name);
        printf("\" ;;\n");
    }
    printf("    esac; fi\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\"))\n"
           "}\ncomplete -o filenames -F _vouch vouch\n");
    return VCH_OK;
}

const struct vch_command vch_commands_completion = {
    .name = "completion",
    .operands = "bash",
    .summary = "print shell completion: eval \"$(vouch completion bash)\"",
    .details = "Prints a completion script for bash.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};
