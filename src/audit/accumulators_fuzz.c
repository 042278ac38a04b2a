// Accumulators and keys from anywhere. The model, its input and the auditor's secret are fixed: so
// the only file that passes an audit is the honest one, to the last byte.
#include <stdlib.h>
#include <string.h>

#include "audit/accumulate.h"
#include "audit/audit.h"
#include "audit/audit_key.h"
#include "base/check.h"

enum { BATCH = 2, INPUTS = 3, OUTPUTS = 2 };

static const int8_t first_weights[OUTPUTS * INPUTS] = {1, -2, 127, 5, 0, -127};
static const int8_t second_weights[OUTPUTS * OUTPUTS] = {3, -1, 7, 100};
static const int64_t biases[OUTPUTS] = {1000, -4000000000};
static const int32_t multipliers[] = {20000, 3};
static const uint32_t shifts[] = {20, 1};
static const uint32_t values[] = {0, 1, 2};
static int8_t input[BATCH * INPUTS] = {1, 2, 3, -127, 100, 127};

static struct vch_value value_rows[] = {{VCH_TYPE_I8, {1, {INPUTS}}},
                                        {VCH_TYPE_I8, {1, {OUTPUTS}}},
                                        {VCH_TYPE_I16, {1, {OUTPUTS}}},
                                        {VCH_TYPE_I32, {1, {OUTPUTS}}}};
static struct vch_parameter parameters[] = {
    {.type = VCH_TYPE_I8, .shape = {2, {OUTPUTS, INPUTS}}, .data = first_weights},
    {.type = VCH_TYPE_I8, .shape = {2, {OUTPUTS, OUTPUTS}}, .data = second_weights},
    {.type = VCH_TYPE_I64, .shape = {1, {OUTPUTS}}, .data = biases},
};
static struct vch_operator operators[] = {
    {.kind = VCH_OPERATOR_LINEAR,
     .name = "narrow",
     .input_count = 1,
     .inputs = &values[0],
     .output = 1,
     .parameter_count = 1,
     .scaling = {1, &multipliers[0], &shifts[0], -127, 127},
     .table = VCH_NONE},
    {.kind = VCH_OPERATOR_RESCALE,
     .name = "between",
     .input_count = 1,
     .inputs = &values[1],
     .output = 2,
     .scaling = {1, &multipliers[1], &shifts[1], 0, 32767},
     .table = VCH_NONE},
    {.kind = VCH_OPERATOR_LINEAR,
     .name = "wide",
     .input_count = 1,
     .inputs = &values[2],
     .output = 3,
     .parameter_count = 2,
     .parameters = {1, 2},
     .bias_bound = (uint64_t)1 << 32,
     .scaling = {1, &multipliers[0], &shifts[0], INT32_MIN, INT32_MAX},
     .table = VCH_NONE},
};
static struct vch_graph graph = {
    .name = "fuzzed",
    .value_count = 4,
    .operator_count = 3,
    .parameter_count = 3,
    .values = value_rows,
    .operators = operators,
    .parameters = parameters,
    .input_count = 1,
    .output_count = 1,
    .inputs = {{.name = "x", .value = 0, .kind = VCH_PORT_INTEGER}},
    .outputs = {{.name = "y", .value = 3, .kind = VCH_PORT_INTEGER}},
};

static struct vch_arena arena;
static struct vch_accumulators_plan plan;
static struct vch_audit audit;
static struct vch_kernels kernels;
static struct vch_tensor ends[2];
static uint8_t *honest, *copy;

static void prepare(void)
{
    static const uint8_t secret[VCH_LAYER_SECRET_SIZE] = {1, 2, 3};
    const struct vch_digest identity = vch_hash_bytes("fuzzed", 6);
    struct vch_accumulate how;

    vch_arena_init(&arena, 1 << 24);
    kernels = vch_kernels_select(vch_cpu_level(NULL));
    for (uint32_t i = 0; i < graph.operator_count; i++)
        VCH_ASSERT(
            vch_is_ok(vch_graph_public_bound(&operators[i].public_bound, &graph, &operators[i])));
    VCH_ASSERT(vch_is_ok(vch_graph_check(&graph, &arena, NULL)));
    VCH_ASSERT(
        vch_is_ok(vch_accumulators_plan(&plan, &graph, &identity, 0, 3, BATCH, &arena, NULL)));
    ends[0] = (struct vch_tensor){VCH_TYPE_I8, value_rows[0].shape, input};
    ends[1] =
        (struct vch_tensor){VCH_TYPE_I32, value_rows[3].shape,
                            vch_arena_alloc(&arena, (size_t)BATCH * OUTPUTS, sizeof(int32_t))};
    honest = vch_arena_alloc(&arena, plan.size, 1);
    copy = vch_arena_alloc(&arena, plan.size, 1);
    VCH_ASSERT(vch_is_ok(vch_accumulate_prepare(&how, &plan, &kernels, &arena)));
    VCH_ASSERT(
        vch_is_ok(vch_accumulate(honest, &how, &plan, &ends[0], &ends[1], NULL, &arena, NULL)));
    const struct vch_audit_order order = {&plan, secret, &kernels, 1};
    VCH_ASSERT(vch_is_ok(vch_audit_prepare(&audit, &order, &arena)));
}

static void take_key(const uint8_t *data, size_t size)
{
    struct vch_audit_key key;
    uint8_t again[VCH_AUDIT_KEY_SIZE];

    if (!vch_is_ok(vch_audit_key_decode(&key, data, size, NULL))) return;
    vch_audit_key_encode(again, &key);
    VCH_ASSERT(size == sizeof again && memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_accumulators accumulators;
    struct vch_audit_finding finding;
    struct vch_complaint complaint = {0};
    vch_status status;

    if (honest == NULL) prepare();
    take_key(data, size);
    if (size > plan.size) size = plan.size + 1;      // one too many is like any other
    if (size == plan.size) memcpy(copy, data, size); // aligned
    status = vch_accumulators_decode(&accumulators, &plan, size == plan.size ? copy : honest, size,
                                     &complaint);
    VCH_ASSERT(vch_is_ok(status) || complaint.text[0] != '\0');
    VCH_ASSERT(!vch_is_ok(status) || size == plan.size);
    if (!vch_is_ok(status)) return 0;
    status = vch_audit_run(&finding, &audit, &accumulators, &ends[0], &ends[1], NULL, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (memcmp(copy, honest, plan.size) == 0));
    VCH_ASSERT(vch_is_ok(status) || complaint.text[0] != '\0');
    return 0;
}
