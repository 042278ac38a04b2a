#include "net/address.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "harness/test.h"

TEST(address_of_either_family_is_listened_on_and_its_port_found)
{
    static const char *const hosts[] = {"127.0.0.1", "::1"};

    FOR_EACH(host, hosts)
    {
        struct sockaddr_storage address;
        socklen_t size = 0;
        CHECK_OK(vch_address_parse(&address, &size, *host, 0, NULL));
        evutil_socket_t fd = socket(address.ss_family, SOCK_STREAM, 0);
        // A machine may be without IPv6.
        if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0)
            CHECK(vch_address_port(fd) != 0);
        if (fd >= 0) (void)close(fd);
    }
}

TEST(address_refuses_names_and_garbage)
{
    static const char *const hosts[] = {"", "localhost", "127.0.0.1.1", "256.0.0.1", "::g", "*"};

    FOR_EACH(host, hosts)
    {
        struct sockaddr_storage address;
        struct vch_complaint complaint = {""};
        socklen_t size = 0;
        CHECK_FAILS(vch_address_parse(&address, &size, *host, 1, &complaint), USAGE);
        CHECK(strstr(complaint.text, "IP address") != NULL);
    }
}
