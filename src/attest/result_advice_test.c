// Whoever is told that a check failed is told what to do: of each check that the pages name.
#include <stdio.h>
#include <string.h>

#include "attest/result.h"
#include "harness/spec.h"

enum { NAME_SIZE = 64 };

// The name that `text` has in backquotes; ".suffix" stands for the last one with another end.
static const char *next_name(char name[static NAME_SIZE], const char *text)
{
    const char *begin = strchr(text, '`'), *cell = strchr(text, '|');

    if (begin == NULL || (cell != NULL && cell < begin)) return NULL;
    size_t size = strcspn(++begin, "`");
    char *end = *begin == '.' ? strrchr(name, '.') : name;
    CHECK(end != NULL && size < (size_t)(name + NAME_SIZE - end));
    memcpy(end, begin, size);
    end[size] = '\0';
    return begin + size + 1;
}

// Rows of tables that begin with names of checks, which have a point within.
static uint32_t check_page(const char *page)
{
    static char line[8192];
    char name[NAME_SIZE];
    uint32_t count = 0;
    FILE *file = test_spec_open(page);

    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        const char *at = strncmp(line, "| `", 3) == 0 ? line + 2 : "";
        while ((at = next_name(name, at)) != NULL) {
            if (strchr(name, '.') == NULL) break;
            if (vch_result_advice(name)[0] == '\0')
                test_fail(__FILE__, __LINE__, "specs/%s: no advice for %s", page, name);
            count++;
        }
    }
    CHECK_EQ(fclose(file), 0);
    return count;
}

TEST(advice_is_there_for_each_check_of_the_pages)
{
    CHECK(check_page("evidence.md") > 100);
    CHECK(check_page("attest.md") > 20);
    CHECK(vch_result_advice("nothing.known")[0] == '\0');
}

TEST(advice_is_for_what_failed)
{
    static const char *const advice[][2] = {
        {"snp.tcb.reported", "firmware"},    {"binding.evidence", "between"},
        {"dcap.pck.chain", "revocation"},    {"dcap.pck.type", "policy's signer"},
        {"dcap.quote.version", "versions"},  {"snp.guest.debug", "policy bits"},
        {"snp.guest_svn", "newer image"},    {"tpm.ak.enrolled", "enrol"},
        {"tpm.ak.restricted", "restricted"}, {"tpm.selection", "--pcrs"},
        {"tpm.log", "--event-log"},          {"tpm.ek.chain", "--maker"},
        {"ratls.binding", "connection"},
    };

    FOR_EACH(row, advice)
    if (strstr(vch_result_advice((*row)[0]), (*row)[1]) == NULL)
        test_fail(__FILE__, __LINE__, "%s: %s", (*row)[0], vch_result_advice((*row)[0]));
}
