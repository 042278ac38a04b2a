#include "collect/tsm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "evidence/dcap_quote.h"
#include "evidence/snp_report.h"

enum { TRIES = 3, TEXT_MAX = 64 };

// One try. What is wrong with it may be gone at the next, or stay.
struct attempt {
    const struct vch_tsm_calls *calls;
    char entry[VCH_TSM_ENTRY_MAX];
    struct vch_complaint why; // of the last that failed
    bool is_final;            // another try would not help
};

static vch_status fail(struct attempt *attempt, bool is_final, const char *text)
{
    attempt->why.text[0] = '\0';
    attempt->is_final = is_final;
    return vch_complain(&attempt->why, VCH_CODE_UNAVAILABLE, "%s", text);
}

// What the kernel's errors mean here, and what to do about them.
static vch_status fail_call(struct attempt *attempt, const char *at, int error)
{
    static const struct {
        int error;
        bool is_final;
        const char *text;
    } KNOWN[] = {
        {ENOENT, true, "configfs-tsm is not there: mount configfs, load the module tsm"},
        {ENXIO, true,
         "no TEE gives out reports: is this a confidential guest, and the module "
         "sev-guest or tdx-guest loaded?"},
        {EACCES, true, "configfs-tsm does not let this user: only root may, unless told otherwise"},
        {EPERM, true, "configfs-tsm does not let this user: only root may, unless told otherwise"},
        {EFBIG, true, "configfs-tsm takes or gives less than this"},
        {EINVAL, true, "configfs-tsm refuses what was asked"},
        {EEXIST, false, "somebody else has an entry of our name"},
        {EBUSY, false, "the TEE is busy, or others write to our entry"},
    };
    const char *text = "the TEE's interface failed";

    attempt->is_final = false;
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++) {
        if (KNOWN[i].error != error) continue;
        text = KNOWN[i].text;
        attempt->is_final = KNOWN[i].is_final;
    }
    attempt->why.text[0] = '\0';
    return vch_complain(&attempt->why, VCH_CODE_UNAVAILABLE, "%s (%s: %s)", text, at,
                        strerror(error));
}

static vch_status read_text(struct attempt *attempt, const char *file, char out[static TEXT_MAX],
                            int *error)
{
    const struct vch_tsm_calls *calls = attempt->calls;
    size_t size = 0;

    *error = calls->read(calls->context, attempt->entry, file, (uint8_t *)out, TEXT_MAX - 1, &size);
    if (*error != 0) return fail_call(attempt, file, *error);
    while (size > 0 && out[size - 1] == '\n')
        size--;
    out[size] = '\0';
    return VCH_OK;
}

static vch_status read_number(struct attempt *attempt, const char *file, uint64_t *out, int *error)
{
    char text[TEXT_MAX], *end = NULL;

    VCH_TRY(read_text(attempt, file, text, error));
    *out = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0') return VCH_OK;
    return fail(attempt, true, "a number of configfs-tsm's is none");
}

static vch_status read_kind(struct attempt *attempt, enum vch_binder_kind *kind)
{
    static const struct {
        const char *provider;
        enum vch_binder_kind kind;
    } PROVIDERS[] = {{"sev_guest", VCH_BINDER_SNP}, {"tdx_guest", VCH_BINDER_TDX}};
    char provider[TEXT_MAX];
    int error = 0;

    VCH_TRY(read_text(attempt, "provider", provider, &error));
    for (size_t i = 0; i < sizeof PROVIDERS / sizeof *PROVIDERS; i++) {
        if (strcmp(provider, PROVIDERS[i].provider) != 0) continue;
        *kind = PROVIDERS[i].kind;
        return VCH_OK;
    }
    attempt->is_final = true;
    return vch_complain(&attempt->why, VCH_CODE_UNSUPPORTED,
                        "expected a TEE of the provider sev_guest or tdx_guest, found \"%s\"",
                        provider);
}

// Under an SVSM a guest may speak from its own privilege level on, not from 0.
static vch_status choose_level(struct attempt *attempt)
{
    const struct vch_tsm_calls *calls = attempt->calls;
    uint64_t floor = 0;
    char text[TEXT_MAX];
    int error = 0;

    vch_status status = read_number(attempt, "privlevel_floor", &floor, &error);
    if (error == ENOENT || (vch_is_ok(status) && floor == 0)) return VCH_OK; // there are no levels
    VCH_TRY(status);
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)floor);
    error = calls->write(calls->context, attempt->entry, "privlevel", text, strlen(text));
    return error == 0 ? VCH_OK : fail_call(attempt, "privlevel", error);
}

static vch_status expect_generation(struct attempt *attempt, uint64_t expected)
{
    uint64_t found = 0;
    int error = 0;

    VCH_TRY(read_number(attempt, "generation", &found, &error));
    if (found == expected) return VCH_OK;
    return fail(attempt, false,
                "others write to our entry, or what was written was not taken: its generation is "
                "not the next one");
}

static vch_status read_blob(struct attempt *attempt, const char *file, uint8_t *out, size_t *size)
{
    const struct vch_tsm_calls *calls = attempt->calls;
    int error = calls->read(calls->context, attempt->entry, file, out, VCH_TSM_BLOB_MAX, size);

    return error == 0 ? VCH_OK : fail_call(attempt, file, error);
}

static vch_status read_report(struct attempt *attempt, struct vch_tsm_report *out)
{
    VCH_TRY(read_blob(attempt, "outblob", out->report, &out->report_size));
    if (out->report_size == 0)
        return fail(attempt, false, "the TEE gave out an empty report: ask whoever runs the host");
    return VCH_OK;
}

// Where the kernel has none, or the host gave none, a verifier gets them elsewhere.
static vch_status read_certificates(struct attempt *attempt, struct vch_tsm_report *out)
{
    const struct vch_tsm_calls *calls = attempt->calls;
    int error = calls->read(calls->context, attempt->entry, "auxblob", out->certificates,
                            VCH_TSM_BLOB_MAX, &out->certificates_size);

    if (error == 0) return VCH_OK;
    out->certificates_size = 0;
    return error == ENOENT ? VCH_OK : fail_call(attempt, "auxblob", error);
}

// The field of the report that the caller chose; NULL: it is no report of that kind.
static const uint8_t *data_of(const struct vch_tsm_report *report)
{
    struct vch_snp_report snp;
    struct vch_dcap_quote quote;

    if (report->kind == VCH_BINDER_SNP)
        return vch_is_ok(
                   vch_snp_report_decode(&snp, report->report, report->report_size, true, NULL))
                   ? snp.data
                   : NULL;
    return vch_is_ok(vch_dcap_quote_decode(&quote, report->report, report->report_size, NULL))
               ? quote.report_data
               : NULL;
}

static vch_status check_report(struct attempt *attempt, const struct vch_tsm_report *report,
                               const uint8_t data[static VCH_BINDER_REPORT_SIZE])
{
    const uint8_t *found = data_of(report);

    if (found != NULL && memcmp(found, data, VCH_BINDER_REPORT_SIZE) == 0) return VCH_OK;
    return fail(attempt, false,
                found != NULL ? "the TEE's report is of something else than was asked"
                              : "what the TEE gave out is no report that this program reads");
}

static vch_status ask(struct attempt *attempt, struct vch_tsm_report *out,
                      const uint8_t data[static VCH_BINDER_REPORT_SIZE])
{
    const struct vch_tsm_calls *calls = attempt->calls;
    uint64_t generation = 0;
    int error = 0;

    VCH_TRY(choose_level(attempt));
    VCH_TRY(read_number(attempt, "generation", &generation, &error));
    error = calls->write(calls->context, attempt->entry, "inblob", data, VCH_BINDER_REPORT_SIZE);
    if (error != 0) return fail_call(attempt, "inblob", error);
    VCH_TRY(expect_generation(attempt, generation + 1));
    VCH_TRY(read_report(attempt, out));
    VCH_TRY(read_certificates(attempt, out));
    VCH_TRY(expect_generation(attempt, generation + 1));
    return check_report(attempt, out, data);
}

// Each try has a name of its own: an entry that cannot be made or removed may stay so.
static void name_entry(char out[static VCH_TSM_ENTRY_MAX], const char *entry, int number)
{
    (void)snprintf(out, VCH_TSM_ENTRY_MAX, "%.*s.%d", VCH_TSM_ENTRY_MAX - 4, entry, number);
}

static vch_status try_once(struct attempt *attempt, struct vch_tsm_report *out, const uint8_t *data)
{
    const struct vch_tsm_calls *calls = attempt->calls;
    int error = calls->make(calls->context, attempt->entry);

    if (error != 0) return fail_call(attempt, "making an entry", error);
    vch_status status = read_kind(attempt, &out->kind);
    if (vch_is_ok(status) && data != NULL) status = ask(attempt, out, data);
    if (calls->drop(calls->context, attempt->entry) != 0)
        memcpy(out->leftover, attempt->entry, sizeof out->leftover);
    return status;
}

static vch_status try_all(struct vch_tsm_report *out, const struct vch_tsm_calls *calls,
                          const char *entry, const uint8_t *data, struct vch_complaint *complaint)
{
    struct attempt attempt = {.calls = calls};
    vch_status status = VCH_FAIL(UNAVAILABLE);

    *out = (struct vch_tsm_report){.kind = VCH_BINDER_NONE};
    for (int i = 0; i < TRIES && !attempt.is_final; i++) {
        if (i > 0) calls->pause(calls->context);
        name_entry(attempt.entry, entry, i);
        status = try_once(&attempt, out, data);
        if (vch_is_ok(status)) return VCH_OK;
    }
    return vch_complain(complaint, status.code, "%s", attempt.why.text);
}

vch_status vch_tsm_probe(struct vch_tsm_report *out, const struct vch_tsm_calls *calls,
                         const char *entry, struct vch_complaint *complaint)
{
    return try_all(out, calls, entry, NULL, complaint);
}

vch_status vch_tsm_collect(struct vch_tsm_report *out, const struct vch_tsm_calls *calls,
                           const char *entry, const uint8_t data[static VCH_BINDER_REPORT_SIZE],
                           struct vch_complaint *complaint)
{
    return try_all(out, calls, entry, data, complaint);
}

void vch_tsm_sweep(const struct vch_tsm_calls *calls, const char *entry)
{
    char name[VCH_TSM_ENTRY_MAX];

    for (int i = 0; i < TRIES; i++) {
        name_entry(name, entry, i);
        (void)calls->drop(calls->context, name);
    }
}
