// The standard's vectors, every length, and everything that is not the canonical form.
#include "base/base64.h"

#include <string.h>

#include "harness/test.h"

// RFC 4648, section 10.
static const struct {
    const char *bytes, *text;
} known[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static vch_status decode(const char *text)
{
    uint8_t out[64];
    size_t size = 0;

    return vch_base64_decode(out, &size, sizeof out, text, strlen(text));
}

TEST(base64_agrees_with_the_standard)
{
    FOR_EACH(row, known)
    {
        char text[16];
        uint8_t bytes[8];
        size_t size = 0;
        CHECK_EQ(vch_base64_encode(text, row->bytes, strlen(row->bytes)), strlen(row->text));
        CHECK(strcmp(text, row->text) == 0);
        CHECK_OK(vch_base64_decode(bytes, &size, sizeof bytes, text, strlen(text)));
        CHECK_EQ(size, strlen(row->bytes));
        CHECK(memcmp(bytes, row->bytes, size) == 0);
    }
}

TEST(base64_returns_any_bytes_of_any_length)
{
    for (size_t size = 0; size <= 100; size++) {
        uint8_t bytes[100], again[100];
        char text[VCH_BASE64_SIZE(100) + 1];
        size_t got = 0;
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)test_below(256);
        size_t text_size = vch_base64_encode(text, bytes, size);
        CHECK_EQ(text_size, VCH_BASE64_SIZE(size));
        CHECK_OK(vch_base64_decode(again, &got, size, text, text_size));
        CHECK_EQ(got, size);
        CHECK(memcmp(again, bytes, size) == 0);
        CHECK_OK(vch_base64_decode_exactly(again, size, text, text_size));
        if (size == 0) continue;
        CHECK_FAILS(vch_base64_decode(again, &got, size - 1, text, text_size), LIMIT);
        CHECK_FAILS(vch_base64_decode_exactly(again, size - 1, text, text_size), MALFORMED);
        CHECK_FAILS(vch_base64_decode(again, &got, size, text, text_size - 1), MALFORMED);
    }
}

TEST(base64_refuses_every_other_form)
{
    static const char *const texts[] = {
        "Z",    "Zg",       "Zg=",   "Zh==", // bits that carry nothing
        "Zm9=", "Zg==Zg==", "Zg== ", " Zg==", "Zg\n==", "Zm9v\n", "Zm-v",
        "Zm_v", "====",     "=AAA",  "A===",  "AA=A",   "Zm9vYg",
    };
    FOR_EACH(text, texts) CHECK_FAILS(decode(*text), MALFORMED);
}

// Of all ways to write one byte in four characters, the canonical one alone is accepted.
TEST(base64_has_one_text_for_each_byte)
{
    char text[5] = "AA==";
    int accepted = 0;

    for (int a = 1; a < 256; a++)
        for (int b = 1; b < 256; b++) {
            text[0] = (char)a;
            text[1] = (char)b;
            accepted += vch_is_ok(decode(text));
        }
    CHECK_EQ(accepted, 256);
}
