#include "node/vault_volume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/log.h"
#include "host/random.h"

static const char MAGIC[] = "VOUCHRUNS 1\n";

enum {
    MAGIC_SIZE = sizeof MAGIC - 1,
    HEAD_SIZE = VCH_VAULT_VOLUME_HEAD,
    FRAME_SIZE = 4 + VCH_SEAL_NONCE_SIZE,
    ZEROS = 1 << 16, // written at once
};

_Static_assert(HEAD_SIZE == MAGIC_SIZE + VCH_SEAL_NONCE_SIZE + VCH_SEAL_TAG_SIZE, "the format");

// What a seal is bound to. The head's is at offset 0, and no record's.
struct position {
    uint8_t bytes[4 + 8 + 4];
};

static struct position position_of(const struct vch_vault_place *place)
{
    struct position out;

    vch_put_u32le(out.bytes, place->volume);
    vch_put_u64le(out.bytes + 4, place->offset);
    vch_put_u32le(out.bytes + 12, place->size);
    return out;
}

uint64_t vch_vault_volume_framed(uint32_t size)
{
    return (uint64_t)FRAME_SIZE + size + VCH_SEAL_TAG_SIZE;
}

static void name_it(char out[static VCH_VAULT_PATH_MAX + 32], const char *folder, uint32_t number)
{
    (void)snprintf(out, VCH_VAULT_PATH_MAX + 32, "%s/%08" PRIx32 ".runs", folder, number);
}

static vch_status write_all(int file, const uint8_t *bytes, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t written = pwrite(file, bytes, size, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return VCH_FAIL(IO);
        bytes += written;
        offset += (uint64_t)written;
        size -= (size_t)written;
    }
    return VCH_OK;
}

// False also at the end of the file.
static bool read_all(int file, uint8_t *out, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t got = pread(file, out, size, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        out += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

static vch_status open_path(int *file, const char *path, struct vch_complaint *complaint)
{
    *file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (*file >= 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_IO, "cannot open %.200s: %s", path, strerror(errno));
}

vch_status vch_vault_volume_make(int *file, const char *folder, uint32_t number,
                                 const uint8_t key[static VCH_SEAL_KEY_SIZE],
                                 struct vch_complaint *complaint)
{
    const struct position position =
        position_of(&(struct vch_vault_place){.volume = number, .size = 0, .offset = 0});
    char path[VCH_VAULT_PATH_MAX + 32];
    uint8_t head[HEAD_SIZE], *nonce = head + MAGIC_SIZE;

    memcpy(head, MAGIC, MAGIC_SIZE);
    vch_random_bytes(nonce, VCH_SEAL_NONCE_SIZE);
    vch_seal_close(nonce + VCH_SEAL_NONCE_SIZE, NULL, 0, position.bytes, sizeof position.bytes,
                   nonce, key);
    name_it(path, folder, number);
    VCH_TRY(vch_file_write_new(path, head, sizeof head, 1, complaint));
    return open_path(file, path, complaint);
}

static vch_status check_head(bool *is_gone, int file, const char *path, uint32_t number,
                             const uint8_t key[static VCH_SEAL_KEY_SIZE],
                             struct vch_complaint *complaint)
{
    const struct position position =
        position_of(&(struct vch_vault_place){.volume = number, .size = 0, .offset = 0});
    uint8_t head[HEAD_SIZE] = {0}, *nonce = head + MAGIC_SIZE, nothing[1];

    bool is_whole = read_all(file, head, sizeof head, 0);
    *is_gone = is_whole && vch_is_zero(head, sizeof head);
    if (*is_gone) return VCH_OK;
    if (!is_whole || memcmp(head, MAGIC, MAGIC_SIZE) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "%.200s is no file of a node's runs: move it away", path);
    if (!vch_is_ok(vch_seal_open(nothing, nonce + VCH_SEAL_NONCE_SIZE, VCH_SEAL_TAG_SIZE,
                                 position.bytes, sizeof position.bytes, nonce, key)))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "%.200s was kept by another node, or for another ledger: name another "
                            "journal, or move it away",
                            path);
    return VCH_OK;
}

vch_status vch_vault_volume_open(int *file, uint64_t *size, bool *is_gone, const char *folder,
                                 uint32_t number, const uint8_t key[static VCH_SEAL_KEY_SIZE],
                                 struct vch_complaint *complaint)
{
    char path[VCH_VAULT_PATH_MAX + 32];
    struct stat facts;

    name_it(path, folder, number);
    VCH_TRY(open_path(file, path, complaint));
    vch_status status = check_head(is_gone, *file, path, number, key, complaint);
    if (vch_is_ok(status) && fstat(*file, &facts) != 0) status = VCH_FAIL(IO);
    if (vch_is_ok(status)) {
        *size = (uint64_t)facts.st_size;
        return VCH_OK;
    }
    (void)close(*file);
    *file = -1;
    return status;
}

bool vch_vault_volume_peek(uint32_t *size, int file, uint64_t offset, uint64_t end)
{
    uint8_t bytes[4];

    if (end - offset < sizeof bytes || !read_all(file, bytes, sizeof bytes, offset)) return false;
    *size = vch_get_u32le(bytes);
    return *size <= VCH_VAULT_RECORD_MAX && end - offset >= vch_vault_volume_framed(*size);
}

bool vch_vault_volume_read(uint8_t *out, int file, const struct vch_vault_place *place,
                           const uint8_t key[static VCH_SEAL_KEY_SIZE])
{
    const struct position position = position_of(place);
    const size_t sealed = (size_t)place->size + VCH_SEAL_TAG_SIZE;
    uint8_t frame[FRAME_SIZE];

    return read_all(file, frame, sizeof frame, place->offset) &&
           vch_get_u32le(frame) == place->size &&
           read_all(file, out, sealed, place->offset + FRAME_SIZE) &&
           vch_is_ok(vch_seal_open(out, out, sealed, position.bytes, sizeof position.bytes,
                                   frame + 4, key));
}

vch_status vch_vault_volume_append(int file, const struct vch_vault_place *place,
                                   const uint8_t *bytes,
                                   const uint8_t key[static VCH_SEAL_KEY_SIZE])
{
    const struct position position = position_of(place);
    const size_t size = (size_t)vch_vault_volume_framed(place->size);
    uint8_t *frame = calloc(size, 1);

    if (frame == NULL) return VCH_FAIL(NO_MEMORY);
    vch_put_u32le(frame, place->size);
    vch_random_bytes(frame + 4, VCH_SEAL_NONCE_SIZE);
    vch_seal_close(frame + FRAME_SIZE, bytes, place->size, position.bytes, sizeof position.bytes,
                   frame + 4, key);
    vch_status status = write_all(file, frame, size, place->offset);
    if (!vch_is_ok(status)) { // half a record would hide those after it
        int result = ftruncate(file, (off_t)place->offset);
        (void)result;
    }
    free(frame); // sealed: nothing to wipe
    return status;
}

// The head goes last: until then a crash leaves a volume whose records do not open.
static vch_status overwrite(int file, uint64_t size)
{
    static const uint8_t zeros[ZEROS];

    for (uint64_t at = HEAD_SIZE; at < size;) {
        size_t part = size - at < sizeof zeros ? (size_t)(size - at) : sizeof zeros;
        VCH_TRY(write_all(file, zeros, part, at));
        at += part;
    }
    VCH_TRY(write_all(file, zeros, HEAD_SIZE, 0));
    return fdatasync(file) == 0 ? VCH_OK : VCH_FAIL(IO);
}

void vch_vault_volume_remove(const char *folder, uint32_t number)
{
    char path[VCH_VAULT_PATH_MAX + 32];
    struct vch_complaint complaint = {{0}};
    struct stat facts;
    int file = -1;

    name_it(path, folder, number);
    vch_status status = open_path(&file, path, &complaint);
    if (vch_is_ok(status) && fstat(file, &facts) == 0)
        status = overwrite(file, (uint64_t)facts.st_size);
    if (file >= 0) (void)close(file);
    if (!vch_is_ok(status) || unlink(path) != 0)
        vch_log_write(VCH_LOG_WARNING, "%s cannot be overwritten and removed: %s", path,
                      strerror(errno));
}
