#include "sealing/unsealer.h"

#include <string.h>

#include "base/bytes.h"

// The manifest is of this owner, and no older than what was opened before.
static vch_status check(const struct vch_unsealer_keys *keys, struct vch_complaint *complaint)
{
    const struct vch_unsealer_rules *rules = keys->rules;
    const struct vch_sealed *sealed = &keys->sealed;

    if (rules == NULL)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "this node serves nobody's sealed weights: it has no --owner");
    const uint64_t counter = vch_counters_find(rules->counters, &sealed->owner, &sealed->model);
    return vch_sealed_check(sealed, &sealed->model, &rules->owner, counter, complaint);
}

static vch_status take(void *context, const void *grant, size_t size,
                       const uint8_t binder[static VCH_BINDER_SIZE],
                       const uint8_t manifest[static VCH_SEALED_MANIFEST_SIZE],
                       struct vch_complaint *complaint)
{
    struct vch_unsealer_keys *keys = context;
    struct vch_grant_terms terms;

    VCH_TRY(vch_sealed_decode(&keys->sealed, manifest, VCH_SEALED_MANIFEST_SIZE, complaint));
    VCH_TRY(check(keys, complaint));
    return vch_grant_open(keys->key, &terms, grant, size, &keys->secret, binder, &keys->sealed,
                          keys->rules->now_s(keys->rules->context), complaint);
}

// Durable before the first chunk is opened, and not before all of them are known to be the owner's:
// what cannot be opened puts nothing out of reach that could be before.
static vch_status begin(void *context, const struct vch_digest *digests, size_t count,
                        struct vch_complaint *complaint)
{
    struct vch_unsealer_keys *keys = context;
    const struct vch_counters_one seen = vch_counters_of(&keys->sealed);

    VCH_TRY(check(keys, complaint));
    VCH_TRY(
        vch_chunks_init_opener(&keys->chunks, &keys->sealed, keys->key, digests, count, complaint));
    vch_status status = keys->rules->raise(keys->rules->context, &seen, complaint);
    if (!vch_is_ok(status)) vch_wipe(&keys->chunks, sizeof keys->chunks);
    return status;
}

static vch_status open_chunk(void *context, uint8_t *out, size_t out_size, const uint8_t *sealed,
                             size_t size, struct vch_complaint *complaint)
{
    struct vch_unsealer_keys *keys = context;

    if (size != out_size + VCH_SEALED_TAG_SIZE) return VCH_FAIL(USAGE);
    return vch_chunks_open(&keys->chunks, out, sealed, size, complaint);
}

static vch_status end(void *context, struct vch_complaint *complaint)
{
    struct vch_unsealer_keys *keys = context;
    bool has_begun = keys->chunks.sealed != NULL;
    vch_status status = has_begun ? vch_chunks_end(&keys->chunks, complaint) : VCH_FAIL(TRUNCATED);

    vch_wipe(keys->key, sizeof keys->key);
    vch_wipe(&keys->chunks, sizeof keys->chunks);
    return status;
}

struct vch_unsealer vch_unsealer_local(struct vch_unsealer_keys *keys,
                                       const struct vch_unsealer_rules *rules,
                                       const uint8_t seed[static VCH_HPKE_SEED_SIZE])
{
    vch_wipe(keys, sizeof *keys);
    keys->rules = rules;
    vch_hpke_key(&keys->secret, seed);
    return (struct vch_unsealer){take, begin, open_chunk, end, keys};
}
