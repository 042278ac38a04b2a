// vouch inspect: what is in this file? Any of ours, told by its content.
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/describe_proof.h"
#include "cli/describe_sealed.h"
#include "crypto/keyfile.h"
#include "likeness/floor.h"
#include "model/program.h"
#include "voucher/opening.h"

static const struct vch_option options[] = {
    {"manifest", "FILE", "write a package's public manifest, which verifiers take", false},
    {"json", NULL, "print JSON", false},
    {"threads", "N", "threads (default: one per processor)", false},
    {0},
};

#define FILE_SIZE_MAX ((size_t)4 << 30)

struct file {
    const uint8_t *bytes;
    size_t size;
};

static vch_status describe_key(json_t **out, struct vch_tool *tool, const struct file *file)
{
    struct vch_public_key key;

    VCH_TRY(vch_keyfile_public(&key, file->bytes, file->size, &tool->complaint));
    *out = json_pack("{s:s, s:o}", "kind", "sealed key", "public_key",
                     vch_tool_json_hex(key.bytes, sizeof key.bytes));
    return VCH_OK;
}

static vch_status describe_vrf_key(json_t **out, struct vch_tool *tool, const struct file *file)
{
    struct vch_vrf_public key;

    VCH_TRY(vch_keyfile_public_vrf(&key, file->bytes, file->size, &tool->complaint));
    *out = json_pack("{s:s, s:o}", "kind", "sealed VRF key", "public_key",
                     vch_tool_json_hex(key.bytes, sizeof key.bytes));
    return VCH_OK;
}

static vch_status describe_voucher(json_t **out, struct vch_tool *tool, const struct file *file)
{
    static struct vch_voucher voucher;

    VCH_TRY(vch_voucher_decode(&voucher, file->bytes, file->size, &tool->arena, &tool->complaint));
    *out = vch_describe_voucher(&voucher);
    return VCH_OK;
}

static vch_status describe_registry(json_t **out, struct vch_tool *tool, const struct file *file)
{
    struct vch_registry registry;

    VCH_TRY(
        vch_registry_decode(&registry, file->bytes, file->size, &tool->arena, &tool->complaint));
    *out = vch_describe_registry(&registry);
    return VCH_OK;
}

static vch_status describe_opening(json_t **out, struct vch_tool *tool, const struct file *file)
{
    struct vch_opening opening;

    VCH_TRY(vch_opening_decode(&opening, file->bytes, file->size, &tool->arena, &tool->complaint));
    // What it opens stays closed here: an inspection lands in logs and tickets.
    *out = json_pack("{s:s, s:o, s:i}", "kind", "opening (private)", "job",
                     vch_tool_json_hex(opening.job_id.bytes, VCH_DIGEST_SIZE), "batch",
                     (int)opening.batch);
    return VCH_OK;
}

static vch_status describe_floor(json_t **out, struct vch_tool *tool, const struct file *file)
{
    struct vch_floor floor;

    VCH_TRY(vch_floor_decode(&floor, file->bytes, file->size, &tool->arena, &tool->complaint));
    const struct vch_digest digest = vch_floor_digest(file->bytes, file->size);
    *out = json_pack("{s:s, s:s, s:o, s:i, s:i, s:i, s:i}", "kind", "noise floor", "name",
                     floor.name, "digest", vch_tool_json_hex(digest.bytes, sizeof digest.bytes),
                     "runs", (int)floor.run_count, "coordinates", (int)floor.coordinate_count,
                     "fitted", (int)floor.fitted_count, "held_out", (int)floor.score_count);
    return VCH_OK;
}

static size_t ports_size(const struct vch_graph *graph, const struct vch_port *ports,
                         uint32_t count)
{
    size_t size = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct vch_value *v = &graph->values[ports[i].value];
        size += vch_tensor_shape_count(&v->shape) * vch_tensor_type_size(v->type);
    }
    return size;
}

// What running one sample of the whole model takes here: the program, which holds the weights as
// this processor wants them, its working memory, inputs and outputs.
static vch_status add_memory(json_t *description, struct vch_tool *tool,
                             const struct vch_graph *graph)
{
    struct vch_program program;
    size_t memory = 0;

    VCH_TRY(vch_program_plan(&program, graph, 0, graph->operator_count, 1, &tool->kernels,
                             &tool->arena));
    VCH_TRY(vch_program_memory(&memory, &program, 1, false));
    size_t ports = ports_size(graph, graph->inputs, graph->input_count) +
                   ports_size(graph, graph->outputs, graph->output_count);
    const json_int_t held = (json_int_t)program.size;
    const json_int_t run = (json_int_t)memory + (json_int_t)ports;
    json_object_set_new(description, "program_memory", json_integer(held));
    json_object_set_new(description, "run_memory", json_integer(run));
    json_object_set_new(description, "peak_memory", json_integer(held + run));
    return VCH_OK;
}

static vch_status write_manifest(struct vch_tool *tool, const struct vch_package *package)
{
    const char *path = vch_options_text(tool->options, "manifest");

    if (path == NULL) return VCH_OK;
    return vch_file_write(path, package->manifest, package->manifest_size, false, &tool->complaint);
}

static vch_status describe(json_t **out, struct vch_tool *tool, const char *path)
{
    vch_status (*const guesses[])(json_t **, struct vch_tool *, const struct file *) = {
        describe_voucher,
        describe_registry,
        describe_opening,
    };
    struct vch_package package;

    if (tool->map_count == 0) { // the file itself, mapped once
        VCH_TRY(vch_file_map(&tool->maps[0], path, &tool->complaint));
        tool->map_count = 1;
    }
    const struct file file = {tool->maps[0].bytes, tool->maps[0].size};
    if (file.size >= 8 && memcmp(file.bytes, "VOUCHKEY", 8) == 0)
        return describe_key(out, tool, &file);
    if (file.size >= 8 && memcmp(file.bytes, VCH_FLOOR_MAGIC, 8) == 0)
        return describe_floor(out, tool, &file);
    if (vch_keyfile_is_vrf(file.bytes, file.size)) return describe_vrf_key(out, tool, &file);
    if (file.size >= 8 && memcmp(file.bytes, VCH_PACKAGE_MAGIC, 8) == 0) {
        VCH_TRY(vch_package_decode(&package, file.bytes, file.size, &tool->arena, tool->workers,
                                   &tool->complaint));
        VCH_TRY(write_manifest(tool, &package));
        *out = vch_describe_package(&package);
        return add_memory(*out, tool, package.graph);
    }
    *out = NULL;
    VCH_TRY(vch_describe_sealed(out, tool, file.bytes, file.size));
    if (*out != NULL) return VCH_OK;
    VCH_TRY(vch_describe_proof(out, tool, file.bytes, file.size));
    if (*out != NULL) return VCH_OK;
    // Our protobuf files have no magic, but only one strict decoder can accept one.
    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
        struct vch_arena_mark mark = vch_arena_mark(&tool->arena);
        if (vch_is_ok(guesses[i](out, tool, &file))) return VCH_OK;
        vch_arena_rewind(&tool->arena, mark);
        tool->complaint.text[0] = '\0';
    }
    return vch_complain(&tool->complaint, VCH_CODE_MALFORMED,
                        "%.200s is not a model package, annex, proof, voucher, registry, opening, "
                        "noise floor, sealed weights or key of vouch, or it was altered",
                        path);
}

static vch_status run(struct vch_tool *tool)
{
    json_t *description = NULL;

    VCH_TRY(describe(&description, tool, tool->options->operands[0]));
    if (vch_options_has(tool->options, "json")) return vch_tool_print_json(description);
    vch_describe_print(description);
    json_decref(description);
    return VCH_OK;
}

const struct vch_command vch_commands_inspect = {
    .name = "inspect",
    .operands = "FILE",
    .summary =
        "say what is in a package, annex, proof, voucher, registry, opening, sealed file or key",
    .details = "Checks the file as its user would, then prints what is in it. Inspecting a "
               "voucher does\nnot verify its claims: `vouch verify` does.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};
