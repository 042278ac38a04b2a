// Any bytes as an ONNX file: decoded, translated, and where that is cheap imported as a whole.
#include <stddef.h>
#include <stdint.h>

#include "import/import.h"
#include "import/onnx.h"
#include "import/simplify.h"
#include "import/translate.h"

#define ARENA_LIMIT ((size_t)64 << 20)
#define WORK_MAX 1e6 // multiplications a sample

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static vch_status run(const uint8_t *data, size_t size, struct vch_arena *arena)
{
    struct vch_complaint complaint = {0};
    struct vch_network *network = NULL;
    struct vch_layers *layers = NULL;
    struct vch_npy samples = {0};
    struct vch_graph *graph = NULL;
    struct vch_import_report report = {0};
    const struct vch_kernels kernels = vch_kernels_select(VCH_CPU_PORTABLE);
    const struct vch_import_options options = {
        .activation_bits = size % 2 == 0 ? 8 : 16,
        .calibration = &samples,
        .calibration_max = 2,
        .calibration_is_synthetic = true,
        .kernels = &kernels,
    };
    double work = 0;

    VCH_TRY(vch_onnx_decode(&network, data, size, NULL, arena, &complaint));
    VCH_TRY(vch_translate_network(&layers, network, &complaint));
    VCH_TRY(vch_simplify_layers(layers));
    for (uint32_t i = 0; i < layers->count; i++)
        work += vch_layers_work(layers, &layers->layers[i]);
    if (work > WORK_MAX) return VCH_OK;
    VCH_TRY(vch_import_synthetic(&samples, data, size, NULL, size, arena, &complaint));
    return vch_import_onnx(&graph, &report, data, size, &options, arena, &complaint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_arena arena;

    vch_arena_init(&arena, ARENA_LIMIT);
    (void)run(data, size, &arena);
    vch_arena_release(&arena);
    return 0;
}
