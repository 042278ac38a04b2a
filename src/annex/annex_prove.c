#include "annex/annex_prove.h"

#include <string.h>

#include "base/bytes.h"
#include "circuit/witness.h"
#include "crypto/transcript.h"

// Codewords of so many take 64 MiB.
#define KEPT_CELLS_MAX 1048576u // check: 2**20

struct prover {
    const struct vch_annex_order *order;
    struct vch_encoder encoder;
    uint32_t rows;
    struct vch_oracle oracle; // of the new root
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

vch_status vch_annex_prove_oracle(struct vch_oracle *out, const uint64_t *cells, uint32_t rows,
                                  const uint8_t seed[static VCH_ORACLE_SEED_SIZE],
                                  const struct vch_encoder *encoder, struct vch_arena *arena,
                                  struct vch_workers *workers)
{
    const struct vch_oracle_matrix matrix = {.cells = cells, .row_count = rows, .seed = seed};
    const bool keeps_codewords = (uint64_t)rows << encoder->log_columns <= KEPT_CELLS_MAX;

    return vch_oracle_prove(out, &matrix, encoder, keeps_codewords, arena, workers);
}

static vch_status make_oracle(struct vch_oracle *out, const struct prover *prover,
                              const uint8_t *seed)
{
    const struct vch_annex_order *order = prover->order;
    uint64_t *cells =
        VCH_ARENA_NEW(prover->arena, uint64_t, (size_t)prover->rows << order->model.log_columns);

    if (cells == NULL) return VCH_FAIL(NO_MEMORY);
    vch_circuit_fill_annex(cells, &order->model);
    return vch_annex_prove_oracle(out, cells, prover->rows, seed, &prover->encoder, prover->arena,
                                  order->workers);
}

static vch_status begin(struct prover *prover, const struct vch_annex_order *order,
                        struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_circuit_model *model = &order->model;

    *prover = (struct prover){.order = order, .arena = arena, .complaint = complaint};
    const uint64_t rows = vch_circuit_rows(vch_circuit_annex_cells(model), model->log_columns);
    if (rows > UINT32_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the parameters take %llu rows, which no proof has",
                            (unsigned long long)rows);
    prover->rows = (uint32_t)rows;
    VCH_TRY(vch_encoder_init(&prover->encoder, arena, order->level, model->log_columns));
    return make_oracle(&prover->oracle, prover, order->seed);
}

// `first` and `second` are all oracles but the witness; there may be no second.
static vch_status prove(uint8_t **out, size_t *size, const struct prover *prover,
                        const struct vch_statement *statement, const uint64_t *cells,
                        const struct vch_oracle *first, const struct vch_oracle *second,
                        const uint8_t seed[static VCH_PROOF_SEED_SIZE])
{
    struct vch_proof_input input = {
        .cells = cells,
        .oracles = {first, second},
        .encoder = &prover->encoder,
    };

    *size = vch_statement_proof_size(statement);
    *out = vch_arena_alloc(prover->arena, *size, 1);
    if (*out == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(input.seed, seed, sizeof input.seed);
    vch_status status = vch_proof_prove(*out, statement, &input, prover->order->watch,
                                        prover->arena, prover->order->workers, prover->complaint);
    vch_wipe(&input, sizeof input);
    return status;
}

// Secret as the root's seed is, and another for every other statement: pads serve one proof only.
// What is proven of a root is always the same proof, so that making it again shows nothing new.
// The labels are of the roots given; there may be no second.
static struct vch_digest proof_seed(const char *protocol, const uint8_t *seed,
                                    const struct vch_statement *statement, const char *first,
                                    const char *second)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, protocol);
    vch_transcript_absorb(&transcript, "seed", seed, VCH_ORACLE_SEED_SIZE);
    vch_transcript_absorb_digest(&transcript, "context", &statement->context);
    vch_transcript_absorb_u64(&transcript, "columns", statement->log_columns);
    vch_transcript_absorb_digest(&transcript, first, &statement->oracles[0].root);
    if (second != NULL)
        vch_transcript_absorb_digest(&transcript, second, &statement->oracles[1].root);
    return vch_transcript_final(&transcript);
}

static vch_status prove_ranges(uint8_t **out, size_t *size, const struct prover *prover)
{
    const struct vch_circuit_model *model = &prover->order->model;
    struct vch_circuit circuit;
    uint64_t *cells = NULL;

    VCH_TRY(vch_circuit_build_ranges(&circuit, model, &prover->oracle.root, prover->arena,
                                     prover->complaint));
    VCH_TRY(vch_witness_make_ranges(&cells, &circuit, model, prover->arena, prover->complaint));
    struct vch_digest seed = proof_seed("vouch/annex-ranges-seed/v1", prover->order->seed,
                                        &circuit.statement, "root", NULL);
    vch_status status =
        prove(out, size, prover, &circuit.statement, cells, &prover->oracle, NULL, seed.bytes);
    vch_wipe(&seed, sizeof seed);
    return status;
}

vch_status vch_annex_prove(uint8_t **out, size_t *size, const struct vch_annex_order *order,
                           uint32_t epoch, const struct vch_secret_key *owner,
                           struct vch_arena *arena, struct vch_complaint *complaint)
{
    const struct vch_circuit_model *model = &order->model;
    struct prover prover;
    uint8_t *ranges = NULL;
    size_t ranges_size = 0;

    VCH_TRY(begin(&prover, order, arena, complaint));
    VCH_TRY(prove_ranges(&ranges, &ranges_size, &prover));
    const struct vch_annex annex = {
        .model = model->identity,
        .log_columns = model->log_columns,
        .rows = prover.rows,
        .epoch = epoch,
        .parameter_count = model->held_count,
        .parameters = model->held,
        .root = prover.oracle.root,
        .ranges = ranges,
        .ranges_size = ranges_size,
    };
    return vch_annex_encode(out, size, &annex, owner, arena, complaint);
}

vch_status vch_annex_prove_link(struct vch_annex_link *out, const struct vch_annex *annex,
                                const uint8_t old_seed[static VCH_ORACLE_SEED_SIZE],
                                const struct vch_annex_order *order, struct vch_arena *arena,
                                struct vch_complaint *complaint)
{
    const struct vch_circuit_model *model = &order->model;
    struct prover prover;
    struct vch_oracle old;
    struct vch_circuit circuit;
    uint64_t *cells = NULL;
    uint8_t *proof = NULL;

    VCH_TRY(begin(&prover, order, arena, complaint));
    VCH_TRY(make_oracle(&old, &prover, old_seed));
    if (!vch_hash_is_equal(&old.root, vch_annex_root(annex, annex->link_count)))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "this key did not make the annex's root, or not of this file's "
                            "parameters");
    VCH_TRY(
        vch_circuit_build_link(&circuit, model, &old.root, &prover.oracle.root, arena, complaint));
    VCH_TRY(vch_witness_make_link(&cells, &circuit, model, arena, complaint));
    struct vch_digest seed =
        proof_seed("vouch/annex-link-seed/v1", old_seed, &circuit.statement, "old", "new");
    vch_status status = prove(&proof, &out->proof_size, &prover, &circuit.statement, cells, &old,
                              &prover.oracle, seed.bytes);
    vch_wipe(&seed, sizeof seed);
    VCH_TRY(status);
    out->root = prover.oracle.root;
    out->proof = proof;
    return VCH_OK;
}
