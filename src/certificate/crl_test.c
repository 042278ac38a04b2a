// Revocation lists that say less than they seem to, or that no key of today's may have signed.
#include <openssl/x509v3.h>
#include <string.h>

#include "certificate/chain.h"
#include "harness/authority.h"
#include "harness/test.h"

enum { START = 1700000000, LATER = 1740000000, NOW = 1750000000, END = 1800000000, DER_MAX = 4096 };
enum { LEAF_SERIAL = 3 };

static struct authority root, leaf;
static uint8_t root_der[DER_MAX];
static struct vch_certificate_list list;
static struct vch_crl_list crls;
static struct vch_chain_rules rules;

static void issue(const char *curve)
{
    struct authority_plan plan = {.name = "root",
                                  .path_length = AUTHORITY_ANY_LENGTH,
                                  .usage = "critical,keyCertSign,cRLSign",
                                  .start_s = START,
                                  .end_s = END,
                                  .serial = 1,
                                  .curve = curve};
    uint8_t der[DER_MAX];

    authority_release(&root);
    authority_release(&leaf);
    authority_issue(&root, NULL, &plan);
    plan.name = "leaf";
    plan.path_length = AUTHORITY_LEAF;
    plan.usage = NULL;
    plan.serial = LEAF_SERIAL;
    authority_issue(&leaf, &root, &plan);
    vch_certificate_release(&list);
    vch_crl_release(&crls);
    CHECK_OK(vch_certificate_read(&list, der, authority_der(&leaf, der, sizeof der), NULL));
    rules = (struct vch_chain_rules){.root = {root_der, authority_der(&root, root_der, DER_MAX)},
                                     .time_s = NOW,
                                     .signatures = VCH_CHAIN_ECDSA_SHA384 | VCH_CHAIN_PSS_SHA384,
                                     .crls = &crls};
}

static vch_status read_list(long serial, int64_t start_s, const char *hash,
                            void (*shape)(X509_CRL *))
{
    const struct authority_list_plan plan = {.serials = &serial,
                                             .count = 1,
                                             .start_s = start_s,
                                             .end_s = END,
                                             .hash = hash,
                                             .extend = shape};
    uint8_t der[DER_MAX];

    return vch_crl_read(&crls, der, authority_list(&root, &plan, der, sizeof der), NULL);
}

static void extend(X509_CRL *crl, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    CHECK(extension != NULL);
    CHECK_EQ(X509_CRL_add_ext(crl, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void be_delta(X509_CRL *crl)
{
    ASN1_INTEGER *number = ASN1_INTEGER_new();

    CHECK_EQ(ASN1_INTEGER_set(number, 1), 1);
    CHECK_EQ(X509_CRL_add1_ext_i2d(crl, NID_delta_crl, number, 1, 0), 1);
    CHECK_EQ(ASN1_INTEGER_set(number, 2), 1);
    CHECK_EQ(X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0), 1);
    ASN1_INTEGER_free(number);
}

static void be_indirect(X509_CRL *crl)
{
    extend(crl, NID_issuing_distribution_point, "critical,indirectCRL:TRUE");
}

static void be_of_some_reasons(X509_CRL *crl)
{
    extend(crl, NID_issuing_distribution_point, "critical,onlysomereasons:keyCompromise");
}

static void be_of_two_kinds(X509_CRL *crl)
{
    extend(crl, NID_issuing_distribution_point, "critical,onlyuser:TRUE,onlyCA:TRUE");
}

static void be_strange(X509_CRL *crl)
{
    ASN1_OBJECT *object = OBJ_txt2obj("1.2.3.4", 1);
    ASN1_OCTET_STRING *bytes = ASN1_OCTET_STRING_new();

    CHECK_EQ(ASN1_OCTET_STRING_set(bytes, (const unsigned char *)"\x05\x00", 2), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, bytes);
    CHECK_EQ(X509_CRL_add_ext(crl, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(bytes);
    ASN1_OBJECT_free(object);
}

// Nobody is believed because of a list that has to be read together with another.
static void check_never_believed(long serial, void (*shape)(X509_CRL *))
{
    for (int rule = VCH_CHAIN_CRLS_IF_PRESENT; rule <= VCH_CHAIN_CRLS_OF_ALL; rule++) {
        issue("P-384");
        rules.crl_rule = (enum vch_chain_crls)rule;
        if (vch_is_ok(read_list(serial, START, NULL, shape)))
            CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);
    }
}

TEST(list_that_is_not_all_of_a_list_shows_nobody_unrevoked)
{
    check_never_believed(77, be_delta);
    check_never_believed(LEAF_SERIAL, be_delta);
    check_never_believed(LEAF_SERIAL, be_indirect);
    check_never_believed(LEAF_SERIAL, be_of_some_reasons);
    check_never_believed(LEAF_SERIAL, be_of_two_kinds);
    check_never_believed(LEAF_SERIAL, be_strange);
}

TEST(list_of_what_was_added_since_does_not_take_the_place_of_the_whole)
{
    issue("P-384");
    CHECK_OK(read_list(LEAF_SERIAL, START, NULL, NULL));
    (void)vch_is_ok(read_list(77, LATER, NULL, be_delta));
    CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);
}

TEST(list_that_is_signed_as_no_certificate_may_be_shows_nobody_unrevoked)
{
    const char *const curves[] = {"P-384", NULL};
    const char *const hashes[] = {"SHA1", "SHA224", "SHA256", "SHA512"};

    FOR_EACH(curve, curves)
    {
        issue(*curve);
        rules.crl_rule = VCH_CHAIN_CRLS_OF_ALL;
        CHECK_OK(read_list(77, START, NULL, NULL));
        CHECK_OK(vch_chain_verify(&list, &rules, NULL));
        FOR_EACH(hash, hashes)
        {
            vch_crl_release(&crls);
            CHECK_OK(read_list(77, START, *hash, NULL));
            CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);
            rules.own = &crls; // nor where the verifier has it
            rules.crls = NULL;
            CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);
            rules.own = NULL;
            rules.crls = &crls;
        }
    }
}

static struct vch_crl_list own;

// A list of the verifier's own, of that time.
static void have(const struct authority *issuer, long serial, int64_t start_s, int64_t end_s,
                 void (*shape)(X509_CRL *))
{
    const struct authority_list_plan plan = {
        .serials = &serial, .count = 1, .start_s = start_s, .end_s = end_s, .extend = shape};
    uint8_t der[DER_MAX];

    CHECK_OK(vch_crl_read(&own, der, authority_list(issuer, &plan, der, sizeof der), NULL));
    rules.own = &own;
}

static void check_verdict(const char *why) // NULL: it holds
{
    struct vch_complaint complaint = {0};
    vch_status status = vch_chain_verify(&list, &rules, &complaint);

    if (vch_is_ok(status) != (why == NULL) || (why != NULL && strstr(complaint.text, why) == NULL))
        test_fail(__FILE__, __LINE__, "expected \"%s\", found \"%s\"", why != NULL ? why : "",
                  complaint.text);
    vch_crl_release(&own);
    vch_crl_release(&crls);
    rules.own = NULL;
}

enum { OTHER_SERIAL = LEAF_SERIAL + 1 };

TEST(list_of_the_verifiers_own_counts_whatever_others_bring)
{
    issue("P-384");
    check_verdict(NULL);
    have(&root, LEAF_SERIAL, START, END, NULL); // and none came
    check_verdict("certificate revoked");
    CHECK_OK(read_list(OTHER_SERIAL, LATER, NULL, NULL)); // what came is newer
    have(&root, LEAF_SERIAL, START, END, NULL);
    check_verdict("revoked, by the verifier's own list");
    CHECK_OK(read_list(OTHER_SERIAL, START, NULL, NULL)); // or older
    have(&root, OTHER_SERIAL, LATER, END, NULL);
    have(&root, LEAF_SERIAL, START, END, NULL);
    check_verdict("revoked");
    CHECK_OK(read_list(LEAF_SERIAL, START, NULL, NULL)); // its own does not take back another's
    have(&root, OTHER_SERIAL, START - 1, END, NULL);
    check_verdict("revoked");
    have(&root, OTHER_SERIAL, START, END, NULL);
    check_verdict(NULL);
}

TEST(list_of_the_verifiers_own_is_there_where_one_has_to_be)
{
    issue("P-384");
    for (int rule = VCH_CHAIN_CRLS_OF_ROOT; rule <= VCH_CHAIN_CRLS_OF_ALL; rule++) {
        rules.crl_rule = (enum vch_chain_crls)rule;
        check_verdict("CRL");
        have(&root, OTHER_SERIAL, START, END, NULL);
        check_verdict(NULL);
        have(&root, OTHER_SERIAL, NOW + 1, END, NULL); // made after what is judged
        check_verdict("CRL");
        have(&leaf, OTHER_SERIAL, START, END, NULL);
        check_verdict("CRL");
    }
}

TEST(list_of_the_verifiers_own_that_is_over_or_none_is_said_so)
{
    issue("P-384");
    have(&root, OTHER_SERIAL, START, NOW - 1, NULL);
    check_verdict("CRL has expired");
    CHECK_OK(read_list(OTHER_SERIAL, START, NULL, NULL)); // one that came does not stand in for it
    have(&root, OTHER_SERIAL, START, NOW - 1, NULL);
    check_verdict("own list of what its issuer revoked is over");
    CHECK_OK(read_list(OTHER_SERIAL, START, NULL, NULL));
    have(&root, OTHER_SERIAL, START, END, be_strange);
    check_verdict("is no whole list");
    have(&root, LEAF_SERIAL, NOW + 1, END, NULL); // known since: it was never good
    check_verdict("revoked, by the verifier's own list");
    have(&root, OTHER_SERIAL, NOW + 1, END, NULL);
    check_verdict(NULL);
    have(&leaf, LEAF_SERIAL, START, END, NULL); // of nobody in the chain
    check_verdict(NULL);
}

TEST(list_of_the_verifiers_own_by_an_issuer_of_the_same_name_is_none)
{
    struct authority other;
    const struct authority_plan plan = {.name = "root",
                                        .path_length = AUTHORITY_ANY_LENGTH,
                                        .usage = "critical,keyCertSign,cRLSign",
                                        .start_s = START,
                                        .end_s = END,
                                        .serial = 1,
                                        .curve = "P-384"};

    authority_issue(&other, NULL, &plan);
    issue("P-384");
    CHECK_OK(read_list(OTHER_SERIAL, LATER, NULL, NULL));
    have(&other, OTHER_SERIAL, START, END, NULL);
    check_verdict("signed by another key");
    authority_release(&other);
}
