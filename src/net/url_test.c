// Addresses of HTTP services, and what is none.
#include "net/url.h"

#include <string.h>

#include "harness/test.h"

TEST(url_says_where_a_service_is)
{
    struct vch_url url;

    CHECK_OK(vch_url_parse(&url, "http://127.0.0.1:7001", "a witness", NULL));
    CHECK(strcmp(url.host, "127.0.0.1") == 0 && url.port == 7001 && url.path[0] == '\0');
    CHECK_OK(vch_url_parse(&url, "http://[::1]:9/witness/one/", "a witness", NULL));
    CHECK(strcmp(url.host, "::1") == 0 && url.port == 9 && strcmp(url.path, "/witness/one") == 0);
    CHECK_OK(vch_url_parse(&url, "http://10.0.0.1", "a witness", NULL));
    CHECK_EQ(url.port, 80);
}

TEST(url_of_another_kind_is_refused_with_an_example)
{
    static const char *const lies[] = {
        "",
        "127.0.0.1:7001",
        "https://127.0.0.1:7001",
        "http://localhost:7001",
        "http://127.0.0.1:0",
        "http://127.0.0.1:65536",
        "http://127.0.0.1:7001/?a=b",
        "http://:7001",
        "http:///x",
        "ftp://127.0.0.1:7001",
        "http://127.0.0.1:70o1",
        "http://[::1:9",
        "http://999.0.0.1:9",
    };
    struct vch_url url;

    FOR_EACH(lie, lies)
    {
        struct vch_complaint complaint = {0};
        CHECK_FAILS(vch_url_parse(&url, *lie, "a witness", &complaint), USAGE);
        CHECK(strstr(complaint.text, "http://127.0.0.1:7001") != NULL);
    }
}
