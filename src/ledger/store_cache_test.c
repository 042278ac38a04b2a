// The cache against the definition: what it gives is what was put last under that number.
#include "ledger/store_cache.h"

#include <string.h>

#include "harness/test.h"

enum { NUMBERS = 3 * VCH_STORE_CACHE_SLOTS };

static struct vch_store_cache cache;
static struct vch_digest nodes[NUMBERS];

TEST(store_cache_gives_what_was_put_or_nothing)
{
    struct vch_digest found;
    bool is_put[NUMBERS] = {false};

    for (int i = 0; i < NUMBERS; i++)
        memcpy(nodes[i].bytes, &i, sizeof i);
    for (int round = 0; round < 200; round++) {
        uint32_t number = test_below(NUMBERS), count = test_below(2000);
        if (count > NUMBERS - number) count = NUMBERS - number;
        vch_store_cache_put(&cache, number, nodes + number, count);
        for (uint32_t i = 0; i < count; i++) {
            is_put[number + i] = true;
            CHECK(vch_store_cache_get(&cache, number + i, &found));
        }
        for (uint32_t i = 0; i < NUMBERS; i++) {
            if (!vch_store_cache_get(&cache, i, &found)) continue;
            CHECK(is_put[i] && vch_hash_is_equal(&found, &nodes[i]));
        }
    }
}
