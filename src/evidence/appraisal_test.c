#include "evidence/appraisal.h"

#include <string.h>

#include "harness/test.h"

static struct vch_appraisal appraisal;

TEST(appraisal_of_nothing_is_a_refusal)
{
    vch_appraisal_init(&appraisal);
    CHECK_FAILS(vch_appraisal_status(&appraisal), REFUSED);
}

TEST(appraisal_is_refused_by_one_failed_check)
{
    vch_appraisal_init(&appraisal);
    CHECK(vch_appraisal_check(&appraisal, "a.first", true, "expected %d", 1));
    vch_appraisal_add(&appraisal, "a.second", VCH_APPRAISAL_WARNED, "out of date");
    vch_appraisal_add(&appraisal, "a.third", VCH_APPRAISAL_NOT_APPLICABLE, "no such field");
    CHECK_OK(vch_appraisal_status(&appraisal));
    CHECK(!vch_appraisal_check(&appraisal, "a.fourth", false, "expected %d, found \x1b[2J", 7));
    CHECK_FAILS(vch_appraisal_status(&appraisal), REFUSED);
    CHECK(strcmp(appraisal.checks[3].text, "expected 7, found ?[2J") == 0);
    CHECK(vch_appraisal_find(&appraisal, "a.second") == &appraisal.checks[1]);
    CHECK(vch_appraisal_find(&appraisal, "a.fifth") == NULL);
}

TEST(appraisal_without_room_for_a_check_is_refused)
{
    vch_appraisal_init(&appraisal);
    for (int i = 0; i < VCH_APPRAISAL_CHECKS_MAX; i++)
        CHECK(vch_appraisal_check(&appraisal, "a.again", true, "%s", ""));
    CHECK_OK(vch_appraisal_status(&appraisal));
    CHECK(vch_appraisal_check(&appraisal, "a.more", true, "%s", ""));
    CHECK_FAILS(vch_appraisal_status(&appraisal), REFUSED);
}
