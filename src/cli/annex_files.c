#include "cli/annex_files.h"

#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/lock.h"
#include "host/random.h"

static const char *joined(struct vch_tool *tool, const char *head, size_t head_size,
                          const char *tail)
{
    size_t size = head_size + strlen(tail) + 1;
    char *out = vch_arena_alloc(&tool->arena, size, 1);

    if (out == NULL) return NULL;
    memcpy(out, head, head_size);
    memcpy(out + head_size, tail, strlen(tail));
    return out;
}

vch_status vch_annex_files_at(struct vch_annex_files *out, struct vch_tool *tool, const char *annex)
{
    *out =
        (struct vch_annex_files){.annex = annex, .key = joined(tool, annex, strlen(annex), ".key")};
    return out->key == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

vch_status vch_annex_files_beside(struct vch_annex_files *out, struct vch_tool *tool,
                                  const char *model)
{
    size_t size = strlen(model);

    if (size > 6 && strcmp(model + size - 6, ".vouch") == 0) size -= 6;
    const char *annex = joined(tool, model, size, ".annex");
    return annex == NULL ? VCH_FAIL(NO_MEMORY) : vch_annex_files_at(out, tool, annex);
}

vch_status vch_annex_files_find(struct vch_annex_files *out, struct vch_tool *tool,
                                const char *model)
{
    const char *given = vch_options_text(tool->options, "annex");

    return given != NULL ? vch_annex_files_at(out, tool, given)
                         : vch_annex_files_beside(out, tool, model);
}

vch_status vch_annex_files_read(struct vch_annex_files *files, struct vch_tool *tool,
                                const struct vch_digest *model)
{
    uint8_t *bytes = NULL;

    if (access(files->annex, F_OK) != 0)
        return vch_complain(&tool->complaint, VCH_CODE_IO,
                            "there is no annex %.200s: the model's owner makes it (`vouch annex`), "
                            "and --annex names another place",
                            files->annex);
    VCH_TRY(vch_tool_file(&bytes, &files->size, tool, files->annex, VCH_ANNEX_SIZE_MAX));
    files->bytes = bytes;
    VCH_TRY(vch_annex_decode(&files->decoded, bytes, files->size, &tool->arena, &tool->complaint));
    if (model == NULL || vch_hash_is_equal(&files->decoded.model, model)) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_BAD_PROOF,
                        "%.200s is the annex of another model", files->annex);
}

uint32_t vch_annex_files_epoch(const struct vch_annex_files *files)
{
    return files->decoded.epoch + files->decoded.link_count;
}

static vch_status read_key(struct vch_annex_key *out, const char *path, struct vch_tool *tool)
{
    struct vch_arena_mark mark = vch_arena_mark(&tool->arena);
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (access(path, F_OK) != 0)
        return vch_complain(&tool->complaint, VCH_CODE_IO,
                            "there is no %.200s: only whoever holds an annex's key proves under it",
                            path);
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_ANNEX_KEY_SIZE));
    vch_status status = vch_annex_key_decode(out, bytes, size, &tool->complaint);
    vch_arena_rewind(&tool->arena, mark);
    return status;
}

static vch_status write_key(const struct vch_annex_key *key, const char *path,
                            struct vch_tool *tool)
{
    uint8_t bytes[VCH_ANNEX_KEY_SIZE];

    vch_annex_key_encode(bytes, key);
    vch_status status = vch_file_write(path, bytes, sizeof bytes, true, &tool->complaint);
    vch_wipe(bytes, sizeof bytes);
    return status;
}

// A key one epoch behind belongs to a rotation that was interrupted between the two files: the
// link was the one opening of the new root that can have left.
static vch_status match(struct vch_annex_key *key, const struct vch_annex_files *files,
                        struct vch_tool *tool)
{
    const struct vch_annex *annex = &files->decoded;
    const uint32_t epoch = vch_annex_files_epoch(files);

    if (key->epoch != UINT32_MAX && key->epoch + 1 == epoch) {
        struct vch_annex_key behind = *key;
        vch_annex_key_next(key, &behind, 1);
        key->openings = annex->openings; // which --renew may have changed
        vch_wipe(&behind, sizeof behind);
    }
    if (!vch_hash_is_equal(&key->model, &annex->model))
        return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                            "%.200s is the key of another model's annex", files->key);
    if (key->epoch != epoch)
        return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                            "the annex is of epoch %u and its key of epoch %u: one of them was "
                            "rotated meanwhile, or is an old copy; use the newest of both",
                            epoch, key->epoch);
    if (key->openings == annex->openings) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_REFUSED, "%.200s is not the key of this annex",
                        files->key);
}

vch_status vch_annex_files_key(struct vch_annex_key *out, const struct vch_annex_files *files,
                               struct vch_tool *tool)
{
    VCH_TRY(read_key(out, files->key, tool));
    return match(out, files, tool);
}

static vch_status take(struct vch_annex_key *key, const struct vch_annex_files *files,
                       struct vch_tool *tool)
{
    VCH_TRY(read_key(key, files->key, tool));
    VCH_TRY(match(key, files, tool));
    VCH_TRY(vch_annex_key_take(key, &tool->complaint));
    return write_key(key, files->key, tool);
}

vch_status vch_annex_files_take(const struct vch_annex_files *files, struct vch_tool *tool)
{
    struct vch_annex_key key;
    struct vch_lock lock;

    VCH_TRY(vch_lock_take(&lock, files->key, &tool->complaint));
    vch_status status = take(&key, files, tool);
    vch_lock_release(&lock);
    vch_wipe(&key, sizeof key);
    return status;
}

vch_status vch_annex_files_next(struct vch_annex_key *out, const struct vch_annex_files *files,
                                struct vch_tool *tool, const struct vch_digest *model)
{
    struct vch_annex_key before;

    if (access(files->key, F_OK) != 0) {
        *out = (struct vch_annex_key){.model = *model, .used = 1};
        vch_random_bytes(out->seed, sizeof out->seed);
        return VCH_OK;
    }
    VCH_TRY(read_key(&before, files->key, tool));
    vch_status status = VCH_OK;
    if (files->bytes != NULL) status = match(&before, files, tool);
    if (vch_is_ok(status) && !vch_hash_is_equal(&before.model, model))
        status = vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                              "%.200s is the key of another model's annex", files->key);
    if (vch_is_ok(status) && before.epoch == UINT32_MAX) status = VCH_FAIL(LIMIT);
    if (vch_is_ok(status)) vch_annex_key_next(out, &before, 1);
    vch_wipe(&before, sizeof before);
    return status;
}

// Of two that made a new root at once the second is refused: the key is no longer the one before.
static vch_status replace(const struct vch_annex_files *files, struct vch_tool *tool,
                          const uint8_t *annex, size_t size, const struct vch_annex_key *key)
{
    struct vch_annex_key now = {0};

    vch_status status = read_key(&now, files->key, tool);
    const uint32_t on_disk = now.epoch;
    if (vch_is_ok(status) && files->bytes != NULL) status = match(&now, files, tool);
    // The key of a rotation that was interrupted catches up first: a second interruption would
    // leave it two epochs behind its annex.
    if (vch_is_ok(status) && now.epoch != on_disk) status = write_key(&now, files->key, tool);
    if (vch_is_ok(status) && now.epoch + 1 != key->epoch)
        status = vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                              "somebody else gave %.200s a new root meanwhile", files->annex);
    vch_wipe(&now, sizeof now);
    if (vch_is_ok(status))
        status = vch_file_write(files->annex, annex, size, false, &tool->complaint);
    return vch_is_ok(status) ? write_key(key, files->key, tool) : status;
}

static vch_status write_first(const struct vch_annex_files *files, struct vch_tool *tool,
                              const uint8_t *annex, size_t size, const struct vch_annex_key *key)
{
    uint8_t bytes[VCH_ANNEX_KEY_SIZE];

    vch_annex_key_encode(bytes, key);
    vch_status status = vch_file_write_new(files->key, bytes, sizeof bytes, true, &tool->complaint);
    vch_wipe(bytes, sizeof bytes);
    VCH_TRY(status);
    return vch_file_write_new(files->annex, annex, size, false, &tool->complaint);
}

vch_status vch_annex_files_write(const struct vch_annex_files *files, struct vch_tool *tool,
                                 const uint8_t *annex, size_t size, const struct vch_annex_key *key)
{
    struct vch_lock lock;

    if (key->epoch == 0) return write_first(files, tool, annex, size, key);
    VCH_TRY(vch_lock_take(&lock, files->key, &tool->complaint));
    vch_status status = replace(files, tool, annex, size, key);
    vch_lock_release(&lock);
    return status;
}
