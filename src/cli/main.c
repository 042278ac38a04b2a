// vouch: private, verifiable AI inference on machines you do not trust.
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "host/process.h"

static int print_overview(FILE *file)
{
    (void)fprintf(file,
                  "vouch %s: private, verifiable AI inference on machines you do not trust\n"
                  "\nusage: vouch COMMAND [OPTIONS]\n\n",
                  VCH_VERSION);
    for (const struct vch_command *const *c = vch_commands_all(); *c != NULL; c++)
        (void)fprintf(file, "  %-11s %s\n", (*c)->name, (*c)->summary);
    (void)fprintf(file, "\n`vouch COMMAND --help` explains one. Exit codes: 0 yes, 1 no (refused, "
                        "unsupported, does\nnot verify), 2 usage, 3 malformed input, 4 "
                        "unavailable.\n");
    return file == stdout ? 0 : 2;
}

static int print_help(const struct vch_command *command)
{
    printf("usage: vouch %s %s [OPTIONS]\n\n%s\n", command->name, command->operands,
           command->details);
    if (command->options->name != NULL) printf("\noptions:\n");
    for (const struct vch_option *o = command->options; o->name != NULL; o++) {
        char form[64];
        (void)snprintf(form, sizeof form, "--%s%s%s", o->name, o->placeholder ? " " : "",
                       o->placeholder ? o->placeholder : "");
        printf("  %-27s %s%s\n", form, o->help, o->is_repeatable ? " (repeatable)" : "");
    }
    return 0;
}

static const struct vch_command *find(const char *name)
{
    for (const struct vch_command *const *c = vch_commands_all(); *c != NULL; c++)
        if (strcmp((*c)->name, name) == 0) return *c;
    return NULL;
}

static int finish(const struct vch_command *command, vch_status status,
                  const struct vch_complaint *complaint)
{
    if (fflush(stdout) != 0 && vch_is_ok(status)) status = VCH_FAIL(IO);
    if (!vch_is_ok(status) && !(status.code == VCH_CODE_BAD_PROOF && complaint->text[0] == '\0'))
        (void)fprintf(stderr, "vouch %s: %s\n", command->name,
                      complaint->text[0] ? complaint->text : vch_code_text(status.code));
    return vch_tool_exit_code(status);
}

static vch_status run(const struct vch_command *command, const struct vch_options *options,
                      struct vch_complaint *complaint)
{
    struct vch_tool tool;
    vch_status status = vch_tool_init(&tool, options);

    if (vch_is_ok(status)) status = command->run(&tool);
    *complaint = tool.complaint;
    vch_tool_release(&tool);
    return status;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return false;
}

int main(int argc, char **argv)
{
    static struct vch_options options;
    struct vch_complaint complaint = {0};

    vch_process_harden();
    if (argc < 2) return print_overview(stderr);
    if (strcmp(argv[1], "--version") == 0) return printf("vouch %s\n", VCH_VERSION) < 0;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return print_overview(stdout);

    const struct vch_command *command = find(argv[1]);
    if (command == NULL) {
        (void)fprintf(stderr, "vouch: unknown command \"%s\"\n\n", argv[1]);
        return print_overview(stderr);
    }
    if (asks_for_help(argc - 2, argv + 2)) return print_help(command);

    vch_status status =
        vch_options_parse(&options, command->options, argc - 2, argv + 2, &complaint);
    if (vch_is_ok(status) && (options.operand_count < command->operand_min ||
                              options.operand_count > command->operand_max))
        status = vch_complain(&complaint, VCH_CODE_USAGE, "usage: vouch %s %s [OPTIONS]",
                              command->name, command->operands);
    if (vch_is_ok(status)) status = run(command, &options, &complaint);
    return finish(command, status, &complaint);
}
