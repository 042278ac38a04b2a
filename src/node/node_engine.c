// Who computes for a node, and how sessions reach it.
#include "net/greeting.h"
#include "node/apart.h"
#include "node/node_parts.h"

static vch_status submit(void *context, struct vch_task *task)
{
    struct vch_node *node = context;

    return vch_worker_submit(node->worker, task);
}

static uint32_t queue_room(void *context)
{
    struct vch_node *node = context;

    return vch_worker_room(node->worker);
}

void vch_node_parts_on_results(evutil_socket_t unused, short what, void *context)
{
    struct vch_node *node = context;

    (void)unused, (void)what;
    for (struct vch_task *task = vch_worker_collect(node->worker); task != NULL;
         task = vch_worker_collect(node->worker))
        vch_clients_finish(&node->clients, task);
    if (node->ballot != NULL) vch_ballot_flush(node->ballot);
}

vch_status vch_node_parts_start_engine(struct vch_node *node, struct vch_complaint *complaint)
{
    struct vch_apart *apart = node->options.apart;
    struct vch_worker_setup setup = {
        .engine = {node->options.kernels, node->options.workers, node->options.signer},
        .execute = node->options.execute,
        .execute_context = node->options.execute_context,
        .queue_max = node->options.queue_max,
    };

    if (apart != NULL) VCH_TRY(vch_apart_wait(apart, complaint));
    node->session_host = (struct vch_session_host){
        .models = &node->models,
        .provers = &node->provers,
        .registry = &node->registry,
        .kernels = node->options.kernels,
        .workers = node->options.workers,
        .metrics = &node->metrics,
        .software = VCH_GREETING_SOFTWARE,
        .work_per_second =
            apart != NULL ? vch_apart_speed(apart) : vch_engine_speed(&setup.engine, &node->arena),
        .memory_max = node->options.memory_max,
        .context = node,
        .submit = submit,
        .queue_room = queue_room,
    };
    return vch_worker_new(&node->worker, &setup);
}
