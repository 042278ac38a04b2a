// Good evidence of every format, changed in one part in some way: never believed, and the reason is
// said. VCH_MUTANTS=20000 is the campaign; VCH_SEED replays one.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/evidence.h"

enum { MUTANTS = 400, ENOUGH = 1000 };

static struct evidence all[EVIDENCE_FORMATS];
static uint8_t own[EVIDENCE_PART_MAX];
static size_t own_size;

static uint32_t at_of(const struct evidence_part *part)
{
    return test_below((uint32_t)part->size);
}

static void flip(struct evidence_part *part)
{
    uint32_t count = 1 + test_below(3);

    for (uint32_t i = 0; i < count; i++)
        test_flip(part->bytes, 8 * at_of(part) + test_below(8));
}

static void set_byte(struct evidence_part *part)
{
    part->bytes[at_of(part)] = (uint8_t)test_below(256);
}

// Sizes and counts that parsers may get wrong, in either order of bytes.
static void set_number(struct evidence_part *part)
{
    static const uint32_t numbers[] = {0,      1,      0x7f,       0x80,       0xff,      0x7fff,
                                       0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
    uint32_t number = numbers[test_below(sizeof numbers / sizeof *numbers)];
    uint32_t width = 1u << test_below(3), at = at_of(part);
    bool is_big_endian = test_below(2) == 0;

    for (uint32_t i = 0; i < width && at + i < part->size; i++)
        part->bytes[at + i] = (uint8_t)(number >> 8 * (is_big_endian ? width - 1 - i : i));
}

static void cut(struct evidence_part *part)
{
    part->size = at_of(part);
}

static void lengthen(struct evidence_part *part)
{
    uint32_t more = 1 + test_below(64);

    for (uint32_t i = 0; i < more && part->size < EVIDENCE_PART_MAX; i++)
        part->bytes[part->size++] = (uint8_t)test_below(256);
}

static void drop(struct evidence_part *part)
{
    uint32_t at = at_of(part), size = 1 + test_below(64);

    if (size > part->size - at) size = (uint32_t)part->size - at;
    memmove(part->bytes + at, part->bytes + at + size, part->size - at - size);
    part->size -= size;
}

static void repeat(struct evidence_part *part)
{
    uint32_t at = at_of(part), size = 1 + test_below(64);

    if (size > part->size - at) size = (uint32_t)part->size - at;
    if (part->size + size > EVIDENCE_PART_MAX) return;
    memmove(part->bytes + at + size, part->bytes + at, part->size - at);
    part->size += size;
}

static void exchange(struct evidence_part *part)
{
    uint32_t size = 1 + test_below(32), a = at_of(part), b = at_of(part);

    for (uint32_t i = 0; i < size && a + i < part->size && b + i < part->size; i++) {
        uint8_t byte = part->bytes[a + i];
        part->bytes[a + i] = part->bytes[b + i];
        part->bytes[b + i] = byte;
    }
}

static void zero(struct evidence_part *part)
{
    uint32_t at = at_of(part), size = 1 + test_below(64);

    memset(part->bytes + at, 0, size < part->size - at ? size : part->size - at);
}

// Another part, of this format or another one, from somewhere on or as a whole.
static void graft(struct evidence_part *part)
{
    const struct evidence *from = &all[test_below(EVIDENCE_FORMATS)];
    const struct evidence_part *other = &from->parts[test_below((uint32_t)from->count)];
    uint32_t at = test_below(2) == 0 ? 0 : at_of(part);

    if (other == part || at >= other->size) return;
    memcpy(part->bytes + at, other->bytes + at, other->size - at);
    part->size = other->size;
}

static void (*const changes[])(struct evidence_part *) = {
    flip, flip,     flip, flip,   set_byte, set_byte, set_number,
    cut,  lengthen, drop, repeat, exchange, zero,     graft};

// Without white space and the NULs at the end; of JSON also without upper case.
static size_t squeeze(uint8_t *out, const uint8_t *bytes, size_t size, bool has_case)
{
    size_t used = 0;

    while (size > 0 && bytes[size - 1] == 0)
        size--;
    for (size_t i = 0; i < size; i++)
        if (isspace(bytes[i]) == 0) out[used++] = has_case ? bytes[i] : (uint8_t)tolower(bytes[i]);
    return used;
}

static bool is_same_text(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                         bool has_case)
{
    static uint8_t texts[2][EVIDENCE_PART_MAX];
    size_t sizes[] = {squeeze(texts[0], a, a_size, has_case),
                      squeeze(texts[1], b, b_size, has_case)};

    return sizes[0] == sizes[1] && memcmp(texts[0], texts[1], sizes[0]) == 0;
}

// Where the last certificate of a chain begins.
static size_t root_at(const uint8_t *bytes, size_t size)
{
    static const char mark[] = "-----BEGIN";
    const uint8_t *last = bytes, *next = bytes;

    while ((next = memmem(next, size - (size_t)(next - bytes), mark, sizeof mark - 1)) != NULL)
        last = next++;
    return (size_t)(last - bytes);
}

// Whether the part still says what it said, in another way that its format has.
static bool is_same(const struct evidence_part *part)
{
    static const char mark[] = "-----BEGIN";
    size_t head = 0;

    switch (part->form) {
    case EVIDENCE_PADDED: // a quote, at whose end stands PEM
        head = (size_t)((uint8_t *)memmem(own, own_size, mark, sizeof mark - 1) - own);
        return part->size >= head && memcmp(own, part->bytes, head) == 0 &&
               is_same_text(own + head, own_size - head, part->bytes + head, part->size - head,
                            true);
    case EVIDENCE_CHAIN:
        if (is_same_text(own, root_at(own, own_size), part->bytes, part->size, true)) return true;
        return is_same_text(own, own_size, part->bytes, part->size, true);
    case EVIDENCE_PEM: return is_same_text(own, own_size, part->bytes, part->size, true);
    case EVIDENCE_JSON: return is_same_text(own, own_size, part->bytes, part->size, false);
    case EVIDENCE_EXACT:
    default: return own_size == part->size && memcmp(own, part->bytes, own_size) == 0;
    }
}

struct tally {
    uint32_t changed, judged, same;
};

static bool has_failed(const struct vch_appraisal *appraisal)
{
    for (uint32_t i = 0; i < appraisal->count; i++)
        if (appraisal->checks[i].result == VCH_APPRAISAL_FAILED) return true;
    return false;
}

static void judge(const struct evidence *evidence, const struct evidence_part *part,
                  struct tally *tally)
{
    evidence_of.complaint = (struct vch_complaint){0};
    vch_status status = evidence->verify(evidence);

    tally->changed++;
    if (vch_is_ok(status)) {
        if (!is_same(part))
            test_fail(__FILE__, __LINE__, "%s: another %s is believed", evidence->name, part->name);
        tally->same++;
        return;
    }
    bool is_judged = status.code == VCH_CODE_REFUSED;
    if (is_judged ? !has_failed(&evidence_of.appraisal) : evidence_of.complaint.text[0] == '\0')
        test_fail(__FILE__, __LINE__, "%s: another %s is refused without a reason: %s",
                  evidence->name, part->name, vch_code_text(status.code));
    tally->judged += is_judged;
}

static void mutate(struct evidence *evidence, struct tally *tally)
{
    struct evidence_part *part = &evidence->parts[test_below((uint32_t)evidence->count)];
    uint32_t count = sizeof changes / sizeof *changes;

    memcpy(own, part->bytes, own_size = part->size);
    do
        changes[test_below(count)](part);
    while (part->size > 0 && test_below(4) == 0);
    judge(evidence, part, tally);
    memcpy(part->bytes, own, part->size = own_size);
}

TEST(evidence_that_was_changed_in_any_part_is_never_believed)
{
    const char *text = getenv("VCH_MUTANTS");
    uint32_t count = text == NULL ? MUTANTS : (uint32_t)strtoul(text, NULL, 10), changed = 0;
    struct tally tallies[EVIDENCE_FORMATS] = {0};

    evidence_make(all);
    for (uint32_t i = 0; i < count; i++)
        mutate(&all[i % EVIDENCE_FORMATS], &tallies[i % EVIDENCE_FORMATS]);
    for (size_t i = 0; i < EVIDENCE_FORMATS; i++) {
        struct tally *tally = &tallies[i];
        CHECK_OK(all[i].verify(&all[i])); // as it was
        printf("# %-8s %u changed: %u judged and refused, %u unreadable, %u still the same\n",
               all[i].name, tally->changed, tally->judged,
               tally->changed - tally->judged - tally->same, tally->same);
        if (tally->changed >= ENOUGH) // else the campaign would be about parsers alone
            CHECK(tally->judged > tally->changed / 20 && tally->same < tally->changed / 4);
        changed += tally->changed;
    }
    printf("# %u mutants of %d formats, none believed\n", changed, EVIDENCE_FORMATS);
    evidence_release();
}
