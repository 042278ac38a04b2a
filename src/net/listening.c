#include "net/listening.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"

enum {
    BACKLOG = 128,
    LISTENS_ALREADY = 0, // as libevent has it, in the place of a backlog
};

static bool begin(int ours, const struct sockaddr_storage *address, socklen_t size)
{
    const int yes = 1; // else a node that is started anew waits for connections long gone

    return setsockopt(ours, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
           bind(ours, (const struct sockaddr *)address, size) == 0 && listen(ours, BACKLOG) == 0;
}

vch_status vch_listening_open(int *out, const char *host, uint16_t port,
                              struct vch_complaint *complaint)
{
    struct sockaddr_storage address;
    socklen_t size = 0;

    VCH_TRY(vch_address_parse(&address, &size, host, port, complaint));
    int ours = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (ours >= 0 && begin(ours, &address, size)) {
        *out = ours;
        return VCH_OK;
    }
    const int error = errno;
    if (ours >= 0) (void)close(ours);
    return vch_complain(complaint, VCH_CODE_IO,
                        "cannot listen on %s port %u: %s; choose another address or port", host,
                        port, strerror(error));
}

// The connection stays pending, so accepting again at once would only spin.
static void on_accept_error(struct evconnlistener *listener, void *unused)
{
    (void)unused;
    (void)evconnlistener_disable(listener);
}

vch_status vch_listening_accept(struct evconnlistener **out, struct event_base *base, int ours,
                                evconnlistener_cb on_accept, void *context)
{
    *out = evconnlistener_new(base, on_accept, context,
                              LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, LISTENS_ALREADY, ours);
    if (*out == NULL) {
        (void)close(ours);
        return VCH_FAIL(NO_MEMORY);
    }
    evconnlistener_set_error_cb(*out, on_accept_error);
    return VCH_OK;
}
