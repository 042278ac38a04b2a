// Any bytes at all as certificates, revocation lists and keys: what is taken is asked everything.
#include "certificate/certificate.h"

#include "base/check.h"
#include "certificate/chain.h"

static void ask(const struct x509_st *certificate)
{
    uint8_t name[VCH_CERTIFICATE_NAME_MAX], serial[VCH_CERTIFICATE_SERIAL_MAX];
    struct vch_certificate_bytes value;
    struct vch_spki key, again;
    char text[64];
    size_t size = 0;
    int64_t start_s = 0, end_s = 0;

    (void)vch_certificate_subject(certificate, name, &size);
    (void)vch_certificate_issuer(certificate, name, &size);
    (void)vch_certificate_subject_name(certificate, text, sizeof text);
    (void)vch_certificate_issuer_name(certificate, text, sizeof text);
    (void)vch_certificate_serial(certificate, serial, &size);
    (void)vch_certificate_dates(certificate, &start_s, &end_s);
    (void)vch_certificate_extension(certificate, "2.5.29.15", &value);
    if (!vch_is_ok(vch_certificate_spki(certificate, &key))) return;
    VCH_ASSERT(vch_is_ok(vch_spki_decode(&again, key.bytes, key.size)) && again.kind == key.kind);
    (void)vch_spki_verify_ecdsa_der(&key, serial, size, name, 1);
    (void)vch_spki_verify_pss(&key, serial, size, name, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_certificate_list list;
    struct vch_crl_list crls;
    struct vch_complaint complaint = {0};
    struct vch_spki key;

    vch_certificate_init(&list);
    vch_crl_init(&crls);
    vch_status status = vch_certificate_read(&list, data, size, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    for (uint32_t i = 0; i < list.count; i++)
        ask(list.items[i]);
    (void)vch_crl_read(&crls, data, size, NULL);
    (void)vch_spki_decode(&key, data, size);
    struct vch_chain_rules rules = {.root = {data, size}, .signatures = 31, .crls = &crls};
    (void)vch_chain_verify(&list, &rules, NULL);
    vch_certificate_release(&list);
    vch_crl_release(&crls);
    return 0;
}
