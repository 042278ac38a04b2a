// A small HTTP server for people and monitoring: a table of paths, GET only, everything bounded.
#pragma once

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

struct vch_http;

struct vch_http_route {
    const char *path, *content_type;
    int (*answer)(void *context, struct evbuffer *body); // fills the body, gives the HTTP status
};

// Listens on host:port (port 0: the kernel picks) until freed. `routes` is borrowed and ends with
// an empty path.
vch_status vch_http_new(struct vch_http **out, struct event_base *base, const char *host,
                        uint16_t port, const struct vch_http_route *routes, void *context,
                        struct vch_complaint *complaint);
uint16_t vch_http_port(const struct vch_http *http);
// Out of descriptors the server stops accepting, instead of trying without end; call this some
// times a second.
void vch_http_accept_again(struct vch_http *http);
void vch_http_free(struct vch_http *http);
