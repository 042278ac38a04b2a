// Lines, numbers and UTF-8, each in the one form that is accepted.
#include "tlog/lines.h"

#include <string.h>

#include "harness/test.h"
#include "tlog/utf8.h"

TEST(lines_end_in_newlines_and_nothing_else)
{
    struct vch_lines lines = {"one\n\nthree", 10, 0};
    const char *line = NULL;
    size_t size = 0;

    CHECK_OK(vch_lines_read(&lines, &line, &size));
    CHECK(size == 3 && memcmp(line, "one", 3) == 0);
    CHECK_OK(vch_lines_read(&lines, &line, &size));
    CHECK_EQ(size, 0);
    CHECK(!vch_lines_is_at_end(&lines));
    CHECK_FAILS(vch_lines_read(&lines, &line, &size), TRUNCATED);
    lines = (struct vch_lines){"", 0, 0};
    CHECK_FAILS(vch_lines_read(&lines, &line, &size), TRUNCATED);
}

static vch_status number(const char *text, uint64_t most)
{
    uint64_t out = 0;
    return vch_lines_decode_number(&out, text, strlen(text), most);
}

TEST(numbers_are_decimal_in_their_one_form)
{
    uint64_t out = 1;

    CHECK_OK(vch_lines_decode_number(&out, "0", 1, 0));
    CHECK_EQ(out, 0);
    CHECK_OK(vch_lines_decode_number(&out, "9223372036854775807", 19, INT64_MAX));
    CHECK(out == INT64_MAX);
    CHECK_OK(vch_lines_decode_number(&out, "18446744073709551615", 20, UINT64_MAX));
    CHECK(out == UINT64_MAX);
    static const char *const lies[] = {"",
                                       "00",
                                       "01",
                                       "-1",
                                       "+1",
                                       " 1",
                                       "1 ",
                                       "1a",
                                       "0x1",
                                       "1.0",
                                       "9223372036854775808",
                                       "18446744073709551616",
                                       "99999999999999999999999999"};
    FOR_EACH(lie, lies) CHECK_FAILS(number(*lie, INT64_MAX), MALFORMED);
    CHECK_FAILS(number("18446744073709551616", UINT64_MAX), MALFORMED);
    CHECK_FAILS(number("5", 4), MALFORMED);
    CHECK_FAILS(number("10", 9), MALFORMED);
}

TEST(utf8_is_accepted_in_its_shortest_form_alone)
{
    static const char *const fine[] = {"",
                                       "plain\ntext",
                                       "\xc2\x80",
                                       "\xe2\x80\x94",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "\x7f"};
    static const char *const lies[] = {
        "\x80",             // a continuation alone
        "\xc0\x80",         // zero, too long
        "\xc1\xbf",         // too long
        "\xe0\x9f\xbf",     // too long
        "\xf0\x8f\xbf\xbf", // too long
        "\xed\xa0\x80",     // a surrogate
        "\xf4\x90\x80\x80", // above U+10FFFF
        "\xf5\x80\x80\x80",
        "\xff",
        "\xe2\x80",
        "\xe2\x80x",
        "\xc2",
        "\t",
        "\r\n",
        "\x1b[0m",
        "\x01",
    };
    FOR_EACH(text, fine) CHECK(vch_utf8_is_text(*text, strlen(*text)));
    FOR_EACH(text, lies) CHECK(!vch_utf8_is_text(*text, strlen(*text)));
    CHECK(!vch_utf8_is_text("\0", 1));
}

TEST(names_have_no_space_of_any_kind_and_no_plus)
{
    static const char *const fine[] = {"a", "example.com/log", "salvatore/\xc3\xa8"};
    static const char *const lies[] = {"",         "a b",           "a+b",
                                       "\xc2\xa0", "a\xe2\x80\x83", "\xe3\x80\x80",
                                       "a\n",      "\xc2\x85",      "\xe1\x9a\x80"};
    FOR_EACH(name, fine) CHECK(vch_utf8_is_name(*name, strlen(*name)));
    FOR_EACH(name, lies) CHECK(!vch_utf8_is_name(*name, strlen(*name)));
}
