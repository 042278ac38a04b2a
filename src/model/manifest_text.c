#include <string.h>

#include "model/manifest.h"

// Lead bytes, how many bytes continue them, and the least code point that needs so many: shorter
// spellings of a character are not UTF-8 (RFC 3629, section 3).
static const struct lead {
    uint8_t mask, want;
    uint32_t continuation_count, least;
} LEADS[] = {
    {0x80, 0x00, 0, 0x0},
    {0xe0, 0xc0, 1, 0x80},
    {0xf0, 0xe0, 2, 0x800},
    {0xf8, 0xf0, 3, 0x10000},
};

// What moves a terminal's cursor, colours or title: names are shown to people.
static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

// Bytes of the character at `text`, which ends with a NUL; 0 when it is not one that names hold.
static size_t character_size(const char *text)
{
    const struct lead *lead = LEADS;
    const struct lead *end = LEADS + sizeof LEADS / sizeof *LEADS;

    while (lead < end && ((uint8_t)text[0] & lead->mask) != lead->want)
        lead++;
    if (lead == end) return 0;
    uint32_t point = (uint8_t)text[0] & (uint8_t)~lead->mask;
    for (uint32_t i = 1; i <= lead->continuation_count; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80) return 0; // the final NUL ends here too
        point = point << 6 | ((uint8_t)text[i] & 0x3f);
    }
    bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
    if (point < lead->least || point > 0x10ffff || is_surrogate || is_control(point)) return 0;
    return lead->continuation_count + 1;
}

bool vch_manifest_is_text(const char *text)
{
    for (size_t size = 0; *text != '\0'; text += size)
        if ((size = character_size(text)) == 0) return false;
    return true;
}

vch_status vch_manifest_check_text(const char *text, struct vch_complaint *complaint)
{
    if (text == NULL) return VCH_OK;
    if (strnlen(text, VCH_GRAPH_NAME_MAX + 1) > VCH_GRAPH_NAME_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the name \"%.40s...\" is over %u bytes",
                            text, VCH_GRAPH_NAME_MAX);
    if (vch_manifest_is_text(text)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED, "the name \"%.40s\" is not printable UTF-8",
                        text);
}
