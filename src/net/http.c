#include "net/http.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>

#include "net/address.h"
#include "net/listening.h"

enum { TIMEOUT_S = 5, HEADERS_MAX = 8192, BODY_MAX = 1024 };

struct vch_http {
    struct evhttp *server;
    struct evconnlistener *listener; // the server's
    const struct vch_http_route *routes;
    const struct vch_http_handler *handlers; // NULL: none
    void *context, *handler_context;
    struct vch_http_exchange *first; // those without an answer
    uint32_t waiting;
    uint16_t port;
};

struct vch_http_exchange {
    struct vch_http *http;          // NULL once that is freed
    struct evhttp_request *request; // NULL once whoever asked is gone
    struct vch_http_exchange *next, **back;
    char path[]; // outlives the request
};

static const char *path_of(struct evhttp_request *request)
{
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));

    return path != NULL ? path : "";
}

static const struct vch_http_route *find_route(const struct vch_http *http, const char *path)
{
    for (const struct vch_http_route *route = http->routes; route->path != NULL; route++)
        if (strcmp(route->path, path) == 0) return route;
    return NULL;
}

static bool fits(const struct vch_http_handler *handler, const char *path)
{
    size_t size = strlen(handler->prefix);
    bool is_tree = size > 0 && handler->prefix[size - 1] == '/' && size > 1;

    return is_tree ? strncmp(path, handler->prefix, size) == 0 : strcmp(path, handler->prefix) == 0;
}

static const struct vch_http_handler *find_handler(const struct vch_http *http, const char *path)
{
    const struct vch_http_handler *handler = http->handlers;

    for (; handler != NULL && handler->prefix != NULL; handler++)
        if (fits(handler, path)) return handler;
    return NULL;
}

static void answer_route(struct vch_http *http, const struct vch_http_route *route,
                         struct evhttp_request *request)
{
    struct evbuffer *body = evbuffer_new();

    if (body == NULL) {
        evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
        return;
    }
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    int code = route->answer(http->context, body);
    (void)evhttp_add_header(headers, "Content-Type", route->content_type);
    (void)evhttp_add_header(headers, "Connection", "close");
    evhttp_send_reply(request, code, NULL, body);
    evbuffer_free(body);
}

// The request is freed with its connection.
static void on_gone(struct evhttp_connection *connection, void *context)
{
    struct vch_http_exchange *exchange = context;

    (void)connection;
    exchange->request = NULL;
}

static void unlink_exchange(struct vch_http_exchange *exchange)
{
    if (exchange->http == NULL) return;
    exchange->http->waiting--;
    *exchange->back = exchange->next;
    if (exchange->next != NULL) exchange->next->back = exchange->back;
    exchange->http = NULL;
}

static struct vch_http_exchange *new_exchange(struct vch_http *http, struct evhttp_request *request,
                                              const char *path)
{
    size_t size = strlen(path) + 1;
    struct vch_http_exchange *exchange = NULL;

    if (http->waiting == VCH_HTTP_WAITING_MAX) return NULL;
    exchange = calloc(1, sizeof *exchange + size);
    if (exchange == NULL) return NULL;
    memcpy(exchange->path, path, size);
    exchange->http = http;
    exchange->request = request;
    exchange->next = http->first;
    exchange->back = &http->first;
    if (exchange->next != NULL) exchange->next->back = &exchange->next;
    http->first = exchange;
    http->waiting++;
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_gone, exchange);
    return exchange;
}

// 0: the handler takes the request as it is.
static int judge(const struct vch_http_handler *handler, struct evhttp_request *request)
{
    bool is_post = evhttp_request_get_command(request) == EVHTTP_REQ_POST;
    size_t size = evbuffer_get_length(evhttp_request_get_input_buffer(request));

    if (is_post && handler->post_max == 0) return HTTP_BADMETHOD;
    if (is_post && size > handler->post_max) return HTTP_ENTITYTOOLARGE;
    return 0;
}

static void on_request(struct evhttp_request *request, void *context)
{
    struct vch_http *http = context;
    const char *path = path_of(request);
    const struct vch_http_route *route = find_route(http, path);
    const struct vch_http_handler *handler = route == NULL ? find_handler(http, path) : NULL;
    bool is_post = evhttp_request_get_command(request) == EVHTTP_REQ_POST;

    if (route != NULL && !is_post) {
        answer_route(http, route, request);
        return;
    }
    int code = route != NULL ? HTTP_BADMETHOD : HTTP_NOTFOUND;
    if (handler != NULL) code = judge(handler, request);
    struct vch_http_exchange *exchange = code == 0 ? new_exchange(http, request, path) : NULL;
    if (exchange != NULL)
        handler->handle(http->handler_context, exchange);
    else
        evhttp_send_error(request, code != 0 ? code : HTTP_SERVUNAVAIL, NULL);
}

static struct vch_http *new_server(struct event_base *base, const struct vch_http_route *routes,
                                   void *context)
{
    struct vch_http *http = calloc(1, sizeof *http);

    if (http == NULL) return NULL;
    *http = (struct vch_http){.server = evhttp_new(base), .routes = routes, .context = context};
    if (http->server == NULL) {
        free(http);
        return NULL;
    }
    evhttp_set_timeout(http->server, TIMEOUT_S);
    evhttp_set_max_headers_size(http->server, HEADERS_MAX);
    evhttp_set_max_body_size(http->server, BODY_MAX);
    evhttp_set_allowed_methods(http->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_gencb(http->server, on_request, http);
    return http;
}

vch_status vch_http_new_on(struct vch_http **out, struct event_base *base, int listening,
                           const struct vch_http_route *routes, void *context)
{
    struct evconnlistener *listener = NULL;

    VCH_TRY(vch_listening_accept(&listener, base, listening, NULL, NULL));
    struct vch_http *http = new_server(base, routes, context);
    if (http == NULL || evhttp_bind_listener(http->server, listener) == NULL) {
        evconnlistener_free(listener);
        vch_http_free(http);
        return VCH_FAIL(NO_MEMORY);
    }
    http->listener = listener;
    http->port = vch_address_port(listening);
    *out = http;
    return VCH_OK;
}

vch_status vch_http_new(struct vch_http **out, struct event_base *base, const char *host,
                        uint16_t port, const struct vch_http_route *routes, void *context,
                        struct vch_complaint *complaint)
{
    int door = -1;

    VCH_TRY(vch_listening_open(&door, host, port, complaint));
    return vch_http_new_on(out, base, door, routes, context);
}

void vch_http_handle(struct vch_http *http, const struct vch_http_handler *handlers, void *context)
{
    size_t most = BODY_MAX;
    bool takes_posts = false;

    for (const struct vch_http_handler *handler = handlers; handler->prefix != NULL; handler++) {
        if (handler->post_max > most) most = handler->post_max;
        takes_posts |= handler->post_max > 0;
    }
    http->handlers = handlers;
    http->handler_context = context;
    evhttp_set_max_body_size(http->server, (ev_ssize_t)most);
    evhttp_set_allowed_methods(http->server, (ev_uint16_t)(EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
                                                           (takes_posts ? EVHTTP_REQ_POST : 0)));
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
    while (http->first != NULL) {
        struct vch_http_exchange *exchange = http->first;
        if (exchange->request != NULL)
            evhttp_connection_set_closecb(evhttp_request_get_connection(exchange->request), NULL,
                                          NULL);
        exchange->request = NULL;
        unlink_exchange(exchange);
    }
    if (http->server != NULL) evhttp_free(http->server);
    free(http);
}

const char *vch_http_path(const struct vch_http_exchange *exchange)
{
    return exchange->path;
}

// A whole number below 2^63 or so, and nothing else.
static bool parse_number(uint64_t *out, const char *text)
{
    uint64_t value = 0;

    if (*text == '\0') return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || value > UINT64_MAX / 20) return false;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *out = value;
    return true;
}

bool vch_http_query_u64(uint64_t *out, const struct vch_http_exchange *exchange, const char *name)
{
    const char *query = NULL;
    struct evkeyvalq values;
    bool is_fine = true;

    if (exchange->request == NULL) return true;
    query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(exchange->request));
    if (query == NULL) return true;
    if (evhttp_parse_query_str(query, &values) != 0) return false;
    const char *value = evhttp_find_header(&values, name);
    if (value != NULL) is_fine = parse_number(out, value);
    evhttp_clear_headers(&values);
    return is_fine;
}

bool vch_http_is_post(const struct vch_http_exchange *exchange)
{
    return exchange->request != NULL &&
           evhttp_request_get_command(exchange->request) == EVHTTP_REQ_POST;
}

const uint8_t *vch_http_body(const struct vch_http_exchange *exchange, size_t *size)
{
    static const uint8_t nothing[1];
    struct evbuffer *body = NULL;

    *size = 0;
    if (exchange->request == NULL) return nothing;
    body = evhttp_request_get_input_buffer(exchange->request);
    *size = evbuffer_get_length(body);
    return *size > 0 ? evbuffer_pullup(body, -1) : nothing;
}

void vch_http_header(struct vch_http_exchange *exchange, const char *name, const char *value)
{
    if (exchange->request == NULL) return;
    (void)evhttp_add_header(evhttp_request_get_output_headers(exchange->request), name, value);
}

void vch_http_reply(struct vch_http_exchange *exchange, int code, const char *content_type,
                    struct evbuffer *body)
{
    struct evhttp_request *request = exchange->request;

    if (request != NULL) {
        evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
        vch_http_header(exchange, "Content-Type", content_type);
        evhttp_send_reply(request, code, NULL, body);
    } else if (body != NULL) {
        (void)evbuffer_drain(body, evbuffer_get_length(body));
    }
    unlink_exchange(exchange);
    free(exchange);
}

void vch_http_reply_text(struct vch_http_exchange *exchange, int code, const char *text)
{
    struct evbuffer *body = evbuffer_new();

    if (body != NULL) (void)evbuffer_add_printf(body, "%s\n", text);
    vch_http_reply(exchange, code, "text/plain; charset=utf-8", body);
    if (body != NULL) evbuffer_free(body);
}
