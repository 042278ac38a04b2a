// What founders write, and what they mistype.
#include "consensus/members.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "harness/test.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define VRF "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e"

static struct vch_member members[VCH_REGISTRY_MEMBERS_MAX];

static vch_status decode(uint32_t *count, const char *text, struct vch_complaint *complaint)
{
    return vch_members_decode(members, count, text, strlen(text), complaint);
}

TEST(members_are_read_with_comments_blanks_and_windows_lines)
{
    uint32_t count = 0;

    CHECK_OK(decode(&count, "# ours\n\n node\ta-1 " KEY " # first\r\nclient b " KEY, NULL));
    CHECK_EQ(count, 2);
    CHECK_EQ(members[0].role, VCH_ROLE_NODE);
    CHECK(strcmp(members[0].operator_name, "a-1") == 0);
    CHECK_EQ(members[1].role, VCH_ROLE_CLIENT);
    CHECK_HEX(members[1].key.bytes, 32, KEY);
}

TEST(members_that_draw_have_a_vrf_key)
{
    uint32_t count = 0;

    CHECK_OK(decode(&count, "node a " KEY " " VRF "\nnode b " KEY "\n", NULL));
    CHECK_EQ(count, 2);
    CHECK(members[0].has_vrf);
    CHECK_HEX(members[0].vrf.bytes, 32, VRF);
    CHECK_HEX(members[0].key.bytes, 32, KEY);
    CHECK(!members[1].has_vrf);
}

TEST(members_name_the_line_that_is_wrong)
{
    static const char *const lines[] = {
        "node a",
        "node a " KEY " more",
        "node a " KEY " more and more",
        "node a " KEY " " VRF " more",
        "node a " KEY " " VRF "00",
        "node a " KEY " 00",
        "client a " KEY " " VRF,
        "NODE a " KEY,
        "nod a " KEY,
        "node a 00",
        "node a " KEY "00",
        "node a 0g0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "node aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " KEY,
    };

    FOR_EACH(line, lines)
    {
        struct vch_complaint complaint = {0};
        char text[256];
        uint32_t count = 0;
        (void)snprintf(text, sizeof text, "client x " KEY "\n%s\n", *line);
        CHECK(!vch_is_ok(decode(&count, text, &complaint)));
        CHECK(strstr(complaint.text, "line 2:") == complaint.text);
    }
}

TEST(members_have_a_limit)
{
    static char text[(VCH_REGISTRY_MEMBERS_MAX + 1) * sizeof "client x " KEY];
    uint32_t count = 0;

    for (size_t i = 0; i < VCH_REGISTRY_MEMBERS_MAX + 1; i++)
        memcpy(text + i * sizeof "client x " KEY, "client x " KEY "\n", sizeof "client x " KEY);
    CHECK_FAILS(vch_members_decode(members, &count, text, sizeof text, NULL), LIMIT);
    CHECK_EQ(count, VCH_REGISTRY_MEMBERS_MAX);
}
