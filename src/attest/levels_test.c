// What is printed of a level is what SOUNDNESS.md says of it.
#include "attest/levels.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"

static char page[1 << 17];

static void read_page(const char *name)
{
    static const char here[] = "src/attest/levels_test.c", file[] = __FILE__;
    char path[4096];

    (void)snprintf(path, sizeof path, "%.*s%s", (int)(sizeof file - sizeof here), file, name);
    FILE *opened = fopen(path, "r");
    CHECK(opened != NULL);
    page[fread(page, 1, sizeof page - 1, opened)] = '\0';
    CHECK(fclose(opened) == 0);
}

static void check_rows(const char *name)
{
    size_t count = 0;
    const struct vch_levels_reader *readers = vch_levels_readers(&count);
    char row[512];

    read_page(name);
    for (size_t i = 0; i < count; i++) {
        const char *const *answers = readers[i].answers;
        (void)snprintf(row, sizeof row, "| %s | %s | %s | %s |\n", readers[i].who,
                       answers[VCH_RULES_SANDBOX], answers[VCH_RULES_TPM], answers[VCH_RULES_TEE]);
        if (strstr(page, row) == NULL) test_fail(__FILE__, __LINE__, "%s lacks %s", name, row);
    }
}

TEST(levels_mean_what_the_pages_say)
{
    check_rows("SOUNDNESS.md");
    check_rows("README.md");
}

TEST(levels_keep_no_less_from_anybody_the_higher_they_are)
{
    size_t count = 0;
    const struct vch_levels_reader *readers = vch_levels_readers(&count);

    for (size_t i = 0; i < count; i++) {
        const char *const *answers = readers[i].answers;
        bool was_no = strncmp(answers[VCH_RULES_SANDBOX], "no", 2) == 0 &&
                      strncmp(answers[VCH_RULES_SANDBOX], "nothing", 7) != 0;
        for (enum vch_rules_level level = VCH_RULES_TPM; level < VCH_RULES_LEVEL_COUNT; level++)
            CHECK(!was_no || strncmp(answers[level], "no", 2) == 0);
        for (enum vch_rules_level level = 0; level < VCH_RULES_LEVEL_COUNT; level++)
            CHECK(vch_levels_meaning(level)[0] != '\0');
    }
}
