// Who may connect to a node, and where.
#include <event2/listener.h>

#include "net/address.h"
#include "node/node_parts.h"

enum { BACKLOG = 128 };

static void on_accept(struct evconnlistener *listener, evutil_socket_t socket,
                      struct sockaddr *address, int size, void *context)
{
    struct vch_node *node = context;

    (void)listener, (void)address, (void)size;
    vch_guests_accept(&node->clients.guests, socket);
}

// Out of descriptors: the connection stays pending, so accepting again at once would only spin. The
// next tick tries again.
static void on_accept_error(struct evconnlistener *listener, void *unused)
{
    (void)unused;
    (void)evconnlistener_disable(listener);
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
    struct sockaddr_storage address;
    socklen_t size = 0;

    VCH_TRY(vch_address_parse(&address, &size, node->host, node->options.port, complaint));
    node->listener =
        evconnlistener_new_bind(node->base, on_accept, node,
                                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                BACKLOG, (struct sockaddr *)&address, (int)size);
    if (node->listener == NULL)
        return vch_complain(complaint, VCH_CODE_IO,
                            "cannot listen on %s port %u: choose another address or port",
                            node->host, node->options.port);
    evconnlistener_set_error_cb(node->listener, on_accept_error);
    node->port = vch_address_port(evconnlistener_get_fd(node->listener));
    return vch_node_parts_start_monitoring(node, complaint);
}
