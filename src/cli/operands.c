#include "cli/operands.h"

#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"

vch_status vch_operands_digest(struct vch_digest *out, struct vch_tool *tool, const char *what,
                               const char *text)
{
    if (vch_is_ok(vch_hex_decode(out->bytes, VCH_DIGEST_SIZE, text))) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "%s is 64 hexadecimal digits, not \"%.80s\"", what, text);
}

vch_status vch_operands_model(struct vch_digest *out, struct vch_tool *tool, const char *text)
{
    struct vch_package package;

    if (vch_is_ok(vch_hex_decode(out->bytes, VCH_DIGEST_SIZE, text))) return VCH_OK;
    VCH_TRY(vch_tool_package(&package, tool, text));
    *out = package.identity;
    return VCH_OK;
}

vch_status vch_operands_range(uint32_t *first, uint32_t *last, struct vch_tool *tool,
                              const char *text)
{
    const char *colon = strchr(text, ':');
    uint64_t begin = 0, end = 0;
    char digits[16] = "";

    if (colon != NULL && (size_t)(colon - text) < sizeof digits)
        memcpy(digits, text, (size_t)(colon - text));
    if (colon == NULL || !vch_options_is_number(&begin, digits, 0, UINT32_MAX) ||
        !vch_options_is_number(&end, colon + 1, begin + 1, UINT32_MAX))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "operators are FIRST:LAST, such as 2:6, not \"%.40s\"", text);
    *first = (uint32_t)begin;
    *last = (uint32_t)end;
    return VCH_OK;
}
