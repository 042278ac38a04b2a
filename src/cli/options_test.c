// What people type, and what they mistype.
#include "cli/options.h"

#include <string.h>

#include "harness/test.h"

static const struct vch_option known[] = {
    {"output", "FILE", "where", false},
    {"json", NULL, "for machines", false},
    {"input", "FILE", "what", true},
    {0},
};

static vch_status parse(struct vch_options *out, int argc, const char *const *argv)
{
    char *copy[8] = {0};
    static char text[8][64];

    for (int i = 0; i < argc; i++) {
        (void)strncpy(text[i], argv[i], sizeof text[i] - 1);
        copy[i] = text[i];
    }
    return vch_options_parse(out, known, argc, copy, NULL);
}

TEST(options_reads_every_form)
{
    struct vch_options options;
    const char *argv[] = {"m", "-o", "out", "--json", "--input=a", "--input", "b", "--"};

    CHECK_OK(parse(&options, 8, argv));
    CHECK_EQ(options.operand_count, 1);
    CHECK(strcmp(vch_options_text(&options, "output"), "out") == 0);
    CHECK(vch_options_has(&options, "json"));
    CHECK(strcmp(vch_options_nth(&options, "input", 1), "b") == 0);
    CHECK(vch_options_nth(&options, "input", 2) == NULL);
}

TEST(options_refuses_what_it_does_not_know)
{
    static const char *const cases[][2] = {
        {"--outpu", "x"}, {"--json=yes", "x"}, {"x", "--output"}, {"--json", "--json"}, {"-x", "y"},
    };
    struct vch_options options;

    FOR_EACH(c, cases)
    CHECK_FAILS(parse(&options, 2, *c), USAGE);
}

TEST(options_reads_numbers_in_range_only)
{
    uint64_t value = 0;

    CHECK(vch_options_is_number(&value, "18446744073709551615", 0, UINT64_MAX));
    CHECK_EQ(value, UINT64_MAX);
    CHECK(!vch_options_is_number(&value, "18446744073709551616", 0, UINT64_MAX));
    CHECK(!vch_options_is_number(&value, "", 0, 9));
    CHECK(!vch_options_is_number(&value, "-1", 0, 9));
    CHECK(!vch_options_is_number(&value, "1x", 0, 9));
    CHECK(!vch_options_is_number(&value, "10", 0, 9));
}

TEST(options_says_which_one_does_nothing_alone)
{
    static const char *const with[] = {"input", "json", NULL};
    const char *both[] = {"-o", "out", "--json"};
    struct vch_options options;

    CHECK_OK(parse(&options, 3, both));
    CHECK_OK(vch_options_only_with(&options, "output", with, NULL));
    CHECK_OK(parse(&options, 2, both));
    CHECK_FAILS(vch_options_only_with(&options, "output", with, NULL), USAGE);
    CHECK_OK(vch_options_only_with(&options, "input", with, NULL)); // which is not there
}
