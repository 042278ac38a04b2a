// How a stream comes to be: TLS over a socket that was accepted, or over one that connects.
#include <event2/bufferevent_ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/stream_parts.h"

static void on_reap(evutil_socket_t unused, short what, void *context)
{
    (void)unused, (void)what;
    vch_stream_parts_free(context);
}

// Takes the socket and the SSL; NULL is no SSL.
static struct bufferevent *new_transport(struct event_base *base, enum bufferevent_ssl_state side,
                                         evutil_socket_t fd, SSL *ssl)
{
    const int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
    struct bufferevent *transport =
        ssl != NULL ? bufferevent_openssl_socket_new(base, fd, ssl, side, options) : NULL;

    if (transport == NULL) {
        SSL_free(ssl);
        if (fd >= 0) (void)close(fd);
        return NULL;
    }
    bufferevent_openssl_set_allow_dirty_shutdown(transport, 1);
    return transport;
}

static vch_status set_up(struct vch_stream *stream)
{
    stream->reaper = event_new(stream->setup.base, -1, 0, on_reap, stream);
    if (stream->reaper == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_stream_parts_start_waits(stream));
    return vch_stream_parts_hear(stream);
}

// Takes the transport; NULL is no memory.
static vch_status new_stream(struct vch_stream **out, const struct vch_stream_setup *setup,
                             struct bufferevent *transport)
{
    struct vch_stream *stream = transport != NULL ? calloc(1, sizeof *stream) : NULL;

    if (stream == NULL) {
        if (transport != NULL) bufferevent_free(transport);
        return VCH_FAIL(NO_MEMORY);
    }
    stream->setup = *setup;
    stream->transport = transport;
    stream->ssl = bufferevent_openssl_get_ssl(transport);
    ++*setup->live_count;
    vch_arena_init(&stream->arena, VCH_FRAME_MEMORY_MAX);
    vch_stream_parts_enter(stream, VCH_STREAM_OPENING);

    vch_status status = set_up(stream);
    if (vch_is_ok(status))
        *out = stream;
    else
        vch_stream_parts_free(stream);
    return status;
}

vch_status vch_stream_accept(struct vch_stream **out, const struct vch_stream_setup *setup,
                             evutil_socket_t socket, const struct vch_tls_admission *admission)
{
    return new_stream(out, setup,
                      new_transport(setup->base, BUFFEREVENT_SSL_ACCEPTING, socket,
                                    vch_tls_new_accepting(setup->tls, admission)));
}

vch_status vch_stream_connect(struct vch_stream **out, const struct vch_stream_setup *setup,
                              const struct vch_public_key *expected, const char *host,
                              uint16_t port)
{
    VCH_TRY(new_stream(out, setup,
                       new_transport(setup->base, BUFFEREVENT_SSL_CONNECTING, -1,
                                     vch_tls_new_connecting(setup->tls, expected))));
    if (bufferevent_socket_connect_hostname((*out)->transport, setup->dns, AF_UNSPEC, host, port) ==
        0)
        return VCH_OK;
    vch_stream_drop(*out);
    *out = NULL;
    return VCH_FAIL(UNAVAILABLE);
}
