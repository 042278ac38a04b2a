// Each thing that rules had better not say is found, and nothing else is.
#include "attest/rules_lint.h"

#include "harness/rules.h"

enum { NOW_S = 1796083200 }; // 2026-12-01T00:00:00Z

static char text[RULES_ROOM];
static struct vch_arena arena;
static struct vch_rules rules;
static struct vch_rules_lint lint;
static struct vch_complaint complaint;

static void run(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, VCH_RULES_ARENA_SIZE);
    complaint.text[0] = '\0';
    vch_status status = vch_rules_draft(&rules, text, strlen(text), &arena, &complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
    vch_rules_lint(&lint, &rules, NOW_S);
}

static bool has(bool is_error, const char *words)
{
    for (uint32_t i = 0; i < lint.count; i++)
        if (lint.items[i].is_error == is_error && strstr(lint.items[i].text, words) != NULL)
            return true;
    return false;
}

// The example is without errors; PCR 0 it does not look at, and lists are up to nodes.
TEST(lint_has_nothing_against_the_page)
{
    rules_example(text);
    run();
    CHECK_EQ(lint.error_count, 0);
    CHECK_EQ(lint.count, 2);
    CHECK(has(false, "PCRs 0, 4 and 7"));
    CHECK(has(false, "a node that is revoked brings none"));
    rules_edit(text, "\"if-present\"", "\"of-all\"");
    run();
    CHECK_EQ(lint.count, 1);
}

#define ZERO32 "0000000000000000000000000000000000000000000000000000000000000000"
#define ZERO48 ZERO32 "00000000000000000000000000000000"
#define EIGHT(word) word word word word word word word word

static const struct {
    const char *from, *to, *words;
    bool is_note;
} LINES[] = {
    {"2027-01-31", "2026-11-29", "it is over", false},
    {"2027-01-31", "2028-01-31", "more than a year", false},
    {"\"prompts\": [\"tee\"]", "\"prompts\": [\"tpm\"]", "less than a TEE", false},
    {"\"weights:private\": [\"tee\"]", "\"weights:private\": [\"sandbox\"]", "less than a TEE",
     false},
    {"{\"prompts\": [\"tee\"], \"weights:open\": [\"sandbox\", \"tpm\", \"tee\"], "
     "\"weights:private\": [\"tee\"]}",
     "{}", "nothing is allowed", false},
    {"[\"" EIGHT("11c0ffee") "\"]", "\"any\"", "facts: any build", false},
    {"[\"" EIGHT("11c0ffee") "\"]", "[]", "no build is allowed", false},
    {EIGHT("11c0ffee"), ZERO32, "a build of zeroes", false},
    {"\"models\": \"any\"", "\"models\": []", "no model is allowed", false},
    {"\"policies\": [\"" ZERO32 "\"]", "\"policies\": []", "no policy is allowed", false},
    {"\"landlock\", \"seccomp\"", "\"seccomp\"", "does not ask for", true},
    {"[\"" EIGHT("5ca1ab1e") "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e\"]", "[]",
     "nothing passes without \"products\"", false},
    {EIGHT("5ca1ab1e") "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e", ZERO48, "snp: a measurement of zeroes",
     false},
    {"\"1a-02\"", "\"1a-20\"", "the line Turin is allowed without floors", false},
    {"\"1a-02\"", "\"1a-20\"", "no processor that reports", true},
    {"\"snp\": 23", "\"snp\": 22", "takes SNP firmware 22", false},
    {"\"ucode\": 84", "\"ucode\": 0", "takes any microcode", false},
    {"\"provisional\": false", "\"provisional\": true", "take back", false},
    {"\"allowed\": [\"smt\"]", "\"allowed\": [\"migrate_ma\"]", "migration agent", false},
    {"\"vmpls\": [0]", "\"vmpls\": [0, 1]", "other than 0", true},
    {"\"signers\": [\"vcek\"]", "\"signers\": [\"vlek\"]", "a key on loan", true},
    {"\"products\": [\"Genoa\", ", "\"milan\": \"old machines\", \"products\": [\"Milan\", ",
     "can be forged", true},
    {"\"products\": [\"Genoa\", ", "\"milan\": \"old machines\", \"products\": [\"Milan\", ",
     "Milan is allowed without floors", false},
    {"\"min_evaluation\": 19,\n    \"collateral_days\": 30,\n    \"denied_advisories\": []",
     "\"min_evaluation\": 0,\n    \"collateral_days\": 30,\n    \"denied_advisories\": []",
     "sgx: no floor of evaluation", false},
    {"\"collateral_days\": 30,\n    \"denied_advisories\": []",
     "\"collateral_days\": 0,\n    \"denied_advisories\": []", "of 0: nothing passes", false},
    {"\"collateral_days\": 30,\n    \"denied_advisories\": []",
     "\"collateral_days\": 61,\n    \"denied_advisories\": []", "more than 60 days", false},
    {"\"module_statuses\": [\"UpToDate\"]", "\"module_statuses\": [\"OutOfDate\"]",
     "tdx: platforms that are out of date", false},
    {"\"quote_versions\": [3]", "\"quote_versions\": []", "sgx: nothing passes", false},
    {"\"modules\": \"known\"", "\"modules\": []", "tdx: nothing passes", false},
    {"\"sept_ve_disable\", \"pks\"", "\"migratable\"", "can be had elsewhere", false},
    {"\"services\": [\"" ZERO48 "\"]",
     "\"services\": [\"01" ZERO32 "000000000000000000000000000000\"]", "do you know it", true},
    {"\"provision_key\": false", "\"provision_key\": true", "names a machine", true},
    {"\"min_svn\": 7", "\"min_svn\": 0", "any version of what one signer", true},
    {"\"pcrs\": {\n      \"4\"", "\"pcrs\": {\n      \"0\": [], \"4\"", "no value at all", false},
    {"\"pcrs\": {\n      \"4\"", "\"pcrs\": {\n      \"16\": [\"" EIGHT("16c0ffee") "\"], \"4\"",
     "PCR 16 can be reset", false},
    {"\"pcrs\": {\n      \"4\"", "\"pcrs\": {\n      \"23\": [\"" EIGHT("23c0ffee") "\"], \"4\"",
     "PCR 23 can be reset", false},
    {"c8c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7", ZERO32,
     "before anything was measured", false},
    {"\"keys\": [",
     "\"keys\": [{\"name\": "
     "\"000bababababababababababababababababababababababababababababababab4b\", \"place\": "
     "\"ftpm\"}, ",
     "key 2 is listed before", false},
    {"{\"piid\": \"77777777777777777777777777777777\"",
     "{\"ppid\": \"99999999999999999999999999999999\"", "machine 3, of two, is listed before",
     false},
    {"\"dtpm\", \"ftpm\"", "\"ftpm\"", "does not take any", false},
    {"\"registry\": \"required\"", "\"registry\": \"none\"", "nobody vouches for machines", true},
    {"\"required\": false, \"unjudged", "\"required\": true, \"unjudged", "none is taken", true},
    {"\"unjudged_firmware\": false", "\"unjudged_firmware\": true", "nobody compares", true},
    {"\"nonce_s\": 60", "\"nonce_s\": 0", "takes no answer", false},
    {"\"reattest_s\": 600", "\"reattest_s\": 0", "takes no connection", false},
    {"\"result_s\": 3600", "\"result_s\": 0", "takes no verdict", false},
    {"\"result_s\": 3600", "\"result_s\": 86401", "a day at most", false},
    {"\"reattest_s\": 600", "\"reattest_s\": 3601", "between verdicts", true},
};

TEST(lint_finds_what_had_better_not_be_said)
{
    FOR_EACH(it, LINES)
    {
        rules_example(text);
        rules_edit(text, it->from, it->to);
        run();
        if (has(!it->is_note, it->words)) continue;
        test_fail(__FILE__, __LINE__, "not found: %s", it->words);
    }
}

TEST(lint_of_a_test_notes_and_has_no_errors)
{
    FOR_EACH(it, LINES)
    {
        rules_example(text);
        rules_edit(text, it->from, it->to);
        rules_edit(text, "\"production\"", "\"test\"");
        run();
        CHECK_EQ(lint.error_count, 0);
        CHECK(has(false, it->words));
    }
    rules_example(text);
    rules_edit(text, "\"production\"", "\"test\"");
    rules_edit(text, "\"freshness\"", "\"anchors\": {}, \"freshness\"");
    run();
    CHECK(has(false, "no vendor's"));
}

TEST(lint_says_which_level_nothing_can_show)
{
    rules_example(text);
    rules_edit(text, "\"aks\": [\"enrolled\", \"in-tee\"]", "\"aks\": [\"in-tee\"]");
    run();
    CHECK(has(true, "\"weights:open\" for \"tpm\", which no section can show"));
    CHECK_EQ(lint.error_count, 1);
}

// More than there is room for is counted all the same.
TEST(lint_counts_what_it_has_no_room_for)
{
    static char enclaves[RULES_ROOM / 2];
    size_t size = 0;

    rules_example(text);
    for (int i = 0; i < VCH_RULES_LINT_MAX + 9; i++)
        size += (size_t)snprintf(enclaves + size, sizeof enclaves - size,
                                 "{\"mrenclave\": \"" ZERO32 "\"},");
    (void)snprintf(enclaves + size, sizeof enclaves - size, "{\"mrsigner\"");
    rules_edit(text, "{\"mrsigner\"", enclaves);
    run();
    CHECK_EQ(lint.count, VCH_RULES_LINT_MAX);
    CHECK_EQ(lint.error_count, VCH_RULES_LINT_MAX + 9);
}
