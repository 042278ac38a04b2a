#include "annex/annex_verify.h"

#include "proof/proof_verify.h"

struct verifier {
    const struct vch_annex *annex;
    struct vch_circuit_model model;
    enum vch_cpu_level level;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
};

void vch_annex_verify_model(struct vch_circuit_model *out, const struct vch_annex *annex,
                            const struct vch_graph *graph)
{
    *out = (struct vch_circuit_model){
        .graph = graph,
        .identity = annex->model,
        .log_columns = annex->log_columns,
        .held_count = annex->parameter_count,
        .held = annex->parameters,
    };
}

static vch_status check_layout(const struct verifier *v, const struct vch_digest *identity)
{
    const struct vch_annex *annex = v->annex;
    const uint32_t count = annex->parameter_count;

    if (!vch_hash_is_equal(&annex->model, identity))
        return vch_complain(v->complaint, VCH_CODE_BAD_PROOF, "the annex is of another model");
    if (count > 0 && annex->parameters[count - 1] >= v->model.graph->parameter_count)
        return vch_complain(v->complaint, VCH_CODE_BAD_PROOF,
                            "the annex lists parameter %u, and the model has %u",
                            annex->parameters[count - 1], v->model.graph->parameter_count);
    uint64_t rows = vch_circuit_rows(vch_circuit_annex_cells(&v->model), annex->log_columns);
    if (rows == annex->rows) return VCH_OK;
    return vch_complain(v->complaint, VCH_CODE_BAD_PROOF,
                        "the annex has %u rows; its parameters take %llu", annex->rows,
                        (unsigned long long)rows);
}

static vch_status check_ranges(const struct verifier *v)
{
    struct vch_circuit circuit;

    VCH_TRY(vch_circuit_build_ranges(&circuit, &v->model, &v->annex->root, v->arena, v->complaint));
    vch_status status = vch_proof_verify(&circuit.statement, v->annex->ranges,
                                         v->annex->ranges_size, v->level, v->arena, NULL);
    if (status.code != VCH_CODE_BAD_PROOF) return status;
    return vch_complain(v->complaint, VCH_CODE_BAD_PROOF,
                        "the annex's proof that all parameters are in range does not verify");
}

static vch_status check_link(const struct verifier *v, uint32_t link)
{
    const struct vch_annex_link *after = &v->annex->links[link];
    struct vch_circuit circuit;

    VCH_TRY(vch_circuit_build_link(&circuit, &v->model, vch_annex_root(v->annex, link),
                                   &after->root, v->arena, v->complaint));
    vch_status status = vch_proof_verify(&circuit.statement, after->proof, after->proof_size,
                                         v->level, v->arena, NULL);
    if (status.code != VCH_CODE_BAD_PROOF) return status;
    return vch_complain(v->complaint, VCH_CODE_BAD_PROOF,
                        "the annex's link %u does not show that its root holds what the one before "
                        "holds",
                        link + 1);
}

// Each check gives back what it took before the next.
static vch_status check_all(const struct verifier *v, uint32_t links)
{
    struct vch_arena_mark mark = vch_arena_mark(v->arena);
    vch_status status = check_ranges(v);

    vch_arena_rewind(v->arena, mark);
    for (uint32_t i = 0; i < links && vch_is_ok(status); i++) {
        status = check_link(v, i);
        vch_arena_rewind(v->arena, mark);
    }
    return status;
}

vch_status vch_annex_verify(const struct vch_annex *annex, uint32_t links,
                            const struct vch_graph *graph, const struct vch_digest *identity,
                            enum vch_cpu_level level, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    struct verifier v = {
        .annex = annex,
        .level = level,
        .arena = arena,
        .complaint = complaint,
    };

    if (links > annex->link_count)
        return vch_complain(complaint, VCH_CODE_USAGE, "the annex has %u links, not %u",
                            annex->link_count, links);
    vch_annex_verify_model(&v.model, annex, graph);
    VCH_TRY(check_layout(&v, identity));
    return check_all(&v, links);
}
