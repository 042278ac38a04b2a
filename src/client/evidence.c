#include "client/evidence.h"

#include <string.h>

#include "attest/binder.h"
#include "base/bytes.h"

static bool has_voted(const struct vch_client_segment *segments, uint32_t count,
                      const struct vch_public_key *node)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < segments[i].result.vote_count; j++)
            if (vch_is_equal(&segments[i].result.votes[j].node, node, sizeof *node)) return true;
    return false;
}

static const struct vch_asker_kept *find(const struct vch_pool *pool,
                                         const struct vch_public_key *node,
                                         const struct vch_digest *occasion)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct vch_link *link = &pool->nodes[i].link;
        const struct vch_asker_kept *kept = &link->evidence;
        if (kept->bytes == NULL || !vch_is_equal(&link->peer.key, node, sizeof *node)) continue;
        if (vch_is_equal(kept->occasion, occasion->bytes, sizeof kept->occasion)) return kept;
    }
    return NULL;
}

// Copied: the next question on the connection takes the place of this answer.
static vch_status copy(struct vch_segment_attestation *out, const struct vch_public_key *node,
                       const struct vch_asker_kept *kept, struct vch_arena *arena)
{
    uint8_t *bytes = vch_arena_alloc(arena, VCH_BINDER_SIZE + kept->size, 1);

    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(bytes, kept->verdict.binder, VCH_BINDER_SIZE);
    memcpy(bytes + VCH_BINDER_SIZE, kept->bytes, kept->size);
    *out = (struct vch_segment_attestation){.node = *node,
                                            .block = bytes,
                                            .response = bytes + VCH_BINDER_SIZE,
                                            .response_size = kept->size,
                                            .time_ms = kept->time_ms};
    memcpy(out->salt, kept->salt, sizeof out->salt);
    return VCH_OK;
}

vch_status vch_evidence_gather(struct vch_segment_result *result,
                               const struct vch_client_segment *earlier, uint32_t count,
                               const struct vch_pool *pool, const struct vch_digest *occasion,
                               struct vch_arena *arena)
{
    struct vch_segment_attestation *list =
        VCH_ARENA_NEW(arena, struct vch_segment_attestation, result->vote_count);

    if (list == NULL) return VCH_FAIL(NO_MEMORY);
    result->attestations = list;
    for (uint32_t i = 0; i < result->vote_count; i++) {
        const struct vch_public_key *node = &result->votes[i].node;
        const struct vch_asker_kept *kept = find(pool, node, occasion);
        if (kept == NULL || has_voted(earlier, count, node)) continue;
        VCH_TRY(copy(&list[result->attestation_count++], node, kept, arena));
    }
    return VCH_OK;
}
