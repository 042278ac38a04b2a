// Using a library in vain.
#include "evidence/warm.h"

#include <openssl/err.h>

#include "harness/test.h"

TEST(warm_up_leaves_no_error_behind)
{
    ERR_clear_error();
    vch_warm_up();
    vch_warm_up();
    CHECK_EQ(ERR_peek_error(), 0);
}
