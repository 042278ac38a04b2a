// vouch registry: the founder says, and signs, who belongs to a network.
#include "consensus/registry.h"

#include <stdio.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "consensus/members.h"
#include "host/clock.h"

static const struct vch_option options[] = {
    {"key", "FILE", "the founder's key file", false},
    {"passphrase-file", "FILE", "opens the key file", false},
    {"network", "NAME", "the network's name (default: vouch)", false},
    {"serial", "N", "larger than any before (default: the Unix time in seconds)", false},
    {"expires-days", "N", "days until it expires (default: never)", false},
    {"output", "FILE", "where the signed registry goes", false},
    {0},
};

static vch_status read_members(struct vch_registry *registry, struct vch_tool *tool,
                               const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_MEMBERS_SIZE_MAX));
    registry->members = VCH_ARENA_NEW(&tool->arena, struct vch_member, VCH_REGISTRY_MEMBERS_MAX);
    if (registry->members == NULL) return VCH_FAIL(NO_MEMORY);
    return vch_members_decode(registry->members, &registry->member_count, (const char *)bytes, size,
                              &tool->complaint);
}

static vch_status sign_and_write(struct vch_registry *registry, struct vch_tool *tool,
                                 const char *key_path, const char *path)
{
    struct vch_secret_key founder;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_secret_key(&founder, tool, key_path));
    vch_status status =
        vch_registry_encode(&bytes, &size, registry, &founder, &tool->arena, &tool->complaint);
    vch_wipe(&founder, sizeof founder);
    VCH_TRY(status);
    VCH_TRY(vch_file_write(path, bytes, size, false, &tool->complaint));
    char hex[2 * VCH_SIGN_PUBLIC_SIZE + 1];
    vch_hex_encode(hex, registry->founder.bytes, sizeof registry->founder.bytes);
    printf("%s: network %s, serial %llu, %u members, founder %s\n", path, registry->network,
           (unsigned long long)registry->serial, registry->member_count, hex);
    return VCH_OK;
}

static vch_status run(struct vch_tool *tool)
{
    const char *key = NULL, *output = NULL, *network = vch_options_text(tool->options, "network");
    struct vch_registry registry = {0};
    uint64_t days = 0;

    VCH_TRY(vch_options_required(&key, tool->options, "key", &tool->complaint));
    VCH_TRY(vch_options_required(&output, tool->options, "output", &tool->complaint));
    (void)snprintf(registry.network, sizeof registry.network, "%s", network ? network : "vouch");
    registry.serial = vch_clock_unix_ms() / 1000;
    VCH_TRY(vch_options_u64(&registry.serial, tool->options, "serial", 1, UINT64_MAX / 2,
                            &tool->complaint));
    VCH_TRY(vch_options_u64(&days, tool->options, "expires-days", 1, 36500, &tool->complaint));
    if (days > 0) registry.expires_ms = vch_clock_unix_ms() + days * 86400000;
    VCH_TRY(read_members(&registry, tool, tool->options->operands[0]));
    return sign_and_write(&registry, tool, key, output);
}

const struct vch_command vch_commands_registry = {
    .name = "registry",
    .operands = "MEMBERS.txt --key FOUNDER.key -o FILE",
    .summary = "sign the list of a network's nodes and clients",
    .details = "MEMBERS.txt has one member a line: \"node OPERATOR HEXKEY\" or \"client NAME "
               "HEXKEY\";\n# starts a comment. The operator of a node is the founder's word: two "
               "nodes of one\noperator never count as two votes.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};
