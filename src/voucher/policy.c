#include "voucher/policy.h"

#include <string.h>

#include "base/bytes.h"

enum { WORD_SIZE_MAX = 64 };

struct word {
    size_t size;
    char text[WORD_SIZE_MAX + 1];
};

// A cursor over the words of one line.
struct line {
    const char *at, *end;
    unsigned number;
    struct vch_complaint *complaint;
};

typedef vch_status (*statement)(struct vch_policy *policy, struct line *line);

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

// The next word; size 0 at the end of the line.
static vch_status read_word(struct word *out, struct line *line)
{
    *out = (struct word){0};
    while (line->at < line->end && is_space(*line->at))
        line->at++;
    for (; line->at < line->end && !is_space(*line->at); line->at++) {
        if (out->size == WORD_SIZE_MAX)
            return vch_complain(line->complaint, VCH_CODE_MALFORMED,
                                "policy line %u: \"%.16s...\" is longer than any word it may hold",
                                line->number, out->text);
        out->text[out->size++] = *line->at;
    }
    return VCH_OK;
}

static vch_status read_end(struct line *line)
{
    struct word extra;

    VCH_TRY(read_word(&extra, line));
    if (extra.size == 0) return VCH_OK;
    return vch_complain(line->complaint, VCH_CODE_MALFORMED,
                        "policy line %u: nothing may follow at \"%s\"", line->number, extra.text);
}

// A key or a digest; one more of its kind.
static vch_status read_name(uint8_t out[static 32], uint32_t *count, const char *what,
                            struct line *line)
{
    struct word word;
    uint8_t name[32];

    VCH_TRY(read_word(&word, line));
    if (!vch_is_ok(vch_hex_decode(name, sizeof name, word.text)))
        return vch_complain(line->complaint, VCH_CODE_MALFORMED,
                            "policy line %u: a %s is 64 hexadecimal digits, not \"%s\"",
                            line->number, what, word.text);
    if (*count == VCH_VERIFY_KEYS_MAX)
        return vch_complain(line->complaint, VCH_CODE_LIMIT,
                            "policy line %u: more than %d %ss of one kind", line->number,
                            VCH_VERIFY_KEYS_MAX, what);
    VCH_TRY(read_end(line));
    memcpy(out, name, sizeof name);
    (*count)++;
    return VCH_OK;
}

static vch_status read_key(struct vch_public_key *keys, uint32_t *count, struct line *line)
{
    const uint32_t at = *count < VCH_VERIFY_KEYS_MAX ? *count : 0; // where it is full, refused

    return read_name(keys[at].bytes, count, "key", line);
}

static vch_status read_ledger(struct vch_policy *policy, struct line *line)
{
    uint32_t *count = &policy->ledger_count;
    const uint32_t at = *count < VCH_VERIFY_KEYS_MAX ? *count : 0;

    return read_name(policy->ledgers[at].bytes, count, "ledger", line);
}

static vch_status read_founder(struct vch_policy *policy, struct line *line)
{
    return read_key(policy->founders, &policy->founder_count, line);
}

static vch_status read_owner(struct vch_policy *policy, struct line *line)
{
    return read_key(policy->owners, &policy->owner_count, line);
}

static vch_status read_client(struct vch_policy *policy, struct line *line)
{
    return read_key(policy->clients, &policy->client_count, line);
}

static vch_status read_attest_signer(struct vch_policy *policy, struct line *line)
{
    return read_key(policy->attest_signers, &policy->attest_signer_count, line);
}

static vch_status read_attest_class(struct vch_policy *policy, struct line *line)
{
    struct word word;

    VCH_TRY(read_word(&word, line));
    if (!vch_rules_class_of(&policy->attest_class, word.text))
        return vch_complain(line->complaint, VCH_CODE_MALFORMED,
                            "policy line %u: \"%s\" is none of prompts, weights:open, "
                            "weights:private",
                            line->number, word.text);
    if (policy->has_attest_class)
        return vch_complain(line->complaint, VCH_CODE_MALFORMED,
                            "policy line %u: the attest-class is there a second time",
                            line->number);
    policy->has_attest_class = true;
    return read_end(line);
}

static vch_status require(struct vch_policy *policy, const struct word *word,
                          const struct line *line)
{
    for (enum vch_claim i = 0; i < VCH_CLAIM_COUNT; i++) {
        if (strcmp(word->text, vch_verify_claim_name(i)) != 0) continue;
        policy->has_requirements = policy->requires[i] = true;
        return VCH_OK;
    }
    return vch_complain(line->complaint, VCH_CODE_MALFORMED,
                        "policy line %u: \"%s\" is no claim; claims are client, model, input, "
                        "output, split, quorum, ends, proof, attested",
                        line->number, word->text);
}

static vch_status read_requirements(struct vch_policy *policy, struct line *line)
{
    struct word word;

    VCH_TRY(read_word(&word, line));
    if (word.size == 0)
        return vch_complain(line->complaint, VCH_CODE_MALFORMED,
                            "policy line %u: `require` names at least one claim", line->number);
    while (word.size > 0) {
        VCH_TRY(require(policy, &word, line));
        VCH_TRY(read_word(&word, line));
    }
    return VCH_OK;
}

static vch_status read_quorum(struct vch_policy *policy, struct line *line)
{
    struct word word;
    uint32_t value = 0;

    VCH_TRY(read_word(&word, line));
    bool is_number = word.size >= 1 && word.size <= 3 && word.text[0] != '0' &&
                     strspn(word.text, "0123456789") == word.size;
    for (size_t i = 0; is_number && i < word.size; i++)
        value = 10 * value + (uint32_t)(word.text[i] - '0');
    if (!is_number || value > VCH_JOB_QUORUM_MAX)
        return vch_complain(line->complaint, VCH_CODE_MALFORMED,
                            "policy line %u: a quorum is a number from 1 to %u, not \"%s\"",
                            line->number, VCH_JOB_QUORUM_MAX, word.text);
    if (policy->quorum_min != 0)
        return vch_complain(line->complaint, VCH_CODE_MALFORMED,
                            "policy line %u: the quorum is there a second time", line->number);
    policy->quorum_min = value;
    return read_end(line);
}

static const struct {
    const char *word;
    statement read;
} statements[] = {
    {"founder", read_founder},
    {"owner", read_owner},
    {"client", read_client},
    {"require", read_requirements},
    {"quorum", read_quorum},
    {"ledger", read_ledger},
    {"attest-signer", read_attest_signer},
    {"attest-class", read_attest_class},
};

static vch_status read_line(struct vch_policy *policy, struct line *line)
{
    struct word word;

    VCH_TRY(read_word(&word, line));
    if (word.size == 0) return VCH_OK;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (strcmp(word.text, statements[i].word) == 0) return statements[i].read(policy, line);
    return vch_complain(
        line->complaint, VCH_CODE_MALFORMED,
        "policy line %u: \"%s\" is none of founder, owner, client, ledger, require, "
        "quorum, attest-signer, attest-class",
        line->number, word.text);
}

static const char *find(const char *at, const char *end, char wanted)
{
    const char *found = at < end ? memchr(at, wanted, (size_t)(end - at)) : NULL;
    return found != NULL ? found : end;
}

vch_status vch_policy_decode(struct vch_policy *policy, const char *text, size_t size,
                             struct vch_complaint *complaint)
{
    struct vch_policy filled = *policy;
    const char *at = text, *end = text + size;

    if (size > VCH_POLICY_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the policy has %zu bytes, not at most %u",
                            size, VCH_POLICY_SIZE_MAX);
    // A NUL would hide the rest of its word from every comparison.
    const char *hidden = find(text, end, '\0');
    for (unsigned number = 1; at < end; number++) {
        const char *stop = find(at, end, '\n');
        if (hidden < stop)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "policy line %u: it holds a byte 0, so this is no text file",
                                number);
        struct line line = {at, find(at, stop, '#'), number, complaint};
        VCH_TRY(read_line(&filled, &line));
        at = stop < end ? stop + 1 : end;
    }
    *policy = filled;
    return VCH_OK;
}
