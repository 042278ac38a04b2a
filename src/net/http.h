// A small HTTP server for people, monitoring and caches: tables of paths, everything bounded.
//
// Routes are answered at once, GET only. Handlers get whole trees of paths, may take a POST with a
// bounded body, and may answer later.
#pragma once

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
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
// The same on a socket that listens already (net/listening.h), which is the server's from then on:
// a failure closes it, too.
vch_status vch_http_new_on(struct vch_http **out, struct event_base *base, int listening,
                           const struct vch_http_route *routes, void *context);
uint16_t vch_http_port(const struct vch_http *http);
// Out of descriptors the server stops accepting, instead of trying without end; call this some
// times a second.
void vch_http_accept_again(struct vch_http *http);
// Exchanges that wait may still be answered afterwards, into the void.
void vch_http_free(struct vch_http *http);

// One request, until it is answered: exactly once, from the loop's thread, whenever the answer is
// there. Somebody who gave up meanwhile is no matter of the owner's.
struct vch_http_exchange;

struct vch_http_handler {
    const char *prefix; // a path; with a slash at its end, all paths that begin with it
    size_t post_max;    // most bytes of a POST's body; 0: it takes GET alone
    void (*handle)(void *context, struct vch_http_exchange *exchange);
};

#define VCH_HTTP_WAITING_MAX 1024u // exchanges without an answer: beyond it 503

// Paths that no route has go to the first handler that fits. `handlers` is borrowed and ends with
// an empty prefix. GET also stands for HEAD.
void vch_http_handle(struct vch_http *http, const struct vch_http_handler *handlers, void *context);

const char *vch_http_path(const struct vch_http_exchange *exchange); // as it was sent, no query
// A decimal number in the query; `out` keeps its value when there is none. False: another spelling.
bool vch_http_query_u64(uint64_t *out, const struct vch_http_exchange *exchange, const char *name);
bool vch_http_is_post(const struct vch_http_exchange *exchange);
// The body of a POST, in one piece; valid until the answer. NULL: no memory.
const uint8_t *vch_http_body(const struct vch_http_exchange *exchange, size_t *size);

// A line of the answer's head, before the answer.
void vch_http_header(struct vch_http_exchange *exchange, const char *name, const char *value);
// Answers with what is in `body`, and empties it; NULL: nothing. The exchange is void afterwards.
void vch_http_reply(struct vch_http_exchange *exchange, int code, const char *content_type,
                    struct evbuffer *body);
// The same with a line of text.
void vch_http_reply_text(struct vch_http_exchange *exchange, int code, const char *text);
