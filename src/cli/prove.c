// vouch prove: an answer, and a proof that this model gives it, which shows nothing else.
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "annex/answer_prove.h"
#include "base/bytes.h"
#include "cli/annex_files.h"
#include "cli/commands.h"
#include "cli/opening_count.h"
#include "cli/proof_progress.h"
#include "cli/proof_tensors.h"
#include "cli/tensors.h"
#include "host/process.h"
#include "host/random.h"

static const struct vch_option options[] = {
    {"input", "[NAME=]FILE", ".npy, .npz:ARRAY or synthetic[:SEED]", true},
    {"from", "X.opening", "of the segment before: its output is this one's input", false},
    {"output", "X.proof", "where the proof goes: public", false},
    {"opening", "FILE", "where the opening goes: private (default: X.opening beside the proof)",
     false},
    {"annex", "M.annex", "the model's annex (default: beside the model)", false},
    {"range", "FIRST:LAST", "operators FIRST up to LAST - 1 (default: all that the file holds)",
     false},
    {"job", "HEX", "what the proof is made for: 64 digits that the asker chose (default: random)",
     false},
    {"threads", "N", "threads (default: one per processor)", false},
    {"json", NULL, "print JSON, with figures", false},
    {0},
};

struct session {
    struct vch_package package;
    struct vch_annex_files files;
    struct vch_annex_key key;
    struct vch_circuit_ends ends;
    struct vch_tensor inputs[VCH_GRAPH_PORTS_MAX];
    struct vch_answer_order order;
    struct vch_answer answer;
    struct vch_proof_file proof;
    struct vch_proof_progress progress;
    const char *proof_path, *opening_path;
    size_t proof_size, opening_size;
};

// "X.proof" gives "X.opening"; anything else has ".opening" after it.
static vch_status name_files(struct session *s, struct vch_tool *tool)
{
    VCH_TRY(vch_options_required(&s->proof_path, tool->options, "output", &tool->complaint));
    size_t size = strlen(s->proof_path);
    s->opening_path = vch_options_text(tool->options, "opening");
    if (s->opening_path != NULL) return VCH_OK;
    if (size > 6 && strcmp(s->proof_path + size - 6, ".proof") == 0) size -= 6;
    char *path = vch_arena_alloc(&tool->arena, size + sizeof ".opening", 1);
    if (path == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(path, s->proof_path, size);
    memcpy(path + size, ".opening", sizeof ".opening");
    s->opening_path = path;
    return VCH_OK;
}

static vch_status parse_range(struct session *s, struct vch_tool *tool, const char *text)
{
    const uint64_t most = s->package.graph->operator_count;
    const char *colon = strchr(text, ':');
    uint64_t first = 0, last = 0;
    char head[24] = {0};

    if (colon != NULL && colon - text < (long)sizeof head)
        memcpy(head, text, (size_t)(colon - text));
    if (colon == NULL || !vch_options_is_number(&first, head, 0, most) ||
        !vch_options_is_number(&last, colon + 1, first + 1, most))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--range expects FIRST:LAST with FIRST < LAST <= %llu, found \"%.40s\"",
                            (unsigned long long)most, text);
    s->order.first = (uint32_t)first;
    s->order.last = (uint32_t)last;
    return VCH_OK;
}

static vch_status choose_range(struct session *s, struct vch_tool *tool)
{
    const struct vch_graph *graph = s->package.graph;
    const char *text = vch_options_text(tool->options, "range");
    uint32_t count = 0;

    if (text != NULL) return parse_range(s, tool, text);
    struct vch_package_range *ranges =
        VCH_ARENA_NEW(&tool->arena, struct vch_package_range, graph->operator_count);
    if (ranges == NULL) return VCH_FAIL(NO_MEMORY);
    vch_package_ranges(ranges, &count, &s->package);
    if (count != 1)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "this file holds %u separate ranges of operators: choose with --range",
                            count);
    s->order.first = ranges[0].first;
    s->order.last = ranges[0].last;
    return VCH_OK;
}

// The segment before was proven with these values under this seed: the roots will be the same.
static vch_status continue_from(struct session *s, struct vch_tool *tool, const char *path)
{
    struct vch_proof_opening opening;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_PROOF_OPENING_SIZE_MAX));
    VCH_TRY(vch_proof_opening_decode(&opening, bytes, size, &tool->complaint));
    vch_status status = VCH_OK;
    if (!vch_hash_is_equal(&opening.model, &s->package.identity) || opening.last != s->order.first)
        status = vch_complain(&tool->complaint, VCH_CODE_USAGE,
                              "%.200s ends before operator %u of its model; this segment begins at "
                              "%u: they do not follow one another",
                              path, opening.last, s->order.first);
    if (vch_is_ok(status))
        status = vch_proof_tensors_copy(s->inputs, &opening.output, opening.batch, tool,
                                        s->package.graph, s->ends.inputs, s->ends.input_count);
    s->order.batch = opening.batch;
    memcpy(s->order.input_seed, opening.output.seed, sizeof s->order.input_seed);
    vch_wipe(&opening, sizeof opening);
    return status;
}

static vch_status load_inputs(struct session *s, struct vch_tool *tool)
{
    const char *from = vch_options_text(tool->options, "from");
    struct vch_tensors inputs;

    vch_random_bytes(s->order.input_seed, sizeof s->order.input_seed);
    if (from != NULL) return continue_from(s, tool, from);
    if (s->order.first != 0)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "operators %u to %u begin inside the model: --from takes the opening "
                            "of the segment before",
                            s->order.first, s->order.last - 1);
    VCH_TRY(vch_tensors_load(&inputs, tool, s->package.graph));
    memcpy(s->inputs, inputs.tensor, sizeof s->inputs);
    s->order.batch = inputs.batch;
    return VCH_OK;
}

static vch_status choose_job(struct session *s, struct vch_tool *tool)
{
    const char *text = vch_options_text(tool->options, "job");

    vch_random_bytes(s->order.job.bytes, sizeof s->order.job.bytes);
    if (text == NULL ||
        vch_is_ok(vch_hex_decode(s->order.job.bytes, sizeof s->order.job.bytes, text)))
        return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                        "--job expects 64 hexadecimal digits, found \"%.70s\"", text);
}

static vch_status open_session(struct session *s, struct vch_tool *tool)
{
    const char *model = tool->options->operands[0];
    struct vch_annex_key trial;

    VCH_TRY(name_files(s, tool));
    VCH_TRY(vch_tool_package(&s->package, tool, model));
    VCH_TRY(vch_annex_files_find(&s->files, tool, model));
    VCH_TRY(vch_annex_files_read(&s->files, tool, &s->package.identity));
    VCH_TRY(vch_annex_files_key(&s->key, &s->files, tool));
    trial = s->key;
    vch_status left = vch_annex_key_take(&trial, &tool->complaint);
    vch_wipe(&trial, sizeof trial);
    VCH_TRY(left); // told now rather than after the work
    VCH_TRY(choose_range(s, tool));
    VCH_TRY(
        vch_circuit_ends(&s->ends, s->package.graph, s->order.first, s->order.last, &tool->arena));
    VCH_TRY(load_inputs(s, tool));
    return choose_job(s, tool);
}

static vch_status fill_order(struct session *s, struct vch_tool *tool)
{
    struct vch_answer_order *order = &s->order;

    order->graph = s->package.graph;
    order->annex = &s->files.decoded;
    order->inputs = s->inputs;
    memcpy(order->annex_seed, s->key.seed, sizeof order->annex_seed);
    vch_random_bytes(order->output_seed, sizeof order->output_seed);
    vch_random_bytes(order->proof_seed, sizeof order->proof_seed);
    order->kernels = &tool->kernels;
    order->workers = tool->workers;
    order->context = &s->progress;
    order->phase = vch_proof_progress_phase;
    order->proof_phase = vch_proof_progress_proof_phase;
    return vch_process_cpu_level(&order->level, &tool->complaint);
}

// What the proof opens once more: the annex's root, and the input's where another proof ended
// there.
static vch_status take_openings(struct session *s, struct vch_tool *tool)
{
    const char *from = vch_options_text(tool->options, "from");

    if (from != NULL) VCH_TRY(vch_opening_count_take(tool, from, s->files.decoded.openings));
    return vch_annex_files_take(&s->files, tool);
}

// Openings are taken as late as can be, and before the proof is begun.
static vch_status prove(struct session *s, struct vch_tool *tool)
{
    VCH_TRY(fill_order(s, tool));
    (void)vch_proof_progress_start(&s->progress, "proving");
    vch_status status =
        vch_answer_prove_begin(&s->answer, &s->order, &tool->arena, &tool->complaint);
    if (vch_is_ok(status)) status = take_openings(s, tool);
    if (vch_is_ok(status))
        status = vch_answer_prove(&s->proof, &s->answer, &tool->arena, &tool->complaint);
    vch_proof_progress_finish(&s->progress);
    return status;
}

static void fill_boundary(struct vch_proof_boundary *out, const uint8_t *seed,
                          const struct vch_tensor *tensors, uint32_t count, uint32_t batch)
{
    out->count = count;
    memcpy(out->seed, seed, sizeof out->seed);
    for (uint32_t i = 0; i < count; i++) {
        out->values[i].data = tensors[i].data;
        out->values[i].size = batch * vch_tensor_size(&tensors[i]);
    }
}

static vch_status write_opening(struct session *s, struct vch_tool *tool)
{
    const struct vch_answer_order *order = &s->order;
    struct vch_proof_opening opening = {
        .model = s->package.identity,
        .first = order->first,
        .last = order->last,
        .batch = order->batch,
    };
    uint8_t *bytes = NULL;

    fill_boundary(&opening.input, order->input_seed, s->inputs, s->ends.input_count, order->batch);
    fill_boundary(&opening.output, order->output_seed, s->answer.witness.outputs,
                  s->ends.output_count, order->batch);
    vch_status status = vch_proof_opening_encode(&bytes, &s->opening_size, &opening, &tool->arena,
                                                 &tool->complaint);
    vch_wipe(&opening, sizeof opening);
    VCH_TRY(status);
    return vch_file_write(s->opening_path, bytes, s->opening_size, true, &tool->complaint);
}

// The opening first: a proof whose opening was lost could never be opened again.
static vch_status write_files(struct session *s, struct vch_tool *tool)
{
    uint8_t *bytes = NULL;

    VCH_TRY(write_opening(s, tool));
    VCH_TRY(
        vch_proof_file_encode(&bytes, &s->proof_size, &s->proof, &tool->arena, &tool->complaint));
    return vch_file_write(s->proof_path, bytes, s->proof_size, false, &tool->complaint);
}

static uint64_t peak_memory(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}

static json_t *statement_json(const struct vch_statement *statement)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < statement->oracle_count; i++)
        json_array_append_new(rows, json_integer((json_int_t)statement->oracles[i].rows));
    return json_pack("{s:i, s:o, s:i, s:i, s:i, s:i, s:i}", "log_columns",
                     (int)statement->log_columns, "rows", rows, "log_cells",
                     (int)statement->log_cells, "log_places", (int)statement->log_places,
                     "log_slots", (int)statement->log_slots, "sections",
                     (int)statement->section_count, "messages", (int)statement->message_count);
}

static vch_status print_json(struct session *s, struct vch_tool *tool, json_t *outputs)
{
    const struct vch_answer_order *order = &s->order;

    (void)tool;
    return vch_tool_print_json(json_pack(
        "{s:o, s:o, s:i, s:i, s:i, s:I, s:s, s:s, s:o, s:o, s:I, s:i, s:o}", "model",
        vch_tool_json_hex(s->package.identity.bytes, VCH_DIGEST_SIZE), "job",
        vch_tool_json_hex(order->job.bytes, VCH_DIGEST_SIZE), "first", (int)order->first, "last",
        (int)order->last, "batch", (int)order->batch, "proof_size", (json_int_t)s->proof_size,
        "proof", s->proof_path, "opening", s->opening_path, "us",
        vch_proof_progress_json(&s->progress), "statement",
        statement_json(&s->answer.circuit.statement), "peak_memory", (json_int_t)peak_memory(),
        "proofs_left", (int)vch_annex_key_left(&s->key) - 1, "outputs", outputs));
}

static vch_status show(struct session *s, struct vch_tool *tool)
{
    const struct vch_graph *graph = s->package.graph;
    struct vch_tensors outputs = {.batch = s->order.batch, .count = s->ends.output_count};
    const bool is_json = vch_options_has(tool->options, "json");
    json_t *rows = is_json ? json_array() : NULL;
    const uint64_t total_us =
        s->progress.began_us[VCH_PROOF_PROGRESS_STEPS] - s->progress.started_us;

    memcpy(outputs.tensor, s->answer.witness.outputs, sizeof outputs.tensor);
    if (s->order.last == graph->operator_count)
        VCH_TRY(vch_tensors_show(&outputs, tool, graph, rows));
    if (is_json) return print_json(s, tool, rows);
    printf("%s: %zu bytes, in %llu.%03llu s; %u more before the annex is rotated\n%s: private, "
           "shows input and output\n",
           s->proof_path, s->proof_size, (unsigned long long)total_us / 1000000,
           (unsigned long long)total_us / 1000 % 1000, vch_annex_key_left(&s->key) - 1,
           s->opening_path);
    return VCH_OK;
}

static vch_status prove_and_write(struct session *s, struct vch_tool *tool)
{
    VCH_TRY(open_session(s, tool));
    VCH_TRY(prove(s, tool));
    VCH_TRY(write_files(s, tool));
    return show(s, tool);
}

static vch_status run(struct vch_tool *tool)
{
    static struct session session; // large, and mostly secret
    vch_status status = prove_and_write(&session, tool);

    vch_wipe(&session.key, sizeof session.key);
    vch_wipe(&session.order, sizeof session.order);
    return status;
}

const struct vch_command vch_commands_prove = {
    .name = "prove",
    .operands = "M.vouch --input X.npy --output X.proof",
    .summary = "an answer, with a proof that shows neither weights nor input nor output",
    .details =
        "Runs the model here and proves the run. X.proof convinces anyone who has the model's "
        "public\n"
        "part and its annex (`vouch annex`) that this model gave the answer; X.opening is private "
        "and\nshows input and output to whom you give it. A segment's file proves its segment: "
        "--from\ncontinues where the proof before it ended. `vouch verify` checks.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};
