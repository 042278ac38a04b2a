// Manifests of sealed weights: their bytes, and owners who are not.
#include "sealing/sealed.h"

#include "harness/sealings.h"
#include "harness/spec.h"
#include "harness/test.h"

static const char page[] = "sealing.md";
static struct sealing made;
static struct vch_complaint complaint;

TEST(sealed_manifest_is_the_bytes_of_the_page)
{
    uint8_t bytes[VCH_SEALED_MANIFEST_SIZE];

    sealing_make(&made, 5, 7);
    vch_sealed_encode(bytes, &made.sealed);
    test_spec_check(bytes, sizeof bytes, page, "manifest");
    struct vch_digest digest = vch_sealed_head(&made.sealed);
    test_spec_check(digest.bytes, sizeof digest.bytes, page, "head");
    digest = vch_sealed_digest(&made.sealed);
    test_spec_check(digest.bytes, sizeof digest.bytes, page, "manifest_digest");
    test_spec_check(made.chunks[0], made.sizes[0], page, "chunk");
}

TEST(sealed_manifest_decodes_to_what_it_was)
{
    uint8_t bytes[VCH_SEALED_MANIFEST_SIZE], again[VCH_SEALED_MANIFEST_SIZE];
    struct vch_sealed sealed;

    sealing_make(&made, SEALING_SIZE, 2);
    vch_sealed_encode(bytes, &made.sealed);
    CHECK_OK(vch_sealed_decode(&sealed, bytes, sizeof bytes, &complaint));
    vch_sealed_encode(again, &sealed);
    CHECK(memcmp(bytes, again, sizeof bytes) == 0);
    CHECK_EQ(vch_sealed_chunk_count(&sealed), SEALING_CHUNKS);
    CHECK_EQ(vch_sealed_chunk_size(&sealed, 1), VCH_SEALED_CHUNK_SIZE);
    CHECK_EQ(vch_sealed_chunk_size(&sealed, 2), 1000);
}

TEST(sealed_manifest_of_any_other_byte_or_size_is_refused)
{
    uint8_t bytes[VCH_SEALED_MANIFEST_SIZE + 1] = {0};
    struct vch_sealed sealed;

    sealing_make(&made, 5, 7);
    vch_sealed_encode(bytes, &made.sealed);
    for (size_t bit = 0; bit < 8u * VCH_SEALED_MANIFEST_SIZE; bit++) {
        test_flip(bytes, bit);
        CHECK(!vch_is_ok(vch_sealed_decode(&sealed, bytes, VCH_SEALED_MANIFEST_SIZE, NULL)));
        test_flip(bytes, bit);
    }
    for (size_t size = 0; size < VCH_SEALED_MANIFEST_SIZE; size++)
        CHECK_FAILS(vch_sealed_decode(&sealed, bytes, size, NULL), TRUNCATED);
    CHECK_FAILS(vch_sealed_decode(&sealed, bytes, sizeof bytes, NULL), MALFORMED);
}

TEST(sealed_weights_have_a_size_a_counter_and_a_bound)
{
    uint8_t bytes[VCH_SEALED_MANIFEST_SIZE];
    struct vch_sealed sealed;

    sealing_make(&made, 5, 7);
    made.sealed.size = 0;
    CHECK_FAILS(vch_sealed_sign(&made.sealed, &made.owner), USAGE);
    made.sealed.size = UINT64_MAX;
    CHECK_FAILS(vch_sealed_sign(&made.sealed, &made.owner), USAGE);
    vch_sealed_encode(bytes, &made.sealed);
    CHECK_FAILS(vch_sealed_decode(&sealed, bytes, sizeof bytes, NULL), LIMIT);
    made.sealed.size = (uint64_t)VCH_SEALED_CHUNKS_MAX * VCH_SEALED_CHUNK_SIZE;
    CHECK_OK(vch_sealed_sign(&made.sealed, &made.owner));
    vch_sealed_encode(bytes, &made.sealed);
    CHECK_OK(vch_sealed_decode(&sealed, bytes, sizeof bytes, NULL));
    made.sealed.counter = 0;
    CHECK_FAILS(vch_sealed_sign(&made.sealed, &made.owner), USAGE);
}

// A node that opened release 7 does not go back to 6, which its owner signed as well.
TEST(sealed_manifest_of_an_older_counter_or_another_owner_or_model_is_refused)
{
    struct vch_public_key owner;
    struct vch_digest model;

    sealing_make(&made, 5, 7);
    owner = made.owner.public_key;
    model = made.sealed.model;
    CHECK_OK(vch_sealed_check(&made.sealed, &model, &owner, 0, NULL));
    CHECK_OK(vch_sealed_check(&made.sealed, &model, &owner, 7, NULL));
    CHECK_FAILS(vch_sealed_check(&made.sealed, &model, &owner, 8, &complaint), REFUSED);
    CHECK(strstr(complaint.text, "release 7") != NULL);
    owner.bytes[31] ^= 1;
    CHECK_FAILS(vch_sealed_check(&made.sealed, &model, &owner, 0, NULL), REFUSED);
    model.bytes[0] ^= 1;
    CHECK_FAILS(vch_sealed_check(&made.sealed, &model, &made.owner.public_key, 0, NULL), REFUSED);
}
