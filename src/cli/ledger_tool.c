#include "cli/ledger_tool.h"

#include <string.h>

#include "member/charter_file.h"
#include "net/loop.h"

vch_status vch_ledger_tool_charter_file(struct vch_charter *out, uint8_t **bytes, size_t *size,
                                        struct vch_tool *tool)
{
    const char *path = NULL, *founder = NULL;
    struct vch_public_key key;

    VCH_TRY(vch_options_required(&path, tool->options, "charter", &tool->complaint));
    VCH_TRY(vch_options_required(&founder, tool->options, "founder", &tool->complaint));
    VCH_TRY(vch_tool_public_key(&key, tool, founder));
    VCH_TRY(vch_tool_file(bytes, size, tool, path, VCH_CHARTER_FILE_MAX));
    return vch_charter_file_decode(out, *bytes, *size, &key, &tool->complaint);
}

vch_status vch_ledger_tool_charter(struct vch_charter *out, struct vch_tool *tool)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    return vch_ledger_tool_charter_file(out, &bytes, &size, tool);
}

vch_status vch_ledger_tool_address(const char **host, uint16_t *port, struct vch_tool *tool,
                                   const char *option, uint16_t least)
{
    const char *text = vch_options_text(tool->options, option);
    uint64_t number = 0;

    if (text == NULL) return VCH_OK;
    const char *colon = strrchr(text, ':');
    size_t size = colon != NULL ? (size_t)(colon - text) : 0;
    bool has_brackets = size > 2 && text[0] == '[' && text[size - 1] == ']';
    if (size == 0 || !vch_options_is_number(&number, colon + 1, least, UINT16_MAX))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--%s expects HOST:PORT, such as 127.0.0.1:7000, found \"%.80s\"",
                            option, text);
    *host = vch_arena_string(&tool->arena, text + has_brackets, size - (has_brackets ? 2 : 0));
    *port = (uint16_t)number;
    return *host != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

vch_status vch_ledger_tool_place(struct vch_ledger_tool_place *out, struct vch_tool *tool)
{
    *out = (struct vch_ledger_tool_place){0};
    VCH_TRY(vch_ledger_tool_address(&out->host, &out->port, tool, "ledger", 1));
    if (out->host == NULL && !vch_options_has(tool->options, "charter")) return VCH_OK;
    if (out->host == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--charter needs --ledger HOST:PORT: where the ledger listens");
    return vch_ledger_tool_charter(&out->charter, tool);
}

vch_status vch_ledger_tool_open(struct vch_ledger_tool *out, struct vch_tool *tool,
                                const struct vch_charter *charter, const struct vch_secret_key *key,
                                struct vch_follower *follower)
{
    const char *text = NULL;

    *out = (struct vch_ledger_tool){0};
    VCH_TRY(vch_options_required(&text, tool->options, "ledger", &tool->complaint));
    const struct vch_signer signer = vch_signer_local(key);
    struct vch_ledger_link_setup setup = {.signer = &signer,
                                          .live_count = &out->live_streams,
                                          .charter = *charter,
                                          .follower = follower};
    VCH_TRY(vch_ledger_tool_address(&setup.host, &setup.port, tool, "ledger", 1));
    out->base = vch_loop_new();
    if (out->base == NULL) return VCH_FAIL(NO_MEMORY);
    setup.base = out->base;
    vch_status status = vch_ledger_link_new(&out->link, &setup, &tool->complaint);
    if (vch_is_ok(status))
        status =
            vch_ledger_link_wait_ready(out->link, VCH_LEDGER_TOOL_CONNECT_MS, &tool->complaint);
    if (!vch_is_ok(status)) vch_ledger_tool_close(out);
    return status;
}

void vch_ledger_tool_close(struct vch_ledger_tool *ledger)
{
    vch_ledger_link_free(ledger->link);
    while (ledger->live_streams > 0) // each ends within its linger
        if (event_base_loop(ledger->base, EVLOOP_ONCE) != 0) break;
    if (ledger->base != NULL) event_base_free(ledger->base);
    *ledger = (struct vch_ledger_tool){0};
}
