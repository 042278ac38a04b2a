// Evidence of equivocation, as anybody may write it.
#include <stddef.h>
#include <stdint.h>

#include "tlog/equivocation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {{0}};
    struct vch_equivocation found;
    struct vch_secret_key key;
    struct vch_vkey log;
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {1};

    vch_sign_key(&key, seed);
    if (!vch_is_ok(
            vch_vkey_init(&log, "example.org/log", VCH_VKEY_ED25519, &key.public_key, &complaint)))
        return 0;
    vch_status status = vch_equivocation_verify(&found, (const char *)data, size, &log, &complaint);
    (void)status;
    return 0;
}
