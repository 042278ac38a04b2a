#include "collect/collector.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "collect/inquiry.h"
#include "collect/items.h"
#include "collect/tcti.h"
#include "collect/tpm_session.h"
#include "host/clock.h"
#include "host/file.h"

enum { TIMEOUT_MS = 20000, SLACK_MS = 1000 }; // the process that asks gives up first
enum { FILES_MAX = 2 * VCH_CMW_SIZE_MAX };    // of memory for files that are shown

static const struct {
    const char *name;
    enum vch_collector_source source;
    const char *usual;
} SOURCES[] = {
    {"none", VCH_COLLECTOR_NONE, NULL},
    {"tpm", VCH_COLLECTOR_TPM, VCH_COLLECTOR_TCTI},
};

vch_status vch_collector_read(struct vch_collector_setup *out, const char *text,
                              struct vch_complaint *complaint)
{
    const char *colon = strchr(text, ':');
    size_t size = colon != NULL ? (size_t)(colon - text) : strlen(text);

    for (size_t i = 0; i < sizeof SOURCES / sizeof *SOURCES; i++) {
        if (strlen(SOURCES[i].name) != size || memcmp(SOURCES[i].name, text, size) != 0) continue;
        if (colon != NULL && (SOURCES[i].usual == NULL || colon[1] == '\0')) break;
        *out = (struct vch_collector_setup){.source = SOURCES[i].source,
                                            .place = colon != NULL ? colon + 1 : SOURCES[i].usual,
                                            .pcrs = VCH_COLLECTOR_PCRS,
                                            .timeout_ms = TIMEOUT_MS};
        return out->source == VCH_COLLECTOR_TPM ? vch_tcti_check(out->place, complaint) : VCH_OK;
    }
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "evidence comes from \"none\", \"tpm\" or \"tpm:TCTI\", not \"%.60s\"",
                        text);
}

// Boot logs lie in file systems whose files have no size before they are read.
static vch_status read_log(struct vch_inquiry_piece *out, const char *path, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    uint8_t *bytes = vch_arena_alloc(arena, VCH_CMW_SIZE_MAX, 1);
    size_t size = 0;
    ssize_t got = 1;

    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    while (file >= 0 && got > 0 && size < VCH_CMW_SIZE_MAX) {
        got = read(file, bytes + size, VCH_CMW_SIZE_MAX - size);
        if (got > 0) size += (size_t)got;
        if (got < 0 && errno == EINTR) got = 1;
    }
    int error = errno;
    if (file >= 0) (void)close(file);
    if (file < 0 || got < 0)
        return vch_complain(complaint, VCH_CODE_IO, "cannot read the boot log %s: %s", path,
                            strerror(error));
    if (size == 0 || size == VCH_CMW_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected a boot log of less than %u bytes, and not an empty one, in "
                            "%s",
                            VCH_CMW_SIZE_MAX, path);
    *out = (struct vch_inquiry_piece){"eventlog", bytes, size};
    return VCH_OK;
}

static vch_status read_endorsement(struct vch_inquiry_piece *out,
                                   const struct vch_collector_endorsement *given,
                                   struct vch_arena *arena, struct vch_complaint *complaint)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (!vch_items_is_endorsement(given->label))
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "no endorsement is called \"%.40s\": they are vek, issuers, crl.0 to "
                            "crl.3, tcb-info, identity, tcb-signer, root-crl, pck-crl, ek",
                            given->label);
    VCH_TRY(vch_file_read(&bytes, &size, given->path, VCH_CMW_SIZE_MAX, arena, complaint));
    *out = (struct vch_inquiry_piece){given->label, bytes, size};
    return VCH_OK;
}

static vch_status read_given(struct vch_inquiry_plan *plan, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    const struct vch_collector_setup *setup = plan->setup;

    if (setup->endorsement_count >= VCH_CMW_ITEMS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "at most %d endorsements are shown",
                            VCH_CMW_ITEMS_MAX - 1);
    for (uint32_t i = 0; i < setup->endorsement_count; i++)
        VCH_TRY(read_endorsement(&plan->given[plan->given_count++], &setup->endorsements[i], arena,
                                 complaint));
    if (setup->event_log == NULL) return VCH_OK;
    return read_log(&plan->given[plan->given_count++], setup->event_log, arena, complaint);
}

static struct vch_profile profile_for(const struct vch_collector_setup *setup)
{
    struct vch_profile out = vch_profile_parser(); // what hardware says comes from outside, too

    (void)setup;
    out.role = "collector";
    out.calls |= VCH_PROFILE_CHANNEL;
    return out;
}

static vch_status start(struct vch_collector *out, const struct vch_collector_setup *setup,
                        struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_inquiry_plan plan = {.setup = setup, .file = -1};
    const struct vch_profile profile = profile_for(setup);

    VCH_TRY(read_given(&plan, arena, complaint));
    VCH_TRY(vch_starter_new_with(&out->starter, &profile, vch_inquiry_run, vch_inquiry_open, &plan,
                                 complaint));
    return VCH_OK;
}

static void fill_in(struct vch_collector_setup *setup)
{
    for (size_t i = 0; i < sizeof SOURCES / sizeof *SOURCES; i++)
        if (setup->place == NULL && SOURCES[i].source == setup->source)
            setup->place = SOURCES[i].usual;
    if (setup->pcrs == 0) setup->pcrs = VCH_COLLECTOR_PCRS;
    if (setup->timeout_ms == 0) setup->timeout_ms = TIMEOUT_MS;
}

// Until the deadline, all of it.
static vch_status read_until(int channel, void *bytes, size_t size, uint64_t deadline_us)
{
    size_t done = 0;

    while (done < size) {
        uint64_t now_us = vch_clock_monotonic_us();
        if (now_us >= deadline_us) return VCH_FAIL(TIMEOUT);
        struct pollfd ready = {.fd = channel, .events = POLLIN};
        int count = poll(&ready, 1, (int)((deadline_us - now_us) / 1000 + 1));
        if (count < 0 && errno != EINTR) return VCH_FAIL(IO);
        if (count <= 0) continue;
        ssize_t got = recv(channel, (uint8_t *)bytes + done, size - done, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return VCH_FAIL(TRUNCATED);
        done += (size_t)got;
    }
    return VCH_OK;
}

static vch_status take(struct vch_cmw *out, int channel, uint32_t size, uint64_t deadline_us,
                       struct vch_arena *arena, struct vch_complaint *complaint)
{
    out->count = 0;
    if (size == 0) return VCH_OK;
    if (size > VCH_CMW_SIZE_MAX) return VCH_FAIL(LIMIT);
    uint8_t *bytes = vch_arena_alloc(arena, size, 1);
    if (bytes == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY, "no memory for %u bytes of evidence",
                            size);
    VCH_TRY(read_until(channel, bytes, size, deadline_us));
    return vch_cmw_decode(out, bytes, size, complaint);
}

// What a question is about and what came of it.
struct question {
    struct vch_inquiry_request request;
    struct vch_inquiry_reply reply;
    struct vch_cmw *evidence, *endorsements; // NULL: none are expected
    struct vch_arena *arena;
};

static vch_status hear(struct question *question, int channel, uint64_t deadline_us,
                       struct vch_complaint *complaint)
{
    struct vch_inquiry_reply *reply = &question->reply;

    VCH_TRY(read_until(channel, reply, sizeof *reply, deadline_us));
    reply->complaint.text[VCH_COMPLAINT_SIZE - 1] = '\0';
    if (!vch_is_ok(reply->status))
        return vch_complain(complaint, reply->status.code, "%s", reply->complaint.text);
    if (question->evidence == NULL) return VCH_OK;
    VCH_TRY(take(question->evidence, channel, reply->evidence_size, deadline_us, question->arena,
                 complaint));
    return take(question->endorsements, channel, reply->endorsements_size, deadline_us,
                question->arena, complaint);
}

static vch_status ask_child(struct vch_collector *collector, struct vch_child *child,
                            struct question *question, struct vch_complaint *complaint)
{
    const uint64_t now_us = vch_clock_monotonic_us(), span_us = collector->timeout_ms * 1000ull;

    question->request.deadline_us = now_us + span_us;
    vch_status told =
        vch_child_write_with(child->channel, &question->request, sizeof question->request, -1);
    if (vch_is_ok(told))
        told = hear(question, child->channel, now_us + span_us + SLACK_MS * 1000ull, complaint);
    if (told.code == VCH_CODE_TIMEOUT)
        return vch_complain(complaint, VCH_CODE_TIMEOUT, "the hardware did not answer within %u ms",
                            collector->timeout_ms);
    return told;
}

static vch_status ask(struct vch_collector *collector, struct question *question,
                      struct vch_complaint *complaint)
{
    struct vch_child child;

    (void)pthread_mutex_lock(&collector->lock);
    vch_status status = vch_starter_start(&collector->starter, &child, complaint);
    if (vch_is_ok(status)) {
        struct vch_complaint end = {0};
        status = ask_child(collector, &child, question, complaint);
        vch_status ended = vch_starter_end(&collector->starter, &child, &end);
        if (!vch_is_ok(status) && !vch_is_ok(ended)) // how it ended says more than that it did
            status = vch_complain(complaint, status.code, "%s", end.text);
    }
    (void)pthread_mutex_unlock(&collector->lock);
    return status;
}

vch_status vch_collector_start(struct vch_collector *out, const struct vch_collector_setup *setup,
                               struct vch_complaint *complaint)
{
    struct vch_collector_setup mine = *setup;
    struct question question = {.request.job = VCH_INQUIRY_PROBE};
    struct vch_arena arena;

    *out = (struct vch_collector){.kind = VCH_BINDER_NONE, .starter = {.channel = -1}};
    if (setup->source == VCH_COLLECTOR_NONE) return VCH_OK;
    fill_in(&mine);
    out->timeout_ms = mine.timeout_ms;
    // What libraries read and note when they are first used, a confined process cannot.
    (void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
    (void)setenv("TSS2_LOG", VCH_TPM_SESSION_LOG, 0);
    vch_arena_init(&arena, FILES_MAX);
    vch_status status = start(out, &mine, &arena, complaint);
    vch_arena_release(&arena);
    VCH_TRY(status);
    (void)pthread_mutex_init(&out->lock, NULL);
    out->is_started = true;
    status = ask(out, &question, complaint);
    out->kind = question.reply.kind;
    if (!vch_is_ok(status)) vch_collector_stop(out);
    return status;
}

static vch_status check_kind(const struct vch_collector *collector,
                             const uint8_t binder[static VCH_BINDER_SIZE],
                             struct vch_complaint *complaint)
{
    struct vch_binder block;

    VCH_TRY(vch_binder_decode(&block, binder, VCH_BINDER_SIZE, complaint));
    if (block.kind == collector->kind) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "the block is for evidence of kind %d, and there is evidence of kind %d",
                        block.kind, collector->kind);
}

vch_status vch_collector_collect(struct vch_collector *collector,
                                 const uint8_t binder[static VCH_BINDER_SIZE],
                                 struct vch_cmw *evidence, struct vch_cmw *endorsements,
                                 struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct question question = {.request.job = VCH_INQUIRY_COLLECT,
                                .evidence = evidence,
                                .endorsements = endorsements,
                                .arena = arena};

    evidence->count = endorsements->count = 0;
    VCH_TRY(check_kind(collector, binder, complaint));
    if (!collector->is_started) return VCH_OK; // of kind none
    memcpy(question.request.binder, binder, VCH_BINDER_SIZE);
    VCH_TRY(ask(collector, &question, complaint));
    if (evidence->count > 0) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_UNAVAILABLE, "the hardware showed no evidence");
}

vch_status vch_collector_identify(struct vch_collector *collector, struct vch_cmw *evidence,
                                  struct vch_cmw *endorsements, struct vch_arena *arena,
                                  struct vch_complaint *complaint)
{
    struct question question = {.request.job = VCH_INQUIRY_PROBE,
                                .evidence = evidence,
                                .endorsements = endorsements,
                                .arena = arena};

    evidence->count = endorsements->count = 0;
    return collector->is_started ? ask(collector, &question, complaint) : VCH_OK;
}

vch_status vch_collector_activate(struct vch_collector *collector,
                                  uint8_t secret[static VCH_TPM_CREDENTIAL_SECRET_MAX],
                                  size_t *secret_size, const struct vch_tpm_credential *credential,
                                  struct vch_complaint *complaint)
{
    struct question question = {
        .request = {.job = VCH_INQUIRY_ACTIVATE, .credential = *credential}};

    if (collector->kind != VCH_BINDER_TPM)
        return vch_complain(complaint, VCH_CODE_USAGE, "only a TPM's keys are enrolled so");
    vch_status status = ask(collector, &question, complaint);
    *secret_size = question.reply.secret_size;
    if (vch_is_ok(status) && *secret_size > VCH_TPM_CREDENTIAL_SECRET_MAX) status = VCH_FAIL(LIMIT);
    if (vch_is_ok(status)) memcpy(secret, question.reply.secret, *secret_size);
    vch_wipe(&question.reply, sizeof question.reply);
    return status;
}

void vch_collector_stop(struct vch_collector *collector)
{
    if (!collector->is_started) return;
    vch_starter_free(&collector->starter);
    (void)pthread_mutex_destroy(&collector->lock);
    *collector = (struct vch_collector){.kind = VCH_BINDER_NONE, .starter = {.channel = -1}};
}
