// Chains of authorities made here, each wrong in one way.
#include <openssl/pem.h>
#include <string.h>

#include "certificate/chain.h"
#include "harness/authority.h"
#include "harness/test.h"

enum { START = 1700000000, NOW = 1750000000, END = 1800000000, DER_MAX = 4096 };

static struct authority root, middle, leaf;
static struct authority_plan root_plan, middle_plan, leaf_plan;
static uint8_t root_der[DER_MAX], crl_bytes[DER_MAX];
static struct vch_certificate_list list;
static struct vch_crl_list crls;
static struct vch_chain_rules rules;
static struct vch_complaint complaint;

static void plan(void)
{
    root_plan = (struct authority_plan){.name = "root",
                                        .path_length = AUTHORITY_ANY_LENGTH,
                                        .usage = "critical,keyCertSign,cRLSign",
                                        .start_s = START,
                                        .end_s = END,
                                        .serial = 1,
                                        .curve = "P-384"};
    middle_plan = root_plan;
    middle_plan.name = "middle";
    middle_plan.path_length = 0;
    middle_plan.serial = 2;
    leaf_plan = root_plan;
    leaf_plan.name = "leaf";
    leaf_plan.path_length = AUTHORITY_LEAF;
    leaf_plan.usage = NULL;
    leaf_plan.serial = 3;
}

static void add(const struct authority *authority)
{
    uint8_t der[DER_MAX];
    size_t size = authority_der(authority, der, sizeof der);

    CHECK_OK(vch_certificate_read(&list, der, size, NULL));
}

static void issue(void)
{
    authority_release(&root);
    authority_release(&middle);
    authority_release(&leaf);
    authority_issue(&root, NULL, &root_plan);
    authority_issue(&middle, &root, &middle_plan);
    authority_issue(&leaf, &middle, &leaf_plan);
    vch_certificate_release(&list);
    vch_crl_release(&crls);
    add(&leaf);
    add(&middle);
    rules = (struct vch_chain_rules){.root = {root_der, authority_der(&root, root_der, DER_MAX)},
                                     .time_s = NOW,
                                     .signatures = VCH_CHAIN_ECDSA_SHA384 | VCH_CHAIN_PSS_SHA384,
                                     .crls = &crls};
    complaint = (struct vch_complaint){0};
}

static void add_crl(const struct authority *issuer, long serial, int64_t end_s)
{
    size_t size = authority_revoke(issuer, &serial, 1, START, end_s, crl_bytes, sizeof crl_bytes);

    CHECK_OK(vch_crl_read(&crls, crl_bytes, size, NULL));
}

static void check_refused(const char *why)
{
    complaint = (struct vch_complaint){0};
    CHECK_FAILS(vch_chain_verify(&list, &rules, &complaint), BAD_PROOF);
    if (strstr(complaint.text, why) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", complaint.text, why);
}

static void refuse(const char *why)
{
    issue();
    check_refused(why);
    plan();
}

TEST(chain_made_here_holds)
{
    plan();
    issue();
    CHECK_OK(vch_chain_verify(&list, &rules, NULL));
    root_plan.curve = middle_plan.curve = NULL;
    issue();
    CHECK_OK(vch_chain_verify(&list, &rules, &complaint));
}

TEST(chain_through_one_that_may_not_issue_is_refused)
{
    plan();
    middle_plan.path_length = AUTHORITY_LEAF;
    refuse("certificate 2 of the chain");
    middle_plan.usage = "critical,cRLSign";
    refuse("key usage does not include certificate signing");
    middle_plan.usage = "critical,digitalSignature";
    refuse("key usage does not include certificate signing");
    root_plan.path_length = 0;
    refuse("path length");
    leaf_plan.path_length = AUTHORITY_ANY_LENGTH;
    refuse("certificate 1 of the chain is an authority's");
    leaf_plan.usage = "critical,keyAgreement";
    refuse("key usage");
}

TEST(chain_outside_of_anybodys_dates_is_refused)
{
    plan();
    root_plan.end_s = NOW - 1;
    refuse("certificate 3 of the chain: certificate has expired");
    middle_plan.end_s = NOW - 1;
    refuse("certificate 2 of the chain: certificate has expired");
    leaf_plan.start_s = NOW + 1;
    refuse("certificate 1 of the chain: certificate is not yet valid");
}

static void add_strange(X509 *certificate)
{
    authority_extend(certificate, "1.2.3.4", "\x05\x00", 2);
    X509_EXTENSION *extension = X509_get_ext(certificate, X509_get_ext_count(certificate) - 1);
    CHECK_EQ(X509_EXTENSION_set_critical(extension, 1), 1);
}

TEST(chain_with_an_unknown_critical_extension_is_refused)
{
    plan();
    leaf_plan.extend = add_strange;
    refuse("critical extension");
}

TEST(chain_signed_by_other_parameters_is_refused)
{
    plan();
    root_plan.curve = middle_plan.curve = NULL;
    leaf_plan.salt = 32;
    issue();
    check_refused("certificate 1 of the chain is signed in a way that is not allowed");
    leaf_plan.salt = 0;
    leaf_plan.hash = "SHA1";
    issue();
    check_refused("certificate 1 of the chain is signed in a way that is not allowed");
    leaf_plan.hash = "SHA256";
    issue();
    check_refused("certificate 1 of the chain is signed in a way that is not allowed");
}

TEST(chain_to_a_root_that_only_has_the_name_is_refused)
{
    struct authority other = {0};

    plan();
    issue();
    authority_issue(&other, NULL, &root_plan);
    rules.root.size = authority_der(&other, root_der, DER_MAX);
    check_refused("signature");
    add(&root); // and brings its own
    check_refused("signature");
    authority_release(&other);
}

TEST(chain_in_which_one_is_revoked_is_refused)
{
    plan();
    issue();
    add_crl(&root, middle_plan.serial, END);
    check_refused("certificate 2 of the chain: certificate revoked");
    issue();
    add_crl(&middle, leaf_plan.serial, END);
    check_refused("certificate 1 of the chain: certificate revoked");
    issue();
    add_crl(&root, 77, END);
    add_crl(&middle, 78, END);
    rules.crl_rule = VCH_CHAIN_CRLS_OF_ALL;
    CHECK_OK(vch_chain_verify(&list, &rules, NULL));
}

TEST(chain_with_a_list_missing_or_ended_or_of_another_is_refused)
{
    struct authority other = {0};

    plan();
    issue();
    add_crl(&root, 77, END);
    rules.crl_rule = VCH_CHAIN_CRLS_OF_ROOT;
    CHECK_OK(vch_chain_verify(&list, &rules, NULL));
    rules.crl_rule = VCH_CHAIN_CRLS_OF_ALL;
    check_refused("certificate 1 of the chain: unable to get certificate CRL");
    issue();
    add_crl(&middle, 77, END);
    rules.crl_rule = VCH_CHAIN_CRLS_OF_ROOT;
    check_refused("certificate 2 of the chain: unable to get certificate CRL");
    issue();
    add_crl(&root, 77, NOW - 1);
    check_refused("CRL has expired");
    issue();
    authority_issue(&other, NULL, &root_plan); // the root's name, another key
    add_crl(&other, 77, END);
    check_refused("CRL signature failure");
    issue();
    leaf_plan.name = "someone";
    authority_release(&other);
    authority_issue(&other, NULL, &leaf_plan);
    add_crl(&other, 77, END);
    CHECK_OK(vch_chain_verify(&list, &rules, NULL)); // it is nobody's of this chain
    rules.crl_rule = VCH_CHAIN_CRLS_OF_ROOT;
    check_refused("unable to get certificate CRL");
    authority_release(&other);
}

// A name that ends for whoever reads it as a text of C, and goes on for others.
static void rename_with_a_nul(X509 *certificate)
{
    static const unsigned char name[] = "leaf\0.example";
    X509_NAME *subject = X509_get_subject_name(certificate);

    X509_NAME_ENTRY_free(X509_NAME_delete_entry(subject, 0));
    CHECK_EQ(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, sizeof name - 1, -1, 0),
             1);
}

TEST(name_with_a_nul_in_it_is_none)
{
    char name[64];

    plan();
    issue();
    CHECK_OK(vch_certificate_subject_name(list.items[0], name, sizeof name));
    CHECK(strcmp(name, "leaf") == 0);
    leaf_plan.extend = rename_with_a_nul;
    issue();
    CHECK_FAILS(vch_certificate_subject_name(list.items[0], name, sizeof name), MALFORMED);
}

// The leaf in PEM, so many times.
static size_t write_pem(char *out, size_t room, int times)
{
    BIO *bio = BIO_new(BIO_s_mem());

    for (int i = 0; i < times; i++)
        CHECK_EQ(PEM_write_bio_X509(bio, leaf.certificate), 1);
    int size = BIO_read(bio, out, (int)room);
    CHECK(size > 0 && (size_t)size < room);
    BIO_free(bio);
    return (size_t)size;
}

TEST(certificates_in_one_text_are_few)
{
    static char text[1 << 20];
    const int counts[] = {VCH_CERTIFICATE_COUNT_MAX + 1, 1000};

    plan();
    issue();
    vch_certificate_release(&list);
    size_t size = write_pem(text, sizeof text, VCH_CERTIFICATE_COUNT_MAX);
    CHECK_OK(vch_certificate_read(&list, (const uint8_t *)text, size, NULL));
    CHECK_EQ(list.count, VCH_CERTIFICATE_COUNT_MAX);
    FOR_EACH(count, counts)
    {
        vch_certificate_release(&list);
        size = write_pem(text, sizeof text, *count);
        CHECK_FAILS(vch_certificate_read(&list, (const uint8_t *)text, size, NULL), LIMIT);
    }
    vch_certificate_release(&list);
}

TEST(certificate_is_signed_by_its_own_key_or_not)
{
    uint8_t der[DER_MAX];
    struct vch_certificate_list own;

    plan();
    issue();
    vch_certificate_init(&own);
    CHECK_FAILS(vch_certificate_verify_own(list.items[0]), BAD_PROOF); // the middle one signed it
    size_t size = authority_der(&root, der, sizeof der);
    CHECK_OK(vch_certificate_read(&own, der, size, NULL));
    CHECK_OK(vch_certificate_verify_own(own.items[0]));
    vch_certificate_release(&own);
    der[size - 1] ^= 1;
    CHECK_OK(vch_certificate_read(&own, der, size, NULL));
    CHECK_FAILS(vch_certificate_verify_own(own.items[0]), BAD_PROOF);
    vch_certificate_release(&own);
    root_plan.hash = "SHA1";
    issue();
    CHECK_OK(vch_certificate_read(&own, der, authority_der(&root, der, sizeof der), NULL));
    CHECK_FAILS(vch_certificate_verify_own(own.items[0]), BAD_PROOF);
    vch_certificate_release(&own);
}
