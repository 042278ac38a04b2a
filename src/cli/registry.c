// vouch registry: the founder says, and signs, who belongs to a network.
#include "consensus/registry.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "host/clock.h"

#define MEMBERS_SIZE_MAX (4u << 20)

static const struct vch_option options[] = {
    {"key", "FILE", "the founder's key file", false},
    {"passphrase-file", "FILE", "opens the key file", false},
    {"network", "NAME", "the network's name (default: vouch)", false},
    {"serial", "N", "larger than any before (default: the Unix time in seconds)", false},
    {"expires-days", "N", "days until it expires (default: never)", false},
    {"output", "FILE", "where the signed registry goes", false},
    {0},
};

struct lines {
    const char *at, *end;
    unsigned number;
};

// The next line's fields (at most three), comments and blanks skipped; 0 at the end.
static int next_fields(struct lines *lines, char fields[3][VCH_REGISTRY_NAME_MAX + 2])
{
    while (lines->at < lines->end) {
        const char *stop = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
        if (stop == NULL) stop = lines->end;
        char line[256] = {0};
        size_t size = (size_t)(stop - lines->at);
        memcpy(line, lines->at, size < sizeof line - 1 ? size : sizeof line - 1);
        lines->at = stop < lines->end ? stop + 1 : stop;
        lines->number++;
        line[strcspn(line, "#\r")] = '\0';

        char extra = 0;
        int count = sscanf(line, "%65s %65s %65s %c", fields[0], fields[1], fields[2], &extra);
        if (count > 0) return count;
    }
    return 0;
}

static vch_status read_member(struct vch_member *out, char fields[3][VCH_REGISTRY_NAME_MAX + 2],
                              int count, unsigned line, struct vch_tool *tool)
{
    bool is_node = strcmp(fields[0], "node") == 0;

    if (count != 3 || (!is_node && strcmp(fields[0], "client") != 0) ||
        strlen(fields[1]) > VCH_REGISTRY_NAME_MAX)
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "line %u: expected \"node OPERATOR HEXKEY\" or \"client NAME HEXKEY\"",
                            line);
    if (!vch_is_ok(vch_hex_decode(out->key.bytes, sizeof out->key.bytes, fields[2])))
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "line %u: expected a public key of 64 hexadecimal digits, found "
                            "\"%s\"",
                            line, fields[2]);
    out->role = is_node ? VCH_ROLE_NODE : VCH_ROLE_CLIENT;
    memcpy(out->operator_name, fields[1], strlen(fields[1]) + 1);
    return VCH_OK;
}

static vch_status read_members(struct vch_registry *registry, struct vch_tool *tool,
                               const char *path)
{
    char fields[3][VCH_REGISTRY_NAME_MAX + 2];
    uint8_t *bytes = NULL;
    size_t size = 0;
    int count = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, MEMBERS_SIZE_MAX));
    struct lines lines = {(const char *)bytes, (const char *)bytes + size, 0};
    registry->members = VCH_ARENA_NEW(&tool->arena, struct vch_member, VCH_REGISTRY_MEMBERS_MAX);
    if (registry->members == NULL) return VCH_FAIL(NO_MEMORY);
    while ((count = next_fields(&lines, fields)) > 0) {
        if (registry->member_count == VCH_REGISTRY_MEMBERS_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_LIMIT, "more than %u members",
                                VCH_REGISTRY_MEMBERS_MAX);
        VCH_TRY(read_member(&registry->members[registry->member_count++], fields, count,
                            lines.number, tool));
    }
    return VCH_OK;
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
