// How much of the outside a state checks.
#include "agreement/anchors.h"
#include "agreement/state.h"

static vch_status verify_signature(void *context, const struct vch_entry *entry,
                                   const struct vch_digest *ledger)
{
    (void)context;
    return vch_entry_verify(entry, ledger);
}

static vch_status verify_sortition(void *context, struct vch_vrf_beta *out,
                                   const struct vch_vrf_public *key, const struct vch_digest *alpha,
                                   const struct vch_vrf_proof *proof)
{
    (void)context;
    return vch_vrf_verify(out, key, alpha->bytes, sizeof alpha->bytes, proof);
}

static vch_status verify_cosignature(void *context, const struct vch_charter *charter,
                                     const struct vch_entry_cosignature *cosignature, uint64_t size,
                                     const struct vch_digest *root)
{
    (void)context;
    return vch_anchors_verify(charter, cosignature, size, root);
}

static vch_status take_signature(void *context, const struct vch_entry *entry,
                                 const struct vch_digest *ledger)
{
    (void)context, (void)entry, (void)ledger;
    return VCH_OK;
}

static vch_status take_sortition(void *context, struct vch_vrf_beta *out,
                                 const struct vch_vrf_public *key, const struct vch_digest *alpha,
                                 const struct vch_vrf_proof *proof)
{
    (void)context, (void)key, (void)alpha;
    *out = vch_vrf_beta(proof);
    return VCH_OK;
}

struct vch_state_checks vch_state_full_checks(void)
{
    return (struct vch_state_checks){
        .signature = verify_signature,
        .sortition = verify_sortition,
        .cosignature = verify_cosignature,
    };
}

struct vch_state_checks vch_state_follower_checks(void)
{
    return (struct vch_state_checks){
        .signature = take_signature,
        .sortition = take_sortition,
        .cosignature = verify_cosignature,
    };
}
