#include "collect/collector.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "collect/given.h"
#include "collect/hearing.h"
#include "collect/tcti.h"
#include "collect/tpm_session.h"
#include "host/random.h"

enum { TIMEOUT_MS = 20000 };
enum { FILES_MAX = 2 * VCH_CMW_SIZE_MAX }; // of memory for files that are shown

static const struct {
    const char *name;
    enum vch_collector_source source;
    const char *usual;
} SOURCES[] = {
    {"none", VCH_COLLECTOR_NONE, NULL},
    {"tsm", VCH_COLLECTOR_TSM, VCH_COLLECTOR_TSM_FOLDER},
    {"tpm", VCH_COLLECTOR_TPM, VCH_COLLECTOR_TCTI},
    {"az-vtpm", VCH_COLLECTOR_AZURE, VCH_COLLECTOR_TCTI},
};

static bool is_tpm(enum vch_collector_source source)
{
    return source == VCH_COLLECTOR_TPM || source == VCH_COLLECTOR_AZURE;
}

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
        return is_tpm(out->source) ? vch_tcti_check(out->place, complaint) : VCH_OK;
    }
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "evidence comes from \"none\", \"tsm\", \"tsm:FOLDER\", \"tpm\", "
                        "\"tpm:TCTI\", \"az-vtpm\" or \"az-vtpm:TCTI\", not \"%.60s\"",
                        text);
}

// A folder that is handed over is named without links.
static vch_status resolve(struct vch_collector_setup *setup, char path[static PATH_MAX],
                          struct vch_complaint *complaint)
{
    if (realpath(setup->place, path) == NULL)
        return vch_complain(
            complaint, VCH_CODE_UNAVAILABLE,
            "expected configfs-tsm at %s: %s; is this a confidential guest, configfs "
            "mounted, and the module sev-guest or tdx-guest loaded?",
            setup->place, strerror(errno));
    setup->place = path;
    return VCH_OK;
}

static vch_status start(struct vch_collector *out, struct vch_collector_setup *setup,
                        struct vch_arena *arena, struct vch_complaint *complaint)
{
    bool is_folder = setup->source == VCH_COLLECTOR_TSM;
    struct vch_inquiry_plan plan = {.setup = setup, .file = -1};
    char folder[PATH_MAX];

    if (is_folder) VCH_TRY(resolve(setup, folder, complaint));
    const struct vch_profile_path path = {setup->place, true};
    VCH_TRY(vch_given_read(&plan, arena, complaint));
    const struct vch_profile profile = vch_profile_collector(is_folder ? &path : NULL);
    return vch_starter_new_with(&out->starter, &profile, vch_inquiry_run,
                                is_folder ? NULL : vch_inquiry_open, &plan, complaint);
}

static void fill_in(struct vch_collector_setup *setup)
{
    for (size_t i = 0; i < sizeof SOURCES / sizeof *SOURCES; i++)
        if (setup->place == NULL && SOURCES[i].source == setup->source)
            setup->place = SOURCES[i].usual;
    if (setup->pcrs == 0) setup->pcrs = VCH_COLLECTOR_PCRS;
    if (setup->timeout_ms == 0) setup->timeout_ms = TIMEOUT_MS;
}

static vch_status ask_once(struct vch_collector *collector, struct vch_hearing *question,
                           struct vch_complaint *complaint)
{
    struct vch_complaint end = {0};
    struct vch_child child;

    VCH_TRY(vch_starter_start(&collector->starter, &child, complaint));
    vch_status status = vch_hearing_ask(question, child.channel, collector->timeout_ms, complaint);
    vch_status ended = vch_starter_end(&collector->starter, &child, &end);
    if (vch_is_ok(status) || vch_is_ok(ended)) return status;
    return vch_complain(complaint, status.code, "%s", end.text); // where nothing else was said
}

// Who is ended in the middle leaves an entry in configfs-tsm.
static void sweep(struct vch_collector *collector, const struct vch_hearing *asked)
{
    struct vch_hearing question = {.request.job = VCH_INQUIRY_SWEEP};

    memcpy(question.request.entry, asked->request.entry, sizeof question.request.entry);
    vch_status status = ask_once(collector, &question, NULL);
    (void)status; // it was an attempt
}

static void name_entry(char out[static VCH_INQUIRY_ENTRY_SIZE])
{
    char digits[2 * 8 + 1];
    uint8_t bytes[8];

    vch_random_bytes(bytes, sizeof bytes);
    vch_hex_encode(digits, bytes, sizeof bytes);
    (void)snprintf(out, VCH_INQUIRY_ENTRY_SIZE, "vouch-%ld-%s", (long)getpid(), digits);
}

static vch_status ask(struct vch_collector *collector, struct vch_hearing *question,
                      struct vch_complaint *complaint)
{
    name_entry(question->request.entry);
    (void)pthread_mutex_lock(&collector->lock);
    vch_status status = ask_once(collector, question, complaint);
    if (status.code == VCH_CODE_TIMEOUT) sweep(collector, question);
    (void)pthread_mutex_unlock(&collector->lock);
    return status;
}

vch_status vch_collector_start(struct vch_collector *out, const struct vch_collector_setup *setup,
                               struct vch_complaint *complaint)
{
    struct vch_collector_setup mine = *setup;
    struct vch_hearing question = {.request.job = VCH_INQUIRY_PROBE};
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
    if (vch_is_ok(status) && out->kind == VCH_BINDER_NONE)
        status = vch_complain(complaint, VCH_CODE_UNAVAILABLE, "the hardware is of no known kind");
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
    struct vch_hearing question = {.request.job = VCH_INQUIRY_COLLECT,
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
    struct vch_hearing question = {.request.job = VCH_INQUIRY_PROBE,
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
    struct vch_hearing question = {
        .request = {.job = VCH_INQUIRY_ACTIVATE, .credential = *credential}};

    if (collector->kind != VCH_BINDER_TPM)
        return vch_complain(complaint, VCH_CODE_USAGE, "only a TPM's keys are enrolled so");
    vch_status status = ask(collector, &question, complaint);
    *secret_size = question.reply.secret_size;
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
