// A ledger whose clerk drops drafts: `lying_ledger KIND NODE OPTION...` stands where `vouch ledger`
// would, takes the options that tests use, and prints the same ready lines. It takes nothing of
// that kind by that node, and signs to witnesses that its state refuses it.
#include "ledger/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/keyfile.h"
#include "host/file.h"

enum { WITNESSES_MAX = 16 };

static struct {
    struct vch_arena arena;
    struct vch_complaint complaint;
    struct vch_secret_key key;
    struct vch_ledger_options options;
    const char *witnesses[WITNESSES_MAX];
    const char *kind;
    struct vch_public_key node;
} setup;

static bool drops(void *context, const struct vch_entry *draft)
{
    (void)context;
    return strcmp(vch_entry_kind_text(draft->kind), setup.kind) == 0 &&
           vch_is_equal(&draft->writer, &setup.node, sizeof setup.node);
}

static vch_status read_key(const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_file_read(&bytes, &size, path, VCH_KEYFILE_SIZE, &setup.arena, &setup.complaint));
    setup.options.clerk = &setup.key;
    return vch_keyfile_decode(&setup.key, bytes, size, "", &setup.complaint);
}

static vch_status read_charter(const char *path)
{
    uint8_t *bytes = NULL;

    VCH_TRY(vch_file_read(&bytes, &setup.options.charter_size, path, VCH_ENTRY_CHARTER_SIZE_MAX,
                          &setup.arena, &setup.complaint));
    setup.options.charter_bytes = bytes;
    return VCH_OK;
}

static vch_status read_founder(const char *hex)
{
    return vch_hex_decode(setup.options.founder.bytes, sizeof setup.options.founder, hex);
}

static vch_status read_store(const char *store)
{
    setup.options.store = store;
    return VCH_OK;
}

static vch_status read_witness(const char *url)
{
    if (setup.options.witness_count == WITNESSES_MAX) return VCH_FAIL(LIMIT);
    setup.witnesses[setup.options.witness_count++] = url;
    setup.options.witness_urls = setup.witnesses;
    return VCH_OK;
}

static vch_status read_port(const char *text)
{
    setup.options.port = (uint16_t)strtoul(text, NULL, 10);
    return VCH_OK;
}

static vch_status read_http_port(const char *text)
{
    setup.options.http_port = (uint16_t)strtoul(text, NULL, 10);
    return VCH_OK;
}

static vch_status read_option(const char *name, const char *value)
{
    static const struct {
        const char *name;
        vch_status (*read)(const char *value);
    } known[] = {{"--key", read_key},
                 {"--charter", read_charter},
                 {"--founder", read_founder},
                 {"--store", read_store},
                 {"--witness", read_witness},
                 {"--port", read_port},
                 {"--http-port", read_http_port}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0) return known[i].read(value);
    return vch_complain(&setup.complaint, VCH_CODE_USAGE, "no option %s", name);
}

static vch_status run(int argc, char **argv)
{
    struct vch_ledger *ledger = NULL;

    if (argc < 3) return VCH_FAIL(USAGE);
    setup.kind = argv[1];
    VCH_TRY(vch_hex_decode(setup.node.bytes, sizeof setup.node, argv[2]));
    for (int i = 3; i + 1 < argc; i += 2)
        VCH_TRY(read_option(argv[i], argv[i + 1]));
    setup.options.handles_signals = true;
    setup.options.drops = drops;
    VCH_TRY(vch_ledger_new(&ledger, &setup.options, &setup.complaint));
    printf("ready %s %u\n", vch_ledger_host(ledger), vch_ledger_port(ledger));
    printf("http 127.0.0.1 %u\n", vch_ledger_http_port(ledger));
    (void)fflush(stdout);
    vch_status status = vch_ledger_run(ledger, &setup.complaint);
    vch_ledger_free(ledger);
    return status;
}

int main(int argc, char **argv)
{
    vch_arena_init(&setup.arena, 1 << 20);
    vch_status status = run(argc, argv);
    if (!vch_is_ok(status))
        (void)fprintf(stderr, "lying_ledger: %s\n",
                      setup.complaint.text[0] ? setup.complaint.text : vch_code_text(status.code));
    vch_arena_release(&setup.arena);
    return vch_is_ok(status) ? 0 : 1;
}
