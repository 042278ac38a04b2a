// Sockets that listen, made before whoever serves them may make none any more; and who connects.
#pragma once

#include <event2/listener.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

// On an IP address; port 0: the kernel picks. Who connects waits until somebody accepts. USAGE: no
// address. IO, with the system's word for it.
vch_status vch_listening_open(int *out, const char *host, uint16_t port,
                              struct vch_complaint *complaint);

// Hands `on_accept` whoever connects to that socket, which is the listener's from then on: a
// failure closes it, too. Out of descriptors the listener is disabled, instead of trying without
// end: enable it some times a second.
vch_status vch_listening_accept(struct evconnlistener **out, struct event_base *base, int ours,
                                evconnlistener_cb on_accept, void *context);
