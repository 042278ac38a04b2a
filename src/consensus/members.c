#include "consensus/members.h"

#include <string.h>

#include "base/bytes.h"

enum { WORDS = 3, WORDS_MAX = 4, KEY_SIZE = VCH_SIGN_PUBLIC_SIZE };

_Static_assert(KEY_SIZE == VCH_VRF_PUBLIC_SIZE, "both kinds of key have the same digits");

struct word {
    const char *text;
    size_t size;
};

struct line {
    struct word words[WORDS_MAX + 1]; // one more, to notice it
    uint32_t word_count, number;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

// Splits what stands before a comment into at most WORDS_MAX + 1 words.
static void split(struct line *line, const char *text, size_t size)
{
    const char *comment = memchr(text, '#', size);
    size_t i = 0;

    if (comment != NULL) size = (size_t)(comment - text);
    for (line->word_count = 0; line->word_count <= WORDS_MAX; line->word_count++) {
        while (i < size && is_space(text[i]))
            i++;
        if (i == size) return;
        struct word *word = &line->words[line->word_count];
        word->text = text + i;
        while (i < size && !is_space(text[i]))
            i++;
        word->size = (size_t)(text + i - word->text);
    }
}

static bool is_word(const struct word *word, const char *text)
{
    return word->size == strlen(text) && memcmp(word->text, text, word->size) == 0;
}

// A node may have one word more than a client: its VRF key.
static bool is_line(const struct line *line)
{
    const struct word *role = &line->words[0];

    if (is_word(role, "client")) return line->word_count == WORDS;
    if (!is_word(role, "node")) return false;
    return line->word_count == WORDS || line->word_count == WORDS_MAX;
}

static vch_status decode_key(uint8_t out[static KEY_SIZE], const struct line *line, uint32_t word,
                             const char *what, struct vch_complaint *complaint)
{
    const struct word *key = &line->words[word];
    char digits[2 * KEY_SIZE + 1] = {0};

    if (key->size == sizeof digits - 1) memcpy(digits, key->text, key->size);
    if (vch_is_ok(vch_hex_decode(out, KEY_SIZE, digits))) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "line %u: expected a %s of %zu hexadecimal digits", line->number, what,
                        sizeof digits - 1);
}

static vch_status decode_line(struct vch_member *out, const struct line *line,
                              struct vch_complaint *complaint)
{
    const struct word *role = &line->words[0], *name = &line->words[1];

    if (!is_line(line))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "line %u: expected \"node OPERATOR HEXKEY [VRFKEY]\" or \"client NAME "
                            "HEXKEY\"",
                            line->number);
    if (name->size > VCH_REGISTRY_NAME_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "line %u: a name has at most %u characters",
                            line->number, VCH_REGISTRY_NAME_MAX);
    VCH_TRY(decode_key(out->key.bytes, line, WORDS - 1, "public key", complaint));
    out->has_vrf = line->word_count == WORDS_MAX;
    if (out->has_vrf)
        VCH_TRY(decode_key(out->vrf.bytes, line, WORDS_MAX - 1, "VRF key", complaint));
    out->role = is_word(role, "node") ? VCH_ROLE_NODE : VCH_ROLE_CLIENT;
    memcpy(out->operator_name, name->text, name->size);
    out->operator_name[name->size] = '\0';
    return VCH_OK;
}

vch_status vch_members_decode(struct vch_member *members, uint32_t *count, const char *text,
                              size_t size, struct vch_complaint *complaint)
{
    struct line line = {.number = 0};

    *count = 0;
    for (size_t at = 0; at < size;) {
        const char *stop = memchr(text + at, '\n', size - at);
        size_t end = stop != NULL ? (size_t)(stop - text) : size;
        line.number++;
        split(&line, text + at, end - at);
        at = end + 1;
        if (line.word_count == 0) continue;
        if (*count == VCH_REGISTRY_MEMBERS_MAX)
            return vch_complain(complaint, VCH_CODE_LIMIT, "line %u: more than %u members",
                                line.number, VCH_REGISTRY_MEMBERS_MAX);
        VCH_TRY(decode_line(&members[*count], &line, complaint));
        (*count)++;
    }
    return VCH_OK;
}
