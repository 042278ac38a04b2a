#include "attest/roots.h"

#include <string.h>

#include "crypto/hash.h"
#include "harness/test.h"

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
