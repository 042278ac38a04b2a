#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cluster/cluster.h"
#include "tlog/checkpoint.h"

// Nobody in the simulator forges: what everyone could compute stands for what only a key's holder
// can make, and costs a hundredth.
static struct vch_digest ideal(uint64_t what, const void *key, const void *bytes, size_t size)
{
    const uint8_t *from = bytes, *name = key;
    struct vch_digest out;
    uint64_t sum = cluster_mix(what, size);

    for (size_t i = 0; i < 32; i += 8)
        sum = cluster_mix(sum, vch_get_u64le(name + i));
    for (size_t i = 0; i + 8 <= size; i += 8)
        sum = cluster_mix(sum, vch_get_u64le(from + i));
    for (size_t i = size / 8 * 8; i < size; i++)
        sum = cluster_mix(sum, from[i]);
    for (size_t i = 0; i < sizeof out.bytes; i += 8)
        vch_put_u64le(out.bytes + i, cluster_mix(sum, i));
    return out;
}

enum { SIGN = 1, DRAW, COSIGN };

static vch_status check_signature(void *context, const struct vch_entry *entry,
                                  const struct vch_digest *ledger)
{
    (void)context;
    (void)ledger; // there is one
    const struct vch_digest want =
        ideal(SIGN, entry->writer.bytes, entry->statement, entry->statement_size);
    return memcmp(want.bytes, entry->signature.bytes, sizeof want.bytes) == 0 ? VCH_OK
                                                                              : VCH_FAIL(BAD_PROOF);
}

static void beta_of(struct vch_vrf_beta *out, const struct vch_digest *made)
{
    memcpy(out->bytes, made->bytes, 32);
    memcpy(out->bytes + 32, made->bytes, 32);
}

static vch_status check_sortition(void *context, struct vch_vrf_beta *out,
                                  const struct vch_vrf_public *key, const struct vch_digest *alpha,
                                  const struct vch_vrf_proof *proof)
{
    (void)context;
    const struct vch_digest want = ideal(DRAW, key->bytes, alpha->bytes, sizeof alpha->bytes);
    if (memcmp(want.bytes, proof->bytes, sizeof want.bytes) != 0) return VCH_FAIL(BAD_PROOF);
    beta_of(out, &want);
    return VCH_OK;
}

static struct vch_digest cosigned(const struct vch_public_key *witness, uint64_t time_s,
                                  uint64_t size, const struct vch_digest *root)
{
    uint8_t message[16 + VCH_DIGEST_SIZE];

    vch_put_u64le(message, time_s);
    vch_put_u64le(message + 8, size);
    memcpy(message + 16, root->bytes, sizeof root->bytes);
    return ideal(COSIGN, witness->bytes, message, sizeof message);
}

static vch_status check_cosignature(void *context, const struct vch_charter *charter,
                                    const struct vch_entry_cosignature *cosignature, uint64_t size,
                                    const struct vch_digest *root)
{
    (void)context;
    if (cosignature->witness >= charter->witness_count) return VCH_FAIL(BAD_PROOF);
    const struct vch_digest want =
        cosigned(&charter->witnesses[cosignature->witness].key, cosignature->time_s, size, root);
    return memcmp(want.bytes, cosignature->signature.bytes, sizeof want.bytes) == 0
               ? VCH_OK
               : VCH_FAIL(BAD_PROOF);
}

struct vch_state_checks cluster_checks(struct cluster *world)
{
    if (world->plan.is_real) return vch_state_full_checks();
    return (struct vch_state_checks){check_signature, check_sortition, check_cosignature, world};
}

bool cluster_sign(struct cluster *world, struct vch_entry *entry, const struct vch_secret_key *key)
{
    const struct vch_digest *ledger = &world->charter.id;

    world->complaint.text[0] = '\0';
    if (world->plan.is_real)
        return vch_is_ok(vch_entry_sign(entry, ledger, key, &world->work, &world->complaint));
    if (!vch_is_ok(vch_entry_compose(entry, &world->work, &world->complaint))) return false;
    const struct vch_digest made =
        ideal(SIGN, key->public_key.bytes, entry->statement, entry->statement_size);
    entry->writer = key->public_key;
    entry->signature = (struct vch_signature){{0}};
    memcpy(entry->signature.bytes, made.bytes, sizeof made.bytes);
    return true;
}

void cluster_prove(struct cluster *world, const struct cluster_node *node,
                   const struct vch_digest *alpha, struct vch_vrf_proof *proof,
                   struct vch_vrf_beta *beta)
{
    *proof = (struct vch_vrf_proof){{0}};
    if (world->plan.is_real) {
        vch_vrf_prove(proof, &node->seat.vrf, alpha->bytes, sizeof alpha->bytes);
        *beta = vch_vrf_beta(proof);
        return;
    }
    const struct vch_digest made =
        ideal(DRAW, node->seat.vrf.public_key.bytes, alpha->bytes, sizeof alpha->bytes);
    memcpy(proof->bytes, made.bytes, sizeof made.bytes);
    beta_of(beta, &made);
}

struct vch_vrf_beta cluster_beta(const struct cluster *world, const struct vch_vrf_proof *proof)
{
    struct vch_vrf_beta beta;
    struct vch_digest made;

    if (world->plan.is_real) return vch_vrf_beta(proof);
    memcpy(made.bytes, proof->bytes, sizeof made.bytes);
    beta_of(&beta, &made);
    return beta;
}

static void cosign_for_real(struct cluster *world, uint32_t witness, uint64_t time_s, uint64_t size,
                            const struct vch_digest *root, struct vch_signature *out)
{
    struct vch_checkpoint checkpoint = {.size = size, .root = *root};
    char text[VCH_CHECKPOINT_TEXT_MAX + 1], message[VCH_CHECKPOINT_TEXT_MAX + 64];

    (void)snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", world->charter.origin);
    (void)vch_checkpoint_encode(text, &checkpoint);
    const int length = snprintf(message, sizeof message, "cosignature/v1\ntime %llu\n%s",
                                (unsigned long long)time_s, text);
    vch_sign_bare_message(out, &world->witnesses[witness].key, message, (size_t)length);
}

void cluster_cosign(struct cluster *world, uint32_t witness, uint64_t time_s, uint64_t size,
                    const struct vch_digest *root, struct vch_signature *out)
{
    *out = (struct vch_signature){{0}};
    if (world->plan.is_real) {
        cosign_for_real(world, witness, time_s, size, root, out);
        return;
    }
    const struct vch_digest made =
        cosigned(&world->witnesses[witness].key.public_key, time_s, size, root);
    memcpy(out->bytes, made.bytes, sizeof made.bytes);
}
