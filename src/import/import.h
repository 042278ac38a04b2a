// From an ONNX file to the integer model: decode, fold, calibrate, quantise, report.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "base/workers.h"
#include "import/npy.h"
#include "kernels/kernels.h"
#include "model/graph.h"

// Reads a file named inside the model (external tensor data), relative to the model's folder.
struct vch_import_files {
    void *context;
    // `name` has been checked: relative, no "..", no leading slash. Bytes live as long as the
    // arena.
    vch_status (*read)(void *context, const char *name, const uint8_t **bytes, size_t *size,
                       struct vch_complaint *complaint);
};

// How the range of an activation is found: what is beyond it is cut off.
enum vch_import_range_kind {
    VCH_IMPORT_RANGE_MSE,        // the smallest expected squared error
    VCH_IMPORT_RANGE_PERCENTILE, // so many percent of the samples' numbers inside
    VCH_IMPORT_RANGE_MAX,        // everything the samples showed
};

struct vch_import_range {
    enum vch_import_range_kind kind;
    double percent; // PERCENTILE: above 0, at most 100
};

struct vch_import_options {
    unsigned activation_bits; // 8 or 16
    struct vch_import_range range;
    bool has_loss_max;
    double loss_max;                      // points that may be lost on the samples (measure.h)
    uint64_t size_max;                    // bytes of parameters and tables; 0: any
    const struct vch_npy *calibration;    // samples along axis 0; NULL where none is needed (trees)
    uint32_t calibration_max;             // samples used; 0: all
    bool calibration_is_synthetic;        // said in the report
    bool wants_shares;                    // measures where the outputs' error comes from
    const struct vch_import_files *files; // NULL: external data is refused
    const struct vch_kernels *kernels;
    struct vch_workers *workers;
    void *progress_context;
    void (*progress)(void *context, uint64_t done, uint64_t total); // NULL: none
};

struct vch_import_tensor_report {
    const char *name;
    double scale;
    uint64_t saturated, elements; // on the calibration set
    double error_mean, error_max; // against float, real units
    double signal_to_noise_db;
    enum vch_type type;
    bool has_two_rows;           // of weights, behind it
    double share, share_weights; // of the outputs' error: see sensitivity.h; 0 unless asked for
};

struct vch_import_output_report {
    const char *name;
    double error_mean, error_max; // against float, in real units
    double range;                 // largest |float value|
    double top1_agreement;        // 0..1; negative where it makes no sense
};

struct vch_import_report {
    uint32_t sample_count;
    bool is_synthetic;
    uint32_t output_count, tensor_count;
    struct vch_import_output_report outputs[VCH_GRAPH_PORTS_MAX];
    struct vch_import_tensor_report *tensors; // one per quantised activation, in the arena
    bool has_shares;
    uint32_t worst_tensor;             // index: loses most
    uint64_t float_size, integer_size; // parameter bytes
};

// `graph` and all it points to (parameters' data too) in the arena. USAGE when calibration is
// needed and absent; UNSUPPORTED with operator, node and what is supported; MALFORMED, LIMIT.
vch_status vch_import_onnx(struct vch_graph **graph, struct vch_import_report *report,
                           const uint8_t *bytes, size_t size,
                           const struct vch_import_options *options, struct vch_arena *arena,
                           struct vch_complaint *complaint);

// Arrays by the name of the input that they are for.
struct vch_import_arrays {
    void *context;
    // `name` NULL: the only array there is.
    vch_status (*read)(void *context, const char *name, struct vch_npy *out,
                       struct vch_complaint *complaint);
};

// Calibration samples of a model with several inputs, from an array for each: sample after sample,
// in each the inputs end to end.
vch_status vch_import_join(struct vch_npy *out, const uint8_t *bytes, size_t size,
                           const struct vch_import_files *files,
                           const struct vch_import_arrays *arrays, struct vch_arena *arena,
                           struct vch_complaint *complaint);

// Seeded uniform calibration samples in [0, 1) over the declared shapes of the model's inputs, 0
// and 1 where they are whole numbers: for trying a model out, never for judging it.
vch_status vch_import_synthetic(struct vch_npy *out, const uint8_t *bytes, size_t size,
                                const struct vch_import_files *files, uint64_t seed,
                                struct vch_arena *arena, struct vch_complaint *complaint);

// The operators that import accepts, one name per entry, NULL-terminated: for messages and docs.
const char *const *vch_import_supported(void);
const char *const *vch_import_supported_ml(void); // likewise, of ai.onnx.ml
