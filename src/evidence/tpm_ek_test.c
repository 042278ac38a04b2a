// swtpm's own authority stands for a maker.
#include "evidence/tpm_ek.h"

#include <openssl/x509.h>

#include "harness/vector.h"

#define FOLDER "tpm/swtpm-own/"
enum { AT = 1795651200 }; // 2026-11-26

static struct vector file, root, other_root;
static struct vch_certificate_list list;
static struct vch_appraisal appraisal;
static struct vch_spki ek;
static struct vch_chain_rules rules;

static void read_root(struct vector *out, const char *name)
{
    static struct vch_certificate_list roots;

    vector_read(out, name);
    vch_certificate_init(&roots);
    CHECK_OK(vch_certificate_read(&roots, out->bytes, out->size, NULL));
    unsigned char *der = out->bytes;
    out->size = (size_t)i2d_X509(roots.items[0], &der);
    vch_certificate_release(&roots);
}

static void start(void)
{
    read_root(&root, FOLDER "swtpm-localca-rootca-cert.pem");
    vch_certificate_init(&list);
    vector_read(&file, FOLDER "ek_rsa.der");
    CHECK_OK(vch_certificate_read(&list, file.bytes, file.size, NULL));
    vector_read(&file, FOLDER "issuercert.pem");
    CHECK_OK(vch_certificate_read(&list, file.bytes, file.size, NULL));
    rules = (struct vch_chain_rules){.root = {root.bytes, root.size},
                                     .time_s = AT,
                                     .signatures = VCH_CHAIN_PKCS1_SHA256,
                                     .crl_rule = VCH_CHAIN_CRLS_IF_PRESENT,
                                     .leaf = VCH_CHAIN_LEAF_DECRYPTS};
}

static vch_status verify(void)
{
    vch_appraisal_init(&appraisal);
    return vch_tpm_ek_verify(&appraisal, &ek, &list, &rules);
}

static enum vch_appraisal_result result(const char *name)
{
    return vch_appraisal_find(&appraisal, name)->result;
}

TEST(endorsement_key_of_a_known_maker_is_accepted)
{
    start();
    CHECK_OK(verify());
    CHECK_EQ(appraisal.count, 3);
    CHECK_EQ(ek.kind, VCH_SPKI_RSA);
    rules.leaf = VCH_CHAIN_LEAF_SIGNS; // which no endorsement key does
    CHECK_FAILS(verify(), REFUSED);
    rules.leaf = VCH_CHAIN_LEAF_DECRYPTS;
    rules.time_s = 1000000000; // before it was made
    CHECK_FAILS(verify(), REFUSED);
    CHECK_EQ(result("tpm.ek.chain"), VCH_APPRAISAL_FAILED);
    vch_certificate_release(&list);
}

TEST(endorsement_key_under_another_root_is_refused)
{
    start();
    read_root(&other_root, "roots/gcp_ek_ak_root.pem");
    rules.root = (struct vch_certificate_bytes){other_root.bytes, other_root.size};
    CHECK_FAILS(verify(), REFUSED);
    CHECK_EQ(result("tpm.ek.chain"), VCH_APPRAISAL_FAILED);
    CHECK_EQ(result("tpm.ek.use"), VCH_APPRAISAL_PASSED);
    vch_certificate_release(&list);
}

TEST(certificate_for_something_else_endorses_nothing)
{
    start();
    vch_certificate_release(&list); // the authority itself
    vector_read(&file, FOLDER "issuercert.pem");
    CHECK_OK(vch_certificate_read(&list, file.bytes, file.size, NULL));
    CHECK_FAILS(verify(), REFUSED);
    CHECK_EQ(result("tpm.ek.use"), VCH_APPRAISAL_FAILED);
    vch_certificate_release(&list);
    CHECK_FAILS(verify(), REFUSED); // and nothing is no certificate
    CHECK_EQ(result("tpm.ek.key"), VCH_APPRAISAL_FAILED);
}
