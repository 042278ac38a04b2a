// A follower takes what follows from the charter at hand, and nothing else.
#include "member/follower.h"

#include <stdio.h>
#include <string.h>

#include "harness/test.h"
#include "member/charter_file.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"
#include "tlog/tree.h"

enum { WITNESSES = 4, LOG_MAX = 32 };

static struct {
    struct vch_arena arena;
    struct vch_secret_key founder, clerk, witnesses[WITNESSES];
    struct vch_charter charter;
    uint8_t *file;
    size_t file_size;
    struct vch_registry registry;
    uint8_t *registry_bytes;
    size_t registry_size;
    struct vch_follower_bytes log[LOG_MAX];
    uint32_t count;
    uint64_t number;
    struct vch_tree tree;
    struct vch_follower *follower;
    struct vch_complaint complaint;
} f;

static struct vch_secret_key key_of(uint8_t number)
{
    struct vch_secret_key key;
    uint8_t seed[VCH_SIGN_SEED_SIZE] = {number};

    vch_sign_key(&key, seed);
    return key;
}

static void push(const uint8_t *draft, size_t size)
{
    uint8_t *bytes = NULL;
    size_t stamped = 0;

    CHECK(f.count < LOG_MAX);
    CHECK_OK(vch_entry_stamp(&bytes, &stamped, draft, size, 1700000000000 + f.count, &f.arena));
    f.log[f.count++] = (struct vch_follower_bytes){bytes, stamped};
    struct vch_digest leaf = vch_merkle_leaf(bytes, stamped);
    (void)vch_tree_append(&f.tree, &leaf, NULL);
}

static void say(struct vch_entry entry, const struct vch_secret_key *writer)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (entry.kind <= VCH_ENTRY_JOB_OPEN) entry.number = ++f.number;
    CHECK_OK(vch_entry_sign(&entry, &f.charter.id, writer, &f.arena, &f.complaint));
    CHECK_OK(vch_entry_encode(&bytes, &size, &entry, &f.arena, &f.complaint));
    push(bytes, size);
}

static void deposit(uint64_t amount)
{
    say((struct vch_entry){.kind = VCH_ENTRY_DEPOSIT, .deposit = {f.clerk.public_key, amount}},
        &f.founder);
}

static void cosign(struct vch_entry *anchor, uint32_t witness, const char *text, size_t size)
{
    struct vch_entry_cosignature *out = &anchor->anchor.cosignatures[anchor->anchor.count++];
    char message[512];

    *out = (struct vch_entry_cosignature){.witness = witness, .time_s = 1700000000};
    int used =
        snprintf(message, sizeof message, "cosignature/v1\ntime 1700000000\n%.*s", (int)size, text);
    vch_sign_bare_message(&out->signature, &f.witnesses[witness], message, (size_t)used);
}

// The clerk's word, and so many witnesses', that the tree so far has this root.
static void anchor(const struct vch_digest *root, uint32_t witnesses)
{
    struct vch_entry entry = {.kind = VCH_ENTRY_ANCHOR};
    struct vch_checkpoint checkpoint = {.size = f.count, .root = *root};
    char text[VCH_CHECKPOINT_TEXT_MAX + 1];

    (void)snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", f.charter.origin);
    size_t size = vch_checkpoint_encode(text, &checkpoint);
    entry.anchor.size = f.count;
    entry.anchor.root = *root;
    for (uint32_t i = 0; i < witnesses; i++)
        cosign(&entry, i, text, size);
    say(entry, &f.clerk);
}

static void make_charter(uint8_t nonce)
{
    f.charter = (struct vch_charter){.origin = "test.example/ledger",
                                     .founder = f.founder.public_key,
                                     .clerk = f.clerk.public_key,
                                     .witness_count = WITNESSES,
                                     .parameters = vch_charter_default_parameters(),
                                     .nonce = {nonce}};
    for (uint32_t i = 0; i < WITNESSES; i++) {
        f.charter.witnesses[i].key = f.witnesses[i].public_key;
        (void)snprintf(f.charter.witnesses[i].name, sizeof f.charter.witnesses[i].name, "w%u", i);
    }
    CHECK_OK(vch_charter_file_encode(&f.file, &f.file_size, &f.charter, &f.founder, &f.arena,
                                     &f.complaint));
}

static void make_keys(void)
{
    f.founder = key_of(1);
    f.clerk = key_of(2);
    for (uint32_t i = 0; i < WITNESSES; i++) {
        f.witnesses[i] = key_of((uint8_t)(10 + i));
        for (uint32_t j = i;
             j > 0 && memcmp(&f.witnesses[j - 1].public_key, &f.witnesses[j].public_key, 32) > 0;
             j--) {
            struct vch_secret_key kept = f.witnesses[j];
            f.witnesses[j] = f.witnesses[j - 1];
            f.witnesses[j - 1] = kept;
        }
    }
}

// A charter, a deposit, an anchor of both, a registry, a deposit.
static void set_up(void)
{
    struct vch_follower_setup setup = {.limits = {.accounts = 8,
                                                  .jobs = 2,
                                                  .contests = 4,
                                                  .seats = 16,
                                                  .disputes = 2,
                                                  .candidates = 8,
                                                  .holdings = 8,
                                                  .exclusions = 4,
                                                  .registries = 4}};
    static struct vch_member member;

    memset(&f, 0, sizeof f);
    vch_arena_init(&f.arena, 64 << 20);
    make_keys();
    make_charter(7);
    f.number = 1;
    push(f.file, f.file_size);
    deposit(10);
    struct vch_digest root = vch_tree_root(&f.tree);
    anchor(&root, 3);
    member = (struct vch_member){
        .key = f.clerk.public_key, .operator_name = "us", .role = VCH_ROLE_CLIENT};
    f.registry =
        (struct vch_registry){.network = "net", .serial = 1, .member_count = 1, .members = &member};
    CHECK_OK(vch_registry_encode(&f.registry_bytes, &f.registry_size, &f.registry, &f.founder,
                                 &f.arena, &f.complaint));
    say((struct vch_entry){.kind = VCH_ENTRY_REGISTRY, .registry = {f.registry.digest, 1}},
        &f.founder);
    deposit(5);
    setup.charter = f.charter;
    CHECK_OK(vch_follower_new(&f.follower, &setup, &f.complaint));
}

static void tear_down(void)
{
    vch_follower_free(f.follower);
    vch_arena_release(&f.arena);
}

static vch_status take(uint64_t from, uint32_t count)
{
    f.complaint.text[0] = '\0';
    return vch_follower_take(f.follower, from, f.log + from, count, &f.complaint);
}

TEST(follower_takes_a_log_and_waits_for_the_registry_that_it_lacks)
{
    set_up();
    CHECK_OK(take(0, 2));
    CHECK_OK(take(0, f.count)); // what it knows is passed over
    CHECK_EQ(vch_follower_next(f.follower), 3);
    const struct vch_digest *missing = vch_follower_missing(f.follower);
    CHECK(missing != NULL && vch_hash_is_equal(missing, &f.registry.digest));
    CHECK_OK(vch_follower_give_registry(f.follower, f.registry_bytes, f.registry_size, NULL));
    CHECK(vch_follower_missing(f.follower) == NULL);
    CHECK_OK(take(3, 2));
    CHECK_EQ(vch_follower_next(f.follower), 5);
    CHECK_EQ(vch_state_anchored(vch_follower_state(f.follower)), 2);
    struct vch_digest ours = vch_tree_root(&f.tree);
    struct vch_digest its = vch_state_root(vch_follower_state(f.follower));
    CHECK(vch_hash_is_equal(&ours, &its));
    const struct vch_account *account =
        vch_state_account(vch_follower_state(f.follower), &f.clerk.public_key);
    CHECK_EQ(account->balance, 15);
    tear_down();
}

TEST(follower_refuses_a_gap)
{
    set_up();
    CHECK_OK(take(0, 1));
    CHECK_FAILS(take(2, 1), REFUSED);
    CHECK_EQ(vch_follower_next(f.follower), 1);
    tear_down();
}

TEST(follower_refuses_the_log_of_another_charter)
{
    set_up();
    make_charter(8);
    uint8_t *bytes = NULL;
    size_t size = 0;
    CHECK_OK(vch_entry_stamp(&bytes, &size, f.file, f.file_size, 1, &f.arena));
    f.log[0] = (struct vch_follower_bytes){bytes, size};
    CHECK_FAILS(take(0, 1), REFUSED);
    CHECK_FAILS(take(0, 0), NONE);
    tear_down();
}

TEST(follower_refuses_an_entry_that_its_writer_did_not_sign)
{
    set_up();
    CHECK_OK(take(0, 1));
    uint8_t *changed = vch_arena_alloc(&f.arena, f.log[1].size, 1);
    memcpy(changed, f.log[1].bytes, f.log[1].size);
    changed[f.log[1].size - 1] ^= 1; // of the signature
    f.log[1].bytes = changed;
    CHECK_FAILS(take(1, 1), BAD_PROOF);
    CHECK_EQ(vch_follower_next(f.follower), 1);
    tear_down();
}

TEST(follower_refuses_an_anchor_of_another_root_or_of_too_few_witnesses)
{
    struct vch_digest root = {{1}};

    set_up();
    f.count = 2;
    anchor(&root, WITNESSES); // all witnesses lie, and the follower has computed the root itself
    CHECK_OK(take(0, 2));
    CHECK(!vch_is_ok(take(2, 1)));
    f.count = 2;
    root = vch_state_root(vch_follower_state(f.follower));
    anchor(&root, 2);
    CHECK(!vch_is_ok(take(2, 1)));
    f.count = 2;
    anchor(&root, 3);
    CHECK_OK(take(2, 1));
    tear_down();
}

TEST(follower_refuses_what_is_no_entry_and_registries_of_other_founders)
{
    struct vch_secret_key stranger = key_of(99);
    uint8_t *bytes = NULL;
    size_t size = 0;

    set_up();
    CHECK_OK(take(0, 3));
    f.log[3] = (struct vch_follower_bytes){(const uint8_t *)"nonsense", 8};
    CHECK_FAILS(take(3, 1), MALFORMED);
    CHECK_OK(vch_registry_encode(&bytes, &size, &f.registry, &stranger, &f.arena, NULL));
    CHECK_FAILS(vch_follower_give_registry(f.follower, bytes, size, NULL), REFUSED);
    tear_down();
}

TEST(charter_file_counts_only_under_its_founder)
{
    struct vch_secret_key stranger = key_of(99);
    struct vch_charter out;

    set_up();
    CHECK_OK(vch_charter_file_decode(&out, f.file, f.file_size, &f.founder.public_key, NULL));
    CHECK(vch_hash_is_equal(&out.id, &f.charter.id));
    CHECK_OK(vch_charter_file_decode(&out, f.file, f.file_size, NULL, NULL));
    CHECK_FAILS(vch_charter_file_decode(&out, f.file, f.file_size, &stranger.public_key, NULL),
                REFUSED);
    f.file[f.file_size - 1] ^= 1;
    CHECK_FAILS(vch_charter_file_decode(&out, f.file, f.file_size, NULL, NULL), BAD_PROOF);
    CHECK(!vch_is_ok(vch_charter_file_decode(&out, f.log[1].bytes, f.log[1].size, NULL, NULL)));
    tear_down();
}
