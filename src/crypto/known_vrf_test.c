// The tests of vrf.h once more, in a process that keeps tables.
#include "crypto/known.h"
#include "harness/test.h"

TEST(known_tables_are_kept_from_here_on)
{
    CHECK(vch_known_base() == NULL);
    vch_known_start();
    CHECK(vch_known_base() != NULL);
}

#include "crypto/vrf_test.c"

TEST(known_keys_are_those_that_proved)
{
    const struct vch_vrf_secret key = key_of(1), stranger = key_of(2000);
    struct vch_vrf_proof proof;
    struct vch_vrf_beta beta;

    for (uint8_t i = 0; i < 4; i++) {
        vch_vrf_prove(&proof, &key, &i, 1);
        CHECK_OK(vch_vrf_verify(&beta, &key.public_key, &i, 1, &proof));
        CHECK_FAILS(vch_vrf_verify(&beta, &stranger.public_key, &i, 1, &proof), BAD_PROOF);
    }
    const struct vch_known *held = vch_known_hold(VCH_KNOWN_VRF, key.public_key.bytes);
    CHECK(held != NULL);
    vch_known_let_go(held);
    CHECK(vch_known_hold(VCH_KNOWN_VRF, stranger.public_key.bytes) == NULL);
}
