// The first complaint stands, fits, and cannot attack a terminal.
#include "base/complaint.h"

#include <stdbool.h>

#include <string.h>

#include "harness/test.h"

TEST(complaint_keeps_what_was_said_first)
{
    struct vch_complaint complaint = {0};

    CHECK_FAILS(vch_complain(&complaint, VCH_CODE_LIMIT, "%d rows, not %d", 5, 4), LIMIT);
    CHECK_FAILS(vch_complain(&complaint, VCH_CODE_IO, "later"), IO);
    CHECK(strcmp(complaint.text, "5 rows, not 4") == 0);
}

TEST(complaint_may_be_absent)
{
    CHECK_FAILS(vch_complain(NULL, VCH_CODE_MALFORMED, "nobody listens"), MALFORMED);
}

TEST(complaint_is_cut_to_fit)
{
    struct vch_complaint complaint = {0};
    char text[2 * VCH_COMPLAINT_SIZE];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CHECK_FAILS(vch_complain(&complaint, VCH_CODE_LIMIT, "%s", text), LIMIT);
    CHECK_EQ(strlen(complaint.text), VCH_COMPLAINT_SIZE - 1);
}

TEST(complaint_shows_only_printable_characters)
{
    struct vch_complaint complaint = {0};
    char text[256];

    for (int i = 0; i < 255; i++)
        text[i] = (char)(i + 1);
    text[255] = '\0';
    CHECK_FAILS(vch_complain(&complaint, VCH_CODE_MALFORMED, "%s", text), MALFORMED);
    CHECK_EQ(strlen(complaint.text), 255);
    for (int i = 0; i < 255; i++) {
        bool is_printable = i + 1 >= 0x20 && i + 1 <= 0x7e;
        CHECK_EQ(complaint.text[i], is_printable ? i + 1 : '?');
    }
}

TEST(complaint_codes_all_have_a_text)
{
#define X(name, words) CHECK(strcmp(vch_code_text(VCH_CODE_##name), words) == 0);
    VCH_CODES(X)
#undef X
    CHECK(strcmp(vch_code_text((enum vch_code)9999), "unknown status") == 0);
}
