#include "net/http.h"

#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>

#include "net/address.h"

enum { TIMEOUT_S = 5, HEADERS_MAX = 8192, BODY_MAX = 1024 };

struct vch_http {
    struct evhttp *server;
    struct evconnlistener *listener; // the server's
    const struct vch_http_route *routes;
    void *context;
    uint16_t port;
};

static const struct vch_http_route *find_route(const struct vch_http *http, const char *path)
{
    for (const struct vch_http_route *route = http->routes; route->path != NULL; route++)
        if (path != NULL && strcmp(route->path, path) == 0) return route;
    return NULL;
}

static void on_request(struct evhttp_request *request, void *context)
{
    struct vch_http *http = context;
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    const struct vch_http_route *route = find_route(http, path);
    struct evbuffer *body = evbuffer_new();

    if (body == NULL || route == NULL) {
        evhttp_send_error(request, body == NULL ? HTTP_SERVUNAVAIL : HTTP_NOTFOUND, NULL);
    } else {
        struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
        int code = route->answer(http->context, body);
        (void)evhttp_add_header(headers, "Content-Type", route->content_type);
        (void)evhttp_add_header(headers, "Connection", "close");
        evhttp_send_reply(request, code, NULL, body);
    }
    if (body != NULL) evbuffer_free(body);
}

static void on_accept_error(struct evconnlistener *listener, void *unused)
{
    (void)unused;
    (void)evconnlistener_disable(listener);
}

static vch_status listen_on(struct vch_http *http, const char *host, uint16_t port,
                            struct vch_complaint *complaint)
{
    struct evhttp_bound_socket *bound = NULL;

    evhttp_set_timeout(http->server, TIMEOUT_S);
    evhttp_set_max_headers_size(http->server, HEADERS_MAX);
    evhttp_set_max_body_size(http->server, BODY_MAX);
    evhttp_set_allowed_methods(http->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_gencb(http->server, on_request, http);
    bound = evhttp_bind_socket_with_handle(http->server, host, port);
    if (bound == NULL)
        return vch_complain(complaint, VCH_CODE_IO,
                            "cannot listen for HTTP on %s port %u: choose another address or port",
                            host, port);
    http->listener = evhttp_bound_socket_get_listener(bound);
    evconnlistener_set_error_cb(http->listener, on_accept_error);
    http->port = vch_address_port(evhttp_bound_socket_get_fd(bound));
    return VCH_OK;
}

vch_status vch_http_new(struct vch_http **out, struct event_base *base, const char *host,
                        uint16_t port, const struct vch_http_route *routes, void *context,
                        struct vch_complaint *complaint)
{
    struct vch_http *http = calloc(1, sizeof *http);

    if (http == NULL) return VCH_FAIL(NO_MEMORY);
    *http = (struct vch_http){.server = evhttp_new(base), .routes = routes, .context = context};
    vch_status status = http->server ? listen_on(http, host, port, complaint) : VCH_FAIL(NO_MEMORY);
    if (!vch_is_ok(status)) {
        vch_http_free(http);
        return status;
    }
    *out = http;
    return VCH_OK;
}

uint16_t vch_http_port(const struct vch_http *http)
{
    return http->port;
}

void vch_http_accept_again(struct vch_http *http)
{
    (void)evconnlistener_enable(http->listener);
}

void vch_http_free(struct vch_http *http)
{
    if (http == NULL) return;
    if (http->server != NULL) evhttp_free(http->server);
    free(http);
}
