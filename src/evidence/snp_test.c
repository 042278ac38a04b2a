// Real reports, each with its verdict at a time, and stale when its certificate has ended. What
// none of them shows is made in snp_lies_test.
#include "evidence/snp.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"
#include "harness/vectors.h"

enum { SUMMER_2025 = 1748736000, YEAR_2026 = 1782864000, MILAN = 1 << VCH_SNP_REPORT_MILAN };
static const int64_t YEAR_2040 = 2208988800;

#define MILAN_CHAIN "roots/amd_ask_ark_milan.pem"
#define GENOA_CHAIN "roots/amd_ask_ark_genoa.pem"

// The checks that fail under a policy that allows what the report says, and no old firmware.
#define OLD "snp.tcb.reported snp.tcb.committed snp.tcb.launch "
#define NO_ALIAS_CHECK "snp.platform.alias_check "

static const struct sample {
    const char *report, *key, *issuers;
    int64_t time_s;
    const char *failed;
} SAMPLES[] = {
    {"snp/ms-genoa-report.bin", "snp/ms-genoa-vcek.pem", GENOA_CHAIN, YEAR_2026, ""},
    {"snp/sets/az-genoa/report.bin", "snp/sets/az-genoa/vcek.der", GENOA_CHAIN, YEAR_2026, ""},
    {"snp/ms-milan-report.bin", "snp/ms-milan-vcek.pem", MILAN_CHAIN, YEAR_2026, ""},
    {"snp/sets/az-milan/report.bin", "snp/sets/az-milan/vcek.der", MILAN_CHAIN, YEAR_2026, ""},
    {"snp/sets/az-milan-nonce/report.bin", "snp/sets/az-milan-nonce/vcek.der", MILAN_CHAIN,
     YEAR_2026, ""},
    {"snp/dstack-milan-2026-report.bin", "snp/dstack-milan-2026-vcek.pem", MILAN_CHAIN, 1790000000,
     "snp.tcb.reported "},
    {"snp/trustee-vlek-report.bin", "snp/trustee-vlek.der", "roots/amd_ask_ark_milan_vlek.pem",
     SUMMER_2025, "snp.tcb.provisional "},
    {"snp/milan-v2-report.bin", "snp/milan-v2-vcek.der", MILAN_CHAIN, YEAR_2026,
     "snp.guest.debug " NO_ALIAS_CHECK OLD},
    {"snp/virtee-milan-report.bin", "snp/virtee-milan-vcek.der", MILAN_CHAIN, YEAR_2026,
     NO_ALIAS_CHECK OLD},
    {"snp/trustee-report.bin", "snp/trustee-vcek.der", MILAN_CHAIN, YEAR_2026,
     NO_ALIAS_CHECK OLD "snp.tcb.provisional "},
    {"snp/trustee-report.bin", "snp/neg-trustee-vcek-invalid-legacy.der", MILAN_CHAIN, YEAR_2026,
     "snp.key.tcb snp.key.chip snp.chain snp.signature " NO_ALIAS_CHECK OLD "snp.tcb.provisional "},
    {"snp/ms-genoa-report.bin", "snp/ms-genoa-vcek.pem", MILAN_CHAIN, YEAR_2026, "snp.chain "},
    {"snp/ms-genoa-report.bin", "snp/az-vcek-genoa.pem", GENOA_CHAIN, YEAR_2026,
     "snp.key.chip snp.signature "},
    {"snp/ms-genoa-report.bin", "snp/ms-milan-vcek.pem", MILAN_CHAIN, YEAR_2026,
     "snp.key.product snp.key.issuer snp.key.tcb snp.key.chip snp.chain snp.signature "},
    {"snp/ms-genoa-report.bin", "snp/virtee-turin-vcek.der", "roots/amd_ask_ark_turin_vcek.pem",
     YEAR_2026, "snp.key.product snp.key.issuer snp.key.tcb snp.key.chip snp.chain snp.signature "},
    {"snp/dstack-milan-2026-report.bin", "snp/dstack-milan-2026-vcek.pem",
     "snp/dstack-milan-2026-ask.pem", 1790000000, "snp.tcb.reported "}, // an ASK without its root
};

static const struct vch_snp_floor FLOORS[] = {
    {0x19, 0x01, {0, 4, 0, 0x18, 0xd0}},
    {0x19, 0x11, {0, 10, 0, 0x17, 0x54}},
};
static const char *const PROVIDERS[] = {"cc-us-east-2.amazonaws.com"};

static uint8_t report_bytes[VCH_SNP_REPORT_SIZE];
static struct vch_snp_evidence evidence;
static struct vch_snp_anchors anchors;
static struct vch_snp_policy policy;
static struct vch_snp_report report;
static struct vch_appraisal appraisal;
static uint8_t report_data[VCH_SNP_REPORT_DATA_SIZE];
static int64_t time_s;

// The report copied, so that it can be changed, and a policy that allows what it says of its guest.
static void load(const struct sample *sample)
{
    size_t size = 0;
    const uint8_t *bytes = vectors_read(sample->report, &size);

    CHECK_EQ(size, VCH_SNP_REPORT_SIZE);
    memcpy(report_bytes, bytes, size);
    evidence = (struct vch_snp_evidence){.report = {report_bytes, size}};
    evidence.key.bytes = vectors_read(sample->key, &evidence.key.size);
    evidence.issuers.bytes = vectors_read(sample->issuers, &evidence.issuers.size);
    anchors = vch_snp_amd();
    time_s = sample->time_s;
    memcpy(report_data, report_bytes + 0x50, sizeof report_data);
    policy = (struct vch_snp_policy){
        .takes_version_2 = true,
        .products = MILAN | 1 << VCH_SNP_REPORT_GENOA | 1 << VCH_SNP_REPORT_TURIN,
        .signers = 1 << VCH_SNP_REPORT_VCEK | 1 << VCH_SNP_REPORT_VLEK,
        .csp_ids = PROVIDERS,
        .csp_id_count = 1,
        .vmpls = 0x3,
        .measurements = {report_bytes + 0x90, 1},
        .host_data = {report_bytes + 0xc0, 1},
        .id_key_digests = {report_bytes + 0xe0, 1},
        .author_key_digests = {report_bytes + 0x110, 1},
        .guest_allowed = VCH_SNP_POLICY_SMT,
        .floors = FLOORS,
        .floor_count = 2,
    };
}

static vch_status verify(void)
{
    return vch_snp_verify(&appraisal, &report, &evidence, &anchors, &policy, time_s, report_data,
                          NULL);
}

static const char *failed(void)
{
    static char text[2048];
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < appraisal.count; i++)
        if (appraisal.checks[i].result == VCH_APPRAISAL_FAILED)
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s ", appraisal.checks[i].name);
    return text;
}

static void check_failed(const char *want)
{
    enum vch_code code = verify().code;

    if (strcmp(failed(), want) != 0)
        test_fail(__FILE__, __LINE__, "failed: %s; expected: %s", failed(), want);
    CHECK_EQ(code, *want == '\0' ? VCH_CODE_NONE : VCH_CODE_REFUSED);
}

TEST(snp_reports_get_the_verdicts_of_their_manifest)
{
    FOR_EACH(sample, SAMPLES)
    {
        load(sample);
        check_failed(sample->failed);
        CHECK_EQ(appraisal.count, 33);
    }
}

TEST(snp_evidence_is_stale_when_a_certificate_has_ended_or_not_begun)
{
    const int64_t times[] = {YEAR_2040, 1600000000, 0, -1};

    FOR_EACH(sample, SAMPLES)
    {
        load(sample);
        FOR_EACH(time, times)
        {
            time_s = *time;
            CHECK_FAILS(verify(), REFUSED);
            CHECK(vch_appraisal_find(&appraisal, "snp.chain")->result == VCH_APPRAISAL_FAILED);
        }
    }
    load(&SAMPLES[6]); // a VLEK ends after a year
    time_s = YEAR_2026;
    CHECK_FAILS(verify(), REFUSED);
    CHECK(strstr(vch_appraisal_find(&appraisal, "snp.chain")->text, "expired") != NULL);
}

TEST(snp_report_of_version_2_is_refused_unless_asked_for)
{
    load(&SAMPLES[7]);
    policy.takes_version_2 = false;
    CHECK_FAILS(verify(), UNSUPPORTED);
}

TEST(snp_report_with_any_byte_changed_is_refused)
{
    load(&SAMPLES[0]);
    anchors =
        (struct vch_snp_anchors){0}; // the chain is not what is asked about, and takes longest
    for (size_t i = 0; i < VCH_SNP_REPORT_SIZE; i++) {
        report_bytes[i] ^= (uint8_t)(1 << i % 8);
        CHECK(verify().code != VCH_CODE_REFUSED || strcmp(failed(), "snp.chain ") != 0);
        report_bytes[i] ^= (uint8_t)(1 << i % 8);
    }
    check_failed("snp.chain ");
}

TEST(snp_report_of_any_other_size_is_none)
{
    static uint8_t longer[VCH_SNP_REPORT_SIZE + 1];

    load(&SAMPLES[0]);
    for (evidence.report.size = 0; evidence.report.size < VCH_SNP_REPORT_SIZE;
         evidence.report.size++)
        CHECK_FAILS(verify(), TRUNCATED);
    memcpy(longer, report_bytes, sizeof report_bytes);
    evidence.report = (struct vch_certificate_bytes){longer, sizeof longer};
    CHECK_FAILS(verify(), MALFORMED);
}

TEST(snp_certificate_with_any_byte_changed_is_refused)
{
    static uint8_t key[4096];

    load(&SAMPLES[1]);
    CHECK(evidence.key.size < sizeof key);
    memcpy(key, evidence.key.bytes, evidence.key.size);
    memset(report_bytes + VCH_SNP_REPORT_SIGNED, 0, 144); // the chain is what is asked about
    evidence.key.bytes = key;
    check_failed("snp.signature.present snp.signature ");
    for (size_t i = 0; i < evidence.key.size; i++) {
        key[i] ^= (uint8_t)(1 << i % 8);
        CHECK(verify().code != VCH_CODE_REFUSED ||
              vch_appraisal_find(&appraisal, "snp.chain")->result == VCH_APPRAISAL_FAILED);
        key[i] ^= (uint8_t)(1 << i % 8);
    }
    while (evidence.key.size-- > 0)
        CHECK(verify().code != VCH_CODE_REFUSED);
}

TEST(snp_policy_that_is_empty_allows_nothing)
{
    load(&SAMPLES[0]);
    policy = (struct vch_snp_policy){0};
    check_failed("snp.product snp.signer snp.vmpl snp.measurement snp.host_data snp.id_key "
                 "snp.guest.allowed " OLD);
}

TEST(snp_anchors_that_are_empty_show_nothing)
{
    load(&SAMPLES[0]);
    anchors = (struct vch_snp_anchors){0};
    check_failed("snp.chain ");
    load(&SAMPLES[0]); // the root of another line
    anchors.roots[VCH_SNP_REPORT_GENOA] = anchors.roots[VCH_SNP_REPORT_MILAN];
    check_failed("snp.chain ");
}

static const uint8_t NONE[48] = {1};

static void refuse_product(void)
{
    policy.products &= MILAN;
}
static void refuse_signer(void)
{
    policy.signers = 1 << VCH_SNP_REPORT_VLEK;
}
static void refuse_level(void)
{
    policy.vmpls = 0x2;
}
static void other_measurement(void)
{
    policy.measurements.bytes = NONE;
}
static void other_host_data(void)
{
    policy.host_data.bytes = NONE;
}
static void other_id_key(void)
{
    policy.id_key_digests.bytes = NONE;
}
static void newer_guest(void)
{
    policy.guest_svn_min = 3;
}
static void no_smt(void)
{
    policy.guest_allowed = 0;
}
static void one_socket(void)
{
    policy.guest_required = VCH_SNP_POLICY_SINGLE_SOCKET;
}
static void newer_abi(void)
{
    policy.abi_min_major = 1, policy.abi_min_minor = 0x38;
}
static void this_abi(void)
{
    policy.abi_min_major = 1, policy.abi_min_minor = 0x37;
}
static void more_platform(void)
{
    policy.platform_required = VCH_SNP_PLATFORM_RAPL_DISABLED;
}
static void less_platform(void)
{
    policy.platform_forbidden = VCH_SNP_PLATFORM_SMT;
}
static void no_floor(void)
{
    policy.floor_count = 1;
}
static void mitigated(void)
{
    policy.launch_mitigations = 1;
}
static void lists_needed(void)
{
    policy.crl_rule = VCH_CHAIN_CRLS_OF_ROOT;
}
static void other_data(void)
{
    report_data[63] ^= 1;
}
static void half_of_data(void)
{
    memset(report_data + 32, 0xa5, 32);
}

TEST(snp_policy_refuses_for_what_it_says_and_nothing_else)
{
    static const struct {
        void (*change)(void);
        const char *failed;
    } changes[] = {
        {refuse_product, "snp.product "},
        {refuse_signer, "snp.signer "},
        {refuse_level, "snp.vmpl "},
        {other_measurement, "snp.measurement "},
        {other_host_data, "snp.host_data "},
        {other_id_key, "snp.id_key "},
        {newer_guest, "snp.guest_svn "},
        {no_smt, "snp.guest.allowed "},
        {one_socket, "snp.guest.required "},
        {newer_abi, "snp.firmware.abi "},
        {this_abi, ""},
        {more_platform, "snp.platform.required "},
        {less_platform, "snp.platform.forbidden "},
        {no_floor, OLD},
        {mitigated, "snp.mitigations "},
        {lists_needed, "snp.chain "},
        {other_data, "snp.report_data "},
        {half_of_data, "snp.report_data "},
    };

    FOR_EACH(row, changes)
    {
        load(&SAMPLES[0]);
        row->change();
        check_failed(row->failed);
    }
}

TEST(snp_vlek_is_taken_of_named_providers_alone)
{
    load(&SAMPLES[6]);
    policy.takes_provisional = true;
    check_failed("");
    CHECK_EQ(report.vmpl, 1);
    policy.csp_id_count = 0;
    check_failed("snp.key.provider ");
    policy.csp_id_count = 1;
    policy.signers = 1 << VCH_SNP_REPORT_VCEK;
    check_failed("snp.signer ");
    policy.signers = 1 << VCH_SNP_REPORT_VLEK;
    policy.vmpls = 1;
    check_failed("snp.vmpl ");
}

TEST(snp_floors_are_of_a_model_and_of_every_part)
{
    struct vch_snp_report_tcb *least;
    struct vch_snp_floor floors[2];

    load(&SAMPLES[0]);
    memcpy(floors, FLOORS, sizeof floors);
    policy.floors = floors;
    least = &floors[1].tcb;
    uint8_t *const parts[] = {&least->fmc, &least->bl, &least->tee, &least->snp, &least->ucode};
    FOR_EACH(part, parts)
    {
        ++**part;
        check_failed(OLD);
        --**part;
        check_failed("");
    }
    floors[1].cpu_model = 0xa0; // of Bergamo, whose microcode counts by itself
    check_failed(OLD);
}
