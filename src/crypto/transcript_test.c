// No two lists of items share a digest.
#include "crypto/transcript.h"

#include <string.h>

#include "harness/test.h"

TEST(transcript_is_what_its_layout_says)
{
    // 10 "vouch/example/v1", 04 "text", 05 00.. "hello", 06 "number", 08 00.. 02 01 00..
    static const uint8_t layout[] = "\x10vouch/example/v1"
                                    "\x04text\x05\0\0\0\0\0\0\0hello"
                                    "\x06number\x08\0\0\0\0\0\0\0\x02\x01\0\0\0\0\0\0";
    struct vch_digest expected = vch_hash_bytes(layout, sizeof layout - 1);
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/example/v1");
    vch_transcript_absorb(&transcript, "text", "hello", 5);
    vch_transcript_absorb_u64(&transcript, "number", 258);
    struct vch_digest digest = vch_transcript_final(&transcript);
    CHECK(vch_hash_is_equal(&digest, &expected));
}

struct list {
    const char *protocol;
    struct {
        const char *label, *text;
    } items[2];
};

static struct vch_digest hash_list(const struct list *list)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, list->protocol);
    for (size_t i = 0; i < 2 && list->items[i].label != NULL; i++)
        vch_transcript_absorb(&transcript, list->items[i].label, list->items[i].text,
                              strlen(list->items[i].text));
    return vch_transcript_final(&transcript);
}

TEST(transcript_tells_lists_apart_that_concatenate_alike)
{
    static const struct list lists[] = {
        {"p", {{NULL, NULL}, {NULL, NULL}}}, {"q", {{NULL, NULL}, {NULL, NULL}}},
        {"p", {{"a", ""}, {NULL, NULL}}},    {"p", {{"a", "bc"}, {NULL, NULL}}},
        {"p", {{"ab", "c"}, {NULL, NULL}}},  {"pa", {{"b", "c"}, {NULL, NULL}}},
        {"p", {{"a", "b"}, {"c", ""}}},      {"p", {{"a", ""}, {"b", "c"}}},
        {"p", {{"b", "c"}, {"a", ""}}},      {"p", {{"a", "b"}, {"a", "c"}}},
        {"p", {{"a", "c"}, {"a", "b"}}},
    };

    FOR_EACH(a, lists)
    FOR_EACH(b, lists)
    {
        struct vch_digest x = hash_list(a), y = hash_list(b);
        CHECK_EQ(vch_hash_is_equal(&x, &y), a == b);
    }
}

TEST(transcript_takes_the_longest_label)
{
    char label[256];
    struct vch_transcript transcript;

    memset(label, 'x', 255);
    label[255] = '\0';
    vch_transcript_init(&transcript, label);
    vch_transcript_absorb(&transcript, label, NULL, 0);
    struct vch_digest a = vch_transcript_final(&transcript);
    vch_transcript_init(&transcript, label);
    vch_transcript_absorb(&transcript, label + 1, NULL, 0);
    struct vch_digest b = vch_transcript_final(&transcript);
    CHECK(!vch_hash_is_equal(&a, &b));
}
