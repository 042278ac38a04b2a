#include "client/own_prove.h"

#include <string.h>

#include "annex/answer_prove.h"
#include "base/bytes.h"
#include "host/random.h"

// Everything takes place in `arena`, of which the caller keeps the proof alone.
static vch_status prove(struct vch_proof_file *out, const struct vch_own_proof *own,
                        const struct vch_answer_order *order, struct vch_arena *arena,
                        struct vch_complaint *complaint)
{
    struct vch_answer answer;

    VCH_TRY(vch_answer_prove_begin(&answer, order, arena, complaint));
    size_t size = vch_tensor_size(own->output) * order->batch;
    if (answer.witness.output_count != 1 ||
        memcmp(answer.witness.outputs[0].data, own->output->data, size) != 0)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "our own segment %u has more than one output: it is not proven in "
                            "vouchers",
                            own->segment);
    VCH_TRY(own->source->take(own->source->context, complaint));
    return vch_answer_prove(out, &answer, arena, complaint);
}

static vch_status keep(struct vch_segment_proof *out, const struct vch_own_proof *own,
                       const struct vch_proof_file *file, struct vch_arena *arena)
{
    uint8_t *kept = vch_arena_alloc(arena, file->proof_size, 1);

    if (kept == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(kept, file->proof, file->proof_size);
    *out = (struct vch_segment_proof){.input_root = file->input,
                                      .output_root = file->output,
                                      .annex = own->source->bytes,
                                      .annex_size = own->source->size,
                                      .proof = kept,
                                      .proof_size = file->proof_size};
    return VCH_OK;
}

static vch_status prove_apart(struct vch_segment_proof *out, const struct vch_own_proof *own,
                              const struct vch_answer_order *order, struct vch_arena *arena,
                              struct vch_complaint *complaint)
{
    struct vch_proof_file file;
    struct vch_arena scratch;

    vch_arena_init(&scratch, arena->limit - arena->used);
    vch_status status = prove(&file, own, order, &scratch, complaint);
    if (vch_is_ok(status)) status = keep(out, own, &file, arena);
    vch_arena_release(&scratch);
    return status;
}

vch_status vch_own_prove(struct vch_segment_proof *out, const struct vch_own_proof *own,
                         struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_proofs *verifier = own->verifier;
    const struct vch_job_segment *range = &verifier->job->segments[own->segment];
    struct vch_answer_order order = {
        .graph = verifier->package->graph,
        .annex = own->annex,
        .first = range->first,
        .last = range->last,
        .batch = verifier->job->batch,
        .job = verifier->job_id,
        .inputs = own->input,
        .level = own->kernels->level,
        .kernels = own->kernels,
        .workers = own->workers,
    };

    memcpy(order.input_seed, own->input_nonce.bytes, sizeof order.input_seed);
    memcpy(order.output_seed, own->output_nonce.bytes, sizeof order.output_seed);
    vch_random_bytes(order.proof_seed, sizeof order.proof_seed);
    vch_status status = own->source->read(own->source->context, order.annex_seed, complaint);
    if (vch_is_ok(status)) status = prove_apart(out, own, &order, arena, complaint);
    vch_wipe(&order, sizeof order);
    return status;
}
