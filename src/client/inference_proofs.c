// Proofs of the segments, by the client and by nodes.
#include <stdlib.h>

#include "base/bytes.h"
#include "client/inference.h"
#include "client/own_prove.h"
#include "host/clock.h"

static vch_status find_root(struct vch_digest *out, const struct vch_inference *inference,
                            const struct vch_tensor *tensor, uint32_t boundary)
{
    const struct vch_crossing crossing = vch_inference_crossing(inference);
    struct vch_nonce nonce;

    vch_commitment_nonce(&nonce, inference->request->secret, boundary);
    vch_status status = vch_crossing_root(out, &crossing, tensor, inference->request->batch, &nonce,
                                          inference->arena);
    vch_wipe(&nonce, sizeof nonce);
    return status;
}

// A job with proofs of all segments: what the client ran, with its own annex.
vch_status vch_inference_prove_own(struct vch_inference *inference, uint32_t index,
                                   const struct vch_tensor *output)
{
    const struct vch_annex_source *source = inference->client->options.annex;
    struct vch_own_proof own = {.annex = &inference->client->annex,
                                .source = source,
                                .verifier = &inference->verifier,
                                .segment = index,
                                .input = &inference->boundary,
                                .output = output,
                                .kernels = inference->client->options.kernels,
                                .workers = inference->client->options.workers};
    uint64_t start_us = vch_clock_monotonic_us();

    if (!inference->request->proves || source == NULL) return VCH_OK;
    vch_commitment_nonce(&own.input_nonce, inference->request->secret, index);
    vch_commitment_nonce(&own.output_nonce, inference->request->secret, index + 1);
    vch_status status =
        vch_own_prove(&inference->proofs[index], &own, inference->arena, inference->complaint);
    vch_wipe(&own, sizeof own);
    inference->answer->proof_us += vch_clock_monotonic_us() - start_us;
    return status;
}

// A segment by nodes has its majority: what its proof must be about.
vch_status vch_inference_note_unproven(struct vch_inference *inference, uint32_t index,
                                       const struct vch_tensor *output, const struct vch_ask *asked)
{
    struct vch_proof_ask *ask = &inference->unproven[inference->unproven_count++];

    *ask = (struct vch_proof_ask){.asked = asked, .verifier = &inference->verifier};
    VCH_TRY(find_root(&ask->input_root, inference, &inference->boundary, index));
    return find_root(&ask->output_root, inference, output, index + 1);
}

// What came of asking for a segment's proof joins what its votes gave.
static vch_status keep_proof(struct vch_inference *inference, struct vch_client_segment *kept,
                             const struct vch_proof_ask *ask)
{
    struct vch_segment_result *result = &kept->result;
    uint32_t count = result->fault_count + ask->fault_count;
    struct vch_fault *faults = VCH_ARENA_NEW(inference->arena, struct vch_fault, count);

    if (faults == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++)
        faults[i] =
            i < result->fault_count ? result->faults[i] : ask->faults[i - result->fault_count];
    qsort(faults, count, sizeof *faults, vch_inference_compare_faults);
    result->faults = faults;
    result->fault_count = count;
    inference->proofs[result->segment] = ask->proof;
    kept->is_proven = ask->proof.proof != NULL;
    kept->prover = ask->prover;
    kept->proof_elapsed_us = ask->elapsed_us;
    kept->proof_us = ask->compute_us;
    return VCH_OK;
}

// All segments by nodes have their majorities: now for their proofs, all at once.
vch_status vch_inference_ask_for_proofs(struct vch_inference *inference)
{
    uint64_t start_us = vch_clock_monotonic_us();
    struct vch_client_answer *answer = inference->answer;

    vch_status status =
        vch_proof_ask_all(inference->unproven, inference->unproven_count, inference->deadline_us,
                          inference->arena, inference->complaint);
    for (uint32_t i = 0; i < inference->unproven_count; i++)
        VCH_TRY(keep_proof(inference, &answer->segments[i], &inference->unproven[i]));
    answer->network_us += vch_clock_monotonic_us() - start_us;
    return status;
}
