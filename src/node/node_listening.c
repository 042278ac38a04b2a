// Who may connect to a node, and where.
#include "net/address.h"
#include "net/listening.h"
#include "node/node_parts.h"

static void on_accept(struct evconnlistener *listener, evutil_socket_t socket,
                      struct sockaddr *address, int size, void *context)
{
    struct vch_node *node = context;

    (void)listener, (void)address, (void)size;
    vch_guests_accept(&node->clients.guests, socket);
}

void vch_node_parts_admit_clients(struct vch_node *node)
{
    const struct vch_node_options *options = &node->options;
    struct vch_clients_setup setup = {.base = node->base,
                                      .tls = node->tls,
                                      .registry = &node->registry,
                                      .owner = options->weights != NULL ? &options->weights->owner
                                                                        : NULL,
                                      .limits = options->limits,
                                      .count_max = options->connections_max,
                                      .per_key_max = options->connections_per_peer_max,
                                      .host = &node->session_host,
                                      .on_send = options->on_send,
                                      .on_send_context = options->on_send_context};

    vch_clients_init(&node->clients, &setup);
}

vch_status vch_node_parts_start_listening(struct vch_node *node, struct vch_complaint *complaint)
{
    int door = node->options.listening;

    if (door == 0) VCH_TRY(vch_listening_open(&door, node->host, node->options.port, complaint));
    VCH_TRY(vch_listening_accept(&node->listener, node->base, door, on_accept, node));
    node->port = vch_address_port(door);
    return vch_node_parts_start_monitoring(node, complaint);
}
