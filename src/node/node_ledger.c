// A node on a ledger: what its sessions ask of the ballot, and the ballot of it.
#include "host/log.h"
#include "node/node_parts.h"
#include "node/rerun.h"

static enum vch_session_leave may_work(void *context, struct vch_task *task,
                                       struct vch_complaint *complaint)
{
    const struct vch_node *node = context;

    return vch_ballot_may_work(node->ballot, task, complaint);
}

static enum vch_session_leave may_show(void *context, const struct vch_task *task,
                                       struct vch_complaint *complaint)
{
    const struct vch_node *node = context;

    return vch_ballot_may_show(node->ballot, task, complaint);
}

static vch_status computed(void *context, const struct vch_task *task,
                           struct vch_complaint *complaint)
{
    struct vch_node *node = context;

    return vch_ballot_computed(node->ballot, task, complaint);
}

static const struct vch_state *state_of(void *context)
{
    const struct vch_node *node = context;

    return vch_ballot_state(node->ballot);
}

static void on_ledger(void *context)
{
    struct vch_node *node = context;

    vch_clients_advance(&node->clients);
    vch_node_parts_advance_orphans(node);
}

static void run_again(void *context, const struct vch_kept *kept, const struct vch_kept_run *run)
{
    struct vch_node *node = context;
    struct vch_complaint complaint = {""};
    vch_status status = vch_rerun_submit(&node->session_host, kept, run, &complaint);

    if (!vch_is_ok(status))
        vch_log_write(VCH_LOG_WARNING, "a run that was kept cannot be run again now: %s",
                      complaint.text[0] ? complaint.text : vch_code_text(status.code));
}

static vch_status operands(void *context, struct vch_tensor *out,
                           const struct vch_kept_opening *opening, struct vch_arena *arena)
{
    struct vch_node *node = context;

    return vch_openings_get(&node->openings, out, opening, arena);
}

static void opened(void *context, const struct vch_task *task)
{
    struct vch_node *node = context;

    vch_openings_take(&node->openings, task);
}

vch_status vch_node_parts_join_ledger(struct vch_node *node, struct vch_complaint *complaint)
{
    const struct vch_node_options *options = &node->options;

    if (options->ledger_host == NULL) return VCH_OK;
    const struct vch_ballot_setup setup = {.base = node->base,
                                           .tls = node->tls,
                                           .signer = options->signer,
                                           .keys = options->ballot_keys,
                                           .charter = *options->charter,
                                           .host = options->ledger_host,
                                           .port = options->ledger_port,
                                           .journal = options->journal,
                                           .keep_max = options->keep_max,
                                           .disputes = options->disputes,
                                           .peers = options->peers,
                                           .witness_urls = options->witness_urls,
                                           .witness_count = options->witness_count,
                                           .witness_after_ms = options->witness_after_ms,
                                           .peer_policy = options->peer_policy,
                                           .attester = node->attester,
                                           .kernels = options->kernels,
                                           .on_statement = options->on_statement,
                                           .on_statement_context = options->on_statement_context,
                                           .models = &node->models,
                                           .run_again = run_again,
                                           .operands = operands,
                                           .on_progress = on_ledger,
                                           .context = node};
    vch_openings_init(&node->openings, &node->session_host);
    VCH_TRY(vch_ballot_new(&node->ballot, &setup, complaint));
    node->session_host.keep_max = vch_ballot_keep_max(node->ballot);
    node->session_host.may_work = may_work;
    node->session_host.may_show = may_show;
    node->session_host.computed = computed;
    node->session_host.opened = opened;
    node->session_host.state = state_of;
    node->session_host.self = &options->signer->public_key;
    return VCH_OK;
}
