#include "cli/attest_enrol.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attest/enrol.h"
#include "attest/rules.h"
#include "base/bytes.h"
#include "certificate/pem.h"
#include "cli/actions.h"
#include "cli/attest_collect.h"
#include "cli/rules_file.h"
#include "collect/collector.h"
#include "host/file.h"
#include "host/random.h"

enum { VALID_S = 24 * 3600 };     // files travel by hand
enum { PATIENCE_MS = 3 * 60000 }; // chips search for the primes of an RSA key, every time anew

static vch_status output(struct vch_tool *tool, const uint8_t *bytes, size_t size)
{
    const char *path = NULL;

    VCH_TRY(vch_options_required(&path, tool->options, "output", &tool->complaint));
    return vch_file_write(path, bytes, size, 0, &tool->complaint);
}

static vch_status start(struct vch_collector *collector, struct vch_tool *tool)
{
    struct vch_collector_setup setup;
    const char *source = NULL;

    VCH_TRY(vch_options_required(&source, tool->options, "from", &tool->complaint));
    VCH_TRY(vch_attest_collect_setup(&setup, tool, source));
    if (!vch_options_has(tool->options, "timeout")) setup.timeout_ms = PATIENCE_MS;
    if (setup.source != VCH_COLLECTOR_TPM)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "only a TPM's keys are enrolled: --from tpm or --from tpm:TCTI");
    return vch_collector_start(collector, &setup, &tool->complaint);
}

static vch_status identify(struct vch_enrol_request *out, struct vch_tool *tool,
                           struct vch_collector *collector)
{
    struct vch_cmw *parts = VCH_ARENA_NEW(&tool->arena, struct vch_cmw, 2);

    if (parts == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(
        vch_collector_identify(collector, &parts[0], &parts[1], &tool->arena, &tool->complaint));
    const struct vch_cmw_item *ak = vch_cmw_find(&parts[0], "ak");
    const struct vch_cmw_item *ek = vch_cmw_find(&parts[1], "ek");
    if (ak == NULL || ek == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_UNAVAILABLE,
                            "the TPM holds no endorsement certificate of an RSA-2048 or P-256 key; "
                            "if you have it from its maker, give it with --endorse ek=FILE");
    *out = (struct vch_enrol_request){ak->bytes, ek->bytes, ak->size, ek->size};
    return VCH_OK;
}

static vch_status make_request(struct vch_tool *tool)
{
    static struct vch_collector collector;
    struct vch_enrol_request request = {0};
    uint8_t bytes[VCH_ENROL_SIZE_MAX];
    size_t size = 0;

    VCH_TRY(start(&collector, tool));
    vch_status status = identify(&request, tool, &collector);
    vch_collector_stop(&collector);
    VCH_TRY(status);
    VCH_TRY(vch_enrol_encode_request(bytes, sizeof bytes, &size, &request));
    return output(tool, bytes, size);
}

static vch_status read_operand(uint8_t **bytes, size_t *size, struct vch_tool *tool)
{
    return vch_tool_file(bytes, size, tool, tool->options->operands[2], VCH_ENROL_SIZE_MAX);
}

// Roots are compared as DER.
static vch_status read_root(struct vch_certificate_bytes *out, struct vch_tool *tool,
                            const char *path)
{
    uint8_t *bytes = NULL, *der = NULL;
    size_t size = 0, der_size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_CERTIFICATE_BYTES_MAX));
    *out = (struct vch_certificate_bytes){bytes, size};
    if (size < 5 || memcmp(bytes, "-----", 5) != 0) return VCH_OK;
    const uint8_t *text = bytes;
    der = vch_arena_alloc(&tool->arena, VCH_PEM_DER_MAX, 1);
    if (der == NULL) return VCH_FAIL(NO_MEMORY);
    if (!vch_is_ok(vch_pem_next(&text, &size, "CERTIFICATE", der, &der_size)) || der_size == 0)
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "expected a certificate in %s, DER or PEM", path);
    *out = (struct vch_certificate_bytes){der, der_size};
    return VCH_OK;
}

static vch_status read_certificates(const struct vch_certificate_bytes **out, uint32_t *count,
                                    struct vch_tool *tool, const char *option, bool are_roots)
{
    struct vch_certificate_bytes *list =
        VCH_ARENA_NEW(&tool->arena, struct vch_certificate_bytes, VCH_CERTIFICATE_COUNT_MAX);
    const char *path = NULL;

    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    *out = list;
    while ((path = vch_options_nth(tool->options, option, *count)) != NULL) {
        uint8_t *bytes = NULL;
        size_t size = 0;
        if (*count == VCH_CERTIFICATE_COUNT_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_USAGE, "at most %d of --%s",
                                VCH_CERTIFICATE_COUNT_MAX, option);
        if (are_roots) {
            VCH_TRY(read_root(&list[(*count)++], tool, path));
            continue;
        }
        VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_CERTIFICATE_BYTES_MAX));
        list[(*count)++] = (struct vch_certificate_bytes){bytes, size};
    }
    return VCH_OK;
}

// The checks that failed, for people; the first one is also the complaint.
static vch_status tell(struct vch_tool *tool, const struct vch_appraisal *appraisal,
                       vch_status status)
{
    for (uint32_t i = 0; i < appraisal->count; i++) {
        const struct vch_appraisal_check *check = &appraisal->checks[i];
        if (check->result != VCH_APPRAISAL_FAILED) continue;
        status =
            vch_complain(&tool->complaint, VCH_CODE_REFUSED, "%s: %s", check->name, check->text);
    }
    return status;
}

static vch_status write_challenge(struct vch_tool *tool,
                                  const struct vch_enrol_challenge *challenge,
                                  const struct vch_enrol_pending *pending)
{
    uint8_t bytes[VCH_ENROL_SIZE_MAX];
    const char *path = NULL;
    size_t size = 0;

    VCH_TRY(vch_options_required(&path, tool->options, "pending", &tool->complaint));
    VCH_TRY(vch_enrol_encode_pending(bytes, sizeof bytes, &size, pending));
    VCH_TRY(vch_file_write(path, bytes, size, 1, &tool->complaint));
    vch_wipe(bytes, sizeof bytes);
    VCH_TRY(vch_enrol_encode_challenge(bytes, sizeof bytes, &size, challenge));
    return output(tool, bytes, size);
}

static vch_status read_crls(struct vch_crl_list *out, struct vch_tool *tool)
{
    const char *path = NULL;

    for (uint32_t i = 0; (path = vch_options_nth(tool->options, "crl", i)) != NULL; i++) {
        uint8_t *bytes = NULL;
        size_t size = 0;
        VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_CRL_BYTES_MAX));
        VCH_TRY(vch_crl_read(out, bytes, size, &tool->complaint));
    }
    return VCH_OK;
}

static vch_status challenge_by(struct vch_tool *tool, const struct vch_crl_list *crls)
{
    struct vch_enrol_trust trust = {.crls = crls, .valid_s = VALID_S};
    struct vch_enrol_challenge challenge;
    struct vch_enrol_pending pending;
    struct vch_enrol_request request;
    struct vch_appraisal appraisal;
    struct vch_enrol_random entropy;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(read_operand(&bytes, &size, tool));
    VCH_TRY(vch_enrol_decode_request(&request, bytes, size, &tool->complaint));
    VCH_TRY(read_certificates(&trust.makers, &trust.maker_count, tool, "maker", true));
    VCH_TRY(read_certificates(&trust.issuers, &trust.issuer_count, tool, "issuer", false));
    VCH_TRY(vch_rules_file_time(&trust.time_s, tool, "at"));
    vch_appraisal_init(&appraisal);
    vch_random_bytes(&entropy, sizeof entropy);
    vch_status status = vch_enrol_challenge(&challenge, &pending, &appraisal, &request, &trust,
                                            &entropy, &tool->complaint);
    vch_wipe(&entropy, sizeof entropy);
    if (vch_is_ok(status)) status = write_challenge(tool, &challenge, &pending);
    vch_wipe(&pending, sizeof pending);
    return tell(tool, &appraisal, status);
}

static vch_status make_challenge(struct vch_tool *tool)
{
    struct vch_crl_list crls;

    vch_crl_init(&crls);
    vch_status status = read_crls(&crls, tool);
    if (vch_is_ok(status)) status = challenge_by(tool, &crls);
    vch_crl_release(&crls);
    return status;
}

static vch_status make_answer(struct vch_tool *tool)
{
    static struct vch_collector collector;
    struct vch_enrol_challenge challenge;
    uint8_t secret[VCH_TPM_CREDENTIAL_SECRET_MAX], out[VCH_ENROL_SIZE_MAX], *bytes = NULL;
    size_t size = 0, secret_size = 0;

    VCH_TRY(read_operand(&bytes, &size, tool));
    VCH_TRY(vch_enrol_decode_challenge(&challenge, bytes, size, &tool->complaint));
    VCH_TRY(start(&collector, tool));
    vch_status status = vch_collector_activate(&collector, secret, &secret_size,
                                               &challenge.credential, &tool->complaint);
    vch_collector_stop(&collector);
    VCH_TRY(status);
    struct vch_enrol_answer answer = vch_enrol_answer(&challenge, secret, secret_size);
    vch_wipe(secret, sizeof secret);
    VCH_TRY(vch_enrol_encode_answer(out, sizeof out, &size, &answer));
    return output(tool, out, size);
}

static vch_status check_place(const char *place, struct vch_tool *tool)
{
#define X(name, text) text,
    static const char *const places[] = {VCH_RULES_TPMS(X)};
#undef X

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(places[i], place) == 0) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "--place is dtpm, ftpm, vtpm-in-tee or software, not \"%.40s\"", place);
}

// As it goes into rules: nothing in the TPM says where it is, whoever enrols it has to know.
static vch_status print_key(const struct vch_enrol_pending *pending, const char *place)
{
    char ek[2 * VCH_DIGEST_SIZE + 1], name[2 * VCH_TPM_PUBLIC_NAME_SIZE + 1];

    vch_hex_encode(name, pending->expected.name, VCH_TPM_PUBLIC_NAME_SIZE);
    vch_hex_encode(ek, pending->ek.bytes, VCH_DIGEST_SIZE);
    return vch_tool_print_json(
        json_pack("{s:{s:s, s:s}, s:s}", "key", "name", name, "place", place, "ek", ek));
}

static vch_status accept(struct vch_tool *tool)
{
    const char *path = NULL, *place = NULL;
    struct vch_enrol_pending pending;
    struct vch_enrol_answer answer;
    uint8_t *bytes = NULL;
    int64_t time_s = 0;
    size_t size = 0;

    VCH_TRY(vch_options_required(&path, tool->options, "pending", &tool->complaint));
    VCH_TRY(vch_options_required(&place, tool->options, "place", &tool->complaint));
    VCH_TRY(check_place(place, tool));
    VCH_TRY(vch_rules_file_time(&time_s, tool, "at"));
    VCH_TRY(read_operand(&bytes, &size, tool));
    VCH_TRY(vch_enrol_decode_answer(&answer, bytes, size, &tool->complaint));
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_ENROL_SIZE_MAX));
    VCH_TRY(vch_enrol_decode_pending(&pending, bytes, size, &tool->complaint));
    VCH_TRY(vch_enrol_accept(&pending, &answer, time_s, &tool->complaint));
    if (unlink(path) != 0) // a challenge is answered once
        return vch_complain(&tool->complaint, VCH_CODE_IO, "cannot remove %s", path);
    return print_key(&pending, place);
}

static const struct vch_action STEPS[] = {
    {"request", "nothing", 0, 0, make_request},
    {"challenge", "one file", 1, 1, make_challenge},
    {"answer", "one file", 1, 1, make_answer},
    {"accept", "one file", 1, 1, accept},
};

vch_status vch_attest_enrol_run(struct vch_tool *tool)
{
    return vch_actions_run(tool, "attest enrol", 1, STEPS, sizeof STEPS / sizeof *STEPS);
}
