#include "node/vault.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/log.h"
#include "node/vault_volume.h"

static vch_status make_folder(const char *folder, struct vch_complaint *complaint)
{
    struct stat facts;

    if (mkdir(folder, 0700) == 0) return vch_file_sync_name(folder, complaint);
    if (errno != EEXIST || stat(folder, &facts) != 0 || !S_ISDIR(facts.st_mode))
        return vch_complain(complaint, VCH_CODE_IO, "cannot make the folder %.200s: %s", folder,
                            strerror(errno));
    if ((facts.st_mode & 077) != 0)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the folder %.200s is open to others: chmod 700 it", folder);
    return VCH_OK;
}

// Exactly eight digits and ".runs"; other files are not ours to touch.
static bool read_name(uint32_t *number, const char *name)
{
    uint8_t bytes[4];
    char digits[9];

    if (strlen(name) != 13 || strcmp(name + 8, ".runs") != 0) return false;
    memcpy(digits, name, 8);
    digits[8] = '\0';
    if (!vch_is_ok(vch_hex_decode(bytes, sizeof bytes, digits))) return false;
    *number = vch_get_u32be(bytes);
    return *number > 0;
}

static int compare(const void *a, const void *b)
{
    const struct vch_vault_volume *left = a, *right = b;

    return (left->number > right->number) - (left->number < right->number);
}

static vch_status list(struct vch_vault *vault, struct vch_complaint *complaint)
{
    DIR *folder = opendir(vault->folder);
    uint32_t number = 0;

    if (folder == NULL)
        return vch_complain(complaint, VCH_CODE_IO, "cannot read the folder %.200s: %s",
                            vault->folder, strerror(errno));
    for (struct dirent *at = readdir(folder); at != NULL; at = readdir(folder)) {
        if (!read_name(&number, at->d_name)) continue;
        if (vault->volume_count < VCH_VAULT_VOLUMES_MAX)
            vault->volumes[vault->volume_count].number = number;
        vault->volume_count++;
    }
    (void)closedir(folder);
    if (vault->volume_count > VCH_VAULT_VOLUMES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "%u files of runs in %.200s; %u at most can be there",
                            vault->volume_count, vault->folder, VCH_VAULT_VOLUMES_MAX);
    qsort(vault->volumes, vault->volume_count, sizeof *vault->volumes, compare);
    return VCH_OK;
}

// Every record that opens, up to the first that does not.
static vch_status take_records(struct vch_vault_volume *volume, int file,
                               const struct vch_vault *vault, vch_vault_take take, void *context)
{
    struct vch_vault_place place = {.volume = volume->number, .offset = VCH_VAULT_VOLUME_HEAD};

    while (vch_vault_volume_peek(&place.size, file, place.offset, volume->size)) {
        const size_t size = (size_t)place.size + VCH_SEAL_TAG_SIZE;
        uint8_t *bytes = calloc(size, 1);
        if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
        bool is_open = vch_vault_volume_read(bytes, file, &place, vault->setup.key);
        if (is_open && take(context, &place, bytes)) volume->live_count++;
        vch_wipe(bytes, size);
        free(bytes);
        if (!is_open) break;
        place.offset += vch_vault_volume_framed(place.size);
    }
    if (place.offset < volume->size)
        vch_log_write(VCH_LOG_WARNING,
                      "%s/%08" PRIx32 ".runs: the last %" PRIu64 " bytes do not open: dropped",
                      vault->folder, volume->number, volume->size - place.offset);
    return VCH_OK;
}

static vch_status load(struct vch_vault *vault, struct vch_vault_volume *volume,
                       vch_vault_take take, void *context, struct vch_complaint *complaint)
{
    bool is_gone = false;
    int file = -1;

    VCH_TRY(vch_vault_volume_open(&file, &volume->size, &is_gone, vault->folder, volume->number,
                                  vault->setup.key, complaint));
    vch_status status = is_gone ? VCH_OK : take_records(volume, file, vault, take, context);
    (void)close(file);
    return status;
}

// What holds nothing any more goes; the others stay as they are, and the next record begins a
// volume of its own.
static vch_status load_all(struct vch_vault *vault, vch_vault_take take, void *context,
                           struct vch_complaint *complaint)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < vault->volume_count; i++) {
        struct vch_vault_volume volume = vault->volumes[i];
        VCH_TRY(load(vault, &volume, take, context, complaint));
        vault->next_number = volume.number + 1;
        if (volume.live_count == 0) {
            vch_vault_volume_remove(vault->folder, volume.number);
            continue;
        }
        vault->size += volume.size;
        vault->volumes[kept++] = volume;
    }
    vault->volume_count = kept;
    return VCH_OK;
}

vch_status vch_vault_open(struct vch_vault *out, const struct vch_vault_setup *setup,
                          vch_vault_take take, void *context, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    *out = (struct vch_vault){.setup = *setup, .file = -1, .next_number = 1};
    if (strlen(setup->folder) > VCH_VAULT_PATH_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "the folder's name is too long: %.200s...",
                            setup->folder);
    (void)snprintf(out->folder, sizeof out->folder, "%s", setup->folder);
    out->setup.folder = NULL;
    out->volumes = VCH_ARENA_NEW(arena, struct vch_vault_volume, VCH_VAULT_VOLUMES_MAX);
    if (out->volumes == NULL) return VCH_FAIL(NO_MEMORY);
    vch_status status = make_folder(out->folder, complaint);
    if (vch_is_ok(status)) status = list(out, complaint);
    if (vch_is_ok(status)) status = load_all(out, take, context, complaint);
    if (!vch_is_ok(status)) vch_vault_close(out);
    return status;
}

// Nobody appends to this volume any more.
static void finish_volume(struct vch_vault *vault)
{
    if (vault->file >= 0) (void)close(vault->file);
    vault->file = -1;
}

void vch_vault_close(struct vch_vault *vault)
{
    if (vault->volumes != NULL) finish_volume(vault);
    vch_wipe(vault->setup.key, sizeof vault->setup.key);
    vault->volumes = NULL;
}

uint64_t vch_vault_room(const struct vch_vault *vault)
{
    const uint64_t taken = vault->size + VCH_VAULT_VOLUME_HEAD + vch_vault_volume_framed(0);

    if (vault->volume_count == VCH_VAULT_VOLUMES_MAX || vault->next_number == 0) return 0;
    return taken < vault->setup.size_max ? vault->setup.size_max - taken : 0;
}

static vch_status begin_volume(struct vch_vault *vault, uint64_t now_ms)
{
    struct vch_vault_volume *volume = &vault->volumes[vault->volume_count];

    VCH_TRY(vch_vault_volume_make(&vault->file, vault->folder, vault->next_number, vault->setup.key,
                                  NULL));
    *volume =
        (struct vch_vault_volume){.number = vault->next_number, .size = VCH_VAULT_VOLUME_HEAD};
    vault->size += volume->size;
    vault->volume_count++;
    vault->next_number++;
    vault->began_ms = now_ms;
    return VCH_OK;
}

// A volume that is done with must be on disk as it is: nobody syncs it later.
static vch_status turn_over(struct vch_vault *vault, uint64_t now_ms)
{
    const struct vch_vault_volume *last = &vault->volumes[vault->volume_count - 1];

    if (vault->file < 0) return VCH_OK;
    if (last->size < VCH_VAULT_VOLUME_SIZE && now_ms < vault->began_ms + vault->setup.volume_ms)
        return VCH_OK;
    VCH_TRY(vch_vault_sync(vault));
    finish_volume(vault);
    return VCH_OK;
}

vch_status vch_vault_add(struct vch_vault *vault, struct vch_vault_place *out, const uint8_t *bytes,
                         size_t size, uint64_t now_ms)
{
    if (size > VCH_VAULT_RECORD_MAX || size > vch_vault_room(vault)) return VCH_FAIL(LIMIT);
    VCH_TRY(turn_over(vault, now_ms));
    if (vault->file < 0) VCH_TRY(begin_volume(vault, now_ms));
    struct vch_vault_volume *volume = &vault->volumes[vault->volume_count - 1];
    const struct vch_vault_place place = {
        .volume = volume->number, .size = (uint32_t)size, .offset = volume->size};
    VCH_TRY(vch_vault_volume_append(vault->file, &place, bytes, vault->setup.key));
    volume->size += vch_vault_volume_framed(place.size);
    volume->live_count++;
    vault->size += vch_vault_volume_framed(place.size);
    vault->is_unsynced = 1;
    *out = place;
    return VCH_OK;
}

vch_status vch_vault_sync(struct vch_vault *vault)
{
    if (!vault->is_unsynced) return VCH_OK;
    if (vault->file >= 0 && fdatasync(vault->file) != 0) return VCH_FAIL(IO);
    vault->is_unsynced = 0;
    return VCH_OK;
}

vch_status vch_vault_read(uint8_t **out, const struct vch_vault *vault,
                          const struct vch_vault_place *place, struct vch_arena *arena)
{
    uint8_t *bytes = vch_arena_alloc(arena, (size_t)place->size + VCH_SEAL_TAG_SIZE, 1);
    uint64_t size = 0;
    bool is_gone = false;
    int file = -1;

    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_vault_volume_open(&file, &size, &is_gone, vault->folder, place->volume,
                                  vault->setup.key, NULL));
    bool is_open = !is_gone && vch_vault_volume_read(bytes, file, place, vault->setup.key);
    (void)close(file);
    if (!is_open) return VCH_FAIL(IO);
    *out = bytes;
    return VCH_OK;
}

static void remove_volume(struct vch_vault *vault, struct vch_vault_volume *volume)
{
    const uint32_t index = (uint32_t)(volume - vault->volumes);
    const uint32_t after = vault->volume_count - index - 1;

    if (after == 0) { // it may be the one that grows
        finish_volume(vault);
        vault->is_unsynced = 0;
    }
    vault->size -= volume->size;
    vch_vault_volume_remove(vault->folder, volume->number);
    memmove(volume, volume + 1, after * sizeof *volume);
    vault->volume_count--;
}

void vch_vault_drop(struct vch_vault *vault, const struct vch_vault_place *place)
{
    const struct vch_vault_volume wanted = {.number = place->volume};
    struct vch_vault_volume *volume =
        bsearch(&wanted, vault->volumes, vault->volume_count, sizeof wanted, compare);

    if (volume == NULL || --volume->live_count > 0) return;
    remove_volume(vault, volume);
}
