// Socket addresses as numbers: nothing here resolves names.
#pragma once

#include <event2/util.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/complaint.h"
#include "base/status.h"

// An IPv4 or IPv6 address to listen on. USAGE with a complaint for anything else.
vch_status vch_address_parse(struct sockaddr_storage *out, socklen_t *size, const char *host,
                             uint16_t port, struct vch_complaint *complaint);

// The port that a listening socket has; 0 when it has none.
uint16_t vch_address_port(evutil_socket_t socket);
