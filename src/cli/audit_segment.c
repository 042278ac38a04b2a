#include "cli/audit_segment.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/accumulate.h"
#include "audit/audit.h"
#include "audit/audit_key.h"
#include "base/bytes.h"
#include "host/lock.h"
#include "host/random.h"
#include "model/run.h"
#include "model/segment.h"

struct segment {
    struct vch_accumulators_plan plan;
    struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX], outputs[VCH_GRAPH_PORTS_MAX];
};

static vch_status read_range(uint32_t *first, uint32_t *last, struct vch_tool *tool,
                             const struct vch_graph *graph)
{
    const char *text = vch_options_text(tool->options, "range");
    const char *colon = text != NULL ? strchr(text, ':') : NULL;
    uint64_t from = 0, to = graph->operator_count;
    char head[24] = {0};

    if (colon != NULL && colon - text < (long)sizeof head)
        memcpy(head, text, (size_t)(colon - text));
    if (text != NULL && (colon == NULL || !vch_options_is_number(&from, head, 0, to) ||
                         !vch_options_is_number(&to, colon + 1, from + 1, to)))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--range expects FIRST:LAST with FIRST < LAST <= %u, found \"%.40s\"",
                            graph->operator_count, text);
    *first = (uint32_t)from;
    *last = (uint32_t)to;
    return VCH_OK;
}

static vch_status new_tensor(struct vch_tensor *out, struct vch_tool *tool,
                             const struct vch_graph *graph, uint32_t value, uint32_t batch)
{
    *out = (struct vch_tensor){graph->values[value].type, graph->values[value].shape, NULL};
    out->data = vch_arena_alloc(&tool->arena, batch, vch_tensor_size(out));
    return out->data == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

// What enters the segment: the model's inputs, through the operators before it.
static vch_status find_inputs(struct segment *s, struct vch_tool *tool,
                              const struct vch_tensors *inputs)
{
    const struct vch_graph *graph = s->plan.graph;
    uint32_t values[VCH_GRAPH_PORTS_MAX];
    const struct vch_run before = {
        .graph = graph,
        .last = s->plan.first,
        .batch = inputs->batch,
        .kernels = &tool->kernels,
        .workers = tool->workers,
    };

    if (s->plan.first == 0) {
        memcpy(s->inputs, inputs->tensor, inputs->count * sizeof *s->inputs);
        return VCH_OK;
    }
    for (uint32_t i = 0; i < graph->input_count; i++)
        values[i] = graph->inputs[i].value;
    VCH_TRY(new_tensor(&s->inputs[0], tool, graph, s->plan.inputs[0], inputs->batch));
    return vch_run_execute(&before, values, inputs->tensor, inputs->count, s->plan.inputs,
                           s->inputs, 1, &tool->arena, &tool->complaint);
}

static vch_status open_segment(struct segment *s, struct vch_tool *tool,
                               const struct vch_package *package, const struct vch_tensors *inputs)
{
    uint32_t first = 0, last = 0;

    VCH_TRY(read_range(&first, &last, tool, package->graph));
    if (!vch_segment_is_held(package->graph, 0, last))
        return vch_complain(&tool->complaint, VCH_CODE_UNSUPPORTED,
                            "this file lacks parameters of operators 0 to %u, which lead to what "
                            "the segment gives: it takes the owner's package",
                            last);
    VCH_TRY(vch_accumulators_plan(&s->plan, package->graph, &package->identity, first, last,
                                  inputs->batch, &tool->arena, &tool->complaint));
    VCH_TRY(find_inputs(s, tool, inputs));
    for (uint32_t i = 0; i < s->plan.output_count; i++)
        VCH_TRY(
            new_tensor(&s->outputs[i], tool, package->graph, s->plan.outputs[i], inputs->batch));
    return VCH_OK;
}

vch_status vch_audit_segment_make(struct vch_tool *tool, const struct vch_package *package,
                                  const struct vch_tensors *inputs)
{
    const char *path = vch_options_text(tool->options, "accumulators");
    struct vch_accumulate how;
    struct segment s;

    VCH_TRY(open_segment(&s, tool, package, inputs));
    uint8_t *bytes = vch_arena_alloc(&tool->arena, s.plan.size, 1);
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_accumulate_prepare(&how, &s.plan, &tool->kernels, &tool->arena));
    VCH_TRY(vch_accumulate(bytes, &how, &s.plan, s.inputs, s.outputs, tool->workers, &tool->arena,
                           &tool->complaint));
    return vch_file_write(path, bytes, s.plan.size, false, &tool->complaint);
}

static vch_status read_key(struct vch_audit_key *key, struct vch_tool *tool, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_AUDIT_KEY_SIZE));
    const vch_status status = vch_audit_key_decode(key, bytes, size, &tool->complaint);
    vch_wipe(bytes, size);
    return status;
}

static vch_status make_key(struct vch_tool *tool, const char *path)
{
    struct vch_audit_key key = {.tests = 0};
    uint8_t bytes[VCH_AUDIT_KEY_SIZE];

    vch_random_bytes(key.secret, sizeof key.secret);
    vch_audit_key_encode(bytes, &key);
    const vch_status status = vch_file_write_new(path, bytes, sizeof bytes, true, &tool->complaint);
    vch_wipe(bytes, sizeof bytes);
    vch_wipe(&key, sizeof key);
    return status;
}

static vch_status count(struct vch_audit_key *key, struct vch_tool *tool, const char *path,
                        uint64_t tests)
{
    uint8_t bytes[VCH_AUDIT_KEY_SIZE];

    VCH_TRY(read_key(key, tool, path));
    VCH_TRY(vch_audit_key_take(key, tests, &tool->complaint));
    vch_audit_key_encode(bytes, key);
    const vch_status status = vch_file_write(path, bytes, sizeof bytes, true, &tool->complaint);
    vch_wipe(bytes, sizeof bytes);
    return status;
}

// The key with these tests counted: on disk, before anything is known of what they show.
static vch_status take_key(struct vch_audit_key *key, struct vch_tool *tool, uint64_t tests)
{
    const char *path = NULL;
    struct vch_lock lock;

    VCH_TRY(vch_options_required(&path, tool->options, "key", &tool->complaint));
    if (access(path, F_OK) != 0) VCH_TRY(make_key(tool, path));
    VCH_TRY(vch_lock_take(&lock, path, &tool->complaint));
    const vch_status status = count(key, tool, path, tests);
    vch_lock_release(&lock);
    return status;
}

static vch_status read_accumulators(struct vch_accumulators *out, const struct segment *s,
                                    struct vch_tool *tool)
{
    const char *path = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_options_required(&path, tool->options, "accumulators", &tool->complaint));
    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, s->plan.size));
    return vch_accumulators_decode(out, &s->plan, bytes, size, &tool->complaint);
}

static vch_status tell(struct vch_tool *tool, const struct segment *s,
                       const struct vch_audit_finding *finding, uint64_t tests, uint64_t key_tests,
                       vch_status status)
{
    const bool is_right = vch_is_ok(status), is_json = vch_options_has(tool->options, "json");
    const struct vch_digest output =
        vch_accumulators_digest(s->outputs, s->plan.output_count, s->plan.batch);
    char hex[2 * VCH_DIGEST_SIZE + 1];

    vch_hex_encode(hex, output.bytes, sizeof output.bytes);
    if (is_json) {
        json_t *row =
            json_pack("{s:b, s:i, s:i, s:i, s:I, s:I}", "passed", is_right, "first",
                      (int)s->plan.first, "last", (int)s->plan.last, "batch", (int)s->plan.batch,
                      "tests", (json_int_t)tests, "key_tests", (json_int_t)key_tests);
        if (is_right)
            json_object_set_new(row, "output", json_string(hex));
        else
            json_object_set_new(row, "refused", json_string(tool->complaint.text));
        if (finding->operator_ != VCH_NONE)
            json_object_set_new(row, "operator", json_integer(finding->operator_));
        VCH_TRY(vch_tool_print_json(row));
    } else if (is_right) {
        printf("operators %u to %u on %u samples: as the model has it\n"
               "output      %s\n"
               "tests       %llu; this key has made %llu of %d\n",
               s->plan.first, s->plan.last, s->plan.batch, hex, (unsigned long long)tests,
               (unsigned long long)key_tests, VCH_AUDIT_KEY_TESTS_MAX);
    }
    return status;
}

static vch_status audit(struct vch_tool *tool, struct segment *s, struct vch_audit_key *key)
{
    const uint64_t tests = (uint64_t)s->plan.layer_count * s->plan.batch;
    const size_t threads = tool->workers->thread_count;
    struct vch_accumulators accumulators;
    struct vch_audit_finding finding;
    struct vch_audit prepared;

    VCH_TRY(read_accumulators(&accumulators, s, tool));
    VCH_TRY(take_key(key, tool, tests));
    const struct vch_audit_order order = {
        .plan = &s->plan,
        .secret = key->secret,
        .kernels = &tool->kernels,
        .lanes = threads < VCH_AUDIT_LANES_MAX ? (uint32_t)threads : VCH_AUDIT_LANES_MAX,
    };
    VCH_TRY(vch_audit_prepare(&prepared, &order, &tool->arena));
    const vch_status status = vch_audit_run(&finding, &prepared, &accumulators, s->inputs,
                                            s->outputs, tool->workers, &tool->complaint);
    if (!vch_is_ok(status) && status.code != VCH_CODE_BAD_PROOF) return status;
    return tell(tool, s, &finding, tests, key->tests, status);
}

vch_status vch_audit_segment_check(struct vch_tool *tool)
{
    const char *path = NULL;
    struct vch_package package;
    struct vch_tensors inputs;
    struct vch_audit_key key = {0};
    struct segment s;

    VCH_TRY(vch_options_required(&path, tool->options, "segment", &tool->complaint));
    VCH_TRY(vch_tool_package(&package, tool, path));
    VCH_TRY(vch_tensors_load(&inputs, tool, package.graph));
    VCH_TRY(open_segment(&s, tool, &package, &inputs));
    const vch_status status = audit(tool, &s, &key);
    vch_wipe(&key, sizeof key);
    return status;
}
