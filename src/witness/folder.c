#include "witness/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/file.h"
#include "witness/records.h"

enum { HEX = 2 * VCH_DIGEST_SIZE };

static vch_status refuse(const char *path, const char *what, struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

static vch_status sync_folder(const char *path, struct vch_complaint *complaint)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0) return refuse(path, "open", complaint);
    int failed = fsync(folder);
    (void)close(folder);
    return failed == 0 ? VCH_OK : refuse(path, "make durable", complaint);
}

// The name of a new folder is durable once the folder above is synced.
static vch_status make_folder(const char *path, const char *above, struct vch_complaint *complaint)
{
    if (mkdir(path, 0700) == 0) return sync_folder(above, complaint);
    return errno == EEXIST ? VCH_OK : refuse(path, "create", complaint);
}

static void log_path(char out[static PATH_MAX], const struct vch_folder *folder,
                     const struct vch_core_log *log, const char *name)
{
    char hex[HEX + 1];
    struct vch_digest digest = vch_hash_bytes(log->vkey.name, strlen(log->vkey.name));

    vch_hex_encode(hex, digest.bytes, VCH_DIGEST_SIZE);
    (void)snprintf(out, PATH_MAX, "%s/%s%s%s", folder->path, hex, name[0] != '\0' ? "/" : "", name);
}

static void draft_name(char out[static HEX + 16], const struct vch_digest *draft,
                       const char *suffix)
{
    char hex[HEX + 1];

    vch_hex_encode(hex, draft->bytes, VCH_DIGEST_SIZE);
    (void)snprintf(out, HEX + 16, "%s%s", hex, suffix);
}

static void draft_path(char out[static PATH_MAX], const struct vch_folder *folder,
                       const struct vch_core_log *log, const struct vch_digest *draft,
                       const char *suffix)
{
    char name[HEX + 16];

    draft_name(name, draft, suffix);
    log_path(out, folder, log, name);
}

static vch_status read_text(char **out, size_t *size, const char *path, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    uint8_t *bytes = NULL;

    vch_arena_init(arena, 65536);
    vch_status status = vch_file_read(&bytes, size, path, VCH_TESTIMONY_SIZE_MAX, arena, complaint);
    *out = (char *)bytes;
    return status;
}

static vch_status check_owner(const char *path, const char *vkey, size_t vkey_size,
                              struct vch_complaint *complaint)
{
    struct vch_arena arena;
    char *text = NULL;
    size_t size = 0;
    vch_status status = read_text(&text, &size, path, &arena, complaint);

    if (vch_is_ok(status) && (size != vkey_size || memcmp(text, vkey, size) != 0))
        status = vch_complain(complaint, VCH_CODE_REFUSED,
                              "%s names another witness: each key and name has a folder of its own",
                              path);
    vch_arena_release(&arena);
    return status;
}

static vch_status claim(const char *folder, const struct vch_vkey *witness,
                        struct vch_complaint *complaint)
{
    char path[PATH_MAX], vkey[VCH_VKEY_TEXT_MAX + 2];
    size_t size = vch_vkey_encode(vkey, witness);

    vkey[size++] = '\n';
    (void)snprintf(path, sizeof path, "%s/witness", folder);
    if (access(path, F_OK) == 0) return check_owner(path, vkey, size, complaint);
    return vch_file_write(path, vkey, size, true, complaint);
}

static vch_status lock_folder(struct vch_folder *out, struct vch_complaint *complaint)
{
    out->lock = open(out->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->lock < 0) return refuse(out->path, "open", complaint);
    if (flock(out->lock, LOCK_EX | LOCK_NB) == 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BUSY,
                        "%s is in use: another witness runs from it, and two must not", out->path);
}

// A path that leaves room for the names below it.
static vch_status check_length(const char *path, struct vch_complaint *complaint)
{
    if (strlen(path) + (size_t)4 * HEX < PATH_MAX) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE, "the path of the state folder is too long");
}

vch_status vch_folder_open(struct vch_folder *out, const char *path, const struct vch_vkey *witness,
                           struct vch_complaint *complaint)
{
    char above[PATH_MAX];

    out->path = path;
    out->lock = -1;
    out->log_count = 0;
    VCH_TRY(check_length(path, complaint));
    (void)snprintf(above, sizeof above, "%s/..", path);
    VCH_TRY(make_folder(path, path, complaint));
    vch_status status = lock_folder(out, complaint);
    if (vch_is_ok(status)) status = sync_folder(above, complaint);
    if (vch_is_ok(status)) status = claim(path, witness, complaint);
    if (!vch_is_ok(status)) vch_folder_close(out);
    return status;
}

void vch_folder_close(struct vch_folder *folder)
{
    while (folder->log_count > 0)
        vch_wal_close(&folder->logs[--folder->log_count]);
    if (folder->lock >= 0) (void)close(folder->lock);
    folder->lock = -1;
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t size = strlen(name), tail = strlen(suffix);
    return size > tail && strcmp(name + size - tail, suffix) == 0;
}

// Counts a kept refusal of the core's day, so that a writer's bound outlives the process. A text
// that says nothing is served to whoever asks for it, and counts for nobody.
static void count_kept(struct vch_core *core, const char *path)
{
    struct vch_testimony kept;
    struct vch_arena arena;
    struct vch_draft draft;
    char *text = NULL;
    size_t size = 0;
    vch_status status = read_text(&text, &size, path, &arena, NULL);

    if (vch_is_ok(status)) status = vch_testimony_decode(&kept, text, size, NULL);
    if (vch_is_ok(status)) status = vch_draft_decode(&draft, kept.draft, kept.draft_size);
    if (vch_is_ok(status) && kept.refused_ms / VCH_CORE_DAY_MS == core->day)
        vch_core_count_refusal(core, &draft.writer, core->day);
    vch_arena_release(&arena);
}

static void see_name(const struct vch_folder *folder, struct vch_core *core,
                     const struct vch_core_log *log, const char *name)
{
    char path[PATH_MAX];

    log_path(path, folder, log, name);
    if (strncmp(name, ".vouch-", 7) == 0)
        (void)unlink(path); // an interrupted write's
    else if (ends_with(name, ".refusal"))
        count_kept(core, path);
}

vch_status vch_folder_load(struct vch_folder *folder, struct vch_core *core,
                           struct vch_core_log *log, struct vch_complaint *complaint)
{
    char path[PATH_MAX];

    log_path(path, folder, log, "");
    VCH_TRY(make_folder(path, folder->path, complaint));
    DIR *names = opendir(path);
    if (names == NULL) return refuse(path, "read", complaint);
    for (struct dirent *name = NULL; (name = readdir(names)) != NULL;)
        see_name(folder, core, log, name->d_name);
    (void)closedir(names);
    log_path(path, folder, log, "log");
    return vch_wal_open(&folder->logs[folder->log_count++], path, log, complaint);
}

struct refusals {
    struct vch_file_one files[VCH_SUBMISSION_ANSWERS_MAX];
    char names[VCH_SUBMISSION_ANSWERS_MAX][HEX + 16];
    char texts[VCH_SUBMISSION_ANSWERS_MAX][VCH_TESTIMONY_SIZE_MAX];
    uint32_t count;
};

// The first refusal of a draft is the one that counts. Whoever has a draft may hand it over again
// once its time is over, the clerk as well: it is then refused rightly, and what convicts must not
// give way to that.
static void add_refusal(struct refusals *refusals, const struct vch_folder *folder,
                        const struct vch_core *core, const struct vch_core_change *change,
                        struct vch_core_refusal *refusal)
{
    const struct vch_core_log *log = &core->logs[change->log];
    const struct vch_digest *draft = &log->promises[refusal->promise].digest;
    struct vch_file_one *file = &refusals->files[refusals->count];
    char path[PATH_MAX];

    draft_path(path, folder, log, draft, ".refusal");
    refusal->was_kept = access(path, F_OK) == 0;
    if (refusal->was_kept) return;
    draft_name(refusals->names[refusals->count], draft, ".refusal");
    file->name = refusals->names[refusals->count];
    file->bytes = refusals->texts[refusals->count];
    file->size = vch_core_refusal_text(refusals->texts[refusals->count], core, change, refusal);
    refusals->count++;
}

// All at once: a member can have so many drafts refused, and a log waits for its cosignature.
static vch_status keep_refusals(const struct vch_folder *folder, const struct vch_core *core,
                                struct vch_core_change *change, struct vch_complaint *complaint)
{
    char path[PATH_MAX];

    if (change->refused_count == 0) return VCH_OK;
    struct refusals *refusals = calloc(1, sizeof *refusals);
    if (refusals == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < change->refused_count; i++)
        add_refusal(refusals, folder, core, change, &change->refused[i]);
    log_path(path, folder, &core->logs[change->log], "");
    vch_status status = vch_file_write_all(path, refusals->files, refusals->count, true, complaint);
    free(refusals);
    return status;
}

vch_status vch_folder_keep(struct vch_folder *folder, const struct vch_core *core,
                           struct vch_core_change *change, struct vch_complaint *complaint)
{
    if (change->kind == VCH_CORE_NOTHING || change->kind == VCH_CORE_AGAIN) return VCH_OK;
    if (change->kind == VCH_CORE_CHECKPOINT)
        VCH_TRY(keep_refusals(folder, core, change, complaint));
    return vch_wal_add(&folder->logs[change->log], change, complaint);
}

vch_status vch_folder_sync(struct vch_folder *folder, const struct vch_core *core,
                           struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < folder->log_count; i++)
        VCH_TRY(vch_wal_sync(&folder->logs[i], &core->logs[i], complaint));
    return VCH_OK;
}

vch_status vch_folder_refusal(const struct vch_folder *folder, const struct vch_core *core,
                              const char *draft_hex, uint8_t **out, size_t *size,
                              struct vch_arena *arena)
{
    struct vch_digest draft;
    char path[PATH_MAX];

    if (!vch_is_ok(vch_hex_decode(draft.bytes, VCH_DIGEST_SIZE, draft_hex)))
        return VCH_FAIL(UNAVAILABLE);
    for (uint32_t i = 0; i < core->log_count; i++) {
        draft_path(path, folder, &core->logs[i], &draft, ".refusal");
        if (access(path, F_OK) == 0)
            return vch_file_read(out, size, path, VCH_TESTIMONY_SIZE_MAX, arena, NULL);
    }
    return VCH_FAIL(UNAVAILABLE);
}
