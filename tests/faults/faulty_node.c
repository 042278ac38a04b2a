// A node process that misbehaves in one way: `faulty_node MODE` stands where `vouch node` would,
// takes the same options (those that tests use), and prints the same ready line.
#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "consensus/registry.h"
#include "crypto/keyfile.h"
#include "host/file.h"
#include "host/process.h"
#include "member/charter_file.h"

enum { PACKAGES_MAX = 16, WITNESSES_MAX = 16, MEMORY_MAX = 1 << 28 };

struct setup {
    struct vch_arena arena;
    struct vch_complaint complaint;
    struct vch_secret_key key;
    struct vch_signer signer;
    struct vch_vrf_secret vrf;
    struct vch_kernels kernels;
    struct fault fault;
    struct vch_node_package packages[PACKAGES_MAX];
    struct vch_node_options options;
    struct vch_charter charter;
    const char *witnesses[WITNESSES_MAX];
    char ledger[64];
};

static vch_status read_key(struct setup *setup, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_file_read(&bytes, &size, path, VCH_KEYFILE_SIZE, &setup->arena, &setup->complaint));
    VCH_TRY(vch_keyfile_decode(&setup->key, bytes, size, "", &setup->complaint));
    setup->signer = vch_signer_local(&setup->key);
    setup->options.signer = &setup->signer;
    return VCH_OK;
}

static vch_status read_registry(struct setup *setup, const char *path)
{
    uint8_t *bytes = NULL;

    VCH_TRY(vch_file_read(&bytes, &setup->options.registry_size, path, VCH_REGISTRY_SIZE_MAX,
                          &setup->arena, &setup->complaint));
    setup->options.registry_bytes = bytes;
    return VCH_OK;
}

static vch_status map_package(struct setup *setup, const char *path)
{
    struct vch_file_map map;

    if (setup->options.package_count == PACKAGES_MAX) return VCH_FAIL(LIMIT);
    VCH_TRY(vch_file_map(&map, path, &setup->complaint));
    setup->packages[setup->options.package_count++] =
        (struct vch_node_package){map.bytes, map.size};
    return VCH_OK;
}

static vch_status read_vrf(struct setup *setup, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_file_read(&bytes, &size, path, VCH_KEYFILE_SIZE, &setup->arena, &setup->complaint));
    return vch_keyfile_decode_vrf(&setup->vrf, bytes, size, "", &setup->complaint);
}

static vch_status read_charter(struct setup *setup, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(
        vch_file_read(&bytes, &size, path, VCH_CHARTER_FILE_MAX, &setup->arena, &setup->complaint));
    setup->options.charter = &setup->charter;
    return vch_charter_file_decode(&setup->charter, bytes, size, NULL, &setup->complaint);
}

// HOST:PORT, as tests write it.
static vch_status take_ledger(struct setup *setup, const char *value)
{
    const char *colon = strrchr(value, ':');

    if (colon == NULL || (size_t)(colon - value) >= sizeof setup->ledger) return VCH_FAIL(USAGE);
    memcpy(setup->ledger, value, (size_t)(colon - value));
    setup->options.ledger_host = setup->ledger;
    setup->options.ledger_port = (uint16_t)strtoul(colon + 1, NULL, 10);
    return VCH_OK;
}

static vch_status add_witness(struct setup *setup, const char *url)
{
    if (setup->options.witness_count == WITNESSES_MAX) return VCH_FAIL(LIMIT);
    setup->witnesses[setup->options.witness_count++] = url;
    setup->options.witness_urls = setup->witnesses;
    return VCH_OK;
}

static vch_status take_option(struct setup *setup, const char *name, const char *value)
{
    if (strcmp(name, "--key") == 0) return read_key(setup, value);
    if (strcmp(name, "--registry") == 0) return read_registry(setup, value);
    if (strcmp(name, "--vrf") == 0) return read_vrf(setup, value);
    if (strcmp(name, "--charter") == 0) return read_charter(setup, value);
    if (strcmp(name, "--peers") == 0) {
        setup->options.peers = value;
        return VCH_OK;
    }
    if (strcmp(name, "--ledger") == 0) return take_ledger(setup, value);
    if (strcmp(name, "--witness") == 0) return add_witness(setup, value);
    if (strcmp(name, "--disputes") == 0) {
        setup->options.disputes = strcmp(value, "no") != 0;
        return VCH_OK;
    }
    if (strcmp(name, "--journal") == 0) {
        setup->options.journal = value;
        return VCH_OK;
    }
    if (strcmp(name, "--founder") == 0)
        return vch_hex_decode(setup->options.founder.bytes, sizeof setup->options.founder.bytes,
                              value);
    return vch_complain(&setup->complaint, VCH_CODE_USAGE, "no option %s", name);
}

static vch_status take_arguments(struct setup *setup, int count, char **arguments)
{
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], "--", 2) != 0) {
            VCH_TRY(map_package(setup, arguments[i]));
        } else {
            if (i + 1 == count) return VCH_FAIL(USAGE);
            VCH_TRY(take_option(setup, arguments[i], arguments[i + 1]));
            i++;
        }
    }
    return VCH_OK;
}

static void print_ready(const struct vch_node *node, const struct vch_public_key *key)
{
    char hex[2 * VCH_SIGN_PUBLIC_SIZE + 1];

    vch_hex_encode(hex, key->bytes, sizeof key->bytes);
    printf("ready %s %s:%u http 127.0.0.1:%u\n", hex, vch_node_host(node), vch_node_port(node),
           vch_node_http_port(node));
    (void)fflush(stdout);
}

static vch_status serve(struct setup *setup, int count, char **arguments)
{
    struct vch_node *node = NULL;

    VCH_TRY(take_arguments(setup, count, arguments));
    setup->options.packages = setup->packages;
    setup->options.kernels = &setup->kernels;
    setup->options.handles_signals = true;
    if (setup->options.charter != NULL)
        vch_ballot_derive(&setup->options.ballot_keys, &setup->key, &setup->vrf,
                          &setup->charter.id);
    fault_install(&setup->fault, &setup->options);
    VCH_TRY(vch_node_new(&node, &setup->options, &setup->complaint));
    print_ready(node, &setup->key.public_key);
    vch_status status = vch_node_run(node);
    vch_node_free(node);
    return status;
}

int main(int argc, char **argv)
{
    static struct setup setup = {.options = {.disputes = true}};
    enum fault_mode mode = argc > 1 ? fault_parse(argv[1]) : FAULT_COUNT;

    if (mode == FAULT_COUNT) {
        (void)fprintf(stderr, "usage: faulty_node MODE --key K --registry R --founder KEY "
                              "SEGMENT.vouch...\n");
        return 2;
    }
    vch_process_harden();
    vch_arena_init(&setup.arena, MEMORY_MAX);
    setup.kernels = vch_kernels_select(vch_cpu_level(NULL));
    atomic_store(&setup.fault.mode, mode);
    vch_status status = serve(&setup, argc - 2, argv + 2);
    if (!vch_is_ok(status))
        (void)fprintf(stderr, "faulty_node: %s: %s\n", vch_code_text(status.code),
                      setup.complaint.text);
    fault_release(&setup.fault);
    vch_arena_release(&setup.arena);
    return vch_is_ok(status) ? EXIT_SUCCESS : EXIT_FAILURE;
}
