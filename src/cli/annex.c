// vouch annex: what lets a model be proven. Made by its owner; continued by whoever has its key.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "annex/annex_prove.h"
#include "annex/annex_verify.h"
#include "base/bytes.h"
#include "cli/annex_make.h"
#include "cli/commands.h"
#include "cli/proof_progress.h"
#include "host/process.h"

static const struct vch_option options[] = {
    {"key", "FILE", "the owner's key file, which signs the annex", false},
    {"passphrase-file", "FILE", "opens the key file", false},
    {"annex", "M.annex", "the annex (default: beside the model); its key is M.annex.key", false},
    {"openings", "N", "at least N openings of a root: fewer rotations, larger proofs", false},
    {"rotate", NULL, "fresh randomness, linked to what the owner signed: needs no owner", false},
    {"renew", NULL, "fresh randomness, signed anew: a short annex, but not for earlier proofs",
     false},
    {"threads", "N", "threads (default: one per processor)", false},
    {"json", NULL, "print JSON", false},
    {0},
};

static vch_status show(const struct vch_annex_files *files, struct vch_tool *tool)
{
    const struct vch_annex *annex = &files->decoded;
    struct vch_annex_key key;

    if (!vch_options_has(tool->options, "json")) return vch_annex_make_print(files, tool);
    VCH_TRY(vch_annex_files_key(&key, files, tool));
    const uint32_t left = vch_annex_key_left(&key);
    vch_wipe(&key, sizeof key);
    return vch_tool_print_json(json_pack(
        "{s:s, s:o, s:o, s:i, s:i, s:i, s:i, s:i, s:i, s:I}", "file", files->annex, "digest",
        vch_tool_json_hex(annex->digests[annex->link_count].bytes, VCH_DIGEST_SIZE), "model",
        vch_tool_json_hex(annex->model.bytes, VCH_DIGEST_SIZE), "parameters",
        (int)annex->parameter_count, "rows", (int)annex->rows, "log_columns",
        (int)annex->log_columns, "epoch", (int)vch_annex_files_epoch(files), "openings",
        (int)annex->openings, "left", (int)left, "size", (json_int_t)files->size));
}

// The model as the annex that is there has it: its parameters, all of which must be held.
static vch_status check_held(const struct vch_annex *annex, const struct vch_graph *graph,
                             struct vch_tool *tool)
{
    for (uint32_t i = 0; i < annex->parameter_count; i++)
        if (annex->parameters[i] >= graph->parameter_count ||
            graph->parameters[annex->parameters[i]].data == NULL)
            return vch_complain(&tool->complaint, VCH_CODE_UNSUPPORTED,
                                "the annex covers parameter %u, which this file does not hold: "
                                "take the file that the annex was made for",
                                annex->parameters[i]);
    return VCH_OK;
}

static vch_status prove_link(struct vch_annex_link *out, struct vch_annex_key *key,
                             const struct vch_annex_key *before,
                             const struct vch_annex_files *files, struct vch_tool *tool,
                             const struct vch_graph *graph)
{
    struct vch_annex_order order = {.workers = tool->workers};
    struct vch_proof_progress progress;

    VCH_TRY(vch_process_cpu_level(&order.level, &tool->complaint));
    vch_annex_verify_model(&order.model, &files->decoded, graph);
    memcpy(order.seed, key->seed, sizeof order.seed);
    order.watch = vch_proof_progress_start(&progress, "linking");
    vch_status status = vch_annex_prove_link(out, &files->decoded, before->seed, &order,
                                             &tool->arena, &tool->complaint);
    vch_proof_progress_finish(&progress);
    vch_wipe(&order, sizeof order);
    return status;
}

static vch_status link_to(struct vch_annex_key *key, struct vch_annex_key *before,
                          struct vch_annex_files *files, struct vch_tool *tool,
                          const struct vch_package *package)
{
    struct vch_annex_link link = {0};
    uint8_t *annex = NULL;
    size_t size = 0;

    VCH_TRY(vch_annex_files_read(files, tool, &package->identity));
    VCH_TRY(check_held(&files->decoded, package->graph, tool));
    VCH_TRY(vch_annex_files_key(before, files, tool));
    VCH_TRY(vch_annex_files_next(key, files, tool, &package->identity));
    VCH_TRY(prove_link(&link, key, before, files, tool, package->graph));
    VCH_TRY(vch_annex_extend(&annex, &size, files->bytes, files->size, &link, &tool->arena,
                             &tool->complaint));
    VCH_TRY(vch_annex_files_write(files, tool, annex, size, key));
    return vch_annex_files_read(files, tool, &package->identity);
}

static vch_status rotate(struct vch_annex_files *files, struct vch_tool *tool,
                         const struct vch_package *package)
{
    struct vch_annex_key key = {0}, before = {0};

    vch_status status = link_to(&key, &before, files, tool, package);
    vch_wipe(&key, sizeof key);
    vch_wipe(&before, sizeof before);
    return status;
}

static vch_status make(struct vch_annex_files *files, struct vch_tool *tool,
                       const struct vch_package *package)
{
    const char *path = NULL;
    struct vch_secret_key owner;
    const bool is_there = access(files->annex, F_OK) == 0;

    VCH_TRY(vch_options_required(&path, tool->options, "key", &tool->complaint));
    if (is_there && !vch_options_has(tool->options, "renew"))
        return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                            "%.200s is there: --rotate goes on with it; --renew signs a new one, "
                            "for which earlier proofs do not verify: keep a copy of the old",
                            files->annex);
    if (is_there) VCH_TRY(vch_annex_files_read(files, tool, &package->identity));
    VCH_TRY(vch_tool_secret_key(&owner, tool, path));
    vch_status status = vch_annex_make(files, tool, package, &owner);
    vch_wipe(&owner, sizeof owner);
    return status;
}

static vch_status run(struct vch_tool *tool)
{
    const char *model = tool->options->operands[0];
    struct vch_annex_files files;
    struct vch_package package;

    VCH_TRY(vch_tool_package(&package, tool, model));
    VCH_TRY(vch_annex_files_find(&files, tool, model));
    if (vch_options_has(tool->options, "rotate"))
        VCH_TRY(rotate(&files, tool, &package));
    else
        VCH_TRY(make(&files, tool, &package));
    return show(&files, tool);
}

const struct vch_command vch_commands_annex = {
    .name = "annex",
    .operands = "M.vouch [--key OWNER | --rotate | --renew --key OWNER]",
    .summary = "what lets a model be proven: made, and given fresh randomness",
    .details =
        "Writes M.annex, which is public, and M.annex.key, which is secret and counts: a proof "
        "shows "
        "a\nlittle of the annex's randomness, so that only so many can be made before --rotate.\n"
        "The annex covers the parameters that M.vouch holds: a node proves what it holds. Never "
        "copy\nM.annex.key, nor restore it from a backup: two counts of one secret are none.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};
