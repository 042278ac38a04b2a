#include "cli/annex_make.h"

#include <stdio.h>
#include <string.h>

#include "annex/annex_prove.h"
#include "base/bytes.h"
#include "cli/proof_progress.h"
#include "host/process.h"
#include "host/random.h"

vch_status vch_annex_make_model(struct vch_circuit_model *out, struct vch_tool *tool,
                                const struct vch_package *package, uint32_t log_columns)
{
    const struct vch_graph *graph = package->graph;
    uint32_t *held = VCH_ARENA_NEW(&tool->arena, uint32_t, graph->parameter_count);
    uint32_t count = 0;

    if (held == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < graph->parameter_count; i++)
        if (graph->parameters[i].data != NULL) held[count++] = i;
    *out = (struct vch_circuit_model){
        .graph = graph,
        .identity = package->identity,
        .log_columns = log_columns,
        .held_count = count,
        .held = held,
    };
    return VCH_OK;
}

// All parts of a model get the same number of columns, for their proofs to chain: it depends on
// nothing but the model and what was asked for.
static vch_status choose_columns(uint32_t *out, struct vch_tool *tool,
                                 const struct vch_graph *graph)
{
    uint64_t openings = 1;

    VCH_TRY(vch_options_u64(&openings, tool->options, "openings", 1,
                            VCH_ANNEX_OPENINGS(VCH_STATEMENT_LOG_COLUMNS_MAX), &tool->complaint));
    VCH_TRY(vch_circuit_suggest(out, graph, 1, &tool->arena, &tool->complaint));
    while (VCH_ANNEX_OPENINGS(*out) < openings)
        ++*out;
    return VCH_OK;
}

static vch_status make_and_write(const struct vch_annex_files *files, struct vch_tool *tool,
                                 const struct vch_package *package,
                                 const struct vch_secret_key *owner, struct vch_annex_key *key)
{
    struct vch_annex_order order = {.workers = tool->workers};
    struct vch_proof_progress progress;
    uint32_t log_columns = 0;
    uint8_t *annex = NULL;
    size_t size = 0;

    VCH_TRY(choose_columns(&log_columns, tool, package->graph));
    VCH_TRY(vch_annex_make_model(&order.model, tool, package, log_columns));
    VCH_TRY(vch_process_cpu_level(&order.level, &tool->complaint));
    VCH_TRY(vch_annex_files_next(key, files, tool, &package->identity));
    key->openings = VCH_ANNEX_OPENINGS(log_columns);
    memcpy(order.seed, key->seed, sizeof order.seed);
    order.watch = vch_proof_progress_start(&progress, "committing to weights");
    vch_status status =
        vch_annex_prove(&annex, &size, &order, key->epoch, owner, &tool->arena, &tool->complaint);
    vch_proof_progress_finish(&progress);
    vch_wipe(&order, sizeof order);
    VCH_TRY(status);
    return vch_annex_files_write(files, tool, annex, size, key);
}

vch_status vch_annex_make(struct vch_annex_files *files, struct vch_tool *tool,
                          const struct vch_package *package, const struct vch_secret_key *owner)
{
    struct vch_annex_key key;

    vch_status status = make_and_write(files, tool, package, owner, &key);
    vch_wipe(&key, sizeof key);
    VCH_TRY(status);
    return vch_annex_files_read(files, tool, &package->identity);
}

vch_status vch_annex_make_print(const struct vch_annex_files *files, struct vch_tool *tool)
{
    const struct vch_annex *annex = &files->decoded;
    struct vch_annex_key key;

    VCH_TRY(vch_annex_files_key(&key, files, tool));
    printf("%s\n  parameters   %u, in %u rows of %u numbers\n  epoch        %u\n"
           "  proofs left  %u, then --rotate\n  secret       %s: never copy it\n",
           files->annex, annex->parameter_count, annex->rows, 1u << annex->log_columns,
           vch_annex_files_epoch(files), vch_annex_key_left(&key), files->key);
    vch_wipe(&key, sizeof key);
    return VCH_OK;
}
