// Quotes of real domains and enclaves under rules as they stand in a file.
#include "attest/rules.h"

#include "harness/dcap_set.h"
#include "harness/rules.h"

static char text[RULES_ROOM];
static struct dcap_set set;
static struct vch_arena arena;
static struct vch_rules rules;
static struct vch_complaint complaint;

#define TDX_PLATFORM \
    "\"min_evaluation\": 19,\n    \"collateral_days\": 30,\n    \"denied_advisories\": " \
    "[\"INTEL-SA-00960\"]"
#define SGX_PLATFORM \
    "\"min_evaluation\": 19,\n    \"collateral_days\": 30,\n    \"denied_advisories\": []"

// ` "name": "digits"` behind what is in `out` already.
static size_t member(char *out, size_t size, const char *name, const uint8_t *value)
{
    char hex[2 * VCH_DCAP_QUOTE_HASH_SIZE + 1];

    vch_hex_encode(hex, value, VCH_DCAP_QUOTE_HASH_SIZE);
    return size + (size_t)snprintf(out + size, 256, "%s\"%s\"", name, hex);
}

static void list_domain(void)
{
    static const char *const before[] = {"\"rtmrs\": [", ", ", ", ", ", "};
    const struct vch_dcap_quote_domain *own = &set.own.domain;
    char out[2048] = "\"domains\": [{";
    size_t size = strlen(out);

    size = member(out, size, "\"mrtd\": ", own->measurement);
    out[size++] = ',';
    for (int i = 0; i < 4; i++)
        size = member(out, size, before[i], own->registers[i]);
    size = member(out, size, "], \"mrconfigid\": ", own->config_id);
    size = member(out, size, ", \"mrowner\": ", own->owner);
    size = member(out, size, ", \"mrownerconfig\": ", own->owner_config);
    (void)snprintf(out + size, sizeof out - size, "}, {");
    rules_edit(text, "\"domains\": [{", out);
}

static void list_enclave(void)
{
    char hex[65], out[128];

    vch_hex_encode(hex, set.own.enclave.measurement, 32);
    (void)snprintf(out, sizeof out, "\"enclaves\": [{\"mrenclave\": \"%s\"},", hex);
    rules_edit(text, "\"enclaves\": [", out);
}

// The example, for what this quote is of, and for collateral of its time.
static void describe(void)
{
    rules_example(text);
    rules_edit(text, TDX_PLATFORM,
               "\"min_evaluation\": 15, \"collateral_days\": 31, \"denied_advisories\": []");
    rules_edit(text, SGX_PLATFORM,
               "\"min_evaluation\": 17, \"collateral_days\": 31, \"denied_advisories\": []");
    rules_edit(text, "\"attributes_needed\": [\"sept_ve_disable\"]", "\"attributes_needed\": []");
    rules_edit(text, "00000000000702e7", "0000000000065ae7");
    rules_edit(text, "[\"scalable\", \"scalable-with-integrity\"]",
               "[\"standard\", \"scalable\", \"scalable-with-integrity\"]");
    if (set.own.tee == VCH_DCAP_QUOTE_TDX)
        list_domain();
    else
        list_enclave();
}

static void begin(const char *folder)
{
    dcap_set_load(&set, folder);
    describe();
}

// The names of the checks that fail.
static const char *failed(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, VCH_RULES_ARENA_SIZE);
    complaint.text[0] = '\0';
    vch_status status = vch_rules_draft(&rules, text, strlen(text), &arena, &complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
    set.policy = rules.dcap;
    status = dcap_set_verify(&set);
    const char *names = dcap_set_names(&set, VCH_APPRAISAL_FAILED);
    CHECK_EQ(status.code, names[0] == '\0' ? VCH_CODE_NONE : VCH_CODE_REFUSED);
    return names;
}

static void check_failed(const char *want)
{
    const char *found = failed();

    if (strcmp(found, want) != 0)
        test_fail(__FILE__, __LINE__, "failed: %s; expected: %s", found, want);
}

TEST(rules_take_the_domain_that_they_describe)
{
    static const char *const folders[] = {"tdx/sets/phala-v4-uptodate",
                                          "tdx/sets/oe-v5-moduleupdate", "tdx/sets/fb-v4-2025-12"};

    FOR_EACH(folder, folders)
    {
        begin(*folder);
        check_failed("");
        rules_edit(text, "\"quote_versions\": [4, 5]", "\"quote_versions\": [3]");
        check_failed("dcap.quote.version ");
    }
}

TEST(rules_differ_from_a_domain_in_one_bit)
{
    for (int i = 0; i < 8; i++) {
        uint8_t other[VCH_DCAP_QUOTE_HASH_SIZE];
        char hex[2 * sizeof other + 1], wrong[2 * sizeof other + 1];

        begin("tdx/sets/phala-v4-uptodate");
        const uint8_t *fields[] = {set.own.domain.measurement, set.own.domain.registers[0],
                                   set.own.domain.registers[1], set.own.domain.registers[2]};
        memcpy(other, fields[test_below(4)], sizeof other);
        vch_hex_encode(hex, other, sizeof other);
        test_flip(other, test_below(8 * sizeof other));
        vch_hex_encode(wrong, other, sizeof other);
        rules_edit(text, hex, wrong);
        check_failed("dcap.domain.measurements ");
    }
}

TEST(rules_cannot_allow_domains_and_enclaves_that_can_be_debugged)
{
    begin("tdx/sets/trustee-v4-DEBUG");
    check_failed("dcap.domain.debug dcap.domain.attributes ");
    rules_edit(text, "\"modules\"", "\"debug\": true, \"modules\"");
    CHECK_FAILS(vch_rules_draft(&rules, text, strlen(text), &arena, NULL), REFUSED);

    static const char *const names[] = {"oe-v3.quote", "trustee-occlum-v3.quote"};
    FOR_EACH(name, names)
    {
        dcap_set_load(&set, "sgx/sets/phala-v3-swhardening"); // their own collateral is lost
        dcap_set_read(&set, DCAP_QUOTE, "sgx", *name);
        dcap_set_own(&set);
        describe();
        CHECK(strstr(failed(), "dcap.enclave.debug ") != NULL);
        CHECK(strstr(failed(), "dcap.enclave.identity ") == NULL);
        rules_edit(text, "\"enclaves\"", "\"debug\": true, \"enclaves\"");
        CHECK_FAILS(vch_rules_draft(&rules, text, strlen(text), &arena, NULL), REFUSED);
    }
}

TEST(rules_let_a_domain_migrate_only_where_they_say_so)
{
    begin("tdx/sets/oe-v5-2025");
    rules_edit(text, "\"statuses\": [\"UpToDate\"],\n    \"module_statuses\": [\"UpToDate\"]",
               "\"statuses\": [\"OutOfDate\"], \"module_statuses\": [\"OutOfDate\"]");
    check_failed("dcap.domain.attributes dcap.domain.service ");
    rules_edit(text, "\"sept_ve_disable\", \"pks\"", "\"sept_ve_disable\", \"migratable\"");
    check_failed("dcap.domain.service ");
}

TEST(rules_let_a_service_act_on_a_domain_only_where_they_name_it)
{
    char hex[97], out[128];

    begin("tdx/sets/alibaba-v5");
    check_failed("dcap.domain.service ");
    vch_hex_encode(hex, set.own.domain.service, 48);
    (void)snprintf(out, sizeof out, "\"services\": [\"%s\", ", hex);
    rules_edit(text, "\"services\": [", out);
    check_failed("");
}

TEST(rules_have_a_floor_that_older_collateral_does_not_reach)
{
    begin("tdx/sets/oe-v5-moduleupdate"); // UpToDate by number 17, issued after 18
    check_failed("");
    rules_edit(text, "\"min_evaluation\": 15", "\"min_evaluation\": 18");
    check_failed("dcap.tcb_info.evaluation dcap.identity.evaluation ");
    begin("tdx/sets/oe-v5-moduleupdate");
    rules_edit(text, "\"min_evaluation\": 15", "\"min_evaluation\": 0");
    check_failed("dcap.tcb_info.evaluation dcap.identity.evaluation ");
}

TEST(rules_take_a_status_only_where_they_list_it)
{
    begin("sgx/sets/phala-v3-swhardening");
    check_failed("dcap.status ");
    rules_edit(
        text, "\"statuses\": [\"UpToDate\", \"SWHardeningNeeded\"],\n    \"quoting",
        "\"statuses\": [\"UpToDate\", \"ConfigurationAndSWHardeningNeeded\"],\n    \"quoting");
    check_failed("");
    CHECK(strcmp(dcap_set_names(&set, VCH_APPRAISAL_WARNED), "dcap.status ") == 0);
    rules_edit(text, "\"denied_advisories\": [],\n    \"enclaves\"",
               "\"denied_advisories\": [\"INTEL-SA-00615\"],\n    \"enclaves\"");
    check_failed("dcap.advisories ");
}

TEST(rules_say_nothing_and_no_quote_passes)
{
    static const char *const lists[] = {
        "\"quote_versions\": [4, 5]", "\"statuses\": [\"UpToDate\"],\n    \"module",
        "\"types\": [\"standard\", \"scalable\", \"scalable-with-integrity\"]",
        "\"modules\": \"known\"", "\"features_allowed\": \"0000000000065ae7\""};
    static const char *const without[] = {"\"quote_versions\": []", "\"module", "\"types\": []",
                                          "\"modules\": []",
                                          "\"features_allowed\": \"0000000000000000\""};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        begin("tdx/sets/phala-v4-uptodate");
        check_failed("");
        rules_edit(text, lists[i], without[i]);
        CHECK(failed()[0] != '\0');
    }
    begin("tdx/sets/phala-v4-uptodate");
    rules.dcap = (struct vch_dcap_policy){0};
    set.policy = rules.dcap;
    CHECK_FAILS(dcap_set_verify(&set), REFUSED);
}
