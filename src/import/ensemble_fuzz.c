// Any bytes at all, as an ONNX file of a tree ensemble or a linear model. What lowers must pass
// every check that a package's reader makes, and run.
#include "import/ensemble.h"

#include "base/check.h"
#include "harness/mutate_onnx.h"
#include "import/onnx.h"
#include "model/run.h"

// Keys of hostile features: the checks must be enough for any of them.
static void run_once(const struct vch_graph *graph, struct vch_arena *arena)
{
    static const int32_t keys[] = {0, INT32_MAX, INT32_MIN, 1, -1, 0x3f000000};
    struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    struct vch_run run = {
        .graph = graph, .last = graph->operator_count, .batch = 1, .kernels = &kernels};
    size_t features = vch_tensor_shape_count(&graph->values[0].shape);
    int32_t *input_keys = VCH_ARENA_NEW(arena, int32_t, features);
    struct vch_tensor input = {VCH_TYPE_I32, graph->values[0].shape, input_keys};
    struct vch_tensor outputs[VCH_GRAPH_PORTS_MAX];

    if (input_keys == NULL) return;
    for (size_t i = 0; i < features; i++)
        input_keys[i] = keys[i % (sizeof keys / sizeof *keys)];
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const struct vch_value *value = &graph->values[graph->outputs[i].value];
        outputs[i] = (struct vch_tensor){value->type, value->shape, NULL};
        outputs[i].data = vch_arena_alloc(arena, 1, vch_tensor_size(&outputs[i]));
        if (outputs[i].data == NULL) return;
    }
    (void)vch_run_graph(&run, &input, outputs, arena, NULL);
}

static void lower(struct vch_network *network, struct vch_arena *arena)
{
    struct vch_import_options options = {0};
    struct vch_import_report report;
    struct vch_complaint complaint = {0};
    struct vch_graph *graph = NULL;

    if (!vch_is_ok(vch_ensemble_lower(&graph, &report, network, &options, arena, &complaint))) {
        VCH_ASSERT(complaint.text[0] != '\0');
        return;
    }
    // The reader refuses a graph for its size only; nothing that we made is malformed.
    vch_status status = vch_graph_check(graph, arena, NULL);
    VCH_ASSERT(vch_is_ok(status) || status.code == VCH_CODE_LIMIT ||
               status.code == VCH_CODE_NO_MEMORY);
    if (!vch_is_ok(status)) return;
    status = vch_graph_check_parameters(graph, &graph->operators[0], arena, NULL);
    VCH_ASSERT(vch_is_ok(status) || status.code == VCH_CODE_NO_MEMORY);
    if (vch_is_ok(status)) run_once(graph, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;
    struct vch_complaint complaint = {0};
    struct vch_network *network = NULL;
    struct vch_ensemble_labels labels[VCH_GRAPH_PORTS_MAX];

    vch_arena_init(&arena, (size_t)1 << 27);
    if (vch_is_ok(vch_onnx_decode(&network, data, size, NULL, &arena, &complaint))) {
        if (vch_ensemble_is(network))
            lower(network, &arena);
        else if (!vch_is_ok(vch_ensemble_rewrite(network, labels, &complaint)))
            VCH_ASSERT(complaint.text[0] != '\0');
    }
    vch_arena_release(&arena);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    return mutate_onnx(data, size, size_max, seed, vch_import_supported_ml());
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t out_size_max,
                                 unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t out_size_max,
                                 unsigned seed)
{
    return mutate_onnx_cross(one, one_size, other, other_size, out, out_size_max, seed);
}
