#include "cli/owner_seal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/owner_log.h"
#include "crypto/keyfile.h"
#include "host/clock.h"
#include "host/draft.h"
#include "host/random.h"
#include "sealing/chunks.h"

#define LICENCE_SIZE_MAX (1u << 20)

// One package on its way to be sealed.
struct seal {
    const char *package, *out, *key_file;
    struct vch_secret_key owner;
    uint8_t key[VCH_SEALED_KEY_SIZE];
    struct vch_sealed sealed;
    const uint8_t *bytes; // of the package
};

static vch_status read_licence(struct seal *seal, struct vch_tool *tool)
{
    const char *path = vch_options_text(tool->options, "licence");
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (path == NULL) return VCH_OK;
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, LICENCE_SIZE_MAX));
    seal->sealed.licence = vch_hash_bytes(bytes, size);
    return VCH_OK;
}

// All of it is checked: what was sealed nobody looks into before it is served.
static vch_status read_package(struct seal *seal, struct vch_tool *tool)
{
    const struct vch_file_map *map = &tool->maps[tool->map_count];
    struct vch_package package;

    VCH_TRY(vch_tool_package(&package, tool, seal->package));
    seal->bytes = map->bytes;
    seal->sealed.size = map->size;
    seal->sealed.model = package.identity;
    if (vch_is_equal(&package.owner, &seal->owner.public_key, sizeof package.owner)) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                        "%s was signed by another owner than --key: nodes would not open what you "
                        "seal",
                        seal->package);
}

// The passphrase of a key file that is about to be made: as of the owner's.
static vch_status choose_passphrase(const char **out, struct vch_tool *tool)
{
    const char *again = NULL;

    *out = "";
    if (vch_options_has(tool->options, "no-passphrase")) return VCH_OK;
    VCH_TRY(vch_tool_passphrase(out, tool));
    if (*out != NULL) return VCH_OK;
    VCH_TRY(vch_tool_ask_passphrase(out, tool, "passphrase of the data key"));
    VCH_TRY(vch_tool_ask_passphrase(&again, tool, "once more"));
    if (strcmp(*out, again) == 0) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_USAGE, "the two passphrases differ");
}

static vch_status make_key(struct seal *seal, struct vch_tool *tool)
{
    uint8_t random[VCH_KEYFILE_RANDOM_SIZE], bytes[VCH_KEYFILE_SIZE];
    const char *passphrase = NULL;

    VCH_TRY(choose_passphrase(&passphrase, tool));
    vch_random_bytes(seal->key, sizeof seal->key);
    vch_random_bytes(random, sizeof random);
    VCH_TRY(vch_keyfile_encode_data(bytes, seal->key, passphrase, random));
    return vch_file_write_new(seal->key_file, bytes, sizeof bytes, true, &tool->complaint);
}

// One that is there already seals more than one file: the segments of one release, and of no other,
// for whoever has opened that one has its key.
static vch_status take_key(struct seal *seal, const struct vch_owner_log *log,
                           struct vch_tool *tool)
{
    const bool is_logged = vch_owner_log_counter(log, &seal->sealed.model) == seal->sealed.counter;
    static const char suffix[] = ".key";
    size_t size = strlen(seal->out);

    seal->key_file = vch_options_text(tool->options, "data-key");
    if (seal->key_file == NULL) {
        char *path = vch_arena_alloc(&tool->arena, size + sizeof suffix, 1);
        if (path == NULL) return VCH_FAIL(NO_MEMORY);
        memcpy(path, seal->out, size);
        memcpy(path + size, suffix, sizeof suffix);
        seal->key_file = path;
    }
    const bool is_there = access(seal->key_file, F_OK) == 0;
    if (is_there && !is_logged)
        return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                            "by the log nothing of release %" PRIu64 " of this model was sealed "
                            "yet, so %s is the key of something else, and whoever has opened that "
                            "could open this: name another --data-key, or move it away",
                            seal->sealed.counter, seal->key_file);
    if (is_there)
        VCH_TRY(vch_tool_data_key(seal->key, tool, seal->key_file));
    else
        VCH_TRY(make_key(seal, tool));
    seal->sealed.key_check = vch_sealed_key_check(seal->key);
    return VCH_OK;
}

// What replaces others has a higher counter; segments of one release share theirs.
static vch_status choose_counter(struct seal *seal, const struct vch_owner_log *log,
                                 struct vch_tool *tool)
{
    uint64_t highest = vch_owner_log_counter(log, &seal->sealed.model);

    seal->sealed.counter = highest > 0 ? highest : 1;
    VCH_TRY(vch_options_u64(&seal->sealed.counter, tool->options, "counter", 1, INT64_MAX,
                            &tool->complaint));
    if (seal->sealed.counter >= highest) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                        "the log has release %" PRIu64 " of this model already: seal that one "
                        "again, or a higher one",
                        highest);
}

static vch_status write_chunks(struct vch_draft *draft, struct seal *seal, struct vch_tool *tool)
{
    static uint8_t out[VCH_SEALED_CHUNK_SIZE + VCH_SEALED_TAG_SIZE];
    size_t count = (size_t)vch_sealed_chunk_count(&seal->sealed);
    struct vch_digest *digests = VCH_ARENA_NEW(&tool->arena, struct vch_digest, count);
    struct vch_chunks chunks;
    vch_status status = digests != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);

    VCH_TRY(status);
    VCH_TRY(vch_chunks_init_sealer(&chunks, &seal->sealed, seal->key, digests));
    for (uint64_t i = 0; vch_is_ok(status) && i < count; i++) {
        size_t size = vch_sealed_chunk_size(&seal->sealed, i);
        status = vch_chunks_seal(&chunks, out, seal->bytes + i * VCH_SEALED_CHUNK_SIZE, size);
        if (vch_is_ok(status))
            status = vch_draft_append(draft, out, size + VCH_SEALED_TAG_SIZE, &tool->complaint);
    }
    if (vch_is_ok(status)) status = vch_chunks_root(&seal->sealed.root, &chunks);
    vch_wipe(&chunks, sizeof chunks);
    return status;
}

// The manifest stands first and is known last.
static vch_status write_sealed(struct vch_draft *draft, struct seal *seal, struct vch_tool *tool)
{
    uint8_t manifest[VCH_SEALED_MANIFEST_SIZE] = {0};

    VCH_TRY(vch_draft_append(draft, manifest, sizeof manifest, &tool->complaint));
    VCH_TRY(write_chunks(draft, seal, tool));
    VCH_TRY(vch_sealed_sign(&seal->sealed, &seal->owner));
    vch_sealed_encode(manifest, &seal->sealed);
    return vch_draft_write_at(draft, 0, manifest, sizeof manifest, &tool->complaint);
}

// In the log before there is such a file.
static vch_status make_file(struct seal *seal, struct vch_owner_log *log, struct vch_tool *tool)
{
    struct vch_draft draft;

    VCH_TRY(vch_draft_begin(&draft, seal->out, false, &tool->complaint));
    vch_status status = write_sealed(&draft, seal, tool);
    const struct vch_release record =
        vch_release_of(&seal->sealed, VCH_RELEASE_SEALED, vch_clock_unix_ms() / 1000);
    if (vch_is_ok(status))
        status = vch_owner_log_append(log, &record, &seal->owner, &tool->complaint);
    if (vch_is_ok(status)) status = vch_draft_keep(&draft, false, &tool->complaint);
    vch_draft_drop(&draft);
    return status;
}

static vch_status seal_into(struct seal *seal, struct vch_tool *tool)
{
    static struct vch_owner_log log;
    const char *path = NULL;

    if (access(seal->out, F_OK) == 0)
        return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                            "%s exists and will not be replaced: choose another name, or remove it "
                            "first",
                            seal->out);
    VCH_TRY(read_licence(seal, tool));
    VCH_TRY(read_package(seal, tool));
    VCH_TRY(vch_owner_log_path(&path, tool));
    VCH_TRY(vch_owner_log_open(&log, path, &tool->complaint));
    vch_random_bytes(seal->sealed.start, sizeof seal->sealed.start);
    seal->sealed.owner = seal->owner.public_key;
    vch_status status = choose_counter(seal, &log, tool);
    if (vch_is_ok(status)) status = take_key(seal, &log, tool);
    if (vch_is_ok(status)) status = make_file(seal, &log, tool);
    vch_owner_log_close(&log);
    return status;
}

static vch_status print(const struct seal *seal, struct vch_tool *tool)
{
    const struct vch_sealed *sealed = &seal->sealed;
    const struct vch_digest digest = vch_sealed_digest(sealed);
    char model[2 * 32 + 1], manifest[2 * 32 + 1];

    vch_hex_encode(model, sealed->model.bytes, 32);
    vch_hex_encode(manifest, digest.bytes, 32);
    if (vch_options_has(tool->options, "json"))
        return vch_tool_print_json(json_pack(
            "{s:s, s:s, s:s, s:I, s:s, s:I, s:I}", "file", seal->out, "data_key", seal->key_file,
            "model", model, "counter", (json_int_t)sealed->counter, "manifest", manifest, "size",
            (json_int_t)sealed->size, "chunks", (json_int_t)vch_sealed_chunk_count(sealed)));
    printf("%s: release %" PRIu64 " of model %s, %" PRIu64 " bytes in %" PRIu64
           " chunks\nmanifest %s\ndata key in %s\n",
           seal->out, sealed->counter, model, sealed->size, vch_sealed_chunk_count(sealed),
           manifest, seal->key_file);
    return VCH_OK;
}

vch_status vch_owner_seal_run(struct vch_tool *tool)
{
    struct seal seal = {.package = tool->options->operands[1]};
    const char *key = NULL;

    VCH_TRY(vch_options_required(&key, tool->options, "key", &tool->complaint));
    VCH_TRY(vch_options_required(&seal.out, tool->options, "output", &tool->complaint));
    VCH_TRY(vch_tool_secret_key(&seal.owner, tool, key));
    vch_status status = seal_into(&seal, tool);
    vch_wipe(&seal.owner, sizeof seal.owner);
    vch_wipe(seal.key, sizeof seal.key);
    return vch_is_ok(status) ? print(&seal, tool) : status;
}
