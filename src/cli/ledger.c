// vouch ledger: the daemon that orders a network's entries, keeps them and has them witnessed.
#include "ledger/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/ledger_tool.h"
#include "crypto/known.h"
#include "host/log.h"
#include "ledger/cosigners.h"

static const struct vch_option options[] = {
    {"key", "FILE", "the clerk's key file", false},
    {"passphrase-file", "FILE", "opens the key file", false},
    {"charter", "FILE", "the ledger's charter (vouch charter)", false},
    {"founder", "KEY", "whose charter counts: hexadecimal or key file", false},
    {"store", "WHERE", "sqlite:PATH or etcd:http://HOST:PORT[,...]/PREFIX; made if need be", false},
    {"witness", "URL", "asked to cosign: http://ADDRESS:PORT[/PREFIX]", true},
    {"host", "ADDRESS", "listens there for members (default: 127.0.0.1)", false},
    {"port", "N", "listens there (default: the kernel picks)", false},
    {"http-host", "ADDRESS", "shows the log there over HTTP (default: 127.0.0.1)", false},
    {"http-port", "N", "likewise (default: the kernel picks)", false},
    {"page", "DIR", "serves the page from this folder instead of its own", false},
    {"connections", "N", "most connections (default: 256)", false},
    {"memory", "MIB", "most memory that requests may take (default: 256)", false},
    {"threads", "N", "threads that verify (default: one per processor)", false},
    {"verbose", NULL, "log each connection", false},
    {0},
};

static vch_status read_addresses(struct vch_ledger_options *how, struct vch_tool *tool)
{
    static const char *urls[VCH_COSIGNERS_MAX];
    const char *url = NULL;

    how->host = vch_options_text(tool->options, "host");
    how->http_host = vch_options_text(tool->options, "http-host");
    how->page_folder = vch_options_text(tool->options, "page");
    for (uint32_t i = 0; (url = vch_options_nth(tool->options, "witness", i)) != NULL; i++) {
        if (i == VCH_COSIGNERS_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_LIMIT, "at most %u witnesses",
                                VCH_COSIGNERS_MAX);
        urls[how->witness_count++] = url;
    }
    how->witness_urls = urls;
    return VCH_OK;
}

static vch_status read_numbers(struct vch_ledger_options *how, struct vch_tool *tool)
{
    uint64_t port = 0, http_port = 0, connections = 0, memory = 0, threads = 0;
    struct vch_complaint *c = &tool->complaint;

    VCH_TRY(vch_options_u64(&port, tool->options, "port", 1, UINT16_MAX, c));
    VCH_TRY(vch_options_u64(&http_port, tool->options, "http-port", 1, UINT16_MAX, c));
    VCH_TRY(vch_options_u64(&connections, tool->options, "connections", 1, 65536, c));
    VCH_TRY(vch_options_u64(&memory, tool->options, "memory", 1, 1 << 20, c));
    VCH_TRY(vch_options_u64(&threads, tool->options, "threads", 1, 1024, c));
    how->port = (uint16_t)port;
    how->http_port = (uint16_t)http_port;
    how->connections_max = (uint32_t)connections;
    how->memory_max = (size_t)memory << 20;
    how->verifier_count = (uint32_t)threads;
    return VCH_OK;
}

// Scripts wait for these lines: the log is replayed, and both sides listen.
static void print_ready(const struct vch_ledger *ledger, const struct vch_ledger_options *how)
{
    printf("ready %s %u\n", vch_ledger_host(ledger), vch_ledger_port(ledger));
    printf("http %s %u\n", how->http_host != NULL ? how->http_host : "127.0.0.1",
           vch_ledger_http_port(ledger));
    (void)fflush(stdout);
}

static vch_status serve(struct vch_tool *tool, const struct vch_ledger_options *how)
{
    struct vch_ledger *ledger = NULL;

    VCH_TRY(vch_ledger_new(&ledger, how, &tool->complaint));
    print_ready(ledger, how);
    vch_status status = vch_ledger_run(ledger, &tool->complaint);
    vch_ledger_free(ledger);
    return status;
}

static vch_status run(struct vch_tool *tool)
{
    struct vch_ledger_options how = {.handles_signals = true};
    struct vch_charter charter;
    struct vch_secret_key key;
    const char *path = NULL;
    uint8_t *bytes = NULL;

    vch_known_start();
    vch_log_set_level(vch_options_has(tool->options, "verbose") ? VCH_LOG_DEBUG : VCH_LOG_INFO);
    VCH_TRY(vch_options_required(&path, tool->options, "key", &tool->complaint));
    VCH_TRY(vch_options_required(&how.store, tool->options, "store", &tool->complaint));
    VCH_TRY(read_addresses(&how, tool));
    VCH_TRY(read_numbers(&how, tool));
    VCH_TRY(vch_ledger_tool_charter_file(&charter, &bytes, &how.charter_size, tool));
    how.charter_bytes = bytes;
    how.founder = charter.founder;
    VCH_TRY(vch_tool_secret_key(&key, tool, path));
    how.clerk = &key;
    vch_status status = serve(tool, &how);
    vch_wipe(&key, sizeof key);
    return status;
}

const struct vch_command vch_commands_ledger = {
    .name = "ledger",
    .operands = "--key CLERK.key --charter C --founder KEY --store WHERE --witness URL...",
    .summary = "order a network's entries, keep them, have them witnessed, and show them",
    .details =
        "Takes signed entries from members over TLS 1.3, applies the rules of agreement, makes\n"
        "them durable in groups before it says so, has checkpoints cosigned, and serves the log\n"
        "to members and, over HTTP, to everyone. Prints two lines when ready: where members\n"
        "connect, and where HTTP is. SIGTERM drains. When its store fails it stops, and begun\n"
        "again it derives everything from what is there.",
    .operand_min = 0,
    .operand_max = 0,
    .options = options,
    .run = run,
};
