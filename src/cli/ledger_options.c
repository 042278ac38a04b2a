#include "cli/ledger_options.h"

#include <string.h>

#include "member/charter_file.h"

vch_status vch_ledger_options_address(const char **host, uint16_t *port, struct vch_tool *tool,
                                      const char *option)
{
    const char *text = vch_options_text(tool->options, option);
    uint64_t number = 0;

    if (text == NULL) return VCH_OK;
    const char *colon = strrchr(text, ':');
    size_t size = colon != NULL ? (size_t)(colon - text) : 0;
    bool has_brackets = size > 2 && text[0] == '[' && text[size - 1] == ']';
    if (size == 0 || !vch_options_is_number(&number, colon + 1, 0, UINT16_MAX))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--%s expects HOST:PORT, found \"%.80s\"", option, text);
    *host = vch_arena_string(&tool->arena, text + has_brackets, size - (has_brackets ? 2 : 0));
    *port = (uint16_t)number;
    return *host != NULL ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

vch_status vch_ledger_options_load(struct vch_ledger_options *out, struct vch_tool *tool,
                                   const struct vch_public_key *founder)
{
    const char *path = vch_options_text(tool->options, "charter");
    uint8_t *bytes = NULL;
    size_t size = 0;

    *out = (struct vch_ledger_options){0};
    if (path == NULL && !vch_options_has(tool->options, "ledger")) return VCH_OK;
    VCH_TRY(vch_options_required(&path, tool->options, "charter", &tool->complaint));
    VCH_TRY(vch_ledger_options_address(&out->host, &out->port, tool, "ledger"));
    if (out->host == NULL || out->port == 0)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--charter needs --ledger HOST:PORT: where the ledger listens");
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_CHARTER_FILE_MAX));
    return vch_charter_file_decode(&out->charter, bytes, size, founder, &tool->complaint);
}
