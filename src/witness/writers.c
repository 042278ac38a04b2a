#include "witness/writers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "consensus/registry.h"
#include "host/file.h"
#include "host/log.h"

enum { ARENA_MAX = 16 << 20 }; // 10,000 members decoded

static int compare_keys(const void *a, const void *b)
{
    const struct vch_core_writer *left = a, *right = b;

    return memcmp(left->key.bytes, right->key.bytes, sizeof left->key.bytes);
}

// How many refusals of a writer were counted before its registry was read again.
static uint32_t count_before(const struct vch_core *core, const struct vch_core_writer *writer)
{
    const struct vch_core_writer *found = NULL;

    if (core->writer_count > 0)
        found = bsearch(writer, core->writers, core->writer_count, sizeof *writer, compare_keys);
    return found != NULL ? found->refusal_count : 0;
}

static uint32_t drop_doubles(struct vch_core_writer *writers, uint32_t count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || compare_keys(&writers[kept - 1], &writers[i]) != 0)
            writers[kept++] = writers[i];
    return kept;
}

// The members of all files, and the founder, in the place of those that the core had.
static vch_status gather(const struct vch_writers *writers, struct vch_core *core)
{
    uint32_t count = 1;

    for (uint32_t i = 0; i < writers->file_count; i++)
        count += writers->files[i].count;
    struct vch_core_writer *all = calloc(count, sizeof *all);
    if (all == NULL) return VCH_FAIL(NO_MEMORY);
    all[0].key = writers->founder;
    count = 1;
    for (uint32_t i = 0; i < writers->file_count; i++)
        for (uint32_t j = 0; j < writers->files[i].count; j++)
            all[count++].key = writers->files[i].keys[j];
    qsort(all, count, sizeof *all, compare_keys);
    count = drop_doubles(all, count);
    for (uint32_t i = 0; i < count; i++)
        all[i].refusal_count = count_before(core, &all[i]);
    free(core->writers);
    core->writers = all;
    core->writer_count = count;
    return VCH_OK;
}

static vch_status take_members(struct vch_writers_file *out, const struct vch_registry *registry)
{
    struct vch_public_key *keys = calloc(registry->member_count + 1, sizeof *keys);

    if (keys == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < registry->member_count; i++)
        keys[i] = registry->members[i].key;
    free(out->keys);
    out->keys = keys;
    out->count = registry->member_count;
    return VCH_OK;
}

static vch_status read_registry(struct vch_writers_file *out, const struct vch_public_key *founder,
                                struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_registry registry;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_file_read(&bytes, &size, out->path, VCH_REGISTRY_SIZE_MAX, arena, complaint));
    VCH_TRY(vch_registry_decode(&registry, bytes, size, arena, complaint));
    if (!vch_is_equal(registry.founder.bytes, founder->bytes, sizeof founder->bytes))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "%s is signed by another key than --founder's: drafts of its members "
                            "are not to be promised",
                            out->path);
    return take_members(out, &registry);
}

static vch_status read_file(struct vch_writers_file *out, const struct vch_public_key *founder,
                            struct vch_complaint *complaint)
{
    struct vch_arena arena;

    vch_arena_init(&arena, ARENA_MAX);
    vch_status status = read_registry(out, founder, &arena, complaint);
    vch_arena_release(&arena);
    return status;
}

// Whether there is a file that was not read yet. One that is gone stays what it was.
static bool has_changed(struct vch_writers_file *file)
{
    struct stat now;

    if (stat(file->path, &now) != 0) return false;
    bool is_same = now.st_dev == file->facts.st_dev && now.st_ino == file->facts.st_ino &&
                   now.st_size == file->facts.st_size &&
                   now.st_mtim.tv_sec == file->facts.st_mtim.tv_sec &&
                   now.st_mtim.tv_nsec == file->facts.st_mtim.tv_nsec;
    file->facts = now;
    return !is_same;
}

static vch_status open_file(struct vch_writers_file *out, const struct vch_public_key *founder,
                            struct vch_complaint *complaint)
{
    if (has_changed(out)) return read_file(out, founder, complaint);
    vch_log_write(VCH_LOG_WARNING, "%s is not there yet: only its founder's drafts are promised",
                  out->path);
    return VCH_OK;
}

static void say_count(const struct vch_core *core)
{
    vch_log_write(VCH_LOG_INFO, "drafts of %u writers are promised", core->writer_count);
}

vch_status vch_writers_open(struct vch_writers *out, struct vch_core *core,
                            const char *const *paths, uint32_t count,
                            const struct vch_public_key *founder, struct vch_complaint *complaint)
{
    *out = (struct vch_writers){.founder = *founder};
    if (count == 0) {
        vch_log_write(VCH_LOG_WARNING, "no draft is promised, as no --registry was given: this "
                                       "witness only cosigns");
        return VCH_OK;
    }
    if (count > VCH_WRITERS_FILES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "%u registries were given, not at most %u",
                            count, VCH_WRITERS_FILES_MAX);
    for (; out->file_count < count; out->file_count++) {
        struct vch_writers_file *file = &out->files[out->file_count];
        file->path = paths[out->file_count];
        VCH_TRY(open_file(file, founder, complaint));
    }
    VCH_TRY(gather(out, core));
    say_count(core);
    return VCH_OK;
}

void vch_writers_refresh(struct vch_writers *writers, struct vch_core *core)
{
    struct vch_complaint complaint = {0};
    bool is_new = false;

    for (uint32_t i = 0; i < writers->file_count; i++) {
        struct vch_writers_file *file = &writers->files[i];
        if (!has_changed(file)) continue;
        if (vch_is_ok(read_file(file, &writers->founder, &complaint)))
            is_new = true;
        else
            vch_log_write(VCH_LOG_ERROR, "writers stay as they are: %s", complaint.text);
    }
    if (!is_new) return;
    if (vch_is_ok(gather(writers, core)))
        say_count(core);
    else
        vch_log_write(VCH_LOG_ERROR, "writers stay as they are: there is no memory");
}

void vch_writers_close(struct vch_writers *writers, struct vch_core *core)
{
    for (uint32_t i = 0; i < VCH_WRITERS_FILES_MAX; i++)
        free(writers->files[i].keys);
    free(core->writers);
    core->writers = NULL;
    core->writer_count = 0;
}
