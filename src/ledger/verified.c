#include "ledger/verified.h"

static vch_status check_signature(void *context, const struct vch_entry *entry,
                                  const struct vch_digest *ledger)
{
    const struct vch_verified *verified = context;

    if (verified->has_signature) return VCH_OK;
    return verified->full.signature(verified->full.context, entry, ledger);
}

static vch_status check_sortition(void *context, struct vch_vrf_beta *out,
                                  const struct vch_vrf_public *key, const struct vch_digest *alpha,
                                  const struct vch_vrf_proof *proof)
{
    const struct vch_verified *verified = context;

    if (!verified->has_proof)
        return verified->full.sortition(verified->full.context, out, key, alpha, proof);
    *out = vch_vrf_beta(proof);
    return VCH_OK;
}

static vch_status check_cosignature(void *context, const struct vch_charter *charter,
                                    const struct vch_entry_cosignature *cosignature, uint64_t size,
                                    const struct vch_digest *root)
{
    const struct vch_verified *verified = context;

    return verified->full.cosignature(verified->full.context, charter, cosignature, size, root);
}

struct vch_state_checks vch_verified_checks(struct vch_verified *verified)
{
    *verified = (struct vch_verified){.full = vch_state_full_checks()};
    return (struct vch_state_checks){check_signature, check_sortition, check_cosignature, verified};
}
