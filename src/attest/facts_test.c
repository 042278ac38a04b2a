// A node's statement: one encoding, and none for what it cannot say.
#include "attest/facts.h"

#include <string.h>

#include "harness/spec.h"
#include "harness/test.h"

static struct vch_complaint complaint;

static struct vch_facts example(void)
{
    struct vch_facts facts = {.has_gpu = true, .confinement = 0x2ff};

    for (uint8_t i = 0; i < 32; i++) {
        facts.build.bytes[i] = i;
        facts.policy.bytes[i] = (uint8_t)(0x20 + i);
        facts.model.bytes[i] = (uint8_t)(0x40 + i);
        facts.gpu.bytes[i] = (uint8_t)(0x60 + i);
    }
    return facts;
}

TEST(facts_are_the_bytes_of_the_page)
{
    uint8_t bytes[VCH_FACTS_SIZE_MAX], again[VCH_FACTS_SIZE_MAX];
    struct vch_facts facts = example(), found;
    size_t size = 0, again_size = 0;

    CHECK_OK(vch_facts_encode(bytes, &size, &facts));
    test_spec_check(bytes, size, "attest.md", "facts");
    CHECK_OK(vch_facts_decode(&found, bytes, size, &complaint));
    CHECK(found.has_gpu && found.confinement == 0x2ff);
    CHECK(vch_hash_is_equal(&found.model, &facts.model));
    facts.has_gpu = false;
    facts.confinement = VCH_FACTS_ALL;
    CHECK_OK(vch_facts_encode(bytes, &size, &facts));
    CHECK_OK(vch_facts_decode(&found, bytes, size, &complaint));
    CHECK(!found.has_gpu && found.confinement == VCH_FACTS_ALL);
    CHECK_OK(vch_facts_encode(again, &again_size, &found));
    CHECK(again_size == size && memcmp(bytes, again, size) == 0);
}

TEST(facts_of_another_version_build_or_confinement_are_refused)
{
    uint8_t bytes[VCH_FACTS_SIZE_MAX + 1] = {0};
    struct vch_facts facts = example(), found;
    size_t size = 0;

    CHECK_OK(vch_facts_encode(bytes, &size, &facts));
    for (size_t i = 0; i < size; i++)
        CHECK(!vch_is_ok(vch_facts_decode(&found, bytes, i, NULL)));
    CHECK_FAILS(vch_facts_decode(&found, bytes, size + 1, NULL), MALFORMED);
    CHECK_FAILS(vch_facts_decode(&found, bytes, sizeof bytes, NULL), LIMIT);
    bytes[2] = 2;
    CHECK_FAILS(vch_facts_decode(&found, bytes, size, NULL), UNSUPPORTED);
    bytes[2] = 1;
    bytes[size - 2] = 0x40; // confinement 0x40ff, which has a bit too many
    CHECK_FAILS(vch_facts_decode(&found, bytes, size, &complaint), MALFORMED);
    facts.confinement = VCH_FACTS_ALL + 1;
    CHECK_FAILS(vch_facts_encode(bytes, &size, &facts), USAGE);
    facts = example();
    memset(facts.build.bytes, 0, 32);
    CHECK_FAILS(vch_facts_encode(bytes, &size, &facts), USAGE);
}

// Changed in any bit they are other facts, so that their digest is another.
TEST(facts_have_one_encoding)
{
    uint8_t bytes[VCH_FACTS_SIZE_MAX], again[VCH_FACTS_SIZE_MAX];
    struct vch_facts facts = example(), found;
    size_t size = 0, again_size = 0;

    CHECK_OK(vch_facts_encode(bytes, &size, &facts));
    for (size_t bit = 0; bit < 8 * size; bit++) {
        test_flip(bytes, bit);
        if (vch_is_ok(vch_facts_decode(&found, bytes, size, NULL))) {
            CHECK_OK(vch_facts_encode(again, &again_size, &found));
            CHECK(again_size == size && memcmp(bytes, again, size) == 0);
        }
        test_flip(bytes, bit);
    }
}

TEST(facts_each_bit_of_confinement_has_words)
{
    for (uint32_t bit = 1; bit <= VCH_FACTS_ALL; bit *= 2)
        CHECK(vch_facts_text(bit) != NULL);
    CHECK(vch_facts_text(VCH_FACTS_ALL + 1) == NULL);
    CHECK(vch_facts_text(3) == NULL);
}
