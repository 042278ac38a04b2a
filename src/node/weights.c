#include "node/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "host/log.h"
#include "node/unsealing.h"

enum state { SEALED, OPENING, OPEN };

struct weights_file {
    const char *path;
    int file;
    struct vch_sealed sealed;
    enum state state;
    vch_status status; // of the last time that it was opened
    struct vch_complaint complaint;
    struct vch_unsealing_result result;
};

struct vch_weights {
    struct vch_weights_setup setup;
    uint32_t count;
    struct weights_file files[VCH_WEIGHTS_FILES_MAX];
    pthread_t thread;
    bool has_thread;
    uint32_t place;    // that the thread opens
    vch_status status; // what it came to
    struct vch_complaint complaint;
    struct vch_unsealing_result result;
    atomic_bool is_ending;
    int descriptor;
};

static vch_status read_manifest(struct weights_file *out, struct vch_complaint *complaint)
{
    uint8_t bytes[VCH_SEALED_MANIFEST_SIZE];
    struct stat facts;

    out->file = open(out->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (out->file < 0)
        return vch_complain(complaint, VCH_CODE_IO, "cannot open %s: %s", out->path,
                            strerror(errno));
    if (fstat(out->file, &facts) != 0 || !S_ISREG(facts.st_mode))
        return vch_complain(complaint, VCH_CODE_IO, "%s is not a regular file", out->path);
    ssize_t got = pread(out->file, bytes, sizeof bytes, 0);
    VCH_TRY(vch_sealed_decode(&out->sealed, bytes, got < 0 ? 0 : (size_t)got, complaint));
    if ((uint64_t)facts.st_size == vch_sealed_file_size(&out->sealed)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s has %" PRIu64 " bytes, and what its manifest says takes %" PRIu64
                        ": get it again",
                        out->path, (uint64_t)facts.st_size, vch_sealed_file_size(&out->sealed));
}

// What would be refused later anyway: by whoever unseals, who knows what was opened since.
static vch_status check(const struct vch_weights *weights, const struct vch_sealed *sealed,
                        struct vch_complaint *complaint)
{
    const struct vch_counters *opened = weights->setup.opened;
    uint64_t counter =
        opened != NULL ? vch_counters_find(opened, &sealed->owner, &sealed->model) : 0;

    return vch_sealed_check(sealed, &sealed->model, &weights->setup.owner, counter, complaint);
}

static vch_status add_file(struct vch_weights *weights, const char *path,
                           struct vch_complaint *complaint)
{
    struct weights_file *file = &weights->files[weights->count];

    if (weights->count == VCH_WEIGHTS_FILES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a node has at most %u files of sealed weights", VCH_WEIGHTS_FILES_MAX);
    *file = (struct weights_file){.path = path, .file = -1, .result = {.memory = -1}};
    weights->count++;
    VCH_TRY(read_manifest(file, complaint));
    return check(weights, &file->sealed, complaint);
}

static vch_status start(struct vch_weights *weights, struct vch_complaint *complaint)
{
    const struct vch_weights_setup *setup = &weights->setup;

    weights->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (weights->descriptor < 0) return VCH_FAIL(IO);
    for (uint32_t i = 0; i < setup->path_count; i++)
        VCH_TRY(add_file(weights, setup->paths[i], complaint));
    return VCH_OK;
}

vch_status vch_weights_new(struct vch_weights **out, const struct vch_weights_setup *setup,
                           struct vch_complaint *complaint)
{
    struct vch_weights *weights = calloc(1, sizeof *weights);

    if (weights == NULL) return VCH_FAIL(NO_MEMORY);
    weights->setup = *setup;
    weights->descriptor = -1;
    weights->result.memory = -1;
    vch_status status = start(weights, complaint);
    if (!vch_is_ok(status)) {
        vch_weights_free(weights);
        return vch_complain(complaint, status.code, "cannot have sealed weights: %s",
                            vch_code_text(status.code));
    }
    *out = weights;
    return VCH_OK;
}

void vch_weights_free(struct vch_weights *weights)
{
    if (weights == NULL) return;
    atomic_store(&weights->is_ending, true);
    if (weights->has_thread) {
        (void)pthread_join(weights->thread, NULL);
        vch_unsealing_release(&weights->result);
    }
    for (uint32_t i = 0; i < weights->count; i++) {
        if (weights->files[i].file >= 0) (void)close(weights->files[i].file);
        vch_unsealing_release(&weights->files[i].result);
    }
    if (weights->descriptor >= 0) (void)close(weights->descriptor);
    free(weights);
}

static void *work(void *context)
{
    struct vch_weights *weights = context;
    const struct weights_file *file = &weights->files[weights->place];
    const struct vch_unsealing what = {.path = file->path,
                                       .file = file->file,
                                       .sealed = &file->sealed,
                                       .unsealer = &weights->setup.unsealer,
                                       .models = weights->setup.models,
                                       .kernels = weights->setup.kernels,
                                       .workers = weights->setup.workers,
                                       .is_ending = &weights->is_ending};
    static const uint64_t one = 1;

    weights->status = vch_unsealing_run(&weights->result, &what, &weights->complaint);
    VCH_ASSERT(write(weights->descriptor, &one, sizeof one) == sizeof one);
    return NULL;
}

static vch_status begin(struct vch_weights *weights, uint32_t place,
                        struct vch_complaint *complaint)
{
    weights->place = place;
    weights->complaint.text[0] = '\0';
    if (pthread_create(&weights->thread, NULL, work, weights) != 0) {
        vch_status ended = weights->setup.unsealer.end(weights->setup.unsealer.context, NULL);
        (void)ended; // the key is forgotten
        return vch_complain(complaint, VCH_CODE_UNAVAILABLE,
                            "no thread to open weights with: try again later");
    }
    weights->has_thread = true;
    weights->files[place].state = OPENING;
    vch_log_write(VCH_LOG_INFO, "the key of %s was released to this node: opening",
                  weights->files[place].path);
    return VCH_OK;
}

// The file whose manifest this is.
static vch_status find(uint32_t *place, const struct vch_weights *weights,
                       const struct vch_weights_release *release, struct vch_complaint *complaint)
{
    struct vch_sealed sealed;

    VCH_TRY(vch_sealed_decode(&sealed, release->manifest, release->manifest_size, complaint));
    const struct vch_digest digest = vch_sealed_digest(&sealed);
    for (uint32_t i = 0; i < weights->count; i++) {
        const struct vch_digest own = vch_sealed_digest(&weights->files[i].sealed);
        if (!vch_hash_is_equal(&own, &digest)) continue;
        *place = i;
        return VCH_OK;
    }
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "this node has no sealed weights with that manifest, release %" PRIu64
                        " of its model: give it the same file",
                        sealed.counter);
}

vch_status vch_weights_take(struct vch_weights *weights, uint32_t *place,
                            const struct vch_weights_release *release,
                            struct vch_complaint *complaint)
{
    const struct vch_unsealer *unsealer = &weights->setup.unsealer;
    uint8_t manifest[VCH_SEALED_MANIFEST_SIZE];

    VCH_TRY(find(place, weights, release, complaint));
    const struct weights_file *file = &weights->files[*place];
    if (file->state != SEALED) return VCH_OK;
    if (weights->has_thread)
        return vch_complain(complaint, VCH_CODE_BUSY,
                            "this node is opening other weights: try again later");
    vch_sealed_encode(manifest, &file->sealed);
    VCH_TRY(unsealer->take(unsealer->context, release->grant, release->grant_size, release->binder,
                           manifest, complaint));
    return begin(weights, *place, complaint);
}

vch_status vch_weights_ask(const struct vch_weights *weights, uint32_t place,
                           struct vch_complaint *complaint)
{
    const struct weights_file *file = &weights->files[place];

    if (file->state == OPENING) return VCH_FAIL(BUSY);
    if (file->state == OPEN || vch_is_ok(file->status)) return VCH_OK;
    return vch_complain(complaint, file->status.code, "%s",
                        file->complaint.text[0] != '\0' ? file->complaint.text
                                                        : vch_code_text(file->status.code));
}

int vch_weights_descriptor(const struct vch_weights *weights)
{
    return weights->descriptor;
}

static void tell(const struct weights_file *file)
{
    if (file->state == OPEN)
        vch_log_write(VCH_LOG_INFO, "%s is open: release %" PRIu64 " of \"%s\" is served",
                      file->path, file->sealed.counter, file->result.model.package.graph->name);
    else
        vch_log_write(VCH_LOG_WARNING, "%s was not opened: %s", file->path,
                      file->complaint.text[0] != '\0' ? file->complaint.text
                                                      : vch_code_text(file->status.code));
}

bool vch_weights_collect(struct vch_weights *weights, struct vch_weights_opened *out)
{
    struct weights_file *file = &weights->files[weights->place];
    struct vch_models *models = weights->setup.models;
    uint64_t count = 0;

    if (read(weights->descriptor, &count, sizeof count) != sizeof count) return false;
    (void)pthread_join(weights->thread, NULL);
    weights->has_thread = false;
    file->status = weights->status;
    file->complaint = weights->complaint;
    file->result = weights->result;
    weights->result = (struct vch_unsealing_result){.memory = -1};
    if (vch_is_ok(file->status))
        file->status = vch_models_adopt(models, &file->result.model, &file->complaint);
    file->state = vch_is_ok(file->status) ? OPEN : SEALED;
    tell(file);
    if (file->state != OPEN) {
        vch_unsealing_release(&file->result);
        return false;
    }
    *out = (struct vch_weights_opened){&models->models[models->count - 1], file->result.memory,
                                       file->result.size};
    return true;
}
