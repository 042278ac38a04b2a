#include "net/address.h"

#include <netinet/in.h>
#include <string.h>

vch_status vch_address_parse(struct sockaddr_storage *out, socklen_t *size, const char *host,
                             uint16_t port, struct vch_complaint *complaint)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    memset(out, 0, sizeof *out);
    if (evutil_inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(out, &v4, *size = sizeof v4);
        return VCH_OK;
    }
    if (evutil_inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        memcpy(out, &v6, *size = sizeof v6);
        return VCH_OK;
    }
    return vch_complain(complaint, VCH_CODE_USAGE,
                        "\"%.80s\" is no IP address to listen on, such as 127.0.0.1 or ::1", host);
}

uint16_t vch_address_port(evutil_socket_t socket)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    socklen_t size = sizeof address;

    if (getsockname(socket, (struct sockaddr *)&address, &size) != 0) return 0;
    memcpy(&v4, &address, sizeof v4);
    memcpy(&v6, &address, sizeof v6);
    if (address.ss_family == AF_INET6) return ntohs(v6.sin6_port);
    return address.ss_family == AF_INET ? ntohs(v4.sin_port) : 0;
}
