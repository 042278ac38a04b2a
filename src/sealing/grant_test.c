// The release of data keys: to whom was found good, and to nobody else.
#include "sealing/grant.h"

#include <string.h>

#include "base/bytes.h"
#include "harness/sealings.h"
#include "harness/spec.h"
#include "harness/test.h"

enum { NOW = 1800000000, END = NOW + 3600 };

static const char page[] = "sealing.md";
static struct sealing made;
static struct showing shown;
static struct vch_grant_terms terms;
static struct vch_complaint complaint;
static uint8_t grant[VCH_GRANT_SIZE + 1], key[VCH_SEALED_KEY_SIZE];

static void setup(void)
{
    complaint.text[0] = '\0';
    sealing_make(&made, 5, 7);
    showing_make(&shown);
    terms.manifest = vch_sealed_digest(&made.sealed);
    terms.policy = shown.bound.policy;
    terms.time_s = NOW;
    terms.expiry_s = NOW + 600;
}

static vch_status make_accepting(uint64_t policy_end_s, const char *const *accepted, size_t count)
{
    const struct vch_grant_basis basis = {.verdict = &shown.verdict,
                                          .binder = shown.binder,
                                          .policy_end_s = policy_end_s,
                                          .accepted = accepted,
                                          .accepted_count = count};
    uint8_t seed[VCH_HPKE_SEED_SIZE];

    sealing_fill(seed, sizeof seed, 0xc0);
    complaint.text[0] = '\0';
    return vch_grant_make(grant, &basis, &made.sealed, &terms, made.key, seed, &complaint);
}

static vch_status make(uint64_t policy_end_s)
{
    return make_accepting(policy_end_s, NULL, 0);
}

static vch_status open_at(uint64_t time_s)
{
    struct vch_grant_terms found;

    complaint.text[0] = '\0';
    memset(key, 0, sizeof key);
    return vch_grant_open(key, &found, grant, VCH_GRANT_SIZE, &shown.secret, shown.binder,
                          &made.sealed, time_s, &complaint);
}

// Refused, and nothing of the key is in what the caller has.
static void check_refused_at(uint64_t time_s)
{
    CHECK_FAILS(open_at(time_s), REFUSED);
    CHECK(complaint.text[0] != '\0');
    CHECK(memcmp(key, made.key, sizeof key) != 0);
}

TEST(grant_opens_for_whom_it_was_made)
{
    struct vch_grant_terms found;

    setup();
    CHECK_OK(make(END));
    test_spec_check(shown.binder, sizeof shown.binder, page, "binder");
    test_spec_check(grant, VCH_GRANT_SIZE, page, "grant");
    CHECK_OK(vch_grant_open(key, &found, grant, VCH_GRANT_SIZE, &shown.secret, shown.binder,
                            &made.sealed, NOW, &complaint));
    CHECK(memcmp(key, made.key, sizeof key) == 0);
    CHECK_EQ(found.time_s, NOW);
    CHECK_EQ(found.expiry_s, NOW + 600);
}

TEST(grant_is_not_made_without_an_affirming_verdict)
{
    uint8_t report[VCH_BINDER_REPORT_SIZE] = {0};

    setup();
    vch_appraisal_init(&shown.verdict);
    CHECK_FAILS(make(END), REFUSED); // nothing was looked at
    CHECK(vch_appraisal_check(&shown.verdict, "snp.signature", true, "%s", ""));
    CHECK_FAILS(make(END), REFUSED); // genuine evidence, of whatever connection
    CHECK(!vch_binder_check(&shown.verdict, shown.binder, report, sizeof report));
    CHECK_FAILS(make(END), REFUSED); // of another one
    showing_judge(&shown);
    vch_appraisal_add(&shown.verdict, "snp.tcb", VCH_APPRAISAL_WARNED, "SVN 23 below 24");
    CHECK_FAILS(make(END), REFUSED);
    CHECK(strstr(complaint.text, "SVN 23 below 24") != NULL);
    showing_judge(&shown);
    CHECK(!vch_appraisal_check(&shown.verdict, "snp.policy", false, "debugged"));
    CHECK_FAILS(make(END), REFUSED);
    showing_judge(&shown);
    shown.verdict.is_cut = true;
    CHECK_FAILS(make(END), REFUSED);
    showing_judge(&shown);
    vch_appraisal_add(&shown.verdict, "binding.gpu", VCH_APPRAISAL_NOT_APPLICABLE, "%s", "");
    CHECK_OK(make(END));
}

// Whoever releases may take a warning, by its name. What failed nobody can take.
TEST(grant_is_made_in_spite_of_warnings_that_were_named_alone)
{
    static const char *const accepted[] = {"gpu.firmware", "snp.policy", "binding.evidence"};
    uint8_t report[VCH_BINDER_REPORT_SIZE] = {0};

    setup();
    vch_appraisal_add(&shown.verdict, "gpu.firmware", VCH_APPRAISAL_WARNED, "not done");
    CHECK_FAILS(make(END), REFUSED);
    CHECK_OK(make_accepting(END, accepted, 1));
    vch_appraisal_add(&shown.verdict, "snp.tcb", VCH_APPRAISAL_WARNED, "SVN 23 below 24");
    CHECK_FAILS(make_accepting(END, accepted, 3), REFUSED);
    showing_judge(&shown);
    CHECK(!vch_appraisal_check(&shown.verdict, "snp.policy", false, "debugged"));
    CHECK_FAILS(make_accepting(END, accepted, 3), REFUSED);
    vch_appraisal_init(&shown.verdict);
    CHECK(!vch_binder_check(&shown.verdict, shown.binder, report, sizeof report));
    CHECK_FAILS(make_accepting(END, accepted, 3), REFUSED);
    vch_appraisal_init(&shown.verdict);
    vch_appraisal_add(&shown.verdict, "binding.evidence", VCH_APPRAISAL_WARNED, "somehow");
    CHECK_FAILS(make_accepting(END, accepted, 3), REFUSED);
}

TEST(grant_is_not_made_after_the_policy_ends_or_beyond_it)
{
    setup();
    CHECK_OK(make(terms.expiry_s));
    CHECK_FAILS(make(terms.expiry_s - 1), REFUSED);
    CHECK_FAILS(make(NOW - 1), REFUSED);
    terms.expiry_s = NOW; // over when it begins
    CHECK_FAILS(make(END), REFUSED);
    terms.expiry_s = NOW + 600;
    terms.policy.bytes[0] ^= 1;
    CHECK_FAILS(make(END), REFUSED);
}

TEST(grant_is_not_made_for_another_manifest_key_or_block)
{
    setup();
    terms.manifest.bytes[0] ^= 1;
    CHECK_FAILS(make(END), REFUSED);
    setup();
    made.key[0] ^= 1;
    CHECK_FAILS(make(END), REFUSED);
    setup();
    shown.binder[16] = 9;
    CHECK_FAILS(make(END), MALFORMED);
    setup();
    memset(shown.bound.sealing_key, 0, 32);
    shown.bound.sealing_key[0] = 1; // a point of small order: anybody knows what comes of it
    showing_judge(&shown);
    CHECK_FAILS(make(END), REFUSED);
    CHECK(strstr(complaint.text, "small order") != NULL);
}

// The key goes to the one that B names: whoever has another, or another connection, has nothing.
TEST(grant_does_not_open_for_another_key_or_another_block)
{
    struct vch_hpke_secret other;
    uint8_t seed[VCH_HPKE_SEED_SIZE] = {1};

    setup();
    CHECK_OK(make(END));
    struct vch_hpke_secret own = shown.secret;
    vch_hpke_key(&other, seed);
    shown.secret = other;
    check_refused_at(NOW);
    shown.secret = own;
    for (size_t i = 20; i < VCH_BINDER_SIZE; i += 32) {
        shown.binder[i] ^= 1;
        check_refused_at(NOW);
        shown.binder[i] ^= 1;
    }
    CHECK_OK(open_at(NOW));
}

TEST(grant_does_not_open_after_its_expiry_or_for_another_release)
{
    setup();
    CHECK_OK(make(END));
    CHECK_OK(open_at(NOW + 599));
    check_refused_at(NOW + 600);
    made.sealed.counter = 8;
    CHECK_OK(vch_sealed_sign(&made.sealed, &made.owner));
    check_refused_at(NOW);
}

// A grant that was replayed with terms that suit better.
TEST(grant_with_any_bit_changed_does_not_open)
{
    setup();
    CHECK_OK(make(END));
    for (size_t bit = 0; bit < (size_t)8 * VCH_GRANT_SIZE; bit++) {
        test_flip(grant, bit);
        CHECK(!vch_is_ok(open_at(NOW)));
        test_flip(grant, bit);
    }
    CHECK_OK(open_at(NOW));
    for (size_t size = 0; size < VCH_GRANT_SIZE; size++)
        CHECK_FAILS(vch_grant_open(key, &terms, grant, size, &shown.secret, shown.binder,
                                   &made.sealed, NOW, NULL),
                    TRUNCATED);
    CHECK_FAILS(vch_grant_open(key, &terms, grant, sizeof grant, &shown.secret, shown.binder,
                               &made.sealed, NOW, NULL),
                MALFORMED);
}

// HPKE says nothing of who sent it. A key that anybody made up is not the one that the owner's
// manifest names.
TEST(grant_of_a_made_up_key_does_not_open)
{
    static struct sealing forged;

    setup();
    forged = made;
    memset(made.key, 9, sizeof made.key);
    made.sealed.key_check = vch_sealed_key_check(made.key);
    terms.manifest = vch_sealed_digest(&made.sealed);
    CHECK_OK(make(END));
    made.sealed = forged.sealed;
    check_refused_at(NOW);
}
