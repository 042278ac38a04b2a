#include "node/unsealing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/log.h"
#include "sealing/chunks.h"

enum {
    ARENA_MAX = INT32_MAX, // manifest and programs
    SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL,
};

// One chunk, sealed and open.
struct buffers {
    uint8_t sealed[VCH_SEALED_CHUNK_SIZE + VCH_SEALED_TAG_SIZE];
    uint8_t open[VCH_SEALED_CHUNK_SIZE];
};

static vch_status read_chunk(struct buffers *buffers, size_t *size,
                             const struct vch_unsealing *what, uint64_t index,
                             struct vch_complaint *complaint)
{
    uint64_t at = vch_sealed_file_offset(index);

    *size = vch_sealed_chunk_size(what->sealed, index) + VCH_SEALED_TAG_SIZE;
    if (atomic_load(what->is_ending))
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE, "the node is about to stop");
    for (size_t done = 0; done < *size;) {
        ssize_t got = pread(what->file, buffers->sealed + done, *size - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return vch_complain(complaint, VCH_CODE_IO, "cannot read %s: %s", what->path,
                                strerror(errno));
        if (got == 0)
            return vch_complain(complaint, VCH_CODE_IO, "%s was cut off in sealed chunk %" PRIu64,
                                what->path, index);
        done += (size_t)got;
    }
    return VCH_OK;
}

static vch_status read_digests(struct vch_digest *out, const struct vch_unsealing *what,
                               struct buffers *buffers, struct vch_complaint *complaint)
{
    for (uint64_t i = 0; i < vch_sealed_chunk_count(what->sealed); i++) {
        size_t size = 0;
        VCH_TRY(read_chunk(buffers, &size, what, i, complaint));
        out[i] = vch_chunks_digest(buffers->sealed, size);
    }
    return VCH_OK;
}

static vch_status write_chunk(int memory, const uint8_t *bytes, size_t size, uint64_t index)
{
    uint64_t at = index * VCH_SEALED_CHUNK_SIZE;

    for (size_t done = 0; done < size;) {
        ssize_t put = pwrite(memory, bytes + done, size - done, (off_t)(at + done));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return VCH_FAIL(NO_MEMORY);
        done += (size_t)put;
    }
    return VCH_OK;
}

// Every chunk, each checked against what the owner signed before it is opened.
static vch_status open_chunks(int memory, const struct vch_unsealing *what, struct buffers *buffers,
                              struct vch_complaint *complaint)
{
    const struct vch_unsealer *unsealer = what->unsealer;

    for (uint64_t i = 0; i < vch_sealed_chunk_count(what->sealed); i++) {
        size_t size = 0;
        VCH_TRY(read_chunk(buffers, &size, what, i, complaint));
        VCH_TRY(unsealer->open(unsealer->context, buffers->open, size - VCH_SEALED_TAG_SIZE,
                               buffers->sealed, size, complaint));
        vch_status status = write_chunk(memory, buffers->open, size - VCH_SEALED_TAG_SIZE, i);
        if (!vch_is_ok(status))
            return vch_complain(complaint, status.code,
                                "not enough memory for the %" PRIu64 " bytes of weights in %s",
                                what->sealed->size, what->path);
    }
    return VCH_OK;
}

static vch_status open_into(int memory, const struct vch_unsealing *what, struct buffers *buffers,
                            struct vch_digest *digests, struct vch_complaint *complaint)
{
    size_t count = (size_t)vch_sealed_chunk_count(what->sealed);

    if (ftruncate(memory, (off_t)what->sealed->size) != 0) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(read_digests(digests, what, buffers, complaint));
    VCH_TRY(what->unsealer->begin(what->unsealer->context, digests, count, complaint));
    return open_chunks(memory, what, buffers, complaint);
}

// From here on nobody writes to it, whoever is handed it.
static vch_status map(struct vch_unsealing_result *out, const struct vch_unsealing *what,
                      struct vch_complaint *complaint)
{
    out->size = (size_t)what->sealed->size;
    if (fcntl(out->memory, F_ADD_SEALS, SEALS) != 0)
        return vch_complain(complaint, VCH_CODE_IO, "cannot keep opened weights from change: %s",
                            strerror(errno));
    void *bytes = mmap(NULL, out->size, PROT_READ, MAP_SHARED, out->memory, 0);
    if (bytes == MAP_FAILED) return VCH_FAIL(NO_MEMORY);
    out->bytes = bytes;
    (void)madvise(bytes, out->size, MADV_DONTDUMP);
    if (mlock(bytes, out->size) != 0)
        vch_log_write(VCH_LOG_WARNING,
                      "the opened weights of %s may be swapped to disk: they cannot be locked into "
                      "memory (%s); raise `ulimit -l`, or turn swap off",
                      what->path, strerror(errno));
    return VCH_OK;
}

static vch_status read_model(struct vch_unsealing_result *out, const struct vch_unsealing *what,
                             struct vch_complaint *complaint)
{
    struct vch_package *package = &out->model.package;

    VCH_TRY(
        vch_package_decode(package, out->bytes, out->size, &out->arena, what->workers, complaint));
    if (!vch_hash_is_equal(&package->identity, &what->sealed->model))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "%s holds another model than its manifest names: its owner sealed it "
                            "wrongly",
                            what->path);
    if (!vch_is_equal(&package->owner, &what->sealed->owner, sizeof package->owner))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the model in %s is not of the owner who sealed it", what->path);
    const struct vch_model *same = vch_models_find(what->models, &package->identity);
    if (same != NULL) VCH_TRY(vch_package_merge(package, &same->package, &out->arena, complaint));
    return vch_models_prepare(&out->model, what->kernels, what->models->is_planned, &out->arena,
                              complaint);
}

static vch_status run(struct vch_unsealing_result *out, const struct vch_unsealing *what,
                      struct buffers *buffers, struct vch_complaint *complaint)
{
    struct vch_digest *digests =
        VCH_ARENA_NEW(&out->arena, struct vch_digest, (size_t)vch_sealed_chunk_count(what->sealed));

    if (digests == NULL) return VCH_FAIL(NO_MEMORY);
    out->memory = memfd_create("vouch-weights", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (out->memory < 0)
        return vch_complain(complaint, VCH_CODE_IO, "no memory to open weights into: %s",
                            strerror(errno));
    VCH_TRY(open_into(out->memory, what, buffers, digests, complaint));
    VCH_TRY(what->unsealer->end(what->unsealer->context, complaint));
    VCH_TRY(map(out, what, complaint));
    return read_model(out, what, complaint);
}

vch_status vch_unsealing_run(struct vch_unsealing_result *out, const struct vch_unsealing *what,
                             struct vch_complaint *complaint)
{
    struct buffers *buffers = calloc(1, sizeof *buffers);

    *out = (struct vch_unsealing_result){.memory = -1};
    vch_arena_init(&out->arena, ARENA_MAX);
    vch_status status = buffers != NULL ? run(out, what, buffers, complaint) : VCH_FAIL(NO_MEMORY);
    vch_status ended =
        vch_is_ok(status) ? status : what->unsealer->end(what->unsealer->context, NULL);
    (void)ended; // the key is forgotten; what went wrong was before
    if (buffers != NULL) vch_wipe(buffers, sizeof *buffers);
    free(buffers);
    if (!vch_is_ok(status)) vch_unsealing_release(out);
    return status;
}

void vch_unsealing_release(struct vch_unsealing_result *result)
{
    if (result->bytes != NULL) (void)munmap((void *)(uintptr_t)result->bytes, result->size);
    if (result->memory >= 0) (void)close(result->memory);
    vch_arena_release(&result->arena);
    *result = (struct vch_unsealing_result){.memory = -1};
}
