#include <string.h>

#include "model/manifest.h"
#include "model/manifest_reader.h"
#include "model/tensor.h"

static vch_status read_type(enum vch_type *out, uint32_t type, const struct vch_manifest_reader *at)
{
    if (!vch_tensor_is_type(type))
        return vch_manifest_reader_refuse(at, "a type is not int8, int16, int32 or int64");
    *out = (enum vch_type)type;
    return VCH_OK;
}

static vch_status read_shape(struct vch_shape *out, struct vch_canonical *message, uint32_t field,
                             struct vch_manifest_reader *at)
{
    struct vch_canonical shape;
    uint32_t count = 0;

    if (!vch_canonical_inside(&shape, message, field))
        return vch_manifest_reader_refuse(at, "a shape is missing");
    const uint32_t *dims = vch_manifest_reader_numbers(&count, &shape, 1, at);
    if (count > VCH_RANK_MAX)
        return vch_complain(at->complaint, VCH_CODE_LIMIT,
                            "manifest: a tensor has %u axes, over %d", count, VCH_RANK_MAX);
    out->rank = count;
    if (count > 0) memcpy(out->dims, dims, count * sizeof *dims);
    vch_canonical_end(&shape);
    return VCH_OK;
}

static vch_status read_value(void *item, struct vch_canonical *message,
                             struct vch_manifest_reader *at)
{
    struct vch_value *out = item;
    VCH_TRY(read_type(&out->type, vch_canonical_u32(message, 1), at));
    return read_shape(&out->shape, message, 2, at);
}

static vch_status read_parameter(void *item, struct vch_canonical *message,
                                 struct vch_manifest_reader *at)
{
    struct vch_parameter *out = item;
    struct vch_canonical root;

    VCH_TRY(read_type(&out->type, vch_canonical_u32(message, 1), at));
    VCH_TRY(read_shape(&out->shape, message, 2, at));
    if (!vch_canonical_bytes(&root, message, 3) || root.end - root.at != VCH_DIGEST_SIZE)
        return vch_manifest_reader_refuse(at, "a root is not 32 bytes");
    memcpy(out->root.bytes, root.at, VCH_DIGEST_SIZE);
    return VCH_OK;
}

static vch_status read_table(void *item, struct vch_canonical *message,
                             struct vch_manifest_reader *at)
{
    struct vch_table *out = item;
    uint32_t count = 0;

    VCH_TRY(read_type(&out->input, vch_canonical_u32(message, 1), at));
    VCH_TRY(read_type(&out->output, vch_canonical_u32(message, 2), at));
    if (out->input != VCH_TYPE_I8 && out->input != VCH_TYPE_I16)
        return vch_manifest_reader_refuse(at, "a table's input is not int8 or int16");
    out->entries = vch_manifest_reader_integers(&count, message, 3, at);
    if (count != (out->input == VCH_TYPE_I8 ? 256 : 65536))
        return vch_manifest_reader_refuse(at, "a table does not have one entry for each input");
    return VCH_OK;
}

static vch_status read_port(void *item, struct vch_canonical *message,
                            struct vch_manifest_reader *at)
{
    struct vch_port *out = item;
    const char **labels = NULL;
    struct vch_canonical label;

    VCH_TRY(vch_manifest_reader_name(&out->name, message, 1, at));
    out->value = vch_canonical_u32(message, 2);
    const uint32_t kind = vch_canonical_u32(message, 3);
    if (kind < VCH_PORT_REAL || kind > VCH_PORT_CLASS)
        return vch_manifest_reader_refuse(at, "the kind of an input or output is unknown");
    out->kind = (enum vch_port_kind)kind;
    out->scale_bits = vch_canonical_fixed64(message, 4);
    const size_t count = vch_canonical_repeats(*message, 5);
    if (count > VCH_GRAPH_LABELS_MAX) return vch_manifest_reader_refuse(at, "too many labels");
    labels = VCH_ARENA_NEW(at->arena, const char *, count);
    if (labels == NULL) return VCH_FAIL(LIMIT);
    for (size_t i = 0; vch_canonical_inside(&label, message, 5); i++)
        VCH_TRY(vch_manifest_reader_text(&labels[i], &label, at));
    out->label_count = (uint32_t)count;
    out->labels = labels;
    return VCH_OK;
}

// A repeated field of messages.
struct list {
    const char *what;
    uint32_t field;
    size_t most, item_size;
    vch_status (*read)(void *item, struct vch_canonical *message, struct vch_manifest_reader *at);
};

// Into `*items`, or where it is NULL into an array made for them.
static vch_status read_items(void **items, uint32_t *count, const struct list *list,
                             struct vch_canonical *manifest, struct vch_manifest_reader *at)
{
    const size_t found = vch_canonical_repeats(*manifest, list->field);
    struct vch_canonical message;

    if (found > list->most)
        return vch_complain(at->complaint, VCH_CODE_LIMIT, "manifest: %zu %s, over %zu", found,
                            list->what, list->most);
    if (*items == NULL) *items = vch_arena_alloc(at->arena, found, list->item_size);
    if (*items == NULL) return VCH_FAIL(LIMIT);
    uint8_t *item = *items;
    for (; vch_canonical_inside(&message, manifest, list->field); item += list->item_size) {
        VCH_TRY(list->read(item, &message, at));
        vch_canonical_end(&message);
    }
    *count = (uint32_t)found;
    return VCH_OK;
}

#define LIST(what, field, most, type, read) \
    { \
        what, field, most, sizeof(struct type), read \
    }

static vch_status read_graph(struct vch_canonical *manifest, struct vch_manifest_reader *at)
{
    static const struct list lists[] = {
        LIST("values", 3, VCH_GRAPH_VALUES_MAX, vch_value, read_value),
        LIST("operators", 4, VCH_GRAPH_OPERATORS_MAX, vch_operator, vch_manifest_reader_operator),
        LIST("parameters", 5, VCH_GRAPH_PARAMETERS_MAX, vch_parameter, read_parameter),
        LIST("tables", 6, VCH_GRAPH_TABLES_MAX, vch_table, read_table),
        LIST("inputs", 7, VCH_GRAPH_PORTS_MAX, vch_port, read_port),
        LIST("outputs", 8, VCH_GRAPH_PORTS_MAX, vch_port, read_port),
    };
    struct vch_graph *graph = at->graph;
    uint32_t *const counts[] = {&graph->value_count,     &graph->operator_count,
                                &graph->parameter_count, &graph->table_count,
                                &graph->input_count,     &graph->output_count};
    void *items[] = {NULL, NULL, NULL, NULL, graph->inputs, graph->outputs};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        VCH_TRY(read_items(&items[i], counts[i], &lists[i], manifest, at));
    graph->values = items[0];
    graph->operators = items[1];
    graph->parameters = items[2];
    graph->tables = items[3];
    return VCH_OK;
}

// Only bytes that this graph would be written as are read to their end without complaint.
static vch_status read_manifest(const uint8_t *bytes, size_t size, struct vch_manifest_reader *at)
{
    struct vch_canonical manifest = vch_canonical_start(bytes, size, &at->is_bad);
    const uint32_t version = vch_canonical_u32(&manifest, 1);

    VCH_TRY(vch_manifest_reader_name(&at->graph->name, &manifest, 2, at));
    VCH_TRY(read_graph(&manifest, at));
    vch_canonical_end(&manifest);
    if (at->is_bad) return vch_manifest_reader_refuse(at, "");
    if (version == VCH_MANIFEST_VERSION) return VCH_OK;
    return vch_complain(at->complaint, VCH_CODE_UNSUPPORTED,
                        "the manifest has version %u, and this program reads %u", version,
                        VCH_MANIFEST_VERSION);
}

static vch_status decode(struct vch_graph **out, const uint8_t *bytes, size_t size,
                         struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_manifest_reader at = {
        .graph = VCH_ARENA_NEW(arena, struct vch_graph, 1),
        .numbers = VCH_ARENA_NEW(arena, uint32_t, size),
        .text = vch_arena_alloc(arena, size + 1, 1),
        .arena = arena,
        .complaint = complaint,
    };

    if (at.graph == NULL || at.numbers == NULL || at.text == NULL) return VCH_FAIL(LIMIT);
    VCH_TRY(read_manifest(bytes, size, &at));
    VCH_TRY(vch_graph_check(at.graph, arena, complaint));
    *out = at.graph;
    return VCH_OK;
}

uint32_t vch_manifest_shift_count(enum vch_operator_kind kind, uint32_t count)
{
    if (kind == VCH_OPERATOR_DIVIDE) return 2 * count;
    return kind == VCH_OPERATOR_ADD && count > 0 ? 1 : count;
}

size_t vch_manifest_memory_max(size_t size)
{
    size_t small = (2u << 20) + 128 * size, large = (512u << 20) + 8 * size;
    return small < large ? small : large;
}

vch_status vch_manifest_decode(struct vch_graph **out, const uint8_t *bytes, size_t size,
                               struct vch_arena *arena, struct vch_complaint *complaint)
{
    size_t limit = arena->limit;

    if (size > VCH_MANIFEST_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the manifest is %zu bytes, over %u", size,
                            VCH_MANIFEST_SIZE_MAX);
    if (limit - arena->used > vch_manifest_memory_max(size))
        arena->limit = arena->used + vch_manifest_memory_max(size);
    vch_status status = decode(out, bytes, size, arena, complaint);
    arena->limit = limit;
    if (status.code == VCH_CODE_LIMIT || status.code == VCH_CODE_NO_MEMORY)
        return vch_complain(complaint, status.code,
                            "the manifest needs more memory than %zu bytes of manifest may take",
                            size);
    return status;
}
