// The HTTP server over real sockets, asked by hand: what it answers at once, later, and never.
#include "net/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/test.h"

static struct {
    struct event_base *base;
    struct vch_http *http;
    struct vch_http_exchange *waiting;
    char body[64];
} f;

static int answer_hello(void *context, struct evbuffer *body)
{
    (void)context;
    (void)evbuffer_add_printf(body, "hello\n");
    return 200;
}

static void keep_waiting(void *context, struct vch_http_exchange *exchange)
{
    (void)context;
    f.waiting = exchange;
}

static void echo(void *context, struct vch_http_exchange *exchange)
{
    size_t size = 0;
    const uint8_t *body = vch_http_body(exchange, &size);
    uint64_t number = 5;

    (void)context;
    bool is_number = vch_http_query_u64(&number, exchange, "n");
    (void)snprintf(f.body, sizeof f.body, "%s %d %.*s %llu", vch_http_path(exchange),
                   vch_http_is_post(exchange), (int)size, (const char *)body,
                   (unsigned long long)number);
    vch_http_reply_text(exchange, is_number ? 200 : 400, f.body);
}

static const struct vch_http_route ROUTES[] = {{"/hello", "text/plain", answer_hello},
                                               {NULL, NULL, NULL}};
static const struct vch_http_handler HANDLERS[] = {
    {"/later", 0, keep_waiting}, {"/echo/", 8, echo}, {"/", 0, echo}, {NULL, 0, NULL}};

static void set_up(void)
{
    memset(&f, 0, sizeof f);
    f.base = event_base_new();
    CHECK(f.base != NULL);
    CHECK_OK(vch_http_new(&f.http, f.base, "127.0.0.1", 0, ROUTES, NULL, NULL));
    vch_http_handle(f.http, HANDLERS, NULL);
}

static void tear_down(void)
{
    vch_http_free(f.http);
    event_base_free(f.base);
}

static int ask(const char *request)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(vch_http_port(f.http))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_EQ(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    return fd;
}

// The loop turns until there is an answer.
static int status_of(int fd)
{
    char text[512] = "";
    int code = 0;

    while (recv(fd, text, sizeof text - 1, MSG_DONTWAIT) < 0)
        CHECK(event_base_loop(f.base, EVLOOP_ONCE) >= 0);
    CHECK_EQ(sscanf(text, "HTTP/1.1 %d", &code), 1);
    CHECK_EQ(close(fd), 0);
    return code;
}

static int status(const char *request)
{
    return status_of(ask(request));
}

TEST(http_answers_routes_and_trees_of_paths)
{
    set_up();
    CHECK_EQ(status("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    CHECK_EQ(status("GET /echo/a/b?n=77 HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    CHECK(strcmp(f.body, "/echo/a/b 0  77") == 0);
    CHECK_EQ(status("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    CHECK(strcmp(f.body, "/ 0  5") == 0);
    CHECK_EQ(status("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
    CHECK_EQ(status("GET /other HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
    tear_down();
}

TEST(http_refuses_numbers_that_are_none)
{
    set_up();
    CHECK_EQ(status("GET /echo/?n=-1 HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    CHECK_EQ(status("GET /echo/?n= HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    CHECK_EQ(status("GET /echo/?n=99999999999999999999 HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    tear_down();
}

TEST(http_takes_posts_where_a_handler_does_and_within_its_bound)
{
    set_up();
    CHECK_EQ(status("POST /echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n12345678"), 200);
    CHECK(strcmp(f.body, "/echo/ 1 12345678 5") == 0);
    CHECK_EQ(status("POST /echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n123456789"), 413);
    CHECK_EQ(status("POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1"), 405);
    CHECK_EQ(status("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1"), 405);
    tear_down();
}

TEST(http_answers_later_and_into_the_void)
{
    set_up();
    int fd = ask("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (f.waiting == NULL)
        CHECK(event_base_loop(f.base, EVLOOP_ONCE) >= 0);
    vch_http_reply_text(f.waiting, 202, "at last");
    CHECK_EQ(status_of(fd), 202);
    // Whoever asked is gone; and then the server is.
    f.waiting = NULL;
    fd = ask("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (f.waiting == NULL)
        CHECK(event_base_loop(f.base, EVLOOP_ONCE) >= 0);
    CHECK_EQ(close(fd), 0);
    CHECK(event_base_loop(f.base, EVLOOP_NONBLOCK) >= 0);
    vch_http_reply_text(f.waiting, 200, "nobody hears");
    f.waiting = NULL;
    fd = ask("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (f.waiting == NULL)
        CHECK(event_base_loop(f.base, EVLOOP_ONCE) >= 0);
    struct vch_http_exchange *left = f.waiting;
    tear_down();
    vch_http_reply_text(left, 200, "nobody hears");
    CHECK_EQ(close(fd), 0);
}
