// The vendors' own chains. What they do not show is made, and lied about, in lies_test.
#include "certificate/chain.h"

#include <openssl/x509.h>
#include <string.h>

#include "harness/test.h"
#include "harness/vectors.h"

enum { SPRING_2021 = 1618000000, SPRING_2025 = 1745000000, SUMMER_2025 = 1751328000 };
static const int64_t YEAR_2050 = 2524608000;

static const struct sample {
    const char *leaf, *authorities; // PEM: what issued the leaf, then the root
} SAMPLES[] = {
    {"snp/milan-v2-vcek.der", "roots/amd_ask_ark_milan.pem"},
    {"snp/trustee-vlek.der", "roots/amd_ask_ark_milan_vlek.pem"},
    {"snp/az-vcek-genoa.pem", "roots/amd_ask_ark_genoa.pem"},
    {"snp/virtee-turin-vcek.der", "roots/amd_ask_ark_turin_vcek.pem"},
};

static struct vch_certificate_list list;
static uint8_t root[4096];
static struct vch_chain_rules rules;
static struct vch_complaint complaint;

// The list holds leaf, authority and root; the rules pin that root.
static void load(const struct sample *sample)
{
    unsigned char *end = root;
    size_t size = 0;
    const uint8_t *bytes = vectors_read(sample->leaf, &size);

    vch_certificate_release(&list);
    CHECK_OK(vch_certificate_read(&list, bytes, size, NULL));
    bytes = vectors_read(sample->authorities, &size);
    CHECK_OK(vch_certificate_read(&list, bytes, size, NULL));
    CHECK_EQ(list.count, 3);
    size = (size_t)i2d_X509(list.items[2], &end);
    rules = (struct vch_chain_rules){
        .root = {root, size}, .time_s = SPRING_2025, .signatures = VCH_CHAIN_PSS_SHA384};
    complaint = (struct vch_complaint){0};
}

TEST(chain_of_each_vendor_leads_to_its_root)
{
    FOR_EACH(sample, SAMPLES)
    {
        load(sample);
        CHECK_OK(vch_chain_verify(&list, &rules, NULL));
        X509_free(list.items[--list.count]); // the root need not be there
        CHECK_OK(vch_chain_verify(&list, &rules, NULL));
        X509_free(list.items[--list.count]);
        CHECK_FAILS(vch_chain_verify(&list, &rules, &complaint), BAD_PROOF);
        CHECK(strstr(complaint.text, "certificate 1 of the chain was not issued by") != NULL);
    }
}

TEST(chain_holds_only_while_its_certificates_do)
{
    int64_t start_s = 0, end_s = 0;

    FOR_EACH(sample, SAMPLES)
    {
        load(sample);
        CHECK_OK(vch_certificate_dates(list.items[0], &start_s, &end_s));
        CHECK(start_s < SPRING_2025 && end_s > SPRING_2025);
        const int64_t bad[] = {SPRING_2021, start_s - 1, end_s + 1, YEAR_2050, 0, -1};
        FOR_EACH(time_s, bad)
        {
            rules.time_s = *time_s;
            CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);
        }
        rules.time_s = start_s + 1;
        CHECK_OK(vch_chain_verify(&list, &rules, NULL));
        rules.time_s = end_s - 1;
        CHECK_OK(vch_chain_verify(&list, &rules, NULL));
    }
}

TEST(chain_to_another_root_is_refused)
{
    static uint8_t other[sizeof root];
    size_t size = 0;

    FOR_EACH(sample, SAMPLES)
    {
        FOR_EACH(from, SAMPLES)
        {
            load(from);
            size = rules.root.size;
            memcpy(other, root, size);
            load(sample);
            bool is_same = size == rules.root.size && memcmp(other, root, size) == 0;
            rules.root = (struct vch_certificate_bytes){other, size};
            CHECK(vch_is_ok(vch_chain_verify(&list, &rules, NULL)) == is_same);
        }
    }
}

TEST(chain_signed_in_a_way_that_is_not_allowed_is_refused)
{
    load(SAMPLES);
    for (unsigned signatures = 0; signatures < 32; signatures++) {
        rules.signatures = signatures;
        CHECK(vch_is_ok(vch_chain_verify(&list, &rules, NULL)) ==
              ((signatures & VCH_CHAIN_PSS_SHA384) != 0));
    }
}

TEST(chain_has_one_order_and_nothing_left_over)
{
    load(SAMPLES);
    struct x509_st *first = list.items[0];
    list.items[0] = list.items[1];
    list.items[1] = first;
    CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);

    load(SAMPLES);
    struct x509_st *last = list.items[--list.count];
    list.items[list.count++] = X509_dup(list.items[0]); // two leaves
    list.items[list.count++] = last;
    CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);

    load(SAMPLES);
    list.items[list.count++] = X509_dup(list.items[2]); // two roots
    CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);

    vch_certificate_release(&list);
    CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);
}

TEST(chain_without_a_list_that_has_to_be_there_is_refused)
{
    load(SAMPLES);
    rules.crl_rule = VCH_CHAIN_CRLS_OF_ROOT;
    CHECK_FAILS(vch_chain_verify(&list, &rules, &complaint), BAD_PROOF);
    CHECK(strstr(complaint.text, "certificate 2 of the chain: unable to get certificate CRL") !=
          NULL);
    rules.crl_rule = VCH_CHAIN_CRLS_OF_ALL;
    CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);
}

TEST(chain_of_intel_holds_with_its_lists_while_they_last)
{
    struct vch_crl_list crls;
    size_t size = 0;
    const uint8_t *bytes = vectors_read("tdx/sets/phala-v4-uptodate/pck_crl_chain.pem", &size);
    int64_t start_s = 0, end_s = 0;

    vch_certificate_release(&list);
    CHECK_OK(vch_certificate_read(&list, bytes, size, NULL));
    CHECK_EQ(list.count, 2);
    bytes = vectors_read("roots/intel_sgx_root_ca.der", &size);
    rules = (struct vch_chain_rules){.root = {bytes, size}, .signatures = VCH_CHAIN_ECDSA_SHA256};
    vch_crl_init(&crls);
    bytes = vectors_read("tdx/sets/phala-v4-uptodate/root_ca.crl", &size);
    CHECK_OK(vch_crl_read(&crls, bytes, size, NULL));
    CHECK_OK(vch_crl_dates(crls.items[0], &start_s, &end_s));
    rules.time_s = SUMMER_2025;
    // An authority is no leaf, whoever issued it.
    CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);
    vch_certificate_release(&list);
    bytes = vectors_read("tdx/sets/phala-v4-uptodate/tcb_signing_chain.pem", &size);
    CHECK_OK(vch_certificate_read(&list, bytes, size, NULL));
    CHECK_OK(vch_chain_verify(&list, &rules, NULL));
    rules.crls = &crls;
    rules.crl_rule = VCH_CHAIN_CRLS_OF_ALL;
    complaint = (struct vch_complaint){0};
    CHECK_OK(vch_chain_verify(&list, &rules, &complaint));
    rules.time_s = end_s + 1;
    CHECK_FAILS(vch_chain_verify(&list, &rules, &complaint), BAD_PROOF);
    CHECK(strstr(complaint.text, "CRL has expired") != NULL);
    rules.crl_rule = VCH_CHAIN_CRLS_IF_PRESENT; // what is there has to be good
    CHECK_FAILS(vch_chain_verify(&list, &rules, NULL), BAD_PROOF);
    vch_crl_release(&crls);
}
