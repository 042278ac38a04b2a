// configfs-tsm and everything that can go wrong with it. Behind a real mount:
// tests/e2e/tsm_test.py.
#include "collect/tsm.h"

#include <string.h>

#include "evidence/dcap_quote.h"
#include "evidence/snp_report.h"

#include "harness/test.h"
#include "harness/tsm.h"
#include "harness/vector.h"

static struct amd amd;
static struct tsm tsm;
static struct vch_tsm_report report;
static struct vch_complaint complaint;
static uint8_t data[64];

static void start(enum tsm_fault fault, unsigned times)
{
    if (amd.chip == NULL) amd_begin(&amd, &AMD_TURIN);
    tsm_init(&tsm, &amd);
    tsm.fault = fault;
    tsm.times = times;
    complaint.text[0] = '\0';
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)test_below(256);
}

static vch_status collect(void)
{
    const struct vch_tsm_calls calls = tsm_calls(&tsm);

    return vch_tsm_collect(&report, &calls, "vouch-1", data, &complaint);
}

static void check_report(void)
{
    struct vch_snp_report said;

    CHECK_EQ(report.kind, VCH_BINDER_SNP);
    CHECK_OK(vch_snp_report_decode(&said, report.report, report.report_size, false, NULL));
    CHECK(memcmp(said.data, data, sizeof data) == 0);
}

// It fails as often as it is tried, says why, and leaves nothing behind.
static void check_fails(enum tsm_fault fault, unsigned tries, const char *why)
{
    start(fault, (unsigned)-1);
    CHECK_FAILS(collect(), UNAVAILABLE);
    if (strstr(complaint.text, why) == NULL)
        test_fail(__FILE__, __LINE__, "%s is not in: %s", why, complaint.text);
    CHECK_EQ(tsm.pauses + 1, tries);
    CHECK_EQ(tsm_count(&tsm), 0);
}

// What happens once is got over.
static void check_recovers(enum tsm_fault fault)
{
    start(fault, 1);
    CHECK_OK(collect());
    check_report();
    CHECK_EQ(tsm.pauses, 1);
    CHECK_EQ(tsm_count(&tsm), 0);
}

TEST(report_is_of_what_was_asked)
{
    const struct vch_tsm_calls calls = tsm_calls(&tsm);

    for (int i = 0; i < 3; i++) {
        start(TSM_NONE, 0);
        CHECK_OK(collect());
        check_report();
        CHECK(report.certificates_size == tsm.table_size && report.leftover[0] == '\0');
        CHECK(tsm.made == 1 && tsm.dropped == 1);
    }
    CHECK_OK(vch_tsm_probe(&report, &calls, "vouch-2", &complaint));
    CHECK(report.kind == VCH_BINDER_SNP && report.report_size == 0 && tsm_count(&tsm) == 0);
}

TEST(busy_tee_is_asked_again)
{
    check_recovers(TSM_BUSY);
    check_fails(TSM_BUSY, 3, "busy");
}

TEST(guest_of_no_tee_is_told_so)
{
    check_fails(TSM_NO_PROVIDER, 1, "no TEE gives out reports");
    check_fails(TSM_GONE, 1, "no TEE gives out reports");
}

TEST(empty_report_is_none)
{
    check_recovers(TSM_EMPTY);
    check_fails(TSM_EMPTY, 3, "empty report");
}

TEST(somebody_else_who_writes_to_our_entry_is_noticed)
{
    check_recovers(TSM_OTHER_WRITER);
    check_fails(TSM_OTHER_WRITER, 3, "others write to our entry");
    check_recovers(TSM_LATE_WRITER);
    check_fails(TSM_LATE_WRITER, 3, "others write to our entry");
}

TEST(what_was_written_and_not_taken_is_noticed)
{
    check_recovers(TSM_LOST);
    check_fails(TSM_LOST, 3, "was not taken");
}

TEST(stale_report_of_something_else_is_refused)
{
    check_recovers(TSM_STALE);
    check_fails(TSM_STALE, 3, "something else than was asked");
}

TEST(report_with_other_data_is_refused)
{
    check_recovers(TSM_WRONG);
    check_fails(TSM_WRONG, 3, "something else than was asked");
    check_recovers(TSM_GARBAGE);
    check_fails(TSM_GARBAGE, 3, "no report that this program reads");
}

TEST(blobs_beyond_their_size_are_refused)
{
    check_fails(TSM_SMALL, 1, "takes or gives less");
    check_fails(TSM_HUGE_REPORT, 1, "takes or gives less");
}

TEST(provider_that_nobody_knows_is_refused)
{
    start(TSM_UNKNOWN_PROVIDER, (unsigned)-1);
    CHECK_FAILS(collect(), UNSUPPORTED);
    CHECK(strstr(complaint.text, "arm_cca_guest") != NULL);
    CHECK(tsm.pauses == 0 && tsm_count(&tsm) == 0);
}

TEST(entry_name_that_is_taken_is_not_used)
{
    const struct vch_tsm_calls calls = tsm_calls(&tsm);

    check_recovers(TSM_TAKEN);
    check_fails(TSM_TAKEN, 3, "somebody else has an entry");
    // Whose it is stays as it was.
    start(TSM_NONE, 0);
    CHECK_EQ(tsm_make(&tsm, "vouch-1.0"), 0);
    CHECK_EQ(tsm_write(&tsm, "vouch-1.0", "inblob", "theirs", 6), 0);
    CHECK_OK(collect());
    check_report();
    CHECK(tsm_count(&tsm) == 1 && memcmp(tsm_find(&tsm, "vouch-1.0")->inblob, "theirs", 6) == 0);
    vch_tsm_sweep(&calls, "vouch-1");
    CHECK_EQ(tsm_count(&tsm), 0);
}

TEST(entry_that_cannot_be_removed_is_said_and_costs_no_report)
{
    start(TSM_STUCK, 1);
    CHECK_OK(collect());
    check_report();
    CHECK(strcmp(report.leftover, "vouch-1.0") == 0 && tsm_count(&tsm) == 1);
    CHECK_OK(collect()); // the name is taken, and there are others
    check_report();
    CHECK_EQ(report.leftover[0], '\0');
}

TEST(privilege_level_is_the_lowest_that_may_be_asked_for)
{
    struct vch_snp_report said;

    start(TSM_NONE, 0);
    tsm.floor = 2;
    CHECK_OK(collect());
    check_report();
    CHECK_OK(vch_snp_report_decode(&said, report.report, report.report_size, false, NULL));
    CHECK_EQ(said.vmpl, 2);
    start(TSM_NO_LEVEL, (unsigned)-1);
    tsm.floor = 1;
    CHECK_FAILS(collect(), UNAVAILABLE);
    CHECK(strstr(complaint.text, "privlevel") != NULL && tsm_count(&tsm) == 0);
}

TEST(quote_of_a_trust_domain_is_of_what_was_asked)
{
    static const char *const QUOTES[] = {"tdx/sets/gcp-v4-2026-06/quote.bin",
                                         "tdx/sets/oe-v5-2025/quote.bin"};
    static struct vector quote;
    struct vch_dcap_quote said;

    FOR_EACH(name, QUOTES)
    {
        vector_read(&quote, *name);
        start(TSM_NONE, 0);
        tsm.quote = quote.bytes;
        tsm.quote_size = quote.size;
        CHECK_OK(vch_dcap_quote_decode(&said, quote.bytes, quote.size, NULL));
        memcpy(data, said.report_data, sizeof data);
        CHECK_OK(collect());
        CHECK(report.kind == VCH_BINDER_TDX && report.report_size == quote.size);
        CHECK(report.certificates_size == 0 && tsm_count(&tsm) == 0);
        test_flip(data, test_below(512));
        CHECK_FAILS(collect(), UNAVAILABLE);
        CHECK(strstr(complaint.text, "something else than was asked") != NULL);
        tsm.quote_size = quote.size / 2;
        complaint.text[0] = '\0';
        CHECK_FAILS(collect(), UNAVAILABLE);
        CHECK(strstr(complaint.text, "no report that this program reads") != NULL);
    }
}
