// vouch keygen: an identity for an owner, a founder, a node or a client.
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "crypto/keyfile.h"
#include "host/random.h"

enum { SEED_SIZE = 32, KEY_SIZE = 32 };

_Static_assert(VCH_SIGN_SEED_SIZE == SEED_SIZE && VCH_VRF_SEED_SIZE == SEED_SIZE, "of both kinds");
_Static_assert(VCH_SIGN_PUBLIC_SIZE == KEY_SIZE && VCH_VRF_PUBLIC_SIZE == KEY_SIZE, "of both");

static const struct vch_option options[] = {
    {"output", "FILE", "where the key file goes; never overwritten", false},
    {"vrf", NULL, "a node's key to draw lots with, in place of an identity", false},
    {"passphrase-file", "FILE", "seal the key under the first line of FILE", false},
    {"no-passphrase", NULL, "do not seal: the file's permissions alone protect it", false},
    {"json", NULL, "print JSON", false},
    {0},
};

static vch_status choose_passphrase(const char **out, struct vch_tool *tool)
{
    const char *again = NULL;

    *out = "";
    if (vch_options_has(tool->options, "no-passphrase")) return VCH_OK;
    VCH_TRY(vch_tool_passphrase(out, tool));
    if (*out != NULL) return VCH_OK;
    VCH_TRY(vch_tool_ask_passphrase(out, tool, "new passphrase"));
    VCH_TRY(vch_tool_ask_passphrase(&again, tool, "once more"));
    if (strcmp(*out, again) != 0)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE, "the two passphrases differ");
    return VCH_OK;
}

// Seals what grows from the seed and gives its public half.
static vch_status seal_identity(uint8_t *file, char *hex, const uint8_t *seed,
                                const char *passphrase, const uint8_t *random)
{
    struct vch_secret_key key;

    vch_sign_key(&key, seed);
    vch_status status = vch_keyfile_encode(file, &key, passphrase, random);
    vch_hex_encode(hex, key.public_key.bytes, KEY_SIZE);
    vch_wipe(&key, sizeof key);
    return status;
}

static vch_status seal_vrf(uint8_t *file, char *hex, const uint8_t *seed, const char *passphrase,
                           const uint8_t *random)
{
    struct vch_vrf_secret key;

    vch_vrf_key(&key, seed);
    vch_status status = vch_keyfile_encode_vrf(file, &key, passphrase, random);
    vch_hex_encode(hex, key.public_key.bytes, KEY_SIZE);
    vch_wipe(&key, sizeof key);
    return status;
}

static vch_status write_key(char *hex, struct vch_tool *tool, const char *path,
                            const char *passphrase)
{
    uint8_t seed[SEED_SIZE], random[VCH_KEYFILE_RANDOM_SIZE], bytes[VCH_KEYFILE_SIZE];
    bool is_vrf = vch_options_has(tool->options, "vrf");

    vch_random_bytes(seed, sizeof seed);
    vch_random_bytes(random, sizeof random);
    vch_status status = (is_vrf ? seal_vrf : seal_identity)(bytes, hex, seed, passphrase, random);
    vch_wipe(seed, sizeof seed);
    VCH_TRY(status);
    return vch_file_write_new(path, bytes, sizeof bytes, true, &tool->complaint);
}

static vch_status run(struct vch_tool *tool)
{
    const char *path = NULL, *passphrase = NULL;
    char hex[2 * KEY_SIZE + 1];

    VCH_TRY(vch_options_required(&path, tool->options, "output", &tool->complaint));
    VCH_TRY(choose_passphrase(&passphrase, tool));
    VCH_TRY(write_key(hex, tool, path, passphrase));
    if (vch_options_has(tool->options, "json"))
        return vch_tool_print_json(json_pack("{s:s, s:s}", "public_key", hex, "file", path));
    printf("%s\n", hex);
    return VCH_OK;
}

const struct vch_command vch_commands_keygen = {
    .name = "keygen",
    .operands = "-o FILE",
    .summary = "make an identity: a sealed Ed25519 key",
    .details =
        "Writes a new key, sealed under a passphrase, and prints its public half. The same "
        "kind\nof key serves model owners, founders of networks, nodes and clients. With --vrf it "
        "is a key\nfor draws, which a node has besides its identity.",
    .options = options,
    .run = run,
};
