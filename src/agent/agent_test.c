// The agent as its node uses it: what it gives equals what a key in this process gives, and a node
// that was taken over gets nothing else out of it.
#include "agent/agent.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/process.h"
#include "agent/request.h"
#include "base/bytes.h"
#include "crypto/derive.h"
#include "crypto/identity.h"
#include "crypto/keyfile.h"
#include "harness/folder.h"
#include "harness/sealings.h"
#include "harness/test.h"
#include "host/clock.h"

static struct {
    struct vch_secret_key key;
    struct vch_vrf_secret vrf;
    uint8_t file[VCH_KEYFILE_SIZE], vrf_file[VCH_KEYFILE_SIZE];
    struct vch_agent *agent;
    // Of what it has opened.
    char folder[200], path[256];
    struct vch_opened opened;
} scene;

static const char *const PASSPHRASE = ""; // which costs Argon2id least
static const struct vch_digest LEDGER = {"12345678901234567890123456789012"};

static void make_keys(void)
{
    uint8_t seed[32] = {1}, salt[VCH_KEYFILE_RANDOM_SIZE] = {3};

    vch_sign_key(&scene.key, seed);
    seed[0] = 2;
    vch_vrf_key(&scene.vrf, seed);
    CHECK_OK(vch_keyfile_encode(scene.file, &scene.key, PASSPHRASE, salt));
    CHECK_OK(vch_keyfile_encode_vrf(scene.vrf_file, &scene.vrf, PASSPHRASE, salt));
}

// Of sealing_make.
static struct vch_public_key owner_of_weights(void)
{
    uint8_t seed[VCH_SIGN_SEED_SIZE];
    struct vch_secret_key owner;

    sealing_fill(seed, sizeof seed, 0);
    vch_sign_key(&owner, seed);
    return owner.public_key;
}

// On the file as the last one left it.
static void start_again(void)
{
    const struct vch_public_key owner = owner_of_weights();
    struct vch_complaint complaint = {""};

    CHECK_OK(vch_opened_open(&scene.opened, scene.path, &owner, NULL));
    vch_status status = vch_agent_start(&scene.agent, &scene.opened, &complaint);
    CHECK_EQ(scene.opened.file, -1);                                // whatever came of it
    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text); // which fence, and why
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
    make_keys();
}

static void start_empty(void)
{
    folder_make_quick(scene.folder, sizeof scene.folder);
    (void)snprintf(scene.path, sizeof scene.path, "%s/opened", scene.folder);
    start_again();
}

static void start(void)
{
    start_empty();
    CHECK_OK(vch_agent_load(scene.agent, scene.file, sizeof scene.file, PASSPHRASE, NULL));
    CHECK_OK(vch_agent_load_vrf(scene.agent, &LEDGER, scene.vrf_file, sizeof scene.vrf_file,
                                PASSPHRASE, NULL));
}

static void end_agent(void)
{
    vch_agent_free(scene.agent);
    scene.agent = NULL;
}

static void stop(void)
{
    end_agent();
    folder_remove(scene.folder);
}

struct vote {
    uint8_t job[32], segment[8], input[32], output[32];
};

static void list(struct vch_signer_item out[static 5], const struct vote *vote,
                 const struct vch_public_key *node)
{
    out[0] = (struct vch_signer_item){"job", vote->job, 32};
    out[1] = (struct vch_signer_item){"segment", vote->segment, 8};
    out[2] = (struct vch_signer_item){"node", node->bytes, 32};
    out[3] = (struct vch_signer_item){"input", vote->input, 32};
    out[4] = (struct vch_signer_item){"output", vote->output, 32};
}

static vch_status sign_vote(struct vch_signature *out, const struct vote *vote)
{
    const struct vch_signer signer = vch_agent_signer(scene.agent);
    struct vch_signer_item items[5];

    list(items, vote, &scene.key.public_key);
    return vch_signer_sign(&signer, out, "vouch/vote/v1", items, 5);
}

TEST(agent_signatures_equal_those_of_a_key_that_is_here)
{
    const struct vch_signer here = vch_signer_local(&scene.key);
    const struct vote vote = {{1}, {2}, {3}, {4}};
    struct vch_signer_item items[5];
    struct vch_signature mine, other;
    static uint8_t statement[VCH_REQUEST_STATEMENT_MAX] = {0xb2, 0x01, 0xfc, 0x7f}; // dispute_open
    const struct vch_signer_item entry[] = {{"ledger", LEDGER.bytes, 32},
                                            {"statement", statement, sizeof statement}};

    start();
    const struct vch_signer signer = vch_agent_signer(scene.agent);
    CHECK(memcmp(&signer.public_key, &scene.key.public_key, 32) == 0);
    list(items, &vote, &scene.key.public_key);
    CHECK_OK(vch_signer_sign(&here, &mine, "vouch/vote/v1", items, 5));
    CHECK_OK(sign_vote(&other, &vote));
    CHECK(memcmp(&mine, &other, sizeof mine) == 0);
    // As large as a statement may be.
    CHECK_OK(vch_signer_sign(&here, &mine, "vouch/entry/v1", entry, 2));
    CHECK_OK(vch_signer_sign(&signer, &other, "vouch/entry/v1", entry, 2));
    CHECK(memcmp(&mine, &other, sizeof mine) == 0);
    stop();
}

TEST(agent_handshakes_are_signed_and_the_certificate)
{
    uint8_t body[VCH_IDENTITY_BODY_SIZE];
    struct vch_signature signature;

    start();
    const struct vch_signer signer = vch_agent_signer(scene.agent);
    vch_identity_body(body, &scene.key.public_key);
    CHECK_OK(vch_signer_sign_tls(&signer, &signature, body, sizeof body));
    CHECK_OK(vch_sign_verify_bare_message(&scene.key.public_key, body, sizeof body, &signature));
    body[5] ^= 1;
    CHECK_FAILS(vch_signer_sign_tls(&signer, &signature, body, sizeof body), REFUSED);
    stop();
}

TEST(agent_draws_and_nonces_equal_those_of_keys_that_are_here)
{
    const struct vch_digest ledger = LEDGER, other_ledger = {{1}}, subject = {{2}};
    struct vch_vrf_proof mine, other;
    uint8_t secret[32], nonces[2][32], keys[2][32];

    start();
    vch_vrf_prove(&mine, &scene.vrf, subject.bytes, sizeof subject.bytes);
    CHECK_OK(vch_agent_prove(scene.agent, &other, subject.bytes, sizeof subject.bytes));
    CHECK(memcmp(&mine, &other, sizeof mine) == 0);
    CHECK_FAILS(vch_agent_prove(scene.agent, &other, subject.bytes, 31), MALFORMED);
    vch_derive_seat_secret(secret, &scene.key, &ledger);
    for (uint32_t i = 0; i < 600; i++) { // more than are remembered, each twice
        vch_derive_seat_nonce(nonces[0], secret, &subject, i / 2, i % 4 / 2);
        CHECK_OK(vch_agent_seat_nonce(scene.agent, nonces[1], &ledger, &subject, i / 2, i % 4 / 2));
        CHECK(memcmp(nonces[0], nonces[1], 32) == 0);
    }
    vch_derive_runs_key(keys[0], &scene.key, &ledger);
    CHECK_OK(vch_agent_runs_key(scene.agent, keys[1], &ledger));
    CHECK(memcmp(keys[0], keys[1], 32) == 0);
    // On another ledger the same node would draw, too; there it is asked by somebody else.
    CHECK_FAILS(vch_agent_runs_key(scene.agent, keys[1], &other_ledger), REFUSED);
    CHECK_FAILS(vch_agent_seat_nonce(scene.agent, nonces[1], &other_ledger, &subject, 0, 0),
                REFUSED);
    stop();
}

TEST(agent_nothing_is_signed_before_a_key_is_loaded_and_none_is_loaded_twice)
{
    struct vch_complaint complaint = {""};
    const struct vote vote = {{1}, {2}, {3}, {4}};
    struct vch_signature signature;
    struct vch_vrf_proof proof;
    uint8_t nonce[32];
    const struct vch_digest some = {{1}};

    start_empty();
    CHECK_FAILS(sign_vote(&signature, &vote), UNAVAILABLE);
    CHECK_FAILS(vch_agent_prove(scene.agent, &proof, some.bytes, 32), UNAVAILABLE);
    CHECK_FAILS(vch_agent_seat_nonce(scene.agent, nonce, &some, &some, 0, 0), UNAVAILABLE);
    CHECK_FAILS(vch_agent_load(scene.agent, scene.file, sizeof scene.file, "wrong", &complaint),
                REFUSED);
    CHECK(complaint.text[0] != '\0');
    CHECK_FAILS(
        vch_agent_load(scene.agent, scene.vrf_file, sizeof scene.vrf_file, PASSPHRASE, NULL),
        MALFORMED);
    CHECK_FAILS(vch_agent_load(scene.agent, scene.file, 10, PASSPHRASE, NULL), MALFORMED);
    CHECK_FAILS(vch_agent_load_vrf(scene.agent, &LEDGER, scene.vrf_file, sizeof scene.vrf_file,
                                   PASSPHRASE, NULL),
                UNAVAILABLE); // whose?
    CHECK_OK(vch_agent_load(scene.agent, scene.file, sizeof scene.file, PASSPHRASE, NULL));
    CHECK_FAILS(vch_agent_load(scene.agent, scene.file, sizeof scene.file, PASSPHRASE, NULL),
                USAGE);
    CHECK_OK(sign_vote(&signature, &vote));
    stop();
}

// A node that was taken over would draw by a key of its own choice, or try passphrases.
TEST(agent_loads_no_key_once_it_is_at_work)
{
    const struct vote vote = {{1}, {2}, {3}, {4}};
    const struct vch_signer_item entry[] = {{"ledger", LEDGER.bytes, 32}, {"statement", "b\0", 2}};
    struct vch_signature signature;
    struct vch_vrf_proof proof;
    uint8_t key[32];

    start_empty();
    CHECK_OK(vch_agent_load(scene.agent, scene.file, sizeof scene.file, PASSPHRASE, NULL));
    CHECK_OK(sign_vote(&signature, &vote));
    CHECK_FAILS(vch_agent_load_vrf(scene.agent, &LEDGER, scene.vrf_file, sizeof scene.vrf_file,
                                   PASSPHRASE, NULL),
                USAGE);
    CHECK_FAILS(vch_agent_prove(scene.agent, &proof, LEDGER.bytes, 32), UNAVAILABLE);
    // Without a seat it works for no ledger.
    const struct vch_signer signer = vch_agent_signer(scene.agent);
    CHECK_FAILS(vch_signer_sign(&signer, &signature, "vouch/entry/v1", entry, 2), REFUSED);
    CHECK_FAILS(vch_agent_runs_key(scene.agent, key, &LEDGER), REFUSED);
    stop();
}

// What else a key signs somewhere, by its name and form.
static const struct {
    const char *protocol;
    uint32_t count;
    struct vch_signer_item items[VCH_SIGNER_ITEMS_MAX];
} FOREIGN[] = {
    {"vouch/registry/v1", 1, {{"registry", "bytes", 5}}},
    {"vouch/vote/v2", 1, {{"job", "bytes", 5}}},
    {"vouch/vote/v", 1, {{"job", "bytes", 5}}},
    {"vouch/vote/v1", 1, {{"job", "12345678901234567890123456789012", 32}}}, // not all of it
    {"vouch/vote/v1", 1, {{"job", "short", 5}}},
    {"vouch/entry/v1",
     2,
     {{"statement", "b\0", 2}, {"ledger", "12345678901234567890123456789012", 32}}},
    {"vouch/entry/v1",
     2,
     {{"ledger", "12345678901234567890123456789012", 32}, {"statement", "", 0}}},
    {"vouch/entry/v1",
     3,
     {{"ledger", "12345678901234567890123456789012", 32},
      {"statement", "b\0", 2},
      {"more", "b", 1}}},
    {"vouch/entry/v1",
     2,
     {{"ledger", "12345678901234567890123456789012", 32}, {"statement", "*\0", 2}}}, // withdraw
    {"vouch/entry/v1",
     2,
     {{"ledger", "12345678901234567890123456789012", 32},
      {"statement", "\010\001b\0", 4}}}, // a number
    {"vouch/entry/v1",
     2,
     {{"ledger", "12345678901234567890123456789012", 32},
      {"statement", "b\0*\0", 4}}}, // and a withdrawal
    {"vouch/entry/v1",
     2,
     {{"ledger", "12345678901234567890123456789012", 32}, {"statement", "b\001", 2}}}, // cut off
    {"vouch/entry/v1",
     2,
     {{"ledger", "12345678901234567890123456789012", 32},
      {"statement", "\342\200\0\0", 4}}}, // a longer tag
    {"vouch/entry/v1",
     2,
     {{"ledger", "another ledger, not this node's.", 32}, {"statement", "b\0", 2}}},
    {"vouch/seat-secret/v1", 2, {{"seed", "a", 1}, {"ledger", "b", 1}}},
};

TEST(agent_what_a_node_never_signs_is_refused)
{
    struct vch_signature signature;
    struct vch_signer_item items[5];
    const struct vch_public_key other = {{9}};
    const struct vote vote = {{1}, {2}, {3}, {4}};

    start();
    const struct vch_signer signer = vch_agent_signer(scene.agent);
    for (size_t i = 0; i < sizeof FOREIGN / sizeof *FOREIGN; i++) {
        vch_status status = vch_signer_sign(&signer, &signature, FOREIGN[i].protocol,
                                            FOREIGN[i].items, FOREIGN[i].count);
        if (status.code != VCH_CODE_REFUSED && status.code != VCH_CODE_MALFORMED)
            test_fail(__FILE__, __LINE__, "%zu: %s", i, vch_code_text(status.code));
    }
    list(items, &vote, &other); // a vote in another's name
    CHECK_FAILS(vch_signer_sign(&signer, &signature, "vouch/vote/v1", items, 5), REFUSED);
    list(items, &vote, &scene.key.public_key);
    CHECK_OK(vch_signer_sign(&signer, &signature, "vouch/vote/v1", items, 5)); // it goes on
    const struct vch_signer_item entry[] = {{"ledger", LEDGER.bytes, 32}, {"statement", "b\0", 2}};
    CHECK_OK(vch_signer_sign(&signer, &signature, "vouch/entry/v1", entry, 2)); // and signs such
    stop();
}

static struct sealing sealing;
static struct showing showing;

static uint64_t now_s(void)
{
    return vch_clock_unix_ms() / 1000;
}

// Release `counter`, to the agent's key, made and ended so many seconds from now.
static void release_at(uint8_t out[static VCH_GRANT_SIZE], uint64_t size, uint64_t counter,
                       int64_t from_s, int64_t until_s)
{
    uint8_t seed[32] = {7};

    sealing_make(&sealing, size, counter);
    showing_make(&showing);
    memcpy(showing.bound.sealing_key, vch_agent_sealing_key(scene.agent)->bytes, 32);
    showing_judge(&showing);
    const struct vch_grant_terms terms = {.manifest = vch_sealed_digest(&sealing.sealed),
                                          .policy = showing.bound.policy,
                                          .time_s = now_s() + (uint64_t)from_s,
                                          .expiry_s = now_s() + (uint64_t)until_s};
    const struct vch_grant_basis basis = {
        .verdict = &showing.verdict, .binder = showing.binder, .policy_end_s = UINT64_MAX};
    CHECK_OK(vch_grant_make(out, &basis, &sealing.sealed, &terms, sealing.key, seed, NULL));
}

static void release(uint8_t out[static VCH_GRANT_SIZE], uint64_t size, uint64_t counter)
{
    release_at(out, size, counter, 0, 600);
}

static vch_status take(const uint8_t *grant)
{
    const struct vch_unsealer unsealer = vch_agent_unsealer(scene.agent);
    uint8_t manifest[VCH_SEALED_MANIFEST_SIZE];

    vch_sealed_encode(manifest, &sealing.sealed);
    return unsealer.take(unsealer.context, grant, VCH_GRANT_SIZE, showing.binder, manifest, NULL);
}

static vch_status begin(size_t count)
{
    const struct vch_unsealer unsealer = vch_agent_unsealer(scene.agent);

    return unsealer.begin(unsealer.context, sealing.digests, count, NULL);
}

static vch_status end(void)
{
    const struct vch_unsealer unsealer = vch_agent_unsealer(scene.agent);

    return unsealer.end(unsealer.context, NULL);
}

TEST(agent_weights_are_opened_under_a_key_that_stays_there)
{
    static uint8_t opened[VCH_SEALED_CHUNK_SIZE];
    uint8_t grant[VCH_GRANT_SIZE];

    start_empty(); // it needs no identity for that
    const struct vch_unsealer unsealer = vch_agent_unsealer(scene.agent);
    release(grant, SEALING_SIZE, 1);
    CHECK_OK(take(grant));
    CHECK_OK(begin(SEALING_CHUNKS));
    for (size_t i = 0; i < SEALING_CHUNKS; i++) {
        const size_t size = vch_sealed_chunk_size(&sealing.sealed, i);
        sealing.chunks[i][5] ^= 1;
        CHECK_FAILS(unsealer.open(unsealer.context, opened, size, sealing.chunks[i],
                                  sealing.sizes[i], NULL),
                    BAD_PROOF);
        sealing.chunks[i][5] ^= 1;
        CHECK_OK(unsealer.open(unsealer.context, opened, size, sealing.chunks[i], sealing.sizes[i],
                               NULL));
        for (size_t k = 0; k < size; k += 97)
            CHECK_EQ(opened[k], sealing_weight(i * VCH_SEALED_CHUNK_SIZE + k));
    }
    CHECK_OK(end());
    CHECK_FAILS(end(), TRUNCATED); // it is forgotten
    stop();
}

TEST(agent_a_release_that_is_not_for_this_agent_is_refused)
{
    uint8_t grant[VCH_GRANT_SIZE];

    start_empty();
    release(grant, 1000, 1);
    grant[VCH_GRANT_SIZE - 1] ^= 1;
    CHECK_FAILS(take(grant), REFUSED);
    grant[VCH_GRANT_SIZE - 1] ^= 1;
    showing.binder[30] ^= 1; // made for another connection
    CHECK_FAILS(take(grant), REFUSED);
    showing.binder[30] ^= 1;
    end_agent();
    start_again(); // another process has another key
    CHECK_FAILS(take(grant), REFUSED);
    stop();
}

// Nobody who asks says what the time is.
TEST(agent_a_release_that_has_expired_by_its_own_clock_is_refused)
{
    uint8_t grant[VCH_GRANT_SIZE];

    start_empty();
    release_at(grant, 1000, 1, -1000, -1);
    CHECK_FAILS(take(grant), REFUSED);
    release_at(grant, 1000, 1, -1000, 600);
    CHECK_OK(take(grant));
    stop();
}

// Otherwise a node that was taken over could fill the file with what it sealed itself.
TEST(agent_weights_of_another_owner_are_refused)
{
    uint8_t grant[VCH_GRANT_SIZE], seed[VCH_SIGN_SEED_SIZE] = {9}, new_seed[32] = {8};
    struct vch_secret_key other;

    start_empty();
    release(grant, 1000, 1);
    vch_sign_key(&other, seed);
    sealing.sealed.owner = other.public_key;
    sealing_chunks(&sealing);
    CHECK_OK(vch_sealed_sign(&sealing.sealed, &other));
    const struct vch_grant_terms terms = {.manifest = vch_sealed_digest(&sealing.sealed),
                                          .policy = showing.bound.policy,
                                          .time_s = now_s(),
                                          .expiry_s = now_s() + 600};
    const struct vch_grant_basis basis = {
        .verdict = &showing.verdict, .binder = showing.binder, .policy_end_s = UINT64_MAX};
    CHECK_OK(vch_grant_make(grant, &basis, &sealing.sealed, &terms, sealing.key, new_seed, NULL));
    CHECK_FAILS(take(grant), REFUSED);
    end_agent();
    CHECK_OK(vch_agent_start(&scene.agent, NULL, NULL)); // of nobody's weights
    release(grant, 1000, 1);
    CHECK_FAILS(take(grant), REFUSED);
    stop();
}

static off_t size_of_file(void)
{
    struct stat facts;

    CHECK_EQ(stat(scene.path, &facts), 0);
    return facts.st_size;
}

// The node that asks may say what it likes, forget what it was told, and be killed: an older
// release is not opened after a newer one had begun to be, by this agent or the next.
TEST(agent_opens_no_release_older_than_one_that_was_begun)
{
    uint8_t newer[VCH_GRANT_SIZE], older[VCH_GRANT_SIZE];

    start_empty();
    release(older, 1000, 1);
    CHECK_OK(take(older)); // nothing newer was begun
    CHECK_FAILS(end(), TRUNCATED);
    release(newer, 1000, 2);
    CHECK_OK(take(newer));
    CHECK_FAILS(begin(2), BAD_PROOF); // what cannot be opened puts nothing out of reach
    CHECK_EQ(size_of_file(), 0);
    CHECK_OK(begin(1));
    CHECK_EQ(size_of_file(), VCH_COUNTERS_RECORD_SIZE); // on disk, before any chunk is open
    CHECK_FAILS(end(), TRUNCATED);
    release(older, 1000, 1);
    CHECK_FAILS(take(older), REFUSED);
    release(newer, 1000, 2);
    CHECK_OK(take(newer)); // the same one again
    CHECK_OK(begin(1));
    CHECK_EQ(size_of_file(), VCH_COUNTERS_RECORD_SIZE);
    end_agent(); // by SIGKILL
    start_again();
    release(older, 1000, 1);
    CHECK_FAILS(take(older), REFUSED);
    release(newer, 1000, 3);
    CHECK_OK(take(newer));
    stop();
}

TEST(agent_opens_nothing_where_its_counter_cannot_be_written)
{
    uint8_t grant[VCH_GRANT_SIZE], opened[1000];

    const struct vch_public_key owner = owner_of_weights();

    start_empty();
    end_agent();
    CHECK_OK(vch_opened_open(&scene.opened, scene.path, &owner, NULL));
    int reading = open(scene.path, O_RDONLY | O_CLOEXEC); // it cannot be written by that
    CHECK(reading >= 0 && dup2(reading, scene.opened.file) >= 0 && close(reading) == 0);
    CHECK_OK(vch_agent_start(&scene.agent, &scene.opened, NULL));
    const struct vch_unsealer unsealer = vch_agent_unsealer(scene.agent);
    release(grant, 1000, 1);
    CHECK_OK(take(grant));
    CHECK_FAILS(begin(1), IO);
    CHECK_FAILS(unsealer.open(unsealer.context, opened, 1000, sealing.chunks[0], 1017, NULL),
                USAGE);
    CHECK_EQ(size_of_file(), 0);
    stop();
}

TEST(agent_releases_are_opened_in_order_alone)
{
    uint8_t grant[VCH_GRANT_SIZE], opened[1000];

    start_empty();
    const struct vch_unsealer unsealer = vch_agent_unsealer(scene.agent);
    release(grant, 1000, 1);
    CHECK_FAILS(begin(1), USAGE);
    CHECK_FAILS(unsealer.open(unsealer.context, opened, 1000, sealing.chunks[0], 1017, NULL),
                USAGE);
    CHECK_OK(take(grant));
    CHECK_FAILS(take(grant), USAGE);
    CHECK_FAILS(unsealer.open(unsealer.context, opened, 1000, sealing.chunks[0], 1017, NULL),
                USAGE);
    CHECK_FAILS(begin(2), BAD_PROOF);
    CHECK_OK(begin(1));
    CHECK_FAILS(begin(1), USAGE);
    CHECK_FAILS(take(grant), USAGE);
    CHECK_FAILS(end(), TRUNCATED); // not all were opened
    CHECK_OK(take(grant));
    stop();
}

static void *sign_many(void *number)
{
    struct vote vote = {{1}, {2}, {3}, {4}};
    struct vch_signature signature;

    for (uint8_t i = 0; i < 50; i++) {
        vote.output[0] = i;
        vote.output[1] = *(uint8_t *)number;
        if (!vch_is_ok(sign_vote(&signature, &vote))) return number;
        struct vch_signer_item items[5];
        list(items, &vote, &scene.key.public_key);
        const struct vch_digest digest = vch_signer_digest("vouch/vote/v1", items, 5);
        if (!vch_is_ok(vch_sign_verify(&scene.key.public_key, &digest, &signature))) return number;
    }
    return NULL;
}

TEST(agent_threads_take_turns)
{
    uint8_t numbers[4] = {0, 1, 2, 3};
    pthread_t threads[4];
    void *failed = NULL;

    start();
    for (size_t i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, sign_many, &numbers[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(pthread_join(threads[i], &failed), 0);
        CHECK(failed == NULL);
    }
    stop();
}

TEST(agent_is_confined_and_says_where_its_keys_lie)
{
    start();
    const struct vch_agent_facts *facts = vch_agent_facts(scene.agent);
    CHECK_EQ(facts->fences.fences[VCH_FENCE_SYSCALLS].outcome, VCH_FENCE_GRANTED);
    CHECK_EQ(facts->fences.fences[VCH_FENCE_DUMPABLE].outcome, VCH_FENCE_GRANTED);
    printf("# %s\n", vch_secret_home_name(facts->home));
    stop();
}

TEST(agent_takes_locked_memory_where_there_is_none_that_the_kernel_does_not_map)
{
    struct vch_profile profile = vch_profile_key_agent(NULL);
    struct vch_process_hello hello;
    struct vch_complaint complaint = {""};
    struct vch_child child;

    profile.calls &= ~(uint32_t)VCH_PROFILE_SECRETS; // memfd_secret is refused
    vch_status status = vch_child_start(&child, &profile, vch_process_work, NULL, &complaint);
    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text);
    CHECK_OK(vch_child_read(child.channel, &hello, sizeof hello));
    CHECK(hello.has_memory);
    CHECK_EQ(hello.home, VCH_SECRET_LOCKED);
    CHECK(vch_secret_notice(hello.home) != NULL);
    CHECK_OK(vch_child_end(&child, NULL));
}

static void ask(const uint8_t *bytes, size_t size)
{
    const struct vch_profile profile = vch_profile_key_agent(NULL);
    struct vch_process_hello hello;
    struct vch_complaint complaint = {""};
    struct vch_child child;
    uint8_t byte = 0;

    vch_status status = vch_child_start(&child, &profile, vch_process_work, NULL, &complaint);
    if (status.code == VCH_CODE_REFUSED) test_skip(complaint.text);
    CHECK_OK(vch_child_read(child.channel, &hello, sizeof hello));
    CHECK_OK(vch_child_write(child.channel, bytes, size));
    vch_status read = vch_child_read(child.channel, &byte, 1);
    CHECK(read.code == VCH_CODE_TRUNCATED || read.code == VCH_CODE_IO); // it has hung up
    CHECK_OK(vch_child_end(&child, NULL));
}

TEST(agent_ends_where_a_request_cannot_be_one)
{
    static uint8_t bytes[64];

    vch_put_u32le(bytes, VCH_REQUEST_PROVE);
    vch_put_u32le(bytes + 4, UINT32_MAX); // as long as nothing is
    ask(bytes, VCH_REQUEST_HEAD_SIZE);
    vch_put_u32le(bytes + 4, 33);
    ask(bytes, VCH_REQUEST_HEAD_SIZE);
    vch_put_u32le(bytes, VCH_REQUEST_KINDS);
    vch_put_u32le(bytes + 4, 1);
    ask(bytes, VCH_REQUEST_HEAD_SIZE + 1);
    vch_put_u32le(bytes, VCH_REQUEST_END); // and something after it
    vch_put_u32le(bytes + 4, 0);
    ask(bytes, VCH_REQUEST_HEAD_SIZE + 1);
}
