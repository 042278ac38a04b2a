#include "voucher/policy.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"

#define KEY_A "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
#define KEY_B "8A88E3DD7409F195FD52DB2D3CBA5D72CA6709BF1D94121BF3748801B40F6F5C"

static struct vch_policy policy;
static struct vch_complaint complaint;

static vch_status decode(const char *text)
{
    policy = (struct vch_policy){0};
    complaint.text[0] = '\0';
    return vch_policy_decode(&policy, text, strlen(text), &complaint);
}

static void check_complaint(const char *text, const char *words)
{
    CHECK_FAILS(decode(text), MALFORMED);
    if (strstr(complaint.text, words) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" gives \"%s\"", text, complaint.text);
    static const struct vch_policy nothing;
    CHECK(memcmp(&policy, &nothing, sizeof policy) == 0);
}

TEST(policy_reads_every_kind_of_line)
{
    CHECK_OK(decode("# whom we trust\n"
                    "\n"
                    "owner " KEY_A "\n"
                    "founder\t" KEY_B " # of the clinics\r\n"
                    "  client " KEY_A "\n"
                    "client " KEY_B "\n"
                    "ledger " KEY_B "\n"
                    "require model input\n"
                    "require quorum\n"
                    "quorum 101"));
    CHECK_EQ(policy.owner_count, 1);
    CHECK_EQ(policy.founder_count, 1);
    CHECK_EQ(policy.client_count, 2);
    CHECK_EQ(policy.ledger_count, 1);
    CHECK_EQ(policy.ledgers[0].bytes[31], 0x5c);
    CHECK_HEX(policy.owners[0].bytes, 32, KEY_A);
    CHECK_EQ(policy.founders[0].bytes[0], 0x8a);
    CHECK(policy.has_requirements);
    for (enum vch_claim i = 0; i < VCH_CLAIM_COUNT; i++)
        CHECK_EQ(policy.requires[i],
                 i == VCH_CLAIM_MODEL || i == VCH_CLAIM_INPUT || i == VCH_CLAIM_QUORUM);
    CHECK_EQ(policy.quorum_min, 101);
}

TEST(policy_knows_every_claim)
{
    char text[64];

    for (enum vch_claim i = 0; i < VCH_CLAIM_COUNT; i++) {
        (void)snprintf(text, sizeof text, "require %s", vch_verify_claim_name(i));
        CHECK_OK(decode(text));
        CHECK(policy.requires[i]);
    }
}

TEST(policy_that_is_empty_requires_the_default)
{
    CHECK_OK(decode(""));
    CHECK(!policy.has_requirements);
    CHECK_OK(decode("#"));
    CHECK_OK(decode("\n\n \t\r\n# require nothing"));
    CHECK(!policy.has_requirements);
}

TEST(policy_adds_to_what_is_there)
{
    CHECK_OK(decode("owner " KEY_A));
    CHECK_OK(vch_policy_decode(&policy, "owner " KEY_B, strlen("owner " KEY_B), &complaint));
    CHECK_EQ(policy.owner_count, 2);
}

TEST(policy_complains_with_the_lines_number)
{
    check_complaint("\n\nowners " KEY_A, "line 3: \"owners\" is none of");
    check_complaint("owner", "line 1: a key is 64 hexadecimal digits, not \"\"");
    check_complaint("owner 12", "line 1: a key is 64 hexadecimal digits, not \"12\"");
    check_complaint("owner " KEY_A "0", "line 1: \"3b6a27bcceb6a42d...\" is longer");
    check_complaint("# one\nowner g" KEY_A, "line 2");
    check_complaint("owner " KEY_A " " KEY_B, "line 1: nothing may follow at \"8A88");
    check_complaint("require", "line 1: `require` names at least one claim");
    check_complaint("require # all", "line 1: `require` names at least one claim");
    check_complaint("require model everything", "line 1: \"everything\" is no claim");
    check_complaint("require Model", "\"Model\" is no claim");
    check_complaint("quorum", "a quorum is a number from 1 to 101");
    check_complaint("attest-class weights", "\"weights\" is none of prompts, weights:open");
    check_complaint("attest-class prompts prompts", "nothing may follow");
    check_complaint("attest-class prompts\nattest-class weights:open", "there a second time");
    check_complaint("quorum 0", "a quorum is a number from 1 to 101");
    check_complaint("quorum 102", "a quorum is a number from 1 to 101");
    check_complaint("quorum 4294967297", "a quorum is a number from 1 to 101");
    check_complaint("quorum -1", "a quorum is a number from 1 to 101");
    check_complaint("quorum 03", "a quorum is a number from 1 to 101");
    check_complaint("quorum 3\nquorum 3", "line 2: the quorum is there a second time");
    check_complaint("quorum 3 4", "nothing may follow");
}

TEST(policy_refuses_bytes_that_hide)
{
    static const char text[] = "owner " KEY_A "\nquorum\0 3\n";

    policy = (struct vch_policy){0};
    complaint.text[0] = '\0';
    CHECK_FAILS(vch_policy_decode(&policy, text, sizeof text - 1, &complaint), MALFORMED);
    CHECK(strstr(complaint.text, "line 2: it holds a byte 0") != NULL);
}

TEST(policy_refuses_more_than_its_limits)
{
    static char text[VCH_POLICY_SIZE_MAX + 1];
    static const char line[] = "owner " KEY_A "\n";
    size_t size = 0;

    memset(text, '\n', sizeof text);
    CHECK_OK(vch_policy_decode(&policy, text, sizeof text - 1, &complaint));
    CHECK_FAILS(vch_policy_decode(&policy, text, sizeof text, &complaint), LIMIT);
    for (int i = 0; i <= VCH_VERIFY_KEYS_MAX; i++, size += strlen(line))
        memcpy(text + size, line, strlen(line));
    policy = (struct vch_policy){0};
    complaint.text[0] = '\0';
    CHECK_FAILS(vch_policy_decode(&policy, text, size, &complaint), LIMIT);
    CHECK(strstr(complaint.text, "line 65") != NULL);
    CHECK_OK(vch_policy_decode(&policy, text, size - strlen(line), &complaint));
    CHECK_EQ(policy.owner_count, VCH_VERIFY_KEYS_MAX);
}

// The cursor stays inside: every prefix of a text is read or refused, never past its end.
TEST(policy_reads_every_prefix)
{
    static const char text[] = "owner " KEY_A "\nrequire model # x\nquorum 3\n";

    for (size_t i = 0; i < sizeof text; i++) {
        policy = (struct vch_policy){0};
        (void)vch_policy_decode(&policy, text, i, NULL);
    }
}
