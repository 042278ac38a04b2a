#include "net/listening.h"

#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/test.h"
#include "net/address.h"

TEST(listening_socket_takes_who_connects)
{
    struct sockaddr_storage there;
    socklen_t size = 0;
    int door = -1;

    CHECK_OK(vch_listening_open(&door, "127.0.0.1", 0, NULL));
    uint16_t port = vch_address_port(door);
    CHECK(port != 0);
    CHECK_OK(vch_address_parse(&there, &size, "127.0.0.1", port, NULL));
    int ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(connect(ours, (struct sockaddr *)&there, size), 0); // and waits for nobody
    int theirs = accept(door, NULL, NULL);
    CHECK(theirs >= 0);
    CHECK_EQ(accept(door, NULL, NULL), -1); // does not block
    CHECK_EQ(close(ours) | close(theirs) | close(door), 0);
}

TEST(listening_says_why_it_cannot)
{
    struct vch_complaint complaint = {""};
    int door = -1, second = -1;

    CHECK_OK(vch_listening_open(&door, "::1", 0, NULL));
    CHECK_FAILS(vch_listening_open(&second, "::1", vch_address_port(door), &complaint), IO);
    CHECK(strstr(complaint.text, "in use") != NULL);
    CHECK(strstr(complaint.text, "choose another") != NULL);
    complaint.text[0] = '\0';
    CHECK_FAILS(vch_listening_open(&second, "localhost", 0, &complaint), USAGE);
    CHECK_EQ(second, -1);
    CHECK_EQ(close(door), 0);
}

static void count_and_close(struct evconnlistener *listener, evutil_socket_t theirs,
                            struct sockaddr *address, int size, void *count)
{
    (void)listener, (void)address, (void)size;
    CHECK((fcntl(theirs, F_GETFD) & FD_CLOEXEC) != 0); // no program that is started inherits it
    CHECK_EQ(close(theirs), 0);
    ++*(int *)count;
}

static int connect_to(int door)
{
    struct sockaddr_storage there;
    socklen_t size = 0;
    int ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK_OK(vch_address_parse(&there, &size, "127.0.0.1", vch_address_port(door), NULL));
    CHECK_EQ(connect(ours, (struct sockaddr *)&there, size), 0);
    return ours;
}

TEST(listening_accepts_again_when_there_are_descriptors_again)
{
    struct event_base *base = event_base_new();
    struct evconnlistener *listener = NULL;
    struct rlimit before, none;
    int door = -1, accepted = 0;

    CHECK_OK(vch_listening_open(&door, "127.0.0.1", 0, NULL));
    CHECK_OK(vch_listening_accept(&listener, base, door, count_and_close, &accepted));
    int first = connect_to(door);
    CHECK_EQ(event_base_loop(base, EVLOOP_ONCE), 0);
    CHECK_EQ(accepted, 1);

    int second = connect_to(door), next = dup(second);
    CHECK_EQ(close(next) | getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    CHECK_EQ(event_base_loop(base, 0), 1); // it ends, for there is nothing left that it waits for
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_EQ(accepted, 1);
    CHECK_EQ(evconnlistener_enable(listener), 0);
    CHECK_EQ(event_base_loop(base, EVLOOP_ONCE), 0);
    CHECK_EQ(accepted, 2);

    evconnlistener_free(listener);
    CHECK_EQ(fcntl(door, F_GETFD), -1); // closed with it
    CHECK_EQ(close(first) | close(second), 0);
    event_base_free(base);
}
