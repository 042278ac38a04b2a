// The test vectors of specs/transcript.md and specs/keyfile.md, read from those pages. They were
// made by other implementations.
#include <sodium.h>
#include <string.h>

#include "crypto/commitment.h"
#include "crypto/keyfile.h"
#include "crypto/merkle.h"
#include "crypto/sign.h"
#include "crypto/transcript.h"
#include "crypto/vrf.h"
#include "harness/spec.h"
#include "harness/test.h"

static const char transcript_page[] = "transcript.md", keyfile_page[] = "keyfile.md";

static void check_digest(struct vch_digest digest, const char *name)
{
    test_spec_check(digest.bytes, sizeof digest.bytes, transcript_page, name);
}

static struct vch_digest example_digest(void)
{
    struct vch_transcript transcript;
    struct vch_digest abc = vch_hash_bytes("abc", 3);

    vch_transcript_init(&transcript, "vouch/example/v1");
    vch_transcript_absorb(&transcript, "empty", NULL, 0);
    vch_transcript_absorb(&transcript, "text", "hello", 5);
    vch_transcript_absorb_u64(&transcript, "number", 258);
    vch_transcript_absorb_digest(&transcript, "digest", &abc);
    return vch_transcript_final(&transcript);
}

TEST(specs_transcripts_hash_the_bytes_they_say)
{
    uint8_t bytes[256];
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/example/v1");
    check_digest(vch_transcript_final(&transcript), "bare_digest");
    check_digest(example_digest(), "items_digest");
    size_t size = test_spec_vector(bytes, sizeof bytes, transcript_page, "bare_bytes");
    check_digest(vch_hash_bytes(bytes, size), "bare_digest");
    size = test_spec_vector(bytes, sizeof bytes, transcript_page, "items_bytes");
    check_digest(vch_hash_bytes(bytes, size), "items_digest");
}

TEST(specs_commitments_and_nonces)
{
    static const struct {
        uint64_t index;
        const char *name;
    } rows[] = {{0, "nonce_first"}, {1, "nonce_second"}, {UINT64_MAX, "nonce_last"}};
    uint8_t secret[32];
    struct vch_nonce nonce;
    struct vch_digest abc = vch_hash_bytes("abc", 3);

    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)i;
    FOR_EACH(row, rows)
    {
        vch_commitment_nonce(&nonce, secret, row->index);
        test_spec_check(nonce.bytes, sizeof nonce.bytes, transcript_page, row->name);
    }
    vch_commitment_nonce(&nonce, secret, 1);
    check_digest(vch_commitment_make(VCH_COMMITMENT_SHA256, &nonce, &abc), "commitment");
}

TEST(specs_signatures)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE];
    struct vch_secret_key key;
    struct vch_signature signature;
    struct vch_digest digest = example_digest();

    CHECK_EQ(test_spec_vector(seed, sizeof seed, transcript_page, "seed"), sizeof seed);
    vch_sign_key(&key, seed);
    test_spec_check(key.public_key.bytes, sizeof key.public_key.bytes, transcript_page,
                    "public_key");
    vch_sign_digest(&signature, &key, &digest);
    test_spec_check(signature.bytes, sizeof signature.bytes, transcript_page, "signature");
    CHECK_OK(vch_sign_verify(&key.public_key, &digest, &signature));
}

TEST(specs_verifiable_random_function)
{
    uint8_t seed[VCH_VRF_SEED_SIZE];
    struct vch_vrf_secret key;
    struct vch_vrf_proof proof;
    struct vch_vrf_beta beta;
    struct vch_digest alpha = example_digest();

    CHECK_EQ(test_spec_vector(seed, sizeof seed, transcript_page, "vrf_seed"), sizeof seed);
    vch_vrf_key(&key, seed);
    test_spec_check(key.public_key.bytes, sizeof key.public_key.bytes, transcript_page,
                    "vrf_public");
    vch_vrf_prove(&proof, &key, alpha.bytes, sizeof alpha.bytes);
    test_spec_check(proof.bytes, sizeof proof.bytes, transcript_page, "vrf_proof");
    CHECK_OK(vch_vrf_verify(&beta, &key.public_key, alpha.bytes, sizeof alpha.bytes, &proof));
    test_spec_check(beta.bytes, sizeof beta.bytes, transcript_page, "vrf_beta");
}

TEST(specs_trees)
{
    struct vch_digest leaves[5], path[3];

    for (size_t i = 0; i < 5; i++)
        leaves[i] = vch_merkle_leaf(&"abcde"[i], 1);
    CHECK_EQ(vch_merkle_path_count(2, 5), 3);
    vch_merkle_open(path, leaves, 5, 2);
    test_spec_check(path, 3 * sizeof *path, transcript_page, "path_of_2");
    CHECK_EQ(vch_merkle_path_count(4, 5), 1);
    vch_merkle_open(path, leaves, 5, 4);
    test_spec_check(path, sizeof *path, transcript_page, "path_of_4");
    check_digest(vch_merkle_root_in_place(leaves, 5), "tree_root");
}

TEST(specs_keyfiles)
{
    static const struct {
        const char *passphrase, *name;
    } rows[] = {{"", "empty_file"}, {"correct horse battery staple", "phrase_file"}};
    uint8_t seed[VCH_SIGN_SEED_SIZE], random[VCH_KEYFILE_RANDOM_SIZE];
    uint8_t file[VCH_KEYFILE_SIZE];
    struct vch_secret_key key, opened;

    CHECK_EQ(test_spec_vector(seed, sizeof seed, keyfile_page, "seed"), sizeof seed);
    vch_sign_key(&key, seed);
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)i;
    FOR_EACH(row, rows)
    {
        CHECK_OK(vch_keyfile_encode(file, &key, row->passphrase, random));
        test_spec_check(file, sizeof file, keyfile_page, row->name);
        CHECK_OK(vch_keyfile_decode(&opened, file, sizeof file, row->passphrase, NULL));
        CHECK(memcmp(opened.seed, seed, sizeof seed) == 0);
    }
}

TEST(specs_keyfile_of_a_vrf_key)
{
    uint8_t seed[VCH_VRF_SEED_SIZE], random[VCH_KEYFILE_RANDOM_SIZE], file[VCH_KEYFILE_SIZE];
    struct vch_vrf_secret key, opened;

    CHECK_EQ(test_spec_vector(seed, sizeof seed, keyfile_page, "seed"), sizeof seed);
    vch_vrf_key(&key, seed);
    test_spec_check(key.public_key.bytes, sizeof key.public_key.bytes, keyfile_page, "vrf_public");
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)i;
    CHECK_OK(vch_keyfile_encode_vrf(file, &key, "", random));
    test_spec_check(file, sizeof file, keyfile_page, "vrf_file");
    CHECK_OK(vch_keyfile_decode_vrf(&opened, file, sizeof file, "", NULL));
    CHECK(memcmp(opened.seed, seed, sizeof seed) == 0);
}

TEST(specs_keyfile_of_a_data_key)
{
    uint8_t key[VCH_KEYFILE_DATA_SIZE], random[VCH_KEYFILE_RANDOM_SIZE], file[VCH_KEYFILE_SIZE];

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(0x20 + i);
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)i;
    CHECK_OK(vch_keyfile_encode_data(file, key, "", random));
    test_spec_check(file, sizeof file, keyfile_page, "data_file");
}

// The intermediate values of the page, for whoever implements it step by step.
TEST(specs_keyfile_seals)
{
    static const struct {
        const char *passphrase, *name;
        uint64_t opslimit;
        size_t memlimit;
    } rows[] = {{"", "empty_key", 1, 8192},
                {"correct horse battery staple", "phrase_key", 3, 64 << 20}};
    uint8_t salt[16], key[32];

    for (size_t i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)i;
    FOR_EACH(row, rows)
    {
        CHECK_EQ(crypto_pwhash_argon2id(key, sizeof key, row->passphrase, strlen(row->passphrase),
                                        salt, row->opslimit, row->memlimit,
                                        crypto_pwhash_argon2id_ALG_ARGON2ID13),
                 0);
        test_spec_check(key, sizeof key, keyfile_page, row->name);
    }
}
