// Files of rules that are none, and what none can say.
#include "attest/rules.h"

#include <stdlib.h>

#include "attest/facts.h"
#include "evidence/roots.h"
#include "harness/drafts.h"

static void check_allows_nothing(void)
{
    bool kinds[VCH_BINDER_KIND_END];

    for (unsigned what = 0; what < VCH_RULES_CLASS_COUNT; what++) {
        CHECK(!vch_rules_kinds(kinds, &rules, what));
        for (unsigned level = 0; level < VCH_RULES_LEVEL_COUNT; level++)
            CHECK(!vch_rules_allows(&rules, what, level));
    }
}

TEST(rules_that_are_unsigned_are_none)
{
    char file[RULES_ROOM + 512];
    struct vch_secret_key other = rules_key(7);

    begin();
    CHECK_FAILS(vch_rules_decode(&rules, text, strlen(text), &trust, &arena, &complaint),
                MALFORMED);
    (void)snprintf(file, sizeof file, "{\"policy\":%s}", text);
    CHECK_FAILS(vch_rules_decode(&rules, file, strlen(file), &trust, &arena, NULL), MALFORMED);
    size_t size = rules_file(file, sizeof file, text, &key);
    CHECK_OK(vch_rules_decode(&rules, file, size, &trust, &arena, &complaint));
    trust.signers = &other.public_key;
    complaint.text[0] = '\0';
    CHECK_FAILS(vch_rules_decode(&rules, file, size, &trust, &arena, &complaint), REFUSED);
    CHECK(strstr(complaint.text, "none of the 1 keys") != NULL);
    trust.signer_count = 0;
    CHECK_FAILS(vch_rules_decode(&rules, file, size, &trust, &arena, NULL), REFUSED);
    check_allows_nothing();
    key.public_key = other.public_key; // who claims to be somebody trusted
    trust = (struct vch_rules_trust){&other.public_key, 1, END_S};
    size = rules_file(file, sizeof file, text, &key);
    CHECK_FAILS(vch_rules_decode(&rules, file, size, &trust, &arena, NULL), BAD_PROOF);
}

// Of what is signed nothing can change, white space included; of the rest nothing that counts.
TEST(rules_that_were_tampered_with_are_none)
{
    static char file[RULES_ROOM + 512];
    struct vch_digest id;

    begin();
    size_t size = rules_file(file, sizeof file, text, &key);
    size_t end = (size_t)(strstr(file, ",\"signature\"") - file), start = strlen("{\"policy\":");
    CHECK_OK(vch_rules_decode(&rules, file, size, &trust, &arena, NULL));
    id = rules.id;
    for (size_t i = 0; i < size; i++) {
        bool is_signed = i >= start && i < end;
        size_t bit = 8 * i + test_below(8);
        if (is_signed && test_below(8) != 0) continue; // it is long, and one place like another
        vch_arena_release(&arena);
        test_flip(file, bit);
        vch_status status = vch_rules_decode(&rules, file, size, &trust, &arena, NULL);
        CHECK(!vch_is_ok(status) || (!is_signed && vch_hash_is_equal(&rules.id, &id)));
        if (!vch_is_ok(status)) check_allows_nothing();
        test_flip(file, bit);
    }
    for (size_t i = 0; i < size; i += 1 + test_below(64)) {
        vch_arena_release(&arena);
        CHECK(!vch_is_ok(vch_rules_decode(&rules, file, i, &trust, &arena, NULL)));
    }
    rules_edit(file, "\"name\": \"example\"", "\"name\":  \"example\"");
    CHECK_FAILS(vch_rules_decode(&rules, file, size + 1, &trust, &arena, NULL), BAD_PROOF);
}

TEST(rules_end_with_their_last_second)
{
    char file[RULES_ROOM + 512];

    begin();
    size_t size = rules_file(file, sizeof file, text, &key);
    CHECK_OK(vch_rules_decode(&rules, file, size, &trust, &arena, NULL));
    trust.time_s = END_S + 1;
    CHECK_FAILS(vch_rules_decode(&rules, file, size, &trust, &arena, &complaint), REFUSED);
    CHECK(strstr(complaint.text, "over since 1 s") != NULL);
    check_allows_nothing();
}

static const char least[] =
    "{\"version\":1,\"name\":\"n\",\"environment\":\"production\",\"not_after\":"
    "\"2027-01-31T00:00:00Z\",\"levels\":{},\"facts\":{\"confinement\":[]},\"hardware\":"
    "{\"registry\":\"none\"},\"freshness\":{\"nonce_s\":0,\"reattest_s\":0,\"result_s\":0}}";

TEST(rules_that_say_nothing_allow_nothing)
{
    static const char *const empty[] = {"{}", "[]", "\"\"", "", " ", "null", "{\"version\":1}"};
    bool kinds[VCH_BINDER_KIND_END];

    begin();
    FOR_EACH(it, empty)
    {
        (void)snprintf(text, sizeof text, "%s", *it);
        CHECK_FAILS(draft(), MALFORMED);
        check_allows_nothing();
    }
    (void)snprintf(text, sizeof text, "%s", least);
    CHECK_OK(draft());
    check_allows_nothing();
    CHECK(!rules.has_snp && !rules.has_tdx && !rules.has_sgx && !rules.has_tpm);
    rules_edit(text, "\"levels\":{}",
               "\"levels\":{\"prompts\":[\"tee\",\"tpm\"],\"weights:open\":[\"sandbox\"]}");
    CHECK_OK(draft()); // levels, and nothing that could reach them
    CHECK(!vch_rules_kinds(kinds, &rules, VCH_RULES_PROMPTS));
    CHECK(vch_rules_kinds(kinds, &rules, VCH_RULES_OPEN_WEIGHTS));
    CHECK(kinds[VCH_BINDER_NONE] && !kinds[VCH_BINDER_TPM]);
}

// Text from `from` up to the `depth`-th closing of what it opens, to be cut.
static void cut_member(char *at)
{
    int depth = 0;
    char *end = strchr(at + 1, ':'); // behind its key

    while (!(depth == 0 && (*end == ',' || *end == '}' || *end == ']'))) {
        depth += *end == '{' || *end == '[';
        depth -= *end == '}' || *end == ']';
        end++;
    }
    if (*end == ',') {
        end++;
    } else {
        do
            at--;
        while (*at != ',' && *at != '{');
        at += *at == '{';
    }
    memmove(at, end, strlen(end) + 1);
}

// What narrows, each with where it is looked for.
static const struct {
    const char *object, *member;
} NEEDED[] = {
    {"", "version"},
    {"", "name"},
    {"", "environment"},
    {"", "not_after"},
    {"", "levels"},
    {"", "facts"},
    {"", "hardware"},
    {"", "freshness"},
    {"\"facts\"", "confinement"},
    {"\"snp\"", "guest"},
    {"\"snp\"", "platform"},
    {"\"snp\"", "min_abi"},
    {"\"snp\"", "mitigations"},
    {"\"snp\"", "crls"},
    {"\"guest\"", "min_svn"},
    {"\"guest\"", "required"},
    {"\"platform\"", "required"},
    {"\"platform\"", "forbidden"},
    {"\"platform\"", "unknown"},
    {"\"mitigations\"", "launch"},
    {"\"mitigations\"", "current"},
    {"\"19-11\"", "bl"},
    {"\"19-11\"", "tee"},
    {"\"19-11\"", "snp"},
    {"\"19-11\"", "ucode"},
    {"\"1a-02\"", "fmc"},
    {"\"tdx\"", "min_evaluation"},
    {"\"tdx\"", "collateral_days"},
    {"\"tdx\"", "denied_advisories"},
    {"\"tdx\"", "attributes_needed"},
    {"\"tdx\"", "mrtd"},
    {"\"tdx\"", "rtmrs"},
    {"\"tdx\"", "mrconfigid"},
    {"\"tdx\"", "mrowner"},
    {"\"tdx\"", "mrownerconfig"},
    {"\"sgx\"", "min_evaluation"},
    {"\"sgx\"", "collateral_days"},
    {"\"sgx\"", "denied_advisories"},
    {"\"sgx\"", "product"},
    {"\"sgx\"", "min_svn"},
    {"\"tpm\"", "log"},
    {"\"keys\"", "name"},
    {"\"keys\"", "place"},
    {"\"log\"", "pcrs"},
    {"\"log\"", "events"},
    {"\"gpu\"", "required"},
    {"\"hardware\"", "registry"},
    {"\"hardware\"", "operator"},
    {"\"hardware\"", "site"},
    {"\"freshness\"", "nonce_s"},
    {"\"freshness\"", "reattest_s"},
    {"\"freshness\"", "result_s"},
};

TEST(rules_have_to_say_what_narrows)
{
    char key_text[64];

    FOR_EACH(it, NEEDED)
    {
        begin();
        (void)snprintf(key_text, sizeof key_text, "\"%s\": ", it->member);
        char *at = strstr(strstr(text, it->object), key_text);
        CHECK(at != NULL);
        cut_member(at);
        if (!vch_is_ok(draft()) && strstr(complaint.text, it->member) != NULL) continue;
        test_fail(__FILE__, __LINE__, "without %s of %s: %s", it->member, it->object,
                  complaint.text);
    }
}

TEST(rules_have_no_member_that_is_not_known)
{
    begin();
    for (char *at = strchr(text, '{'); at != NULL; at = strchr(at + 1, '{')) {
        static char copy[RULES_ROOM];
        (void)snprintf(copy, sizeof copy, "%s", text);
        (void)snprintf(text, sizeof text, "%.*s{\"mistyped\": 1, %s", (int)(at - text), copy,
                       copy + (at - text) + 1);
        CHECK_FAILS(draft(), MALFORMED);
        (void)snprintf(text, sizeof text, "%s", copy);
    }
    CHECK_OK(draft());
}

static const struct {
    const char *from, *to;
    enum vch_code code;
} WRONG[] = {
    // what no rules can allow
    {"\"debug\": false", "\"debug\": true", VCH_CODE_REFUSED},
    {"\"quote_versions\": [4, 5]", "\"quote_versions\": [4, 5], \"debug\": true", VCH_CODE_REFUSED},
    {"\"products\": [\"Genoa\"", "\"products\": [\"Milan\"", VCH_CODE_REFUSED},
    {"\"signers\": [\"vcek\"]", "\"signers\": [\"vcek\"], \"milan\": \"why\"", VCH_CODE_REFUSED},
    {"\"statuses\": [\"UpToDate\"],\n    \"module", "\"statuses\": [\"Revoked\"],\n    \"module",
     VCH_CODE_REFUSED},
    {"\"vtpm-in-tee\"]", "\"software\"]", VCH_CODE_REFUSED},
    {"\"place\": \"dtpm\"", "\"place\": \"software\"", VCH_CODE_REFUSED},
    {"\"freshness\"", "\"anchors\": {}, \"freshness\"", VCH_CODE_REFUSED},
    {"\"freshness\"", "\"anchors\": {\"intel\": \"3000\"}, \"freshness\"", VCH_CODE_REFUSED},
    // other forms
    {"\"version\": 1", "\"version\": 2", VCH_CODE_UNSUPPORTED},
    {"\"version\": 1", "\"version\": \"1\"", VCH_CODE_MALFORMED},
    {"\"example\"", "\"\"", VCH_CODE_MALFORMED},
    {"\"production\"", "\"Production\"", VCH_CODE_MALFORMED},
    {"\"production\"", "[\"production\"]", VCH_CODE_MALFORMED},
    {"2027-01-31T", "2027-02-31T", VCH_CODE_MALFORMED},
    {"2027-01-31T00:00:00Z", "2027-01-31", VCH_CODE_MALFORMED},
    {"\"prompts\": [\"tee\"]", "\"prompts\": \"tee\"", VCH_CODE_MALFORMED},
    {"\"prompts\": [\"tee\"]", "\"prompts\": [\"any\"]", VCH_CODE_MALFORMED},
    {"\"models\": \"any\"", "\"models\": \"all\"", VCH_CODE_MALFORMED},
    {"\"models\": \"any\"", "\"models\": [\"any\"]", VCH_CODE_MALFORMED},
    {"\"11c0ffee", "\"1c0ffee", VCH_CODE_MALFORMED},
    {"\"11c0ffee", "\"x1c0ffee", VCH_CODE_MALFORMED},
    {"[\"5ca1ab1e", "\"any\", \"more\": [\"5ca1ab1e", VCH_CODE_MALFORMED},
    {"\"measurements\": [", "\"measurements\": \"any\", \"host_datas\": [", VCH_CODE_MALFORMED},
    {"\"vmpls\": [0]", "\"vmpls\": [4]", VCH_CODE_MALFORMED},
    {"\"vmpls\": [0]", "\"vmpls\": 0", VCH_CODE_MALFORMED},
    {"\"min_svn\": 2", "\"min_svn\": 4294967296", VCH_CODE_MALFORMED},
    {"\"min_abi\": [1, 55]", "\"min_abi\": [1]", VCH_CODE_MALFORMED},
    {"\"min_abi\": [1, 55]", "\"min_abi\": [1, 256]", VCH_CODE_MALFORMED},
    {"\"19-a0\"", "\"19-A0\"", VCH_CODE_MALFORMED},
    {"\"19-a0\"", "\"19:a0\"", VCH_CODE_MALFORMED},
    {"\"19-a0\"", "\"19-a\"", VCH_CODE_MALFORMED},
    {"\"1a-02\"", "\"19-02\"", VCH_CODE_MALFORMED},
    {"\"snp\": 27", "\"snp\": 256", VCH_CODE_MALFORMED},
    {"\"unknown\": \"ignore\"", "\"unknown\": true", VCH_CODE_MALFORMED},
    {"\"provisional\": false", "\"provisional\": 0", VCH_CODE_MALFORMED},
    {"\"launch\": \"0000000000000000\"", "\"launch\": 0", VCH_CODE_MALFORMED},
    {"\"if-present\"", "\"never\"", VCH_CODE_MALFORMED},
    {"[4, 5]", "[4, 6]", VCH_CODE_MALFORMED},
    {"\"modules\": \"known\"", "\"modules\": \"any\"", VCH_CODE_MALFORMED},
    {"\"collateral_days\": 30,\n    \"denied_advisories\": []",
     "\"collateral_days\": 3651,\n    \"denied_advisories\": []", VCH_CODE_MALFORMED},
    {"\"mrsigner\": ", "\"mrenclave\": ", VCH_CODE_MALFORMED},
    {"\"aks\": [\"enrolled\"", "\"aks\": [\"any\"", VCH_CODE_MALFORMED},
    {"\"4\": [", "\"04\": [", VCH_CODE_MALFORMED},
    {"\"4\": [", "\"24\": [", VCH_CODE_MALFORMED},
    {"\"4\": [", "\"7\": [", VCH_CODE_MALFORMED},
    {"\"log\": {\"pcrs\": [4]", "\"log\": {\"pcrs\": [4, 5]", VCH_CODE_MALFORMED},
    {"\"log\": {\"pcrs\": [4]", "\"log\": {\"pcrs\": [7]", VCH_CODE_MALFORMED},
    {"\"registry\": \"required\"", "\"registry\": true", VCH_CODE_MALFORMED},
    {"{\"piid\"", "{\"ppid\": \"77777777777777777777777777777777\", \"piid\"", VCH_CODE_MALFORMED},
    {"\"piid\": \"77777777777777777777777777777777\", ", "", VCH_CODE_MALFORMED},
    {"\"nonce_s\": 60", "\"nonce_s\": 601", VCH_CODE_MALFORMED},
    {"\"result_s\": 3600", "\"result_s\": 604801", VCH_CODE_MALFORMED},
};

TEST(rules_that_are_wrong_are_refused_with_a_reason)
{
    FOR_EACH(it, WRONG)
    {
        begin();
        rules_edit(text, it->from, it->to);
        vch_status status = draft();
        if (status.code != it->code || complaint.text[0] == '\0')
            test_fail(__FILE__, __LINE__, "%s: %s (%s)", it->to, vch_code_text(status.code),
                      complaint.text);
        check_allows_nothing();
    }
}

TEST(rules_that_would_not_be_read_are_not_signed)
{
    char *made = NULL;
    size_t size = 0;

    begin();
    rules_edit(text, "\"debug\": false", "\"debug\": true");
    CHECK_FAILS(vch_rules_sign(&made, &size, text, strlen(text), &key, &arena, NULL), REFUSED);
    CHECK(made == NULL);
    CHECK_FAILS(vch_rules_sign(&made, &size, "[]", 2, &key, &arena, NULL), MALFORMED);
}

TEST(rules_are_bounded)
{
    static char large[VCH_RULES_SIZE_MAX + 1];

    begin();
    memset(large, ' ', sizeof large);
    CHECK_FAILS(vch_rules_draft(&rules, large, sizeof large, &arena, NULL), LIMIT);
    memset(large, '{', sizeof large);
    CHECK(!vch_is_ok(vch_rules_draft(&rules, large, VCH_RULES_SIZE_MAX, &arena, NULL)));
    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 10);
    CHECK_FAILS(vch_rules_draft(&rules, text, strlen(text), &arena, NULL), NO_MEMORY);
}
