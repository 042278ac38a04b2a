#include "model/trace.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/merkle.h"
#include "crypto/transcript.h"
#include "model/segment.h"

vch_status vch_trace_segment_init(struct vch_trace_segment *out, const struct vch_graph *graph,
                                  uint32_t first, uint32_t last,
                                  const struct vch_nonce *input_nonce,
                                  const struct vch_nonce *output_nonce, struct vch_arena *scratch)
{
    struct vch_cut begin, end;

    if (first >= last || last > graph->operator_count) return VCH_FAIL(USAGE);
    VCH_TRY(vch_segment_cut_at(&begin, graph, first, scratch));
    VCH_TRY(vch_segment_cut_at(&end, graph, last, scratch));
    *out = (struct vch_trace_segment){
        .graph = graph,
        .first = first,
        .last = last,
        .input = begin.value,
        .output = end.value,
        .input_nonce = *input_nonce,
        .output_nonce = *output_nonce,
    };
    return VCH_OK;
}

static bool gives_output(const struct vch_trace_segment *segment, uint32_t operator_)
{
    VCH_ASSERT(operator_ >= segment->first && operator_ < segment->last);
    return segment->graph->operators[operator_].output == segment->output;
}

void vch_trace_nonce(struct vch_nonce *out, const struct vch_trace_segment *segment,
                     uint32_t operator_)
{
    struct vch_transcript transcript;

    if (gives_output(segment, operator_)) {
        *out = segment->output_nonce;
        return;
    }
    vch_transcript_init(&transcript, "vouch/trace-nonce/v1");
    vch_transcript_absorb(&transcript, "nonce", segment->output_nonce.bytes,
                          sizeof segment->output_nonce.bytes);
    vch_transcript_absorb_u64(&transcript, "operator", operator_);
    struct vch_digest digest = vch_transcript_final(&transcript);
    memcpy(out->bytes, digest.bytes, sizeof out->bytes);
    vch_wipe(&digest, sizeof digest);
}

struct vch_digest vch_trace_commitment(const struct vch_trace_segment *segment, uint32_t operator_,
                                       const struct vch_digest *digest)
{
    struct vch_nonce nonce;

    vch_trace_nonce(&nonce, segment, operator_);
    const struct vch_digest commitment = vch_commitment_make(VCH_COMMITMENT_SHA256, &nonce, digest);
    vch_wipe(&nonce, sizeof nonce);
    return commitment;
}

void vch_trace_commit(struct vch_digest *commitments, const struct vch_trace_segment *segment,
                      const struct vch_digest *digests, const struct vch_digest *voted)
{
    for (uint32_t i = 0; i < vch_trace_count(segment); i++) {
        const uint32_t operator_ = segment->first + i;
        const bool is_voted = voted != NULL && gives_output(segment, operator_);
        commitments[i] = is_voted ? *voted : vch_trace_commitment(segment, operator_, &digests[i]);
    }
}

void vch_trace_leaves(struct vch_digest *leaves, const struct vch_digest *commitments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        leaves[i] = vch_merkle_leaf(commitments[i].bytes, sizeof commitments[i].bytes);
}

vch_status vch_trace_verify(const struct vch_digest *root, const struct vch_trace_segment *segment,
                            uint32_t operator_, const struct vch_digest *commitment,
                            const struct vch_digest *path, size_t path_count)
{
    const struct vch_digest leaf = vch_merkle_leaf(commitment->bytes, sizeof commitment->bytes);

    if (operator_ < segment->first || operator_ >= segment->last) return VCH_FAIL(BAD_PROOF);
    return vch_merkle_verify(root, &leaf, operator_ - segment->first, vch_trace_count(segment),
                             path, path_count);
}

// The left half holds the largest power of two below the count, as RFC 6962 has it.
void vch_trace_split(struct vch_trace_span *left, struct vch_trace_span *right,
                     struct vch_trace_span span)
{
    uint32_t half = 1;

    VCH_ASSERT(span.count >= 2);
    while (half < span.count - half)
        half *= 2;
    *left = (struct vch_trace_span){span.first, half};
    *right = (struct vch_trace_span){span.first + half, span.count - half};
}

vch_status vch_trace_bisect(struct vch_trace_bisection *out, const struct vch_digest roots[2],
                            uint32_t count)
{
    if (count == 0 || count > VCH_GRAPH_OPERATORS_MAX || vch_hash_is_equal(&roots[0], &roots[1]))
        return VCH_FAIL(USAGE);
    *out = (struct vch_trace_bisection){{0, count}, {roots[0], roots[1]}};
    return VCH_OK;
}

vch_status vch_trace_check_children(const struct vch_trace_bisection *bisection, unsigned side,
                                    const struct vch_digest children[2])
{
    VCH_ASSERT(side < 2);
    if (bisection->span.count < 2) return VCH_FAIL(USAGE);
    const struct vch_digest parent = vch_merkle_parent(&children[0], &children[1]);
    return vch_hash_is_equal(&parent, &bisection->nodes[side]) ? VCH_OK : VCH_FAIL(BAD_PROOF);
}

// The nodes differ, so that what is below them does too, on one side at least.
void vch_trace_descend(struct vch_trace_bisection *bisection,
                       const struct vch_digest children[2][2])
{
    const bool is_left = !vch_hash_is_equal(&children[0][0], &children[1][0]);
    struct vch_trace_span left, right;

    vch_trace_split(&left, &right, bisection->span);
    bisection->span = is_left ? left : right;
    for (unsigned side = 0; side < 2; side++)
        bisection->nodes[side] = children[side][is_left ? 0 : 1];
}

vch_status vch_trace_check_commitment(const struct vch_trace_bisection *bisection, unsigned side,
                                      const struct vch_digest *commitment)
{
    VCH_ASSERT(side < 2);
    if (bisection->span.count != 1) return VCH_FAIL(USAGE);
    const struct vch_digest leaf = vch_merkle_leaf(commitment->bytes, sizeof commitment->bytes);
    return vch_hash_is_equal(&leaf, &bisection->nodes[side]) ? VCH_OK : VCH_FAIL(BAD_PROOF);
}
