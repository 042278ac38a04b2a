#include <string.h>

#include "audit/audit.h"
#include "base/check.h"

struct run {
    const struct vch_audit *audit;
    const struct vch_accumulators *accumulators;
    const struct vch_tensor *inputs, *outputs;
    uint32_t batch, chunks, lanes;
};

// What a lane found first, in the order of its chunks.
struct lane {
    const struct run *run;
    uint8_t *memory;
    vch_status status;
    uint32_t chunk;
    struct vch_audit_finding finding;
    struct vch_complaint complaint;
};

struct chunk {
    struct lane *lane;
    uint32_t first, count; // samples
};

static const void *accumulators_of(const struct chunk *c, uint32_t layer)
{
    return vch_accumulators_at(c->lane->run->accumulators, layer, c->first);
}

static uint64_t *sums_of(const struct chunk *c, uint32_t layer)
{
    return (void *)(c->lane->memory + c->lane->run->audit->sums_places[layer]);
}

// A value's tensor for this chunk: inputs are the caller's.
static struct vch_tensor tensor_of(const struct chunk *c, uint32_t value)
{
    const struct vch_audit *a = c->lane->run->audit;
    const struct vch_value *v = &a->plan.graph->values[value];
    struct vch_tensor tensor = {v->type, v->shape, c->lane->memory + a->places[value]};

    for (uint32_t i = 0; i < a->plan.input_count; i++)
        if (a->plan.inputs[i] == value)
            tensor.data =
                (uint8_t *)c->lane->run->inputs[i].data + c->first * vch_tensor_size(&tensor);
    return tensor;
}

static vch_status refuse(const struct chunk *c, uint32_t layer, const char *text)
{
    const struct vch_accumulators_plan *plan = &c->lane->run->audit->plan;
    const uint32_t p = plan->layers[layer].operator_;

    c->lane->finding = (struct vch_audit_finding){p, c->first};
    return vch_complain(&c->lane->complaint, VCH_CODE_BAD_PROOF,
                        "operator %u (%.80s), samples %u to %u: %s", p,
                        plan->graph->operators[p].name, c->first, c->first + c->count - 1, text);
}

// All that accumulators are read for, while they are near.
static vch_status take_accumulators(const struct chunk *c)
{
    const struct vch_audit *a = c->lane->run->audit;

    for (uint32_t i = 0; i < a->plan.layer_count; i++) {
        const void *accumulators = accumulators_of(c, i);
        const struct vch_tensor out = tensor_of(c, a->layers[i].operator_->output);
        if (!vch_layer_is_bounded(&a->layers[i], accumulators, c->count, a->kernels))
            return refuse(c, i, "an accumulator is beyond the bound that the model states");
        vch_layer_requantise(out.data, &a->layers[i], accumulators, c->count, a->kernels);
        vch_layer_sums(sums_of(c, i), &a->layers[i], accumulators, c->count, a->kernels,
                       c->lane->memory + a->scratch_place);
    }
    return VCH_OK;
}

// Every operator that is not linear, on what the accumulators lead to.
static vch_status run_rest(const struct chunk *c)
{
    const struct vch_audit *a = c->lane->run->audit;
    struct vch_tensor *given = (void *)(c->lane->memory + a->tensors_place);
    struct vch_tensor *wanted = given + a->given_count;
    const struct vch_program_run run = {
        .program = &a->program,
        .first = a->run_first,
        .last = a->run_last,
        .batch = c->count,
    };

    for (uint32_t i = 0; i < a->given_count; i++)
        given[i] = tensor_of(c, a->given[i]);
    for (uint32_t i = 0; i < a->wanted_count; i++)
        wanted[i] = tensor_of(c, a->wanted[i]);
    return vch_program_execute(&run, a->given, given, a->given_count, a->wanted, wanted,
                               a->wanted_count, c->lane->memory + a->run_place,
                               &c->lane->complaint);
}

static vch_status check_layers(const struct chunk *c)
{
    const struct vch_audit *a = c->lane->run->audit;

    for (uint32_t i = 0; i < a->plan.layer_count; i++) {
        const struct vch_operator *o = a->layers[i].operator_;
        const void *operands[2] = {NULL, NULL};
        for (uint32_t k = 0; k < o->input_count; k++)
            operands[k] = tensor_of(c, o->inputs[k]).data;
        if (!vch_layer_check(&a->layers[i], operands, sums_of(c, i), c->count, a->kernels,
                             c->lane->memory + a->scratch_place))
            return refuse(c, i, "the accumulators are not those of its operands and weights");
    }
    return VCH_OK;
}

static void keep_outputs(const struct chunk *c)
{
    const struct run *run = c->lane->run;

    for (uint32_t i = 0; i < run->audit->plan.output_count; i++) {
        const struct vch_tensor from = tensor_of(c, run->audit->plan.outputs[i]);
        const size_t size = vch_tensor_size(&from);
        memcpy((uint8_t *)run->outputs[i].data + c->first * size, from.data, c->count * size);
    }
}

// Bounds before anything rests on an accumulator; products last, as they read what was run.
static vch_status audit_chunk(const struct chunk *c)
{
    VCH_TRY(take_accumulators(c));
    VCH_TRY(run_rest(c));
    VCH_TRY(check_layers(c));
    keep_outputs(c);
    return VCH_OK;
}

static void run_lane(void *context, size_t index)
{
    struct lane *lane = (struct lane *)context + index;
    const uint32_t samples = lane->run->audit->samples, batch = lane->run->batch;

    for (uint32_t i = (uint32_t)index; i < lane->run->chunks && vch_is_ok(lane->status);
         i += lane->run->lanes) {
        const uint32_t left = batch - i * samples;
        const struct chunk chunk = {lane, i * samples, left < samples ? left : samples};
        lane->chunk = i;
        lane->status = audit_chunk(&chunk);
    }
}

// The refusal of the first chunk that has one, however chunks were divided.
static vch_status join(struct vch_audit_finding *finding, const struct lane *lanes, uint32_t count,
                       struct vch_complaint *complaint)
{
    const struct lane *first = NULL;

    for (uint32_t i = 0; i < count; i++)
        if (!vch_is_ok(lanes[i].status) && (first == NULL || lanes[i].chunk < first->chunk))
            first = &lanes[i];
    if (first == NULL) return VCH_OK;
    *finding = first->finding;
    return vch_complain(complaint, first->status.code, "%s", first->complaint.text);
}

static vch_status check_ends(const struct vch_digest *stated, const struct vch_tensor *tensors,
                             uint32_t count, uint32_t batch, const char *text,
                             struct vch_complaint *complaint)
{
    const struct vch_digest found = vch_accumulators_digest(tensors, count, batch);

    if (vch_hash_is_equal(&found, stated)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF, "%s", text);
}

static vch_status check_input(const struct run *run, struct vch_complaint *complaint)
{
    const struct vch_accumulators_plan *plan = &run->audit->plan;

    for (uint32_t i = 0; i < plan->input_count; i++) {
        const struct vch_value *v = &plan->graph->values[plan->inputs[i]];
        if (run->inputs[i].type != v->type ||
            !vch_tensor_shape_is_equal(&run->inputs[i].shape, &v->shape))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "the input does not have the type and shape of value %u",
                                plan->inputs[i]);
    }
    return check_ends(&run->accumulators->input, run->inputs, plan->input_count, run->batch,
                      "the accumulators are said to belong to another input", complaint);
}

vch_status vch_audit_run(struct vch_audit_finding *finding, const struct vch_audit *audit,
                         const struct vch_accumulators *accumulators,
                         const struct vch_tensor *inputs, const struct vch_tensor *outputs,
                         struct vch_workers *workers, struct vch_complaint *complaint)
{
    const struct vch_accumulators_plan *plan = accumulators->plan;
    struct run run = {audit, accumulators, inputs, outputs, plan->batch, 0, 0};
    struct lane lanes[VCH_AUDIT_LANES_MAX] = {0};

    *finding = (struct vch_audit_finding){VCH_NONE, 0};
    if (plan->graph != audit->plan.graph || plan->first != audit->plan.first ||
        plan->last != audit->plan.last)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "the audit was prepared for other operators than the accumulators'");
    VCH_TRY(check_input(&run, complaint));
    run.chunks = (run.batch + audit->samples - 1) / audit->samples;
    run.lanes = run.chunks < audit->lanes ? run.chunks : audit->lanes;
    for (uint32_t i = 0; i < run.lanes; i++)
        lanes[i] = (struct lane){
            .run = &run, .memory = audit->memory + i * audit->lane_size, .finding = {VCH_NONE, 0}};
    vch_workers_run(workers, run_lane, lanes, run.lanes);
    VCH_TRY(join(finding, lanes, run.lanes, complaint));
    return check_ends(&accumulators->output, outputs, plan->output_count, run.batch,
                      "every operator is right, and the output is not the one that was claimed",
                      complaint);
}
