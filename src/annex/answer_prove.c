#include "annex/answer_prove.h"

#include <string.h>

#include "annex/annex_prove.h"
#include "annex/annex_verify.h"
#include "base/bytes.h"

const char *vch_answer_prove_phase(enum vch_answer_phase phase)
{
    static const char *const names[] = {
#define X(name, text) text,
        VCH_ANSWER_PHASES(X)
#undef X
    };
    return names[phase];
}

static void tell(const struct vch_answer *answer, enum vch_answer_phase phase)
{
    if (answer->order->phase != NULL) answer->order->phase(answer->order->context, phase);
}

// The roots of input and output are not known before the model has run, and nothing that is built
// here depends on them.
static void fill_claim(struct vch_circuit_claim *out, const struct vch_answer_order *order)
{
    const struct vch_annex *annex = order->annex;

    *out = (struct vch_circuit_claim){
        .annex = annex->digests[annex->link_count],
        .job = order->job,
        .first = order->first,
        .last = order->last,
        .batch = order->batch,
        .annex_root = *vch_annex_root(annex, annex->link_count),
    };
    vch_annex_verify_model(&out->model, annex, order->graph);
}

static vch_status run(struct vch_answer *answer, struct vch_arena *arena,
                      struct vch_complaint *complaint)
{
    const struct vch_answer_order *order = answer->order;
    struct vch_circuit_claim claim;

    tell(answer, VCH_ANSWER_PHASE_CIRCUIT);
    fill_claim(&claim, order);
    VCH_TRY(vch_circuit_build(&answer->circuit, &claim, arena, complaint));
    VCH_TRY(vch_circuit_ends(&answer->ends, order->graph, order->first, order->last, arena));
    tell(answer, VCH_ANSWER_PHASE_RUN);
    const struct vch_witness_order witness = {
        .circuit = &answer->circuit,
        .claim = &claim,
        .inputs = order->inputs,
        .kernels = order->kernels,
        .workers = order->workers,
    };
    return vch_witness_make(&answer->witness, &witness, arena, complaint);
}

static vch_status commit(struct vch_answer *answer, uint32_t oracle, const uint8_t *seed,
                         struct vch_arena *arena)
{
    struct vch_statement *statement = &answer->circuit.statement;
    const uint64_t *cells = answer->witness.cells + vch_witness_first(statement, oracle);

    VCH_TRY(vch_annex_prove_oracle(&answer->oracles[oracle], cells, statement->oracles[oracle].rows,
                                   seed, &answer->encoder, arena, answer->order->workers));
    statement->oracles[oracle].root = answer->oracles[oracle].root;
    return VCH_OK;
}

static vch_status commit_weights(struct vch_answer *answer, struct vch_arena *arena,
                                 struct vch_complaint *complaint)
{
    const struct vch_annex *annex = answer->order->annex;

    tell(answer, VCH_ANSWER_PHASE_WEIGHTS);
    if (answer->order->weights != NULL)
        answer->oracles[VCH_CIRCUIT_ANNEX] = *answer->order->weights;
    else
        VCH_TRY(commit(answer, VCH_CIRCUIT_ANNEX, answer->order->annex_seed, arena));
    if (vch_hash_is_equal(&answer->oracles[VCH_CIRCUIT_ANNEX].root,
                          vch_annex_root(annex, annex->link_count)))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "this key did not make the annex's root, or not of this file's parameters");
}

vch_status vch_answer_prove_begin(struct vch_answer *out, const struct vch_answer_order *order,
                                  struct vch_arena *arena, struct vch_complaint *complaint)
{
    *out = (struct vch_answer){.order = order};
    VCH_TRY(run(out, arena, complaint));
    VCH_TRY(vch_encoder_init(&out->encoder, arena, order->level, order->annex->log_columns));
    VCH_TRY(commit_weights(out, arena, complaint));
    tell(out, VCH_ANSWER_PHASE_BOUNDARIES);
    VCH_TRY(commit(out, VCH_CIRCUIT_INPUT, order->input_seed, arena));
    return commit(out, VCH_CIRCUIT_OUTPUT, order->output_seed, arena);
}

static void fill_file(struct vch_proof_file *out, const struct vch_answer *answer)
{
    const struct vch_answer_order *order = answer->order;
    const struct vch_annex *annex = order->annex;

    *out = (struct vch_proof_file){
        .first = order->first,
        .last = order->last,
        .batch = order->batch,
        .model = annex->model,
        .annex = annex->digests[annex->link_count],
        .job = order->job,
        .input = answer->oracles[VCH_CIRCUIT_INPUT].root,
        .output = answer->oracles[VCH_CIRCUIT_OUTPUT].root,
        .proof_size = vch_statement_proof_size(&answer->circuit.statement),
    };
}

vch_status vch_answer_prove(struct vch_proof_file *out, const struct vch_answer *answer,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_answer_order *order = answer->order;
    const struct vch_proof_watch watch = {order->context, order->proof_phase};
    struct vch_proof_input input = {.cells = answer->witness.cells, .encoder = &answer->encoder};

    fill_file(out, answer);
    uint8_t *proof = vch_arena_alloc(arena, out->proof_size, 1);
    if (proof == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < VCH_CIRCUIT_WITNESS; i++)
        input.oracles[i] = &answer->oracles[i];
    memcpy(input.seed, order->proof_seed, sizeof input.seed);
    vch_status status = vch_proof_prove(proof, &answer->circuit.statement, &input,
                                        order->proof_phase != NULL ? &watch : NULL, arena,
                                        order->workers, complaint);
    vch_wipe(&input, sizeof input);
    out->proof = proof;
    return status;
}
