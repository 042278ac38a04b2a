#include "audit/accumulators.h"

#include <string.h>

#include "audit/digits.h"
#include "base/bytes.h"
#include "base/check.h"
#include "crypto/transcript.h"
#include "model/segment.h"

enum { AT_VERSION = 8, AT_RANGE = 12, AT_MODEL = 24, AT_INPUT = 56, AT_OUTPUT = 88, AT_REST = 120 };

bool vch_accumulators_is_linear(enum vch_operator_kind kind)
{
    return kind == VCH_OPERATOR_LINEAR || kind == VCH_OPERATOR_CONVOLUTION ||
           kind == VCH_OPERATOR_MATMUL;
}

static void set_ports(uint32_t *values, uint32_t *count, const struct vch_port *ports,
                      uint32_t port_count)
{
    *count = port_count;
    for (uint32_t i = 0; i < port_count; i++)
        values[i] = ports[i].value;
}

static vch_status find_end(uint32_t *values, uint32_t *count, const struct vch_graph *graph,
                           uint32_t position, struct vch_arena *scratch)
{
    struct vch_cut cut;

    *count = 1;
    VCH_TRY(vch_segment_cut_at(&cut, graph, position, scratch));
    values[0] = cut.value;
    return VCH_OK;
}

static vch_status find_ends(struct vch_accumulators_plan *plan, struct vch_arena *scratch)
{
    const struct vch_graph *graph = plan->graph;

    if (plan->first == 0)
        set_ports(plan->inputs, &plan->input_count, graph->inputs, graph->input_count);
    else
        VCH_TRY(find_end(plan->inputs, &plan->input_count, graph, plan->first, scratch));
    if (plan->last == graph->operator_count)
        set_ports(plan->outputs, &plan->output_count, graph->outputs, graph->output_count);
    else
        VCH_TRY(find_end(plan->outputs, &plan->output_count, graph, plan->last, scratch));
    return VCH_OK;
}

static size_t element_size(const struct vch_accumulators_layer *layer)
{
    return layer->is_wide ? sizeof(int64_t) : sizeof(int32_t);
}

static vch_status place_layers(struct vch_accumulators_plan *plan)
{
    const struct vch_graph *graph = plan->graph;
    const size_t mask = VCH_ACCUMULATORS_ALIGNMENT - 1;

    plan->size = VCH_ACCUMULATORS_HEAD_SIZE;
    for (uint32_t p = plan->first; p < plan->last; p++) {
        const struct vch_operator *o = &graph->operators[p];
        if (!vch_accumulators_is_linear(o->kind)) continue;
        struct vch_accumulators_layer *layer = &plan->layers[plan->layer_count++];
        *layer = (struct vch_accumulators_layer){
            .operator_ = p,
            .is_wide = o->public_bound >= VCH_DIGITS_I32_MAX,
            .count = vch_tensor_shape_count(&graph->values[o->output].shape),
            .offset = plan->size,
        };
        const size_t size = layer->count * plan->batch * element_size(layer); // below 2^43
        if (__builtin_add_overflow(plan->size, (size + mask) & ~mask, &plan->size))
            return VCH_FAIL(LIMIT);
    }
    return VCH_OK;
}

vch_status vch_accumulators_plan(struct vch_accumulators_plan *out, const struct vch_graph *graph,
                                 const struct vch_digest *identity, uint32_t first, uint32_t last,
                                 uint32_t batch, struct vch_arena *arena,
                                 struct vch_complaint *complaint)
{
    if (first >= last || last > graph->operator_count)
        return vch_complain(complaint, VCH_CODE_USAGE, "operators %u to %u of %u are no segment",
                            first, last, graph->operator_count);
    if (batch == 0 || batch > VCH_BATCH_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a batch has 1 to %u samples, not %u",
                            VCH_BATCH_MAX, batch);
    *out = (struct vch_accumulators_plan){
        .graph = graph, .identity = *identity, .first = first, .last = last, .batch = batch};
    out->layers = VCH_ARENA_NEW(arena, struct vch_accumulators_layer, last - first);
    if (out->layers == NULL) return VCH_FAIL(NO_MEMORY);
    const vch_status status = find_ends(out, arena);
    if (status.code == VCH_CODE_UNSUPPORTED)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "operators %u to %u are no segment: both ends must be positions that "
                            "`vouch split` lists",
                            first, last);
    VCH_TRY(status);
    return place_layers(out);
}

struct vch_digest vch_accumulators_digest(const struct vch_tensor *tensors, uint32_t count,
                                          uint32_t batch)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/audit-end/v1");
    for (uint32_t i = 0; i < count; i++) {
        const struct vch_digest digest = vch_tensor_digest(&tensors[i], batch);
        vch_transcript_absorb_digest(&transcript, "tensor", &digest);
    }
    return vch_transcript_final(&transcript);
}

static size_t layer_end(const struct vch_accumulators_plan *plan, uint32_t layer)
{
    return layer + 1 < plan->layer_count ? plan->layers[layer + 1].offset : plan->size;
}

// Where the accumulators of a layer end, and zeros up to the next one begin.
static size_t data_end(const struct vch_accumulators_plan *plan, uint32_t layer)
{
    const struct vch_accumulators_layer *l = &plan->layers[layer];
    return l->offset + l->count * plan->batch * element_size(l);
}

void vch_accumulators_encode_head(uint8_t *bytes, const struct vch_accumulators_plan *plan,
                                  const struct vch_digest *input, const struct vch_digest *output)
{
    memset(bytes, 0, VCH_ACCUMULATORS_HEAD_SIZE);
    memcpy(bytes, VCH_ACCUMULATORS_MAGIC, AT_VERSION);
    vch_put_u32le(bytes + AT_VERSION, VCH_ACCUMULATORS_VERSION);
    vch_put_u32le(bytes + AT_RANGE, plan->first);
    vch_put_u32le(bytes + AT_RANGE + 4, plan->last);
    vch_put_u32le(bytes + AT_RANGE + 8, plan->batch);
    memcpy(bytes + AT_MODEL, plan->identity.bytes, VCH_DIGEST_SIZE);
    memcpy(bytes + AT_INPUT, input->bytes, VCH_DIGEST_SIZE);
    memcpy(bytes + AT_OUTPUT, output->bytes, VCH_DIGEST_SIZE);
    for (uint32_t i = 0; i < plan->layer_count; i++)
        memset(bytes + data_end(plan, i), 0, layer_end(plan, i) - data_end(plan, i));
}

vch_status vch_accumulators_peek(uint32_t *first, uint32_t *last, uint32_t *batch,
                                 const uint8_t *bytes, size_t size, struct vch_complaint *complaint)
{
    if (size < VCH_ACCUMULATORS_HEAD_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "a file of accumulators has at least %d bytes; this one has %zu",
                            VCH_ACCUMULATORS_HEAD_SIZE, size);
    if (memcmp(bytes, VCH_ACCUMULATORS_MAGIC, AT_VERSION) != 0)
        return vch_complain(
            complaint, VCH_CODE_MALFORMED,
            "this is no file of accumulators: `vouch run --accumulators` makes one");
    if (vch_get_u32le(bytes + AT_VERSION) != VCH_ACCUMULATORS_VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the accumulators have version %u; this program reads version %u",
                            vch_get_u32le(bytes + AT_VERSION), VCH_ACCUMULATORS_VERSION);
    *first = vch_get_u32le(bytes + AT_RANGE);
    *last = vch_get_u32le(bytes + AT_RANGE + 4);
    *batch = vch_get_u32le(bytes + AT_RANGE + 8);
    return VCH_OK;
}

static vch_status check_head(const struct vch_accumulators_plan *plan, const uint8_t *bytes,
                             size_t size, struct vch_complaint *complaint)
{
    uint32_t first = 0, last = 0, batch = 0;

    VCH_TRY(vch_accumulators_peek(&first, &last, &batch, bytes, size, complaint));
    if (first != plan->first || last != plan->last || batch != plan->batch)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected accumulators of operators %u to %u for %u samples, found "
                            "those of %u to %u for %u",
                            plan->first, plan->last, plan->batch, first, last, batch);
    if (memcmp(bytes + AT_MODEL, plan->identity.bytes, VCH_DIGEST_SIZE) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "the accumulators are of another model");
    if (size != plan->size)
        return vch_complain(complaint, size < plan->size ? VCH_CODE_TRUNCATED : VCH_CODE_MALFORMED,
                            "the accumulators of this segment take %zu bytes; this file has %zu",
                            plan->size, size);
    return VCH_OK;
}

vch_status vch_accumulators_decode(struct vch_accumulators *out,
                                   const struct vch_accumulators_plan *plan, const uint8_t *bytes,
                                   size_t size, struct vch_complaint *complaint)
{
    VCH_ASSERT((uintptr_t)bytes % sizeof(int64_t) == 0);
    VCH_TRY(check_head(plan, bytes, size, complaint));
    bool is_zero = vch_is_zero(bytes + AT_REST, VCH_ACCUMULATORS_HEAD_SIZE - AT_REST);
    for (uint32_t i = 0; i < plan->layer_count; i++)
        is_zero = is_zero &&
                  vch_is_zero(bytes + data_end(plan, i), layer_end(plan, i) - data_end(plan, i));
    if (!is_zero)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "bytes between the accumulators are not 0");
    *out = (struct vch_accumulators){.plan = plan, .bytes = bytes};
    memcpy(out->input.bytes, bytes + AT_INPUT, VCH_DIGEST_SIZE);
    memcpy(out->output.bytes, bytes + AT_OUTPUT, VCH_DIGEST_SIZE);
    return VCH_OK;
}

const void *vch_accumulators_at(const struct vch_accumulators *accumulators, uint32_t layer,
                                uint32_t sample)
{
    const struct vch_accumulators_layer *l = &accumulators->plan->layers[layer];

    VCH_ASSERT(layer < accumulators->plan->layer_count && sample < accumulators->plan->batch);
    return accumulators->bytes + l->offset + sample * l->count * element_size(l);
}
