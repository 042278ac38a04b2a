// Who may connect to a node, and where.
#include <event2/listener.h>
#include <unistd.h>

#include "net/address.h"
#include "net/listening.h"
#include "node/node_parts.h"

enum { LISTENS_ALREADY = 0 }; // as libevent has it, in the place of a backlog

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
    int door = node->options.listening;

    if (door == 0) VCH_TRY(vch_listening_open(&door, node->host, node->options.port, complaint));
    node->listener = evconnlistener_new(node->base, on_accept, node, LEV_OPT_CLOSE_ON_FREE,
                                        LISTENS_ALREADY, door);
    if (node->listener == NULL) {
        (void)close(door);
        return VCH_FAIL(NO_MEMORY);
    }
    evconnlistener_set_error_cb(node->listener, on_accept_error);
    node->port = vch_address_port(evconnlistener_get_fd(node->listener));
    return vch_node_parts_start_monitoring(node, complaint);
}
