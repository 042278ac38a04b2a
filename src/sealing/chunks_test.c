// Sealed chunks: what is sealed opens, and nothing opens that was moved, left out, doubled, cut or
// made by somebody else, though they have the key.
#include "sealing/chunks.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/merkle.h"
#include "harness/sealings.h"
#include "harness/test.h"

static struct sealing made;
static struct vch_chunks opener;
static struct vch_complaint complaint;
static uint8_t out[VCH_SEALED_CHUNK_SIZE];

static void start(void)
{
    complaint.text[0] = '\0';
    CHECK_OK(vch_chunks_init_opener(&opener, &made.sealed, made.key, made.digests,
                                    (size_t)vch_sealed_chunk_count(&made.sealed), &complaint));
}

static vch_status open_chunk(size_t index)
{
    return vch_chunks_open(&opener, out, made.chunks[index], made.sizes[index], &complaint);
}

TEST(chunks_open_to_what_was_sealed)
{
    static const uint64_t sizes[] = {1, 5, VCH_SEALED_CHUNK_SIZE, VCH_SEALED_CHUNK_SIZE + 1,
                                     SEALING_SIZE};

    FOR_EACH(size, sizes)
    {
        sealing_make(&made, *size, 1);
        start();
        for (size_t i = 0; i < vch_sealed_chunk_count(&made.sealed); i++) {
            CHECK_FAILS(vch_chunks_end(&opener, NULL), TRUNCATED);
            CHECK_OK(open_chunk(i));
            for (size_t k = 0; k < vch_sealed_chunk_size(&made.sealed, i); k++)
                CHECK_EQ(out[k], sealing_weight(i * VCH_SEALED_CHUNK_SIZE + k));
        }
        CHECK_OK(vch_chunks_end(&opener, NULL));
        CHECK_FAILS(open_chunk(0), BAD_PROOF); // there are no more
    }
}

// What libsodium seals from a start of its own is what we seal from that start.
TEST(chunks_are_the_streams_of_libsodium)
{
    static uint8_t sealed[SEALING_ROOM], weights[5];
    crypto_secretstream_xchacha20poly1305_state stream;
    uint8_t place[40] = {0};
    unsigned long long size = 0;

    sealing_make(&made, 5, 1);
    CHECK_EQ(crypto_secretstream_xchacha20poly1305_init_push(&stream, made.sealed.start, made.key),
             0);
    sealing_chunks(&made);
    for (size_t i = 0; i < sizeof weights; i++)
        weights[i] = sealing_weight(i);
    struct vch_digest head = vch_sealed_head(&made.sealed);
    memcpy(place, head.bytes, sizeof head.bytes);
    (void)crypto_secretstream_xchacha20poly1305_push(
        &stream, sealed, &size, weights, sizeof weights, place, sizeof place,
        crypto_secretstream_xchacha20poly1305_TAG_FINAL);
    CHECK_EQ(size, made.sizes[0]);
    CHECK(memcmp(sealed, made.chunks[0], made.sizes[0]) == 0);
}

TEST(chunks_swapped_dropped_doubled_cut_or_lengthened_do_not_open)
{
    sealing_make(&made, SEALING_SIZE, 1);
    start();
    CHECK_FAILS(open_chunk(1), BAD_PROOF); // swapped, or the first one dropped
    CHECK_FAILS(open_chunk(2), BAD_PROOF);
    CHECK_OK(open_chunk(0));
    CHECK_FAILS(open_chunk(0), BAD_PROOF); // doubled
    CHECK_FAILS(open_chunk(2), BAD_PROOF); // dropped
    CHECK_FAILS(vch_chunks_end(&opener, NULL), TRUNCATED);
    CHECK_OK(open_chunk(1));
    made.sizes[2]--;
    CHECK_FAILS(open_chunk(2), BAD_PROOF); // cut
    made.sizes[2] += 2;
    CHECK_FAILS(open_chunk(2), BAD_PROOF); // lengthened
    made.sizes[2]--;
    CHECK_FAILS(vch_chunks_end(&opener, &complaint), TRUNCATED);
    CHECK_OK(open_chunk(2)); // a peer that lies costs a request, not the stream
    CHECK_OK(vch_chunks_end(&opener, NULL));
}

TEST(chunks_with_any_bit_changed_do_not_open)
{
    sealing_make(&made, 40, 1);
    start();
    for (size_t bit = 0; bit < 8 * made.sizes[0]; bit++) {
        test_flip(made.chunks[0], bit);
        CHECK_FAILS(open_chunk(0), BAD_PROOF);
        test_flip(made.chunks[0], bit);
    }
    CHECK_OK(open_chunk(0));
}

// Every node has the data key: what one of them seals is not what the owner signed.
TEST(chunks_of_somebody_with_the_key_are_refused)
{
    static struct sealing forged;
    struct vch_chunks sealer;

    sealing_make(&made, 40, 1);
    forged = made;
    CHECK_OK(vch_chunks_init_sealer(&sealer, &forged.sealed, forged.key, forged.digests));
    memset(out, 0, 40);
    CHECK_OK(vch_chunks_seal(&sealer, forged.chunks[0], out, 40));
    start();
    CHECK_FAILS(vch_chunks_open(&opener, out, forged.chunks[0], forged.sizes[0], NULL), BAD_PROOF);
    CHECK_FAILS(vch_chunks_init_opener(&opener, &made.sealed, made.key, forged.digests, 1, NULL),
                BAD_PROOF);
    CHECK_OK(open_chunk(0));
}

// An owner's chunks that were sealed for another release, or whose last one says that more follow.
TEST(chunks_sealed_under_another_head_do_not_open)
{
    sealing_make(&made, SEALING_SIZE, 1);
    made.sealed.counter = 2;
    CHECK_OK(vch_sealed_sign(&made.sealed, &made.owner));
    start();
    CHECK_FAILS(open_chunk(0), BAD_PROOF);
    CHECK(strstr(complaint.text, "its owner sealed it wrongly") != NULL);
    CHECK(!vch_is_ok(vch_chunks_end(&opener, NULL)));
}

TEST(chunks_whose_last_one_is_not_marked_do_not_open)
{
    crypto_secretstream_xchacha20poly1305_state stream;
    uint8_t place[40] = {0}, weights[40] = {1};
    unsigned char tags[] = {0, crypto_secretstream_xchacha20poly1305_TAG_PUSH,
                            crypto_secretstream_xchacha20poly1305_TAG_REKEY};

    FOR_EACH(tag, tags)
    {
        sealing_make(&made, 40, 1);
        struct vch_digest head = vch_sealed_head(&made.sealed);
        memcpy(place, head.bytes, sizeof head.bytes);
        (void)crypto_secretstream_xchacha20poly1305_init_pull(&stream, made.sealed.start, made.key);
        (void)crypto_secretstream_xchacha20poly1305_push(&stream, made.chunks[0], NULL, weights, 40,
                                                         place, sizeof place, *tag);
        made.digests[0] = vch_chunks_digest(made.chunks[0], made.sizes[0]);
        made.sealed.root = made.digests[0];
        CHECK_OK(vch_sealed_sign(&made.sealed, &made.owner));
        start();
        memset(out, 9, 40);
        CHECK_FAILS(open_chunk(0), BAD_PROOF);
        CHECK(vch_is_zero(out, 40)); // nothing of it is left to be used
    }
}

TEST(chunks_open_under_the_signed_key_and_digests_alone)
{
    uint8_t key[VCH_SEALED_KEY_SIZE];

    sealing_make(&made, SEALING_SIZE, 1);
    memcpy(key, made.key, sizeof key);
    key[0] ^= 1;
    CHECK_FAILS(vch_chunks_init_opener(&opener, &made.sealed, key, made.digests, 3, NULL), REFUSED);
    CHECK_FAILS(vch_chunks_init_sealer(&opener, &made.sealed, key, made.digests), USAGE);
    for (size_t count = 0; count < 3; count++)
        CHECK_FAILS(
            vch_chunks_init_opener(&opener, &made.sealed, made.key, made.digests, count, NULL),
            BAD_PROOF);
    made.digests[1].bytes[5] ^= 1;
    CHECK_FAILS(vch_chunks_init_opener(&opener, &made.sealed, made.key, made.digests, 3, NULL),
                BAD_PROOF);
}

TEST(chunks_are_sealed_in_order_whole_and_once)
{
    struct vch_digest root;

    sealing_make(&made, 40, 1);
    CHECK_OK(vch_chunks_init_sealer(&opener, &made.sealed, made.key, made.digests));
    CHECK_FAILS(vch_chunks_root(&root, &opener), USAGE);
    CHECK_FAILS(vch_chunks_seal(&opener, made.chunks[0], out, 39), USAGE);
    CHECK_FAILS(vch_chunks_open(&opener, out, made.chunks[0], made.sizes[0], NULL), BAD_PROOF);
    CHECK_OK(vch_chunks_seal(&opener, made.chunks[0], out, 40));
    CHECK_FAILS(vch_chunks_seal(&opener, made.chunks[0], out, 40), USAGE);
    CHECK_OK(vch_chunks_root(&root, &opener));
    made.sealed.root = root;
    start();
    CHECK_FAILS(vch_chunks_seal(&opener, made.chunks[0], out, 40), USAGE);
    made.sealed.size = 0;
    CHECK_FAILS(vch_chunks_init_sealer(&opener, &made.sealed, made.key, made.digests), USAGE);
}
