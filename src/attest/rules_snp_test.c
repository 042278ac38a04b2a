// SEV-SNP's reports under rules as they stand in a file: of real machines, and of a vendor made
// here where no real report shows it.
#include <stdlib.h>

#include "attest/rules.h"
#include "harness/amd.h"
#include "harness/rules.h"
#include "harness/vectors.h"

enum { SUMMER_2025 = 1748736000, YEAR_2026 = 1782864000 };
enum { REPORT_DATA = 0x50, MEASUREMENT = 0x90, HOST_DATA = 0xc0, ID_KEY = 0xe0, CHIP = 0x1a0 };

#define EXAMPLE_MEASUREMENT \
    "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1" \
    "ab1e"
#define OLD "snp.tcb.reported snp.tcb.committed snp.tcb.launch "

static char text[RULES_ROOM];
static uint8_t bytes[VCH_SNP_REPORT_SIZE];
static struct vch_snp_evidence evidence;
static struct vch_snp_report report;
static struct vch_appraisal appraisal;
static struct vch_arena arena;
static struct vch_rules rules;
static struct vch_complaint complaint;
static int64_t time_s;
static struct amd amd;

// `text` with the digits of these bytes for its one %s.
static const char *with(const char *form, const uint8_t *value, size_t size)
{
    static char hex[256], out[512];

    vch_hex_encode(hex, value, size);
    (void)snprintf(out, sizeof out, form, hex);
    return out;
}

// The example, for the image and the host of this report.
static void begin(const char *report_name, const char *key, const char *issuers, int64_t at_s)
{
    size_t size = 0;
    const uint8_t *found = vectors_read(report_name, &size);

    CHECK_EQ(size, sizeof bytes);
    memcpy(bytes, found, size);
    evidence = (struct vch_snp_evidence){.report = {bytes, sizeof bytes}};
    evidence.key.bytes = vectors_read(key, &evidence.key.size);
    evidence.issuers.bytes = vectors_read(issuers, &evidence.issuers.size);
    time_s = at_s;
    rules_example(text);
    rules_edit(text, EXAMPLE_MEASUREMENT, with("%s", bytes + MEASUREMENT, 48));
    rules_edit(text, "\"host_data\": [", with("\"host_data\": [\"%s\", ", bytes + HOST_DATA, 32));
    rules_edit(text, "\"guest\"", with("\"id_keys\": [\"%s\"], \"guest\"", bytes + ID_KEY, 48));
    rules_edit(text, "\"min_svn\": 2", "\"min_svn\": 0");
    rules_edit(text, "[\"page_swap_disabled\"]", "[]");
    rules_edit(text, "\"forbidden\": [\"tsme\"]", "\"forbidden\": []");
    rules_edit(text, "\"current\": \"0000000000000001\"", "\"current\": \"0000000000000000\"");
}

static void begin_genoa(void)
{
    begin("snp/ms-genoa-report.bin", "snp/ms-genoa-vcek.pem", "roots/amd_ask_ark_genoa.pem",
          YEAR_2026);
}

// A Milan that a provider rents out: a key on loan, level 1, firmware not committed, no chip.
static void begin_loaned(void)
{
    begin("snp/trustee-vlek-report.bin", "snp/trustee-vlek.der", "roots/amd_ask_ark_milan_vlek.pem",
          SUMMER_2025);
    rules_edit(text, "\"products\": [\"Genoa\", ",
               "\"milan\": \"a real report\", \"products\": [\"Milan\", ");
    rules_edit(text, "\"19-a0\": {\"bl\": 10, \"tee\": 0, \"snp\": 27, \"ucode\": 27}",
               "\"19-01\": {\"bl\": 4, \"tee\": 0, \"snp\": 24, \"ucode\": 208}");
    rules_edit(text, "\"signers\": [\"vcek\"]",
               "\"signers\": [\"vlek\"], \"csp_ids\": [\"cc-us-east-2.amazonaws.com\"]");
    rules_edit(text, "\"vmpls\": [0]", "\"vmpls\": [1]");
    rules_edit(text, "\"provisional\": false", "\"provisional\": true");
}

static void read_rules(void)
{
    vch_arena_release(&arena);
    vch_arena_init(&arena, VCH_RULES_ARENA_SIZE);
    complaint.text[0] = '\0';
    vch_status status = vch_rules_draft(&rules, text, strlen(text), &arena, &complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
}

// The names of the checks that fail.
static const char *failed(void)
{
    static char names[2048];
    size_t used = 0;

    read_rules();
    vch_status status =
        vch_snp_verify(&appraisal, &report, &evidence, &rules.anchors.amd, &rules.snp, time_s,
                       evidence.report.bytes + REPORT_DATA, NULL);
    names[0] = '\0';
    for (uint32_t i = 0; i < appraisal.count; i++)
        if (appraisal.checks[i].result == VCH_APPRAISAL_FAILED)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s ",
                                     appraisal.checks[i].name);
    CHECK_EQ(status.code, used == 0 ? VCH_CODE_NONE : VCH_CODE_REFUSED);
    return names;
}

static void check_failed(const char *want)
{
    const char *found = failed();

    if (strcmp(found, want) != 0)
        test_fail(__FILE__, __LINE__, "failed: %s; expected: %s", found, want);
}

static bool fails(const char *name)
{
    (void)failed();
    const struct vch_appraisal_check *check = vch_appraisal_find(&appraisal, name);
    return check != NULL && check->result == VCH_APPRAISAL_FAILED;
}

TEST(rules_take_the_genoa_that_they_describe)
{
    begin_genoa();
    check_failed("");
    CHECK_EQ(appraisal.count, 33);
    rules_edit(text, "\"products\": [\"Genoa\", ", "\"products\": [");
    check_failed("snp.product ");
}

TEST(rules_differ_from_a_measurement_in_one_bit)
{
    for (int i = 0; i < 8; i++) {
        uint8_t other[VCH_SNP_REPORT_MEASUREMENT_SIZE];
        char hex[2 * sizeof other + 1], wrong[2 * sizeof other + 1];

        begin_genoa();
        memcpy(other, bytes + MEASUREMENT, sizeof other);
        vch_hex_encode(hex, other, sizeof other);
        test_flip(other, test_below(8 * sizeof other));
        vch_hex_encode(wrong, other, sizeof other);
        rules_edit(text, hex, wrong);
        check_failed("snp.measurement ");
    }
}

TEST(rules_say_nothing_and_no_report_passes)
{
    begin_genoa();
    read_rules();
    rules.snp = (struct vch_snp_policy){0};
    CHECK_FAILS(vch_snp_verify(&appraisal, &report, &evidence, &rules.anchors.amd, &rules.snp,
                               time_s, bytes + REPORT_DATA, NULL),
                REFUSED);
    static const char *const lists[] = {"\"products\"",     "\"signers\"",   "\"vmpls\"",
                                        "\"measurements\"", "\"host_data\"", "\"min_tcb\""};
    FOR_EACH(list, lists)
    {
        begin_genoa(); // a list that is left out
        char *at = strstr(text, *list), *colon = strchr(at, ':') + 2;
        memset(at, ' ', (size_t)(colon - at));
        char *end = strchr(colon, *colon == '[' ? ']' : '\n');
        if (*colon == '{') end = strstr(colon, "\n    },") + 5;
        memset(colon, ' ', (size_t)(strchr(end, ',') + 1 - colon));
        CHECK(failed()[0] != '\0');
    }
}

TEST(rules_refuse_guests_that_can_be_debugged_or_moved)
{
    begin_genoa();
    test_flip(bytes, 8 * 0x08 + 19);
    check_failed("snp.signature snp.guest.debug ");
    rules_edit(text, "\"debug\": false", "\"debug\": true");
    CHECK_FAILS(vch_rules_draft(&rules, text, strlen(text), &arena, NULL), REFUSED);
    begin_genoa();
    test_flip(bytes, 8 * 0x08 + 18);
    check_failed("snp.signature snp.guest.allowed ");
    rules_edit(text, "[\"smt\"]", "[\"smt\", \"migrate_ma\"]");
    check_failed("snp.signature ");
}

TEST(rules_take_loans_and_levels_only_where_they_say_so)
{
    begin_loaned();
    check_failed("");
    rules_edit(text, "\"vmpls\": [1]", "\"vmpls\": [0]");
    check_failed("snp.vmpl ");
    begin_loaned();
    rules_edit(text, "\"signers\": [\"vlek\"]", "\"signers\": [\"vcek\"]");
    check_failed("snp.signer ");
    begin_loaned();
    rules_edit(text, "[\"cc-us-east-2.amazonaws.com\"]", "[]");
    check_failed("snp.key.provider ");
    begin_loaned();
    rules_edit(text, "\"provisional\": true", "\"provisional\": false");
    check_failed("snp.tcb.provisional ");
}

// A key on loan names no chip, so no registry can have it; a chip's own key has to.
TEST(rules_know_no_chip_that_is_zero)
{
    begin_loaned();
    check_failed("");
    CHECK(vch_is_zero(report.chip_id, VCH_SNP_REPORT_CHIP_ID_SIZE));
    CHECK(vch_rules_machine(&rules, VCH_RULES_ID_CHIP, report.chip_id, 64) == NULL);
    begin_genoa();
    memset(bytes + CHIP, 0, VCH_SNP_REPORT_CHIP_ID_SIZE);
    check_failed("snp.key.chip snp.signature ");
}

TEST(rules_refuse_a_platform_without_alias_check)
{
    begin_genoa();
    test_flip(bytes, 8 * 0x40 + 5);
    check_failed("snp.signature snp.platform.alias_check snp.platform.required ");
    rules_edit(text, "[\"ecc\", \"alias_check\"]", "[]");
    check_failed("snp.signature snp.platform.alias_check "); // they cannot do without
}

TEST(rules_have_a_floor_for_each_model)
{
    begin_genoa();
    rules_edit(text, "\"ucode\": 84", "\"ucode\": 85");
    check_failed(OLD);
    begin_genoa(); // the floor that there is, is Bergamo's
    rules_edit(text, "\"19-11\"", "\"19-12\"");
    check_failed(OLD);
    begin_genoa(); // Bergamo's versions count otherwise, and do not make a Genoa old or new
    rules_edit(text, "\"snp\": 27, \"ucode\": 27", "\"snp\": 255, \"ucode\": 255");
    check_failed("");
}

TEST(rules_refuse_a_milan_unless_they_say_why)
{
    begin("snp/ms-milan-report.bin", "snp/ms-milan-vcek.pem", "roots/amd_ask_ark_milan.pem",
          YEAR_2026);
    check_failed("snp.product " OLD);
    rules_edit(text, "\"products\": [\"Genoa\"", "\"products\": [\"Milan\"");
    CHECK_FAILS(vch_rules_draft(&rules, text, strlen(text), &arena, NULL), REFUSED);
    rules_edit(text, "\"products\"", "\"milan\": \"a real report\", \"products\"");
    rules_edit(text, "\"19-11\": {\"bl\": 10, \"tee\": 0, \"snp\": 23, \"ucode\": 84}",
               "\"19-01\": {\"bl\": 4, \"tee\": 0, \"snp\": 24, \"ucode\": 208}");
    check_failed("");
}

// Anchors that are a test's, for a processor made here.
static void begin_made(const struct amd_chip *chip, const char *root)
{
    static char der[2 * AMD_DER_MAX], member[3 * AMD_DER_MAX];

    if (amd.chip != chip) amd_begin(&amd, chip);
    amd_write_report(&amd);
    const struct vch_certificate_bytes *ark = &amd.anchors.roots[chip->product];
    evidence = amd.evidence;
    time_s = AMD_NOW;
    rules_example(text);
    rules_edit(text, EXAMPLE_MEASUREMENT,
               "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
               "0000000000000000");
    rules_edit(text, "\"min_svn\": 2", "\"min_svn\": 0");
    rules_edit(text, "[\"page_swap_disabled\"]", "[]");
    rules_edit(text, "[1, 55]", "[0, 0]");
    rules_edit(text, "\"fmc\": 1, \"bl\": 1, \"tee\": 1, \"snp\": 4, \"ucode\": 81",
               "\"fmc\": 1, \"bl\": 2, \"tee\": 3, \"snp\": 4, \"ucode\": 81");
    rules_edit(text, "\"production\"", "\"test\"");
    vch_hex_encode(der, ark->bytes, ark->size);
    (void)snprintf(member, sizeof member, "\"anchors\": {\"%s\": \"%s\"}, \"freshness\"", root,
                   der);
    rules_edit(text, "\"freshness\"", member);
}

TEST(rules_of_a_test_take_its_own_roots_and_no_others)
{
    begin_made(&AMD_TURIN, "amd_turin");
    check_failed("");
    CHECK(!rules.anchors.are_vendors);
    rules_edit(text, "\"amd_turin\"", "\"amd_genoa\"");
    check_failed("snp.chain ");
    rules_edit(text, "\"test\"", "\"production\"");
    CHECK_FAILS(vch_rules_draft(&rules, text, strlen(text), &arena, NULL), REFUSED);
    begin_genoa(); // and no vendor's, where there are others
    rules_edit(text, "\"production\"", "\"test\"");
    rules_edit(text, "\"freshness\"", "\"anchors\": {}, \"freshness\"");
    check_failed("snp.chain ");
}

// The same eight bytes, read as a Milan's, are other versions.
TEST(rules_have_turins_versions_in_their_own_order)
{
    begin_made(&AMD_TURIN, "amd_turin");
    check_failed("");
    rules_edit(text, "\"fmc\": 1, \"bl\": 2, \"tee\": 3, \"snp\": 4, \"ucode\": 81",
               "\"fmc\": 0, \"bl\": 1, \"tee\": 2, \"snp\": 0, \"ucode\": 82");
    check_failed(OLD);
}

TEST(rules_say_whether_bits_without_a_meaning_pass)
{
    begin_made(&AMD_TURIN, "amd_turin");
    CHECK((amd.report[0x40] & 0x40) != 0);
    check_failed("");
    rules_edit(text, "\"unknown\": \"ignore\"", "\"unknown\": \"refuse\"");
    check_failed("snp.platform.known ");
}

TEST(rules_judge_a_bergamo_by_its_own_microcode)
{
    begin_made(&AMD_BERGAMO, "amd_genoa");
    check_failed(""); // 0x9b, and a Genoa's floor of 84 is not asked
    rules_edit(text, "\"snp\": 27, \"ucode\": 27", "\"snp\": 27, \"ucode\": 156");
    CHECK(fails("snp.tcb.reported"));
    amd_release(&amd);
}
