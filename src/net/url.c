#include "net/url.h"

#include <arpa/inet.h>
#include <event2/http.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { HTTP_PORT = 80 };

static bool is_address(const char *host)
{
    uint8_t address[16];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static void take_host(struct vch_url *out, const char *host)
{
    size_t size = strlen(host);
    bool has_brackets = size > 2 && host[0] == '[' && host[size - 1] == ']';

    (void)snprintf(out->host, sizeof out->host, "%.*s", (int)size - (has_brackets ? 2 : 0),
                   host + has_brackets);
}

static void take_path(struct vch_url *out, const char *path)
{
    size_t size = strlen(path);

    if (size > 0 && path[size - 1] == '/') size--;
    (void)snprintf(out->path, sizeof out->path, "%.*s", (int)size, path);
}

static bool take(struct vch_url *out, const struct evhttp_uri *uri)
{
    const char *scheme = evhttp_uri_get_scheme(uri), *host = evhttp_uri_get_host(uri);
    const char *path = evhttp_uri_get_path(uri);
    int port = evhttp_uri_get_port(uri);

    if (scheme == NULL || strcmp(scheme, "http") != 0 || host == NULL || path == NULL || port == 0)
        return false;
    if (evhttp_uri_get_query(uri) != NULL || strlen(host) >= VCH_URL_HOST_SIZE ||
        strlen(path) >= VCH_URL_PATH_SIZE)
        return false;
    take_host(out, host);
    take_path(out, path);
    out->port = (uint16_t)(port < 0 ? HTTP_PORT : port);
    return is_address(out->host);
}

vch_status vch_url_parse(struct vch_url *out, const char *text, const char *what,
                         struct vch_complaint *complaint)
{
    struct evhttp_uri *uri = evhttp_uri_parse(text);
    bool is_fine = uri != NULL && take(out, uri);

    if (uri != NULL) evhttp_uri_free(uri);
    if (is_fine) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "\"%.200s\" is no address of %s, such as http://127.0.0.1:7001", text,
                        what);
}
