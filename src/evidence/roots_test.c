#include "evidence/roots.h"

#include <openssl/x509.h>

#include <string.h>

#include "crypto/hash.h"
#include "harness/test.h"
#include "harness/vectors.h"

TEST(roots_are_what_their_fingerprints_say)
{
    for (unsigned i = 0; i < VCH_ROOTS_COUNT; i++) {
        const struct vch_roots_root *root = vch_roots_get((enum vch_roots_name)i);
        struct vch_digest digest = vch_hash_bytes(root->certificate.bytes, root->certificate.size);
        CHECK_HEX(digest.bytes, sizeof digest.bytes, root->fingerprint);
    }
}

TEST(roots_are_certificates_of_those_they_name)
{
    for (unsigned i = 0; i < VCH_ROOTS_COUNT; i++) {
        const struct vch_roots_root *root = vch_roots_get((enum vch_roots_name)i);
        struct vch_certificate_list list;
        char name[64], issuer[64];
        vch_certificate_init(&list);
        CHECK_OK(
            vch_certificate_read(&list, root->certificate.bytes, root->certificate.size, NULL));
        CHECK_OK(vch_certificate_subject_name(list.items[0], name, sizeof name));
        CHECK_OK(vch_certificate_issuer_name(list.items[0], issuer, sizeof issuer));
        vch_certificate_release(&list);
        CHECK(strcmp(name, root->common_name) == 0 && strcmp(issuer, name) == 0);
    }
}

// The files that vendors publish, of other kinds of keys too, end in the roots that are compiled
// in.
TEST(roots_are_those_that_vendors_publish)
{
    static const struct {
        const char *file;
        enum vch_roots_name name;
    } files[] = {
        {"roots/amd_ask_ark_milan.pem", VCH_ROOTS_ARK_MILAN},
        {"roots/amd_ask_ark_milan_vlek.pem", VCH_ROOTS_ARK_MILAN},
        {"roots/amd_ask_ark_genoa.pem", VCH_ROOTS_ARK_GENOA},
        {"roots/amd_ask_ark_genoa_vlek.pem", VCH_ROOTS_ARK_GENOA},
        {"roots/amd_ask_ark_turin_vcek.pem", VCH_ROOTS_ARK_TURIN},
        {"roots/amd_ask_ark_turin_vlek.pem", VCH_ROOTS_ARK_TURIN},
        {"roots/intel_sgx_root_ca.der", VCH_ROOTS_INTEL_SGX},
        {"roots/nvidia_device_root.pem", VCH_ROOTS_NVIDIA_DEVICE},
        {"roots/aws_nitro_root_g1.pem", VCH_ROOTS_AWS_NITRO},
    };

    FOR_EACH(file, files)
    {
        const struct vch_certificate_bytes *own = &vch_roots_get(file->name)->certificate;
        struct vch_certificate_list list;
        uint8_t der[4096];
        unsigned char *end = der;
        size_t size = 0;
        const uint8_t *bytes = vectors_read(file->file, &size);

        vch_certificate_init(&list);
        CHECK_OK(vch_certificate_read(&list, bytes, size, NULL));
        size = (size_t)i2d_X509(list.items[list.count - 1], &end);
        CHECK(size == own->size && memcmp(der, own->bytes, size) == 0);
        vch_certificate_release(&list);
    }
}
