// What a node says to whoever watches it.
#include <event2/buffer.h>

#include "channel/parser.h"
#include "net/listening.h"
#include "node/apart.h"
#include "node/node_parts.h"

static int answer_health(void *context, struct evbuffer *body)
{
    const struct vch_node *node = context;
    bool is_draining = node->session_host.is_draining;

    (void)evbuffer_add_printf(body, "%s\n", is_draining ? "draining" : "ok");
    return is_draining ? 503 : 200;
}

static int answer_metrics(void *context, struct evbuffer *body)
{
    struct vch_node *node = context;
    struct vch_metrics metrics = node->metrics;
    struct vch_metrics_gauges gauges = {
        .connections = node->clients.guests.count,
        .queue_depth = vch_worker_queued(node->worker),
        .memory_used = node->session_host.memory_used,
        .memory_max = node->session_host.memory_max,
        .is_draining = node->session_host.is_draining,
    };

    vch_clients_count(&node->clients, &metrics);
    if (node->options.apart != NULL) vch_apart_count(node->options.apart, &metrics);
    if (node->options.parser != NULL)
        metrics.parser_failures = vch_parser_failures(node->options.parser);
    vch_metrics_write(body, &metrics, &gauges);
    return 200;
}

static const struct vch_http_route ROUTES[] = {
    {"/healthz", "text/plain; charset=utf-8", answer_health},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", answer_metrics},
    {NULL, NULL, NULL},
};

vch_status vch_node_parts_start_monitoring(struct vch_node *node, struct vch_complaint *complaint)
{
    int door = node->options.http_listening;

    if (door == 0)
        VCH_TRY(vch_listening_open(&door, "127.0.0.1", node->options.http_port, complaint));
    return vch_http_new_on(&node->http, node->base, door, ROUTES, node);
}
