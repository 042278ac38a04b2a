#include "net/peers.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define OTHER "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct vch_peer *peers;
static uint32_t count;
static struct vch_complaint complaint;

static vch_status parse(const char *text)
{
    static struct vch_arena arena;

    vch_arena_release(&arena);
    vch_arena_init(&arena, 1 << 21);
    complaint = (struct vch_complaint){""};
    return vch_peers_parse(&peers, &count, text, strlen(text), &arena, &complaint);
}

TEST(peers_are_read_with_comments_blanks_and_any_line_ending)
{
    CHECK_OK(parse("# network of three\n\n" KEY " node-1.example:4433\r\n  " OTHER
                   "\t[::1]:1  \n# end"));
    CHECK_EQ(count, 2);
    CHECK(strcmp(peers[0].host, "node-1.example") == 0);
    CHECK_EQ(peers[0].port, 4433);
    CHECK_EQ(peers[0].key.bytes[1], 0x11);
    CHECK(strcmp(peers[1].host, "::1") == 0);
    CHECK_EQ(peers[1].port, 1);
}

TEST(peers_may_be_none)
{
    CHECK_OK(parse(""));
    CHECK_EQ(count, 0);
}

TEST(peers_refuse_what_is_not_a_peer_and_name_the_line)
{
    static const char *const lines[] = {
        KEY,           KEY " ",           KEY " host",        KEY " host:",
        KEY " host:0", KEY " host:65536", KEY " host:-1",     KEY " host:99999999999",
        KEY " :1",     KEY " ho st:1",    KEY " host;rm:1",   KEY "host:1",
        KEY " ::1:5",  KEY " []:5",       "zz" KEY " host:1", "0011 host:1",
        "\xff\xfe",
    };

    FOR_EACH(line, lines)
    {
        char text[300];
        (void)snprintf(text, sizeof text, "# first\n%s\n", *line);
        CHECK_FAILS(parse(text), MALFORMED);
        CHECK(strstr(complaint.text, "line 2") != NULL);
    }
}

TEST(peers_refuse_a_key_named_twice)
{
    CHECK_FAILS(parse(KEY " a:1\n" OTHER " b:2\n" KEY " c:3\n"), MALFORMED);
    CHECK(strstr(complaint.text, "line 3") != NULL);
}

TEST(peers_refuse_names_longer_than_dns_allows)
{
    char text[400];

    memset(text, 'a', sizeof text);
    memcpy(text, KEY " ", 65);
    memcpy(text + 65 + VCH_PEERS_HOST_MAX + 1, ":1", 3);
    CHECK_FAILS(parse(text), MALFORMED);
    memcpy(text + 65 + VCH_PEERS_HOST_MAX, ":1", 3);
    CHECK_OK(parse(text));
}
