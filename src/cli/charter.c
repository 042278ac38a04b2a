// vouch charter: the founder says, and signs, what a ledger is founded on; or one is shown.
#include "entry/charter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "entry/charter_notes.h"
#include "host/random.h"
#include "member/charter_file.h"

static const struct vch_option options[] = {
    {"key", "FILE", "the founder's key file", false},
    {"passphrase-file", "FILE", "opens the key file", false},
    {"origin", "NAME", "the log's name in checkpoints, like clinics.example/ledger", false},
    {"clerk", "KEY", "who orders entries: hexadecimal or key file", false},
    {"witness", "VKEY", "as `vouch witness --show-key` prints it; or NAME=KEY", true},
    {"output", "FILE", "where the charter goes; never overwritten", false},
    {"show", "FILE", "print this charter, whoever signed it", false},
    {"founder", "KEY", "with --show: only if this founder signed it", false},
    {"json", NULL, "print JSON", false},
    {0},
};

// X-macro rows as data.
static const struct parameter {
    const char *name;
    size_t offset;
    uint64_t least, most;
} PARAMETERS[] = {
#define X(field, number, value, least, most) \
    {#field, offsetof(struct vch_parameters, field), least, most},
    VCH_PARAMETERS(X)
#undef X
};
enum { PARAMETER_COUNT = sizeof PARAMETERS / sizeof *PARAMETERS };

static uint64_t *place_of(struct vch_parameters *parameters, const struct parameter *parameter)
{
    return (uint64_t *)(void *)((uint8_t *)parameters + parameter->offset);
}

// "commit_ms=5000"
static vch_status set_parameter(struct vch_parameters *parameters, const char *text,
                                struct vch_complaint *complaint)
{
    const char *equals = strchr(text, '=');

    for (size_t i = 0; equals != NULL && i < PARAMETER_COUNT; i++) {
        const struct parameter *parameter = &PARAMETERS[i];
        if (strlen(parameter->name) != (size_t)(equals - text) ||
            strncmp(parameter->name, text, (size_t)(equals - text)) != 0)
            continue;
        if (vch_options_is_number(place_of(parameters, parameter), equals + 1, parameter->least,
                                  parameter->most))
            return VCH_OK;
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "%s is a number from %" PRIu64 " to %" PRIu64 ", not \"%.40s\"",
                            parameter->name, parameter->least, parameter->most, equals + 1);
    }
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "\"%.80s\" is no parameter: NAME=NUMBER with a name of specs/agreement.md, "
                        "such as commit_ms=5000",
                        text);
}

static vch_status read_witness(struct vch_charter_witness *out, struct vch_tool *tool,
                               const char *text)
{
    struct vch_complaint *complaint = &tool->complaint;
    const char *equals = strchr(text, '=');
    struct vch_vkey vkey;
    size_t size = 0;

    if (strchr(text, '+') != NULL) {
        VCH_TRY(vch_vkey_decode(&vkey, text, strlen(text), complaint));
        if (vkey.type != VCH_VKEY_COSIGNATURE)
            return vch_complain(complaint, VCH_CODE_USAGE,
                                "the vkey of %s is a log's: a witness's is of type 0x04",
                                vkey.name);
        size = strlen(vkey.name);
        if (size > VCH_CHARTER_NAME_MAX) size = VCH_CHARTER_NAME_MAX + 1;
        out->key = vkey.key;
        text = vkey.name;
    } else if (equals != NULL) {
        size = (size_t)(equals - text);
        VCH_TRY(vch_tool_public_key(&out->key, tool, equals + 1));
    }
    if (size == 0 || size > VCH_CHARTER_NAME_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "--witness expects a vkey or NAME=KEY, the name of 1 to %u characters",
                            VCH_CHARTER_NAME_MAX);
    (void)snprintf(out->name, sizeof out->name, "%.*s", (int)size, text);
    return VCH_OK;
}

static int compare_witnesses(const void *a, const void *b)
{
    const struct vch_charter_witness *left = a, *right = b;

    return memcmp(left->key.bytes, right->key.bytes, sizeof left->key.bytes);
}

static vch_status read_witnesses(struct vch_charter *charter, struct vch_tool *tool)
{
    const char *text = NULL;

    for (uint32_t i = 0; (text = vch_options_nth(tool->options, "witness", i)) != NULL; i++) {
        if (i == VCH_CHARTER_WITNESSES_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_LIMIT,
                                "a charter names at most %u witnesses", VCH_CHARTER_WITNESSES_MAX);
        VCH_TRY(read_witness(&charter->witnesses[charter->witness_count++], tool, text));
    }
    qsort(charter->witnesses, charter->witness_count, sizeof charter->witnesses[0],
          compare_witnesses);
    return VCH_OK;
}

static json_t *to_json(struct vch_charter *charter, const char *log)
{
    json_t *out = json_object(), *witnesses = json_array(), *parameters = json_object();

    for (uint32_t i = 0; i < charter->witness_count; i++) {
        json_t *witness = json_object();
        (void)json_object_set_new(witness, "name", json_string(charter->witnesses[i].name));
        (void)json_object_set_new(
            witness, "key",
            vch_tool_json_hex(charter->witnesses[i].key.bytes, VCH_SIGN_PUBLIC_SIZE));
        (void)json_array_append_new(witnesses, witness);
    }
    for (size_t i = 0; i < PARAMETER_COUNT; i++)
        (void)json_object_set_new(
            parameters, PARAMETERS[i].name,
            json_integer((json_int_t)*place_of(&charter->parameters, &PARAMETERS[i])));
    (void)json_object_set_new(out, "ledger", vch_tool_json_hex(charter->id.bytes, VCH_DIGEST_SIZE));
    (void)json_object_set_new(out, "origin", json_string(charter->origin));
    (void)json_object_set_new(out, "log", json_string(log));
    (void)json_object_set_new(out, "founder",
                              vch_tool_json_hex(charter->founder.bytes, VCH_SIGN_PUBLIC_SIZE));
    (void)json_object_set_new(out, "clerk",
                              vch_tool_json_hex(charter->clerk.bytes, VCH_SIGN_PUBLIC_SIZE));
    (void)json_object_set_new(out, "witnesses", witnesses);
    (void)json_object_set_new(out, "cosignatures_needed",
                              json_integer(vch_charter_quorum(charter)));
    (void)json_object_set_new(out, "parameters", parameters);
    return out;
}

static void print_text(struct vch_charter *charter, const char *log)
{
    char founder[2 * VCH_SIGN_PUBLIC_SIZE + 1], clerk[2 * VCH_SIGN_PUBLIC_SIZE + 1];
    struct vch_parameters defaults = vch_charter_default_parameters();

    vch_hex_encode(founder, charter->founder.bytes, VCH_SIGN_PUBLIC_SIZE);
    vch_hex_encode(clerk, charter->clerk.bytes, VCH_SIGN_PUBLIC_SIZE);
    printf("origin   %s\nfounder  %s\nclerk    %s\n", charter->origin, founder, clerk);
    for (uint32_t i = 0; i < charter->witness_count; i++)
        printf("witness  %s\n", charter->witnesses[i].name);
    printf("needs    %u cosignatures\n", vch_charter_quorum(charter));
    for (size_t i = 0; i < PARAMETER_COUNT; i++) {
        uint64_t value = *place_of(&charter->parameters, &PARAMETERS[i]);
        if (value != *place_of(&defaults, &PARAMETERS[i]))
            printf("sets     %s=%" PRIu64 "\n", PARAMETERS[i].name, value);
    }
    printf("log      %s\n", log);
}

// The log as `vouch witness --log` wants it: its vkey and the ledger's id.
static vch_status show(struct vch_tool *tool, struct vch_charter *charter)
{
    char log[VCH_VKEY_TEXT_MAX + 1 + 2 * VCH_DIGEST_SIZE + 1];
    struct vch_charter_notes notes;

    VCH_TRY(vch_charter_notes_init(&notes, charter, &tool->complaint));
    size_t size = vch_vkey_encode(log, &notes.log);
    log[size++] = ' ';
    vch_hex_encode(log + size, charter->id.bytes, VCH_DIGEST_SIZE);
    if (vch_options_has(tool->options, "json")) return vch_tool_print_json(to_json(charter, log));
    print_text(charter, log);
    return VCH_OK;
}

static vch_status show_file(struct vch_tool *tool, const char *path)
{
    const char *founder = vch_options_text(tool->options, "founder");
    struct vch_charter charter;
    struct vch_public_key key;
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (founder != NULL) VCH_TRY(vch_tool_public_key(&key, tool, founder));
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_CHARTER_FILE_MAX));
    VCH_TRY(vch_charter_file_decode(&charter, bytes, size, founder != NULL ? &key : NULL,
                                    &tool->complaint));
    return show(tool, &charter);
}

static vch_status fill(struct vch_charter *charter, struct vch_tool *tool)
{
    const char *origin = NULL, *clerk = NULL;

    VCH_TRY(vch_options_required(&origin, tool->options, "origin", &tool->complaint));
    VCH_TRY(vch_options_required(&clerk, tool->options, "clerk", &tool->complaint));
    if (strlen(origin) > VCH_CHARTER_ORIGIN_MAX)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE, "an origin has at most %u characters",
                            VCH_CHARTER_ORIGIN_MAX);
    (void)snprintf(charter->origin, sizeof charter->origin, "%s", origin);
    VCH_TRY(vch_tool_public_key(&charter->clerk, tool, clerk));
    VCH_TRY(read_witnesses(charter, tool));
    charter->parameters = vch_charter_default_parameters();
    for (uint32_t i = 0; i < tool->options->operand_count; i++)
        VCH_TRY(set_parameter(&charter->parameters, tool->options->operands[i], &tool->complaint));
    vch_random_bytes(charter->nonce, sizeof charter->nonce);
    return VCH_OK;
}

static vch_status make(struct vch_tool *tool)
{
    const char *path = NULL, *output = NULL;
    struct vch_charter charter = {0};
    struct vch_secret_key founder;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_options_required(&path, tool->options, "key", &tool->complaint));
    VCH_TRY(vch_options_required(&output, tool->options, "output", &tool->complaint));
    VCH_TRY(fill(&charter, tool));
    VCH_TRY(vch_tool_secret_key(&founder, tool, path));
    charter.founder = founder.public_key;
    vch_status status =
        vch_charter_file_encode(&bytes, &size, &charter, &founder, &tool->arena, &tool->complaint);
    vch_wipe(&founder, sizeof founder);
    VCH_TRY(status);
    VCH_TRY(vch_file_write_new(output, bytes, size, false, &tool->complaint));
    return show(tool, &charter);
}

static vch_status run(struct vch_tool *tool)
{
    const char *shown = vch_options_text(tool->options, "show");

    return shown != NULL ? show_file(tool, shown) : make(tool);
}

const struct vch_command vch_commands_charter = {
    .name = "charter",
    .operands = "--key FOUNDER.key --origin NAME --clerk KEY --witness VKEY... [NAME=NUMBER...] -o "
                "FILE",
    .summary = "sign what a ledger is founded on: clerk, witnesses, parameters",
    .details =
        "The charter is the ledger's first entry; its digest names the ledger and cannot change.\n"
        "Operands set parameters of agreement (specs/agreement.md lists them, with defaults).\n"
        "Prints what it says; the line `log` is for `vouch witness --log`.",
    .operand_min = 0,
    .operand_max = 64,
    .options = options,
    .run = run,
};
