#include "cli/tensors.h"

#include <stdio.h>
#include <string.h>

#include "import/quantise.h"
#include "import/zip.h"

#define ROWS_SHOWN_MAX 10u
#define COLUMNS_SHOWN_MAX 10u

static vch_status find_port(const struct vch_port **out, const struct vch_port *ports,
                            uint32_t count, const char *name, size_t size, struct vch_tool *tool)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strlen(ports[i].name) != size || memcmp(ports[i].name, name, size) != 0) continue;
        *out = &ports[i];
        return VCH_OK;
    }
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "the model has no port called \"%.*s\"; `vouch inspect` lists them",
                        size > 80 ? 80 : (int)size, name);
}

static bool is_archive(const char *path)
{
    size_t size = strlen(path);

    return size > 4 && strcmp(path + size - 4, ".npz") == 0;
}

// SplitMix64, so that a seed gives the same inputs everywhere.
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int64_t random_element(uint64_t *state, const struct vch_port *port, enum vch_type type)
{
    uint64_t bits = next_random(state) >> 11;
    int64_t most = vch_tensor_type_max(type);

    if (port->kind == VCH_PORT_KEYS) { // of a float32 in [0, 1)
        float value = (float)(bits >> 29) / 16777216.0F;
        uint32_t pattern = 0;
        memcpy(&pattern, &value, sizeof pattern);
        return (int64_t)pattern; // keys of floats from zero up are their bits
    }
    if (most > 1 << 20) most = 1 << 20;
    return (int64_t)(bits % (uint64_t)(2 * most + 1)) - most;
}

static void store(void *data, size_t i, enum vch_type type, int64_t value)
{
    switch (type) {
    case VCH_TYPE_I8: ((int8_t *)data)[i] = (int8_t)value; return;
    case VCH_TYPE_I16: ((int16_t *)data)[i] = (int16_t)value; return;
    case VCH_TYPE_I32: ((int32_t *)data)[i] = (int32_t)value; return;
    case VCH_TYPE_I64: ((int64_t *)data)[i] = value; return;
    }
}

static vch_status make_synthetic(struct vch_tensor *tensor, uint32_t *batch, struct vch_tool *tool,
                                 const struct vch_port *port, const char *what)
{
    size_t count = vch_tensor_shape_count(&tensor->shape);
    uint64_t seed = 1;

    if (what[9] == ':' && !vch_options_is_number(&seed, what + 10, 0, UINT64_MAX))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "expected synthetic or synthetic:SEED, found \"%.40s\"", what);
    *batch = 1;
    tensor->data = vch_arena_alloc(&tool->arena, count, vch_tensor_type_size(tensor->type));
    if (tensor->data == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++)
        store(tensor->data, i, tensor->type, random_element(&seed, port, tensor->type));
    return VCH_OK;
}

// (N, shape...), (N, shape without a leading 1...), or one sample's shape itself.
static vch_status count_samples(uint32_t *batch, const struct vch_npy *array, size_t per_sample,
                                const struct vch_port *port, struct vch_tool *tool)
{
    bool is_single = array->count == per_sample && (array->rank == 0 || array->dims[0] != 1);
    uint64_t rows = is_single || array->rank == 0 ? 1 : array->dims[0];

    if (rows == 0 || array->count == 0 || array->count % rows != 0 ||
        array->count / rows != per_sample)
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "input \"%.80s\" takes %zu numbers a sample; the array holds %zu in "
                            "%llu rows",
                            port->name, per_sample, array->count, (unsigned long long)rows);
    if (rows > VCH_BATCH_MAX)
        return vch_complain(&tool->complaint, VCH_CODE_LIMIT,
                            "at most %u samples at once, found "
                            "%llu; split the array",
                            VCH_BATCH_MAX, (unsigned long long)rows);
    *batch = (uint32_t)rows;
    return VCH_OK;
}

static vch_status load_port(struct vch_tensor *tensor, uint32_t *batch, struct vch_tool *tool,
                            const struct vch_graph *graph, const struct vch_port *port,
                            const char *what)
{
    const struct vch_value *value = &graph->values[port->value];
    size_t per_sample = vch_tensor_shape_count(&value->shape);
    struct vch_npy array;

    *tensor = (struct vch_tensor){value->type, value->shape, NULL};
    if (strncmp(what, "synthetic", 9) == 0 && (what[9] == '\0' || what[9] == ':'))
        return make_synthetic(tensor, batch, tool, port, what);

    VCH_TRY(vch_tool_array(&array, tool, what));
    VCH_TRY(count_samples(batch, &array, per_sample, port, tool));
    tensor->data = vch_arena_alloc(&tool->arena, array.count, vch_tensor_type_size(value->type));
    if (tensor->data == NULL) return VCH_FAIL(NO_MEMORY);
    if (port->kind == VCH_PORT_INTEGER && array.integers != NULL)
        return vch_quantise_integers(tensor->data, graph, port, array.integers, array.count,
                                     &tool->complaint);
    return vch_quantise_input(tensor->data, graph, port, array.values, array.count,
                              &tool->complaint);
}

static vch_status load_one(struct vch_tensors *out, struct vch_tool *tool,
                           const struct vch_graph *graph, const struct vch_port *port,
                           const char *what)
{
    uint32_t batch = 0;

    VCH_TRY(load_port(&out->tensor[port - graph->inputs], &batch, tool, graph, port, what));
    if (out->batch != 0 && out->batch != batch)
        return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                            "one input has %u samples, another %u", out->batch, batch);
    out->batch = batch;
    return VCH_OK;
}

// An archive without NAME= holds every input under its own name.
static vch_status load_archive(struct vch_tensors *out, struct vch_tool *tool,
                               const struct vch_graph *graph, const char *path)
{
    for (uint32_t i = 0; i < graph->input_count; i++) {
        size_t size = strlen(path) + strlen(graph->inputs[i].name) + 2;
        char *what = vch_arena_alloc(&tool->arena, size, 1);
        if (what == NULL) return VCH_FAIL(NO_MEMORY);
        (void)snprintf(what, size, "%s:%s", path, graph->inputs[i].name);
        VCH_TRY(load_one(out, tool, graph, &graph->inputs[i], what));
    }
    return VCH_OK;
}

static vch_status load_given(struct vch_tensors *out, struct vch_tool *tool,
                             const struct vch_graph *graph, const char *what)
{
    const struct vch_port *port = &graph->inputs[0];
    const char *equals = strchr(what, '=');

    if (equals != NULL) {
        VCH_TRY(find_port(&port, graph->inputs, graph->input_count, what, (size_t)(equals - what),
                          tool));
        return load_one(out, tool, graph, port, equals + 1);
    }
    if (graph->input_count == 1) return load_one(out, tool, graph, port, what);
    if (is_archive(what)) return load_archive(out, tool, graph, what);
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "the model has %u inputs: name each, --input NAME=FILE.npy, or give one "
                        ".npz with an array for each",
                        graph->input_count);
}

vch_status vch_tensors_load(struct vch_tensors *out, struct vch_tool *tool,
                            const struct vch_graph *graph)
{
    const char *what = NULL;

    *out = (struct vch_tensors){.count = graph->input_count};
    for (uint32_t i = 0; (what = vch_options_nth(tool->options, "input", i)) != NULL; i++)
        VCH_TRY(load_given(out, tool, graph, what));
    for (uint32_t i = 0; i < graph->input_count; i++)
        if (out->tensor[i].data == NULL)
            return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                                "input \"%.80s\" is missing: --input %s%.80s%sFILE.npy",
                                graph->inputs[i].name, graph->input_count > 1 ? "" : "[",
                                graph->inputs[i].name, graph->input_count > 1 ? "=" : "=]");
    return VCH_OK;
}

vch_status vch_tensors_allocate(struct vch_tensors *out, struct vch_tool *tool,
                                const struct vch_graph *graph, uint32_t batch)
{
    *out = (struct vch_tensors){.batch = batch, .count = graph->output_count};
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const struct vch_value *value = &graph->values[graph->outputs[i].value];
        out->tensor[i] = (struct vch_tensor){value->type, value->shape, NULL};
        out->tensor[i].data =
            vch_arena_alloc(&tool->arena, batch, vch_tensor_size(&out->tensor[i]));
        if (out->tensor[i].data == NULL) return VCH_FAIL(NO_MEMORY);
    }
    return VCH_OK;
}

static vch_status to_real(float **out, const struct vch_tensors *tensors, uint32_t index,
                          struct vch_tool *tool, const struct vch_graph *graph)
{
    size_t count = vch_tensor_shape_count(&tensors->tensor[index].shape) * tensors->batch;

    *out = VCH_ARENA_NEW(&tool->arena, float, count);
    if (*out == NULL) return VCH_FAIL(NO_MEMORY);
    vch_quantise_output(*out, graph, &graph->outputs[index], tensors->tensor[index].data, count);
    return VCH_OK;
}

static const char *label(const struct vch_port *port, float value)
{
    if (port->kind != VCH_PORT_CLASS || value < 0 || value >= (float)port->label_count) return NULL;
    return port->labels[(uint32_t)value];
}

static void print_row(const struct vch_port *port, const float *row, size_t count, uint32_t sample)
{
    size_t best = 0;

    printf("  %4u ", sample);
    for (size_t i = 0; i < count; i++) {
        const char *name = label(port, row[i]);
        if (row[i] > row[best]) best = i;
        if (i >= COLUMNS_SHOWN_MAX) continue;
        if (name != NULL)
            printf(" %s", name);
        else
            printf(" %10.5g", (double)row[i]);
    }
    if (count > COLUMNS_SHOWN_MAX) printf(" ... (%zu numbers)", count);
    if (count > 1) printf("   largest: %zu", best);
    putchar('\n');
}

static void print_output(const struct vch_port *port, const float *values, size_t count,
                         uint32_t batch)
{
    printf("%s\n", port->name);
    for (uint32_t sample = 0; sample < batch && sample < ROWS_SHOWN_MAX; sample++)
        print_row(port, values + sample * count, count, sample);
    if (batch > ROWS_SHOWN_MAX) printf("  ... %u samples\n", batch);
}

static json_t *output_json(const struct vch_port *port, const float *values, size_t count,
                           uint32_t batch)
{
    json_t *rows = json_array();

    for (uint32_t sample = 0; sample < batch; sample++) {
        json_t *row = json_array();
        for (size_t i = 0; i < count; i++) {
            float value = values[sample * count + i];
            const char *name = label(port, value);
            json_array_append_new(row, name ? json_string(name) : json_real((double)value));
        }
        json_array_append_new(rows, row);
    }
    return json_pack("{s:s, s:o}", "name", port->name, "values", rows);
}

vch_status vch_tensors_show(const struct vch_tensors *outputs, struct vch_tool *tool,
                            const struct vch_graph *graph, json_t *json)
{
    for (uint32_t i = 0; i < outputs->count; i++) {
        size_t count = vch_tensor_shape_count(&outputs->tensor[i].shape);
        float *values = NULL;
        VCH_TRY(to_real(&values, outputs, i, tool, graph));
        if (json != NULL)
            json_array_append_new(json,
                                  output_json(&graph->outputs[i], values, count, outputs->batch));
        else
            print_output(&graph->outputs[i], values, count, outputs->batch);
    }
    return VCH_OK;
}

// A leading 1 is the source model's own batch axis; ours takes its place.
static vch_status encode_output(uint8_t **bytes, size_t *size, const struct vch_tensors *outputs,
                                uint32_t index, struct vch_tool *tool,
                                const struct vch_graph *graph)
{
    const struct vch_port *port = &graph->outputs[index];
    const struct vch_tensor *tensor = &outputs->tensor[index];
    size_t count = vch_tensor_shape_count(&tensor->shape) * outputs->batch;
    uint64_t dims[VCH_RANK_MAX + 1] = {outputs->batch};
    uint32_t rank = 1;
    float *reals = NULL;

    for (uint32_t i = tensor->shape.rank > 0 && tensor->shape.dims[0] == 1; i < tensor->shape.rank;
         i++)
        dims[rank++] = tensor->shape.dims[i];
    if (port->kind != VCH_PORT_INTEGER) {
        VCH_TRY(to_real(&reals, outputs, index, tool, graph));
        return vch_npy_encode(bytes, size, reals, dims, rank, &tool->arena);
    }
    int64_t *integers = VCH_ARENA_NEW(&tool->arena, int64_t, count);
    if (integers == NULL) return VCH_FAIL(NO_MEMORY);
    vch_quantise_output_integers(integers, graph, port, tensor->data, count);
    return vch_npy_encode_integers(bytes, size, integers, dims, rank, &tool->arena);
}

static vch_status encode_outputs(uint8_t **bytes, size_t *size, const struct vch_tensors *outputs,
                                 struct vch_tool *tool, const struct vch_graph *graph)
{
    struct vch_zip_source arrays[VCH_GRAPH_PORTS_MAX];

    for (uint32_t i = 0; i < outputs->count; i++) {
        size_t name_size = strlen(graph->outputs[i].name) + sizeof ".npy";
        char *name = vch_arena_alloc(&tool->arena, name_size, 1);
        uint8_t *array = NULL;
        if (name == NULL) return VCH_FAIL(NO_MEMORY);
        (void)snprintf(name, name_size, "%s.npy", graph->outputs[i].name);
        VCH_TRY(encode_output(&array, &arrays[i].size, outputs, i, tool, graph));
        arrays[i].name = name;
        arrays[i].bytes = array;
    }
    return vch_zip_write(bytes, size, arrays, outputs->count, &tool->arena);
}

vch_status vch_tensors_save(const struct vch_tensors *outputs, struct vch_tool *tool,
                            const struct vch_graph *graph)
{
    const char *path = vch_options_text(tool->options, "output");
    const char *name = vch_options_text(tool->options, "port");
    const struct vch_port *port = &graph->outputs[0];
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (path == NULL) return VCH_OK;
    if (name != NULL)
        VCH_TRY(find_port(&port, graph->outputs, graph->output_count, name, strlen(name), tool));
    if (name == NULL && is_archive(path))
        VCH_TRY(encode_outputs(&bytes, &size, outputs, tool, graph));
    else
        VCH_TRY(
            encode_output(&bytes, &size, outputs, (uint32_t)(port - graph->outputs), tool, graph));
    return vch_file_write(path, bytes, size, true, &tool->complaint);
}
