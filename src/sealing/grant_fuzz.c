// Any bytes at all as a release of a key.
#include "sealing/grant.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[VCH_HPKE_SEED_SIZE] = {1};
    struct vch_binder bound = {.mode = VCH_BINDER_REGISTRATION,
                               .role = VCH_BINDER_SERVER,
                               .kind = VCH_BINDER_TPM,
                               .nonce = {1},
                               .own = {{1}},
                               .node = {1}};
    struct vch_sealed sealed = {.counter = 1, .size = 1};
    uint8_t binder[VCH_BINDER_SIZE], key[VCH_SEALED_KEY_SIZE], grant[VCH_GRANT_SIZE];
    struct vch_complaint complaint = {{0}};
    struct vch_hpke_secret secret;
    struct vch_grant_terms terms;

    vch_hpke_key(&secret, seed);
    memcpy(bound.sealing_key, secret.public_key.bytes, sizeof bound.sealing_key);
    VCH_ASSERT(vch_is_ok(vch_binder_encode(binder, &bound)));
    if (size == sizeof grant) { // past what only the right block and manifest get past
        struct vch_digest block = vch_binder_digest(binder), manifest = vch_sealed_digest(&sealed);
        memcpy(grant, data, size);
        memcpy(grant + 24, block.bytes, sizeof block.bytes);
        memcpy(grant + 56, manifest.bytes, sizeof manifest.bytes);
        memset(grant + 88, 0, 32);
        data = grant;
    }
    vch_status status =
        vch_grant_open(key, &terms, data, size, &secret, binder, &sealed, 0, &complaint);
    VCH_ASSERT(!vch_is_ok(status) && complaint.text[0] != '\0'); // of a key that hashes to zeroes
    return 0;
}
