#include "agent/holder_weights.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

void vch_holder_weights_drop(struct vch_holder *holder, uint32_t slot)
{
    free(holder->weights[slot].digests);
    holder->weights[slot] = (struct vch_holder_weights){.is_taken = false};
    vch_wipe(&holder->keys->weights[slot], sizeof holder->keys->weights[slot]);
}

static vch_status find_slot(uint32_t *out, const struct vch_holder_ask *ask)
{
    for (*out = 0; *out < VCH_AGENT_WEIGHTS_MAX; (*out)++)
        if (!ask->holder->weights[*out].is_taken) return VCH_OK;
    return vch_complain(ask->complaint, VCH_CODE_BUSY,
                        "the key agent opens at most %u weights at once", VCH_AGENT_WEIGHTS_MAX);
}

static vch_status put_terms(const struct vch_holder_ask *ask, uint32_t slot,
                            const struct vch_grant_terms *terms)
{
    uint8_t *out = ask->out;

    if (ask->room < VCH_REQUEST_TERMS_SIZE) return VCH_FAIL(LIMIT);
    vch_put_u32le(out, slot);
    memcpy(out + 4, terms->manifest.bytes, VCH_DIGEST_SIZE);
    memcpy(out + 36, terms->policy.bytes, VCH_DIGEST_SIZE);
    vch_put_u64le(out + 68, terms->time_s);
    vch_put_u64le(out + 76, terms->expiry_s);
    *ask->size = VCH_REQUEST_TERMS_SIZE;
    return VCH_OK;
}

vch_status vch_holder_weights_take(const struct vch_holder_ask *ask)
{
    const uint8_t *binder = ask->in + VCH_GRANT_SIZE, *manifest = binder + VCH_BINDER_SIZE;
    const uint64_t time_s = vch_get_u64le(manifest + VCH_SEALED_MANIFEST_SIZE);
    struct vch_grant_terms terms;
    uint32_t slot = 0;

    VCH_TRY(find_slot(&slot, ask));
    struct vch_holder_weights *weights = &ask->holder->weights[slot];
    VCH_TRY(
        vch_sealed_decode(&weights->sealed, manifest, VCH_SEALED_MANIFEST_SIZE, ask->complaint));
    VCH_TRY(vch_grant_open(ask->holder->keys->weights[slot].key, &terms, ask->in, VCH_GRANT_SIZE,
                           &ask->holder->keys->sealing, binder, &weights->sealed, time_s,
                           ask->complaint));
    weights->is_taken = true;
    return put_terms(ask, slot, &terms);
}

static vch_status slot_of(uint32_t *out, const struct vch_holder_ask *ask)
{
    *out = vch_get_u32le(ask->in);
    if (*out < VCH_AGENT_WEIGHTS_MAX && ask->holder->weights[*out].is_taken) return VCH_OK;
    return vch_complain(ask->complaint, VCH_CODE_USAGE, "the key agent has no weights in place %u",
                        *out);
}

vch_status vch_holder_weights_begin(const struct vch_holder_ask *ask)
{
    const size_t size = ask->in_size - 4, count = size / VCH_DIGEST_SIZE;
    uint32_t slot = 0;

    VCH_TRY(slot_of(&slot, ask));
    struct vch_holder_weights *weights = &ask->holder->weights[slot];
    struct vch_holder_weights_key *key = &ask->holder->keys->weights[slot];
    if (weights->is_begun || size != count * VCH_DIGEST_SIZE) return VCH_FAIL(USAGE);
    weights->digests = calloc(count, sizeof *weights->digests);
    if (weights->digests == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(weights->digests, ask->in + 4, size);
    vch_status status = vch_chunks_init_opener(&key->chunks, &weights->sealed, key->key,
                                               weights->digests, count, ask->complaint);
    weights->is_begun = vch_is_ok(status);
    if (weights->is_begun) return VCH_OK;
    free(weights->digests);
    weights->digests = NULL;
    return status;
}

vch_status vch_holder_weights_open(const struct vch_holder_ask *ask)
{
    uint32_t slot = 0;

    VCH_TRY(slot_of(&slot, ask));
    struct vch_chunks *chunks = &ask->holder->keys->weights[slot].chunks;
    if (!ask->holder->weights[slot].is_begun) return VCH_FAIL(USAGE);
    if (ask->in_size - 4 < VCH_SEALED_TAG_SIZE) return VCH_FAIL(TRUNCATED);
    if (ask->in_size - 4 - VCH_SEALED_TAG_SIZE > ask->room) return VCH_FAIL(LIMIT);
    VCH_TRY(vch_chunks_open(chunks, ask->out, ask->in + 4, ask->in_size - 4, ask->complaint));
    *ask->size = ask->in_size - 4 - VCH_SEALED_TAG_SIZE;
    return VCH_OK;
}

// Whatever came before, the key is gone.
vch_status vch_holder_weights_end(const struct vch_holder_ask *ask)
{
    uint32_t slot = 0;

    VCH_TRY(slot_of(&slot, ask));
    vch_status status =
        ask->holder->weights[slot].is_begun
            ? vch_chunks_end(&ask->holder->keys->weights[slot].chunks, ask->complaint)
            : vch_complain(ask->complaint, VCH_CODE_TRUNCATED,
                           "no chunk of the sealed weights was opened");
    vch_holder_weights_drop(ask->holder, slot);
    return status;
}
