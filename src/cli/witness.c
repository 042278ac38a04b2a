// vouch witness: the daemon that cosigns checkpoints of logs, and never two that contradict.
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/ledger_tool.h"
#include "crypto/known.h"
#include "host/log.h"
#include "tlog/vkey.h"
#include "witness/daemon.h"
#include "witness/writers.h"

#define LOG_FILE_SIZE_MAX 65536u

static const struct vch_option options[] = {
    {"key", "FILE", "the witness's key file", false},
    {"passphrase-file", "FILE", "opens the key file", false},
    {"name", "NAME", "the witness's name in cosignatures, like w1.witness.example", false},
    {"charter", "FILE", "a ledger's charter: its log, and by its key the witness's name", false},
    {"founder", "KEY", "whose charter and registries count: hexadecimal or key file", false},
    {"registry", "FILE",
     "a signed registry: drafts of its members, and of its founder, are promised; read again when "
     "it changes",
     true},
    {"log", "VKEY|FILE",
     "a log: its vkey and, to promise drafts, a space and the ledger's id; or a "
     "file of such lines",
     true},
    {"state", "DIR", "where it keeps what it must not forget", false},
    {"host", "ADDRESS", "listens there (default: 127.0.0.1)", false},
    {"port", "N", "listens there (default: the kernel picks)", false},
    {"show-key", NULL, "print the witness's vkey, and do nothing else", false},
    {"verbose", NULL, "log each refusal", false},
    {0},
};

struct logs {
    uint32_t count;
    struct vch_daemon_log logs[VCH_CORE_LOGS_MAX];
};

static vch_status check_new(const struct logs *logs, const struct vch_vkey *vkey,
                            struct vch_complaint *complaint)
{
    if (vkey->type != VCH_VKEY_ED25519)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "the vkey of %s is a witness's (type 0x04): a log's is of type 0x01",
                            vkey->name);
    for (uint32_t i = 0; i < logs->count; i++)
        if (strcmp(logs->logs[i].vkey.name, vkey->name) == 0)
            return vch_complain(complaint, VCH_CODE_USAGE, "the log %s is named twice", vkey->name);
    if (logs->count == VCH_CORE_LOGS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a witness has at most %u logs",
                            VCH_CORE_LOGS_MAX);
    return VCH_OK;
}

// "VKEY" or "VKEY LEDGER".
static vch_status add_log(struct logs *logs, const char *line, size_t size,
                          struct vch_complaint *complaint)
{
    struct vch_daemon_log *log = &logs->logs[logs->count];
    const char *space = memchr(line, ' ', size);
    size_t vkey_size = space != NULL ? (size_t)(space - line) : size;
    char hex[2 * VCH_DIGEST_SIZE + 1] = "";
    struct vch_vkey vkey;

    VCH_TRY(vch_vkey_decode(&vkey, line, vkey_size, complaint));
    VCH_TRY(check_new(logs, &vkey, complaint));
    *log = (struct vch_daemon_log){.vkey = vkey, .has_ledger = space != NULL};
    size_t rest = space != NULL ? size - vkey_size - 1 : 0;
    if (space != NULL && rest == sizeof hex - 1) memcpy(hex, space + 1, rest);
    if (space != NULL && !vch_is_ok(vch_hex_decode(log->ledger.bytes, VCH_DIGEST_SIZE, hex)))
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "what follows the vkey of %s is no ledger's id: 64 hexadecimal digits",
                            vkey.name);
    logs->count++;
    return VCH_OK;
}

static vch_status read_logs(struct logs *logs, struct vch_tool *tool, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, LOG_FILE_SIZE_MAX));
    for (size_t at = 0; at < size;) {
        const char *line = (const char *)bytes + at;
        const char *end = memchr(line, '\n', size - at);
        size_t line_size = end != NULL ? (size_t)(end - line) : size - at;
        if (line_size > 0 && line[0] != '#')
            VCH_TRY(add_log(logs, line, line_size, &tool->complaint));
        at += line_size + 1;
    }
    return VCH_OK;
}

// The log of a ledger whose charter names this witness; and under which name.
static vch_status add_ledger(struct logs *logs, struct vch_daemon_options *how,
                             struct vch_tool *tool)
{
    static struct vch_charter charter;
    struct vch_daemon_log *log = &logs->logs[logs->count];

    VCH_TRY(vch_ledger_tool_charter(&charter, tool));
    *log = (struct vch_daemon_log){.has_ledger = true, .ledger = charter.id};
    VCH_TRY(vch_vkey_init(&log->vkey, charter.origin, VCH_VKEY_ED25519, &charter.clerk,
                          &tool->complaint));
    logs->count++;
    for (uint32_t i = 0; i < charter.witness_count; i++) {
        const struct vch_charter_witness *witness = &charter.witnesses[i];
        if (!vch_is_equal(&witness->key, &how->key->public_key, sizeof witness->key)) continue;
        if (how->name == NULL) how->name = witness->name;
        if (strcmp(how->name, witness->name) == 0) return VCH_OK;
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "the charter calls this witness %s, not %s: leave --name out",
                            witness->name, how->name);
    }
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "the charter of %s does not name this key as a witness", charter.origin);
}

static vch_status collect_logs(struct logs *logs, struct vch_daemon_options *how,
                               struct vch_tool *tool)
{
    const char *text = NULL;

    how->name = vch_options_text(tool->options, "name");
    if (vch_options_has(tool->options, "charter")) VCH_TRY(add_ledger(logs, how, tool));
    for (uint32_t i = 0; (text = vch_options_nth(tool->options, "log", i)) != NULL; i++) {
        if (strchr(text, '+') != NULL)
            VCH_TRY(add_log(logs, text, strlen(text), &tool->complaint));
        else
            VCH_TRY(read_logs(logs, tool, text));
    }
    how->logs = logs->logs;
    how->log_count = logs->count;
    if (logs->count == 0)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--charter or --log is missing: name a log whose checkpoints to "
                            "cosign");
    if (how->name == NULL)
        return vch_options_required(&how->name, tool->options, "name", &tool->complaint);
    return VCH_OK;
}

static vch_status show_key(struct vch_tool *tool, const char *path)
{
    char text[VCH_VKEY_TEXT_MAX + 1];
    const char *name = NULL;
    struct vch_public_key key;
    struct vch_vkey vkey;

    VCH_TRY(vch_options_required(&name, tool->options, "name", &tool->complaint));
    VCH_TRY(vch_tool_public_key(&key, tool, path));
    VCH_TRY(vch_vkey_init(&vkey, name, VCH_VKEY_COSIGNATURE, &key, &tool->complaint));
    (void)vch_vkey_encode(text, &vkey);
    printf("%s\n", text);
    return VCH_OK;
}

static vch_status serve(struct vch_tool *tool, const struct vch_daemon_options *how)
{
    struct vch_daemon *daemon = NULL;

    VCH_TRY(vch_daemon_new(&daemon, how, &tool->complaint));
    // Scripts wait for this line: everything is loaded, checked and listening.
    printf("ready %s %u\n", how->host, vch_daemon_port(daemon));
    (void)fflush(stdout);
    vch_status status = vch_daemon_run(daemon, &tool->complaint);
    vch_daemon_free(daemon);
    return status;
}

// Without a registry no draft is promised: whoever makes up keys would fill the witness.
static vch_status collect_registries(struct vch_daemon_options *how, struct vch_tool *tool)
{
    static const char *paths[VCH_WRITERS_FILES_MAX + 1];
    const char *founder = NULL;

    how->registries = paths;
    while (how->registry_count <= VCH_WRITERS_FILES_MAX &&
           (paths[how->registry_count] =
                vch_options_nth(tool->options, "registry", how->registry_count)) != NULL)
        how->registry_count++;
    if (how->registry_count == 0) return VCH_OK;
    VCH_TRY(vch_options_required(&founder, tool->options, "founder", &tool->complaint));
    return vch_tool_public_key(&how->founder, tool, founder);
}

static vch_status run_as(struct vch_tool *tool, struct vch_daemon_options *how)
{
    static struct logs logs;
    const char *host = vch_options_text(tool->options, "host");
    uint64_t port = 0;

    VCH_TRY(vch_options_required(&how->folder, tool->options, "state", &tool->complaint));
    VCH_TRY(vch_options_u64(&port, tool->options, "port", 1, UINT16_MAX, &tool->complaint));
    VCH_TRY(collect_logs(&logs, how, tool));
    VCH_TRY(collect_registries(how, tool));
    how->port = (uint16_t)port;
    how->host = host != NULL ? host : "127.0.0.1";
    return serve(tool, how);
}

static vch_status run(struct vch_tool *tool)
{
    struct vch_secret_key key;
    struct vch_daemon_options how = {.key = &key};
    const char *path = NULL;

    vch_known_start();
    vch_log_set_level(vch_options_has(tool->options, "verbose") ? VCH_LOG_DEBUG : VCH_LOG_INFO);
    VCH_TRY(vch_options_required(&path, tool->options, "key", &tool->complaint));
    if (vch_options_has(tool->options, "show-key")) return show_key(tool, path);
    VCH_TRY(vch_tool_secret_key(&key, tool, path));
    vch_status status = run_as(tool, &how);
    vch_wipe(&key, sizeof key);
    return status;
}

const struct vch_command vch_commands_witness = {
    .name = "witness",
    .operands = "--key K --charter C --founder KEY --registry R --state DIR",
    .summary = "cosign checkpoints of logs, and never two that contradict",
    .details =
        "Serves C2SP tlog-witness: POST /add-checkpoint, answered with a cosignature when the new\n"
        "checkpoint extends the last one. With --registry it also takes drafts of a "
        "ledger's\n"
        "members, and cosigns nothing that leaves them out (specs/witness.md). A log is named by a "
        "ledger's charter, "
        "or\n"
        "by its vkey; other logs than a charter's need --name. What it says is on disk before it "
        "is\n"
        "said. Prints one line when ready. Listens on loopback unless --host says otherwise.",
    .options = options,
    .run = run,
};
