// Quotes that a TPM's key signed over lies, one lie each. Real quotes: tpm_vectors_test.c.
#include "evidence/tpm_quote.h"

#include "harness/tpm.h"

static struct tpm tpm;
static struct vch_appraisal appraisal;
static struct vch_tpm_quote quote;
static struct vch_tpm_quote_expected expected;

static void start(void)
{
    tpm_init(&tpm);
    expected = (struct vch_tpm_quote_expected){
        .nonce = tpm.nonce, .nonce_size = sizeof tpm.nonce, .pcrs = TPM_SELECTED};
}

static vch_status verify(void)
{
    struct vch_tpm_quote_evidence evidence = tpm_evidence(&tpm);
    struct vch_complaint complaint = {0};

    vch_appraisal_init(&appraisal);
    return vch_tpm_quote_verify(&appraisal, &quote, &evidence, &tpm.ak, &expected, &complaint);
}

static void check_refused_by(const char *name)
{
    CHECK_FAILS(verify(), REFUSED);
    CHECK_EQ(vch_appraisal_find(&appraisal, name)->result, VCH_APPRAISAL_FAILED);
    CHECK(vch_appraisal_find(&appraisal, name)->text[0] != '\0');
    for (uint32_t i = 0; i < appraisal.count; i++) // nothing else is wrong
        CHECK(strcmp(appraisal.checks[i].name, name) == 0 ||
              appraisal.checks[i].result != VCH_APPRAISAL_FAILED);
}

TEST(quote_is_accepted_and_says_what_it_says)
{
    start();
    tpm_quote(&tpm, 7, 2);
    CHECK_OK(verify());
    CHECK_EQ(appraisal.count, 8);
    CHECK_EQ(quote.clock.clock_ms, 1000);
    CHECK_EQ(quote.clock.reset_count, 7);
    CHECK_EQ(quote.clock.restart_count, 2);
    CHECK(quote.clock.is_safe);
    CHECK_EQ(quote.firmware, 0x2019102300163636);
    tpm_release(&tpm);
}

TEST(quote_with_another_nonce_is_refused)
{
    start();
    tpm_quote(&tpm, 0, 0);
    for (size_t bit = 0; bit < 8 * sizeof tpm.nonce; bit++) {
        test_flip(tpm.nonce, bit);
        check_refused_by("tpm.nonce");
        test_flip(tpm.nonce, bit);
    }
    expected.nonce_size--; // a part of it
    check_refused_by("tpm.nonce");
    expected.nonce_size = 0; // and nothing asked for is nothing answered
    check_refused_by("tpm.nonce");
    tpm_release(&tpm);
}

TEST(quote_of_other_pcrs_is_refused)
{
    start();
    for (uint32_t pcr = 0; pcr < VCH_TPM_QUOTE_PCRS; pcr++) {
        uint32_t selected = TPM_SELECTED ^ 1u << pcr;
        tpm_begin(&tpm, 0xff544347, 0x8018, 0, 0);
        tpm_put_number(&tpm, 1, 4);
        tpm_put_bank(&tpm, 0x000b, selected);
        tpm_put_digest(&tpm, selected);
        tpm_sign(&tpm);
        check_refused_by("tpm.selection");
    }
    expected.pcrs = 0; // an empty policy accepts nothing, of whatever was quoted
    tpm_begin(&tpm, 0xff544347, 0x8018, 0, 0);
    tpm_put_number(&tpm, 1, 4);
    tpm_put_bank(&tpm, 0x000b, 0);
    tpm_put_digest(&tpm, 0);
    tpm_sign(&tpm);
    check_refused_by("tpm.selection");
    tpm_release(&tpm);
}

TEST(quote_of_the_sha1_bank_is_refused)
{
    start();
    tpm_begin(&tpm, 0xff544347, 0x8018, 0, 0);
    tpm_put_number(&tpm, 1, 4);
    tpm_put_bank(&tpm, 0x0004, TPM_SELECTED);
    tpm_put_digest(&tpm, TPM_SELECTED);
    tpm_sign(&tpm);
    check_refused_by("tpm.bank");
    CHECK(strstr(vch_appraisal_find(&appraisal, "tpm.bank")->text, "SHA-1") != NULL);
    tpm_release(&tpm);
}

TEST(quote_of_two_banks_is_refused)
{
    start();
    tpm_begin(&tpm, 0xff544347, 0x8018, 0, 0);
    tpm_put_number(&tpm, 2, 4);
    tpm_put_bank(&tpm, 0x000b, TPM_SELECTED);
    tpm_put_bank(&tpm, 0x0004, TPM_SELECTED);
    tpm_put_digest(&tpm, TPM_SELECTED);
    tpm_sign(&tpm);
    CHECK_FAILS(verify(), REFUSED);
    CHECK_EQ(vch_appraisal_find(&appraisal, "tpm.bank")->result, VCH_APPRAISAL_FAILED);
    tpm_release(&tpm);
}

TEST(quote_with_pcr_values_that_it_was_not_made_of_is_refused)
{
    start();
    tpm_quote(&tpm, 0, 0);
    for (size_t bit = 0; bit < 8 * sizeof tpm.pcrs; bit += 1 + test_below(16)) {
        bool is_quoted = (TPM_SELECTED >> bit / (8 * VCH_DIGEST_SIZE) & 1) != 0;
        test_flip(tpm.pcrs, bit);
        if (is_quoted)
            check_refused_by("tpm.pcr.digest");
        else
            CHECK_OK(verify()); // and a rule for such a PCR fails, see below
        test_flip(tpm.pcrs, bit);
    }
    tpm_release(&tpm);
}

TEST(quote_is_held_against_the_policys_values)
{
    start();
    tpm_quote(&tpm, 0, 0);
    struct vch_digest allowed[2] = {tpm.pcrs[3], tpm.pcrs[4]};
    struct vch_tpm_quote_pcr_rule rules[] = {{0, &tpm.pcrs[0], 1}, {4, allowed, 2}};
    expected.rules = rules;
    expected.rule_count = 2;
    CHECK_OK(verify());
    CHECK_EQ(vch_appraisal_find(&appraisal, "tpm.pcr.value")->result, VCH_APPRAISAL_PASSED);
    rules[1].count = 0; // nothing is allowed
    check_refused_by("tpm.pcr.value");
    rules[1].count = 1;
    check_refused_by("tpm.pcr.value");
    rules[1] = (struct vch_tpm_quote_pcr_rule){3, allowed, 2}; // right, and not quoted
    check_refused_by("tpm.pcr.value");
    rules[1] = (struct vch_tpm_quote_pcr_rule){24, allowed, 2}; // no such PCR
    check_refused_by("tpm.pcr.value");
    tpm_release(&tpm);
}

TEST(quote_after_pcr_11_was_extended_again_is_refused)
{
    start();
    struct vch_digest before = tpm.pcrs[11];
    struct vch_tpm_quote_pcr_rule rule = {11, &before, 1};
    uint32_t selected = TPM_SELECTED | 1u << 11;
    expected.pcrs = selected;
    expected.rules = &rule;
    expected.rule_count = 1;
    for (int extended = 0; extended < 2; extended++) {
        tpm_begin(&tpm, 0xff544347, 0x8018, 0, 0);
        tpm_put_number(&tpm, 1, 4);
        tpm_put_bank(&tpm, 0x000b, selected);
        tpm_put_digest(&tpm, selected);
        tpm_sign(&tpm);
        if (extended == 0)
            CHECK_OK(verify());
        else
            check_refused_by("tpm.pcr.value");
        tpm.pcrs[11] = vch_hash_bytes(tpm.pcrs[11].bytes, VCH_DIGEST_SIZE);
    }
    tpm_release(&tpm);
}

TEST(quote_from_before_what_was_seen_is_refused)
{
    static const struct {
        struct vch_tpm_quote_clock seen; // the quote says 1000 ms, reset 7, restart 2
        bool is_later, is_same_boot;
    } cases[] = {
        {{1000, 7, 2, true}, true, true},  {{999, 7, 2, true}, true, true},
        {{1001, 7, 2, true}, false, true}, {{1, 7, 3, true}, false, false},
        {{1, 8, 0, true}, false, false},   {{1, 7, 1, true}, true, false},
        {{9000, 6, 9, true}, true, false},
    };

    start();
    tpm_quote(&tpm, 7, 2);
    FOR_EACH(c, cases)
    {
        expected.seen = &c->seen;
        expected.is_session = false;
        if (c->is_later)
            CHECK_OK(verify());
        else
            check_refused_by("tpm.history");
        expected.is_session = true;
        if (c->is_later && c->is_same_boot)
            CHECK_OK(verify());
        else
            CHECK_FAILS(verify(), REFUSED);
        CHECK_EQ(vch_appraisal_find(&appraisal, "tpm.session")->result == VCH_APPRAISAL_PASSED,
                 c->is_same_boot);
    }
    expected.seen = NULL; // a session began with a quote
    check_refused_by("tpm.session");
    tpm_release(&tpm);
}

TEST(signed_bytes_that_are_no_quote_are_malformed)
{
    static const struct {
        uint32_t magic;
        uint16_t type;
    } cases[] = {{0xff544346, 0x8018}, {0x00544347, 0x8018}, {0xff544347, 0x8014},
                 {0xff544347, 0x8017}, {0xff544347, 0x801c}, {0xff544347, 0x8019}};

    start();
    FOR_EACH(c, cases)
    {
        tpm_begin(&tpm, c->magic, c->type, 0, 0);
        tpm_put_number(&tpm, 1, 4);
        tpm_put_bank(&tpm, 0x000b, TPM_SELECTED);
        tpm_put_digest(&tpm, TPM_SELECTED);
        tpm_sign(&tpm);
        CHECK_FAILS(verify(), MALFORMED);
    }
    tpm_quote(&tpm, 0, 0);
    tpm_put_number(&tpm, 0, 1);
    tpm_sign(&tpm);
    CHECK_FAILS(verify(), MALFORMED); // one byte too many
    tpm_release(&tpm);
}

TEST(quote_with_counts_out_of_bounds_is_over_the_limit)
{
    start();
    tpm_begin(&tpm, 0xff544347, 0x8018, 0, 0);
    tpm_put_number(&tpm, 0xffffffff, 4);
    tpm_put_bank(&tpm, 0x000b, TPM_SELECTED);
    tpm_sign(&tpm);
    CHECK_FAILS(verify(), LIMIT);
    tpm_begin(&tpm, 0xff544347, 0x8018, 0, 0);
    tpm_put_number(&tpm, 1, 4);
    tpm_put_number(&tpm, 0x000b04, 3); // 32 PCRs
    tpm_put_number(&tpm, 0x91000000, 4);
    tpm_put_digest(&tpm, TPM_SELECTED);
    tpm_sign(&tpm);
    CHECK_FAILS(verify(), LIMIT);
    tpm_release(&tpm);
}

TEST(quote_signed_by_another_key_is_refused)
{
    static struct tpm other;

    start();
    tpm_init(&other);
    tpm_quote(&tpm, 0, 0);
    tpm.ak = other.ak;
    check_refused_by("tpm.signature");
    tpm_release(&other);
    tpm_release(&tpm);
}
