// The tests of vrf.h once more, in a process that keeps tables.
#include "crypto/known.h"
#include "harness/test.h"

TEST(known_tables_are_kept_from_here_on)
{
    CHECK(vch_known_base() == NULL);
    vch_known_start();
    CHECK(vch_known_base() != NULL);
}

#include "crypto/vrf_test.c"
