#include "net/listening.h"

#include <string.h>
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
