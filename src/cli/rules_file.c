#include "cli/rules_file.h"

#include <time.h>

#include "host/clock.h"

vch_status vch_rules_file_read(struct vch_rules *out, struct vch_tool *tool, const char *path,
                               const struct vch_rules_trust *trust)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_RULES_SIZE_MAX));
    return vch_rules_decode(out, bytes, size, trust, &tool->arena, &tool->complaint);
}

vch_status vch_rules_file_load(struct vch_rules *out, struct vch_tool *tool, const char *path,
                               const char *signer, int64_t time_s)
{
    struct vch_public_key signers[VCH_RULES_FILE_SIGNERS_MAX];
    struct vch_rules_trust trust = {.signers = signers, .time_s = time_s};
    const char *text = NULL;

    while ((text = vch_options_nth(tool->options, signer, (uint32_t)trust.signer_count)) != NULL) {
        if (trust.signer_count == VCH_RULES_FILE_SIGNERS_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_LIMIT, "more than %u keys for --%s",
                                VCH_RULES_FILE_SIGNERS_MAX, signer);
        VCH_TRY(vch_tool_public_key(&signers[trust.signer_count++], tool, text));
    }
    if (trust.signer_count == 0)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "a policy counts by who signed it: name the key with --%s", signer);
    VCH_TRY(vch_rules_file_read(out, tool, path, &trust));
    return vch_rules_file_crls(out, tool, time_s);
}

// That it is a list, and not over: else every verdict would have to say so.
static vch_status check_list(struct vch_crl_list *lists, const struct vch_certificate_bytes *piece,
                             const char *path, int64_t time_s, struct vch_complaint *complaint)
{
    uint32_t i = lists->count;
    int64_t start_s, end_s;

    VCH_TRY(vch_crl_read(lists, piece->bytes, piece->size, complaint));
    for (; i < lists->count; i++)
        if (!vch_is_ok(vch_crl_dates(lists->items[i], &start_s, &end_s)) || end_s < time_s)
            return vch_complain(complaint, VCH_CODE_REFUSED,
                                "the revocation list %.200s is over at the time that is judged: "
                                "get the one that its issuer has made since",
                                path);
    return VCH_OK;
}

static vch_status read_lists(struct vch_crl_list *lists, struct vch_certificate_bytes *pieces,
                             struct vch_tool *tool, int64_t time_s)
{
    const char *path = NULL;

    for (uint32_t i = 0; (path = vch_options_nth(tool->options, "crl", i)) != NULL; i++) {
        uint8_t *bytes = NULL;
        VCH_TRY(vch_tool_file(&bytes, &pieces[i].size, tool, path, VCH_CRL_BYTES_MAX));
        pieces[i].bytes = bytes;
        VCH_TRY(check_list(lists, &pieces[i], path, time_s, &tool->complaint));
    }
    return VCH_OK;
}

vch_status vch_rules_file_crls(struct vch_rules *rules, struct vch_tool *tool, int64_t time_s)
{
    struct vch_certificate_bytes *pieces = NULL;
    struct vch_crl_list lists;
    uint32_t count = 0;

    while (vch_options_nth(tool->options, "crl", count) != NULL)
        count++;
    if (count == 0) return VCH_OK;
    pieces = VCH_ARENA_NEW(&tool->arena, struct vch_certificate_bytes, count);
    if (pieces == NULL) return VCH_FAIL(NO_MEMORY);
    vch_crl_init(&lists);
    vch_status status = read_lists(&lists, pieces, tool, time_s);
    vch_crl_release(&lists);
    rules->own_crls = (struct vch_crl_own){pieces, count};
    return status;
}

vch_status vch_rules_file_look(struct vch_rules *out, bool *is_signed, struct vch_tool *tool,
                               const char *path)
{
    struct vch_rules_trust trust = {.signer_count = 1, .time_s = INT64_MIN};
    struct vch_public_key signer;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_RULES_SIZE_MAX));
    *is_signed = vch_is_ok(vch_rules_claimed_signer(&signer, bytes, size, &tool->arena, NULL));
    if (!*is_signed) return vch_rules_draft(out, bytes, size, &tool->arena, &tool->complaint);
    trust.signers = &signer;
    return vch_rules_decode(out, bytes, size, &trust, &tool->arena, &tool->complaint);
}

vch_status vch_rules_file_class(enum vch_rules_class *out, struct vch_tool *tool, const char *name)
{
    const char *text = vch_options_text(tool->options, name);

    if (text == NULL || vch_rules_class_of(out, text)) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "--%s takes prompts, weights:open or weights:private, not \"%.40s\"", name,
                        text);
}

vch_status vch_rules_file_time(int64_t *out, struct vch_tool *tool, const char *name)
{
    const char *text = vch_options_text(tool->options, name);
    struct tm fields = {0};

    *out = (int64_t)(vch_clock_unix_ms() / 1000);
    if (text == NULL) return VCH_OK;
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &fields);
    *out = end != NULL && *end == '\0' ? (int64_t)timegm(&fields) : -1;
    if (*out > 0) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "--%s expects a UTC time such as 2026-01-31T12:00:00Z, found \"%.40s\"",
                        name, text);
}
