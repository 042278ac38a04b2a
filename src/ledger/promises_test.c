// Promises of witnesses: their list, where drafts are found again, and what is signed of the rest.
#include "ledger/promises.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "harness/test.h"
#include "tlog/refusal.h"

static const uint64_t NOW_MS = 1790000000000;
static const struct vch_digest ledger = {{0x1d}};
static struct vch_promises promises;
static struct vch_promises_places places;

static vch_status decode(const char *text)
{
    return vch_promises_decode(&promises, text, strlen(text));
}

TEST(promises_are_lists_of_times_and_drafts)
{
    static const char *const lies[] = {"1",         "1\n",       "1 \n\n",    "x AAAA\n",
                                       "01 AAAA\n", " AAAA\n",   "1  AAAA\n", "1 AAA\n",
                                       "1 AAAA",    "1 AAAA\n2", "1 AB==\n"};
    static char big[65536];
    size_t size = 0;

    CHECK_OK(decode(""));
    CHECK_EQ(promises.count, 0);
    CHECK_OK(decode("1790000000000 AAAA\n5 AQ==\n"));
    CHECK_EQ(promises.count, 2);
    CHECK(promises.all[1].size == 1 && promises.all[1].draft[0] == 1);
    FOR_EACH(lie, lies) CHECK(!vch_is_ok(decode(*lie)));
    for (uint32_t i = 0; i <= VCH_PROMISES_MAX; i++) {
        if (i > 0) CHECK_OK(decode(big));
        size += (size_t)snprintf(big + size, sizeof big - size, "1 AAAA\n");
    }
    CHECK_FAILS(decode(big), LIMIT);
    memset(big, 'A', sizeof big);
    memcpy(big, "1 ", 2);
    memcpy(big + 2 + VCH_BASE64_SIZE(VCH_PROMISES_DRAFT_MAX + 1), "\n", 2);
    CHECK(!vch_is_ok(decode(big)));
}

// A commit of somebody, signed, as the entry it becomes.
static void write_commit(struct vch_entry *entry, uint8_t **draft, size_t *size,
                         struct vch_arena *arena)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {7};
    struct vch_secret_key writer;

    *entry = (struct vch_entry){.kind = VCH_ENTRY_COMMIT};
    entry->contest.subject.bytes[0] = (uint8_t)test_below(256);
    entry->commit.commitment.bytes[0] = (uint8_t)test_below(256);
    vch_sign_key(&writer, seed);
    CHECK_OK(vch_entry_sign(entry, &ledger, &writer, arena, NULL));
    CHECK_OK(vch_entry_encode(draft, size, entry, arena, NULL));
    entry->time_ms = NOW_MS;
}

static void promise(const uint8_t *draft, size_t size)
{
    promises.count = 1;
    promises.all[0].size = size;
    memcpy(promises.all[0].draft, draft, size);
    promises.all[0].digest = vch_hash_bytes(draft, size);
}

static void never_submit(void *context, const uint8_t *draft, size_t size)
{
    (void)context, (void)draft, (void)size;
    test_fail(__FILE__, __LINE__, "an unknown contest's commit was submitted");
}

TEST(promises_are_answered_by_place_or_by_a_signed_refusal)
{
    static const uint8_t seed[VCH_SIGN_SEED_SIZE] = {1};
    const struct vch_state_setup setup = {.limits = vch_state_default_limits(),
                                          .checks = vch_state_full_checks()};
    struct vch_state *state = NULL;
    struct vch_secret_key clerk;
    struct vch_arena arena;
    struct vch_entry entry;
    uint8_t *draft = NULL;
    size_t size = 0;

    vch_arena_init(&arena, (size_t)1 << 30);
    vch_sign_key(&clerk, seed);
    CHECK_OK(vch_state_new(&state, &setup, &arena));
    const struct vch_promises_judge judge = {.places = &places,
                                             .state = state,
                                             .now_ms = NOW_MS,
                                             .ledger = &ledger,
                                             .clerk = &clerk,
                                             .submit = never_submit};
    struct vch_digest root = vch_state_root(state);

    write_commit(&entry, &draft, &size, &arena);
    promise(draft, size);
    vch_promises_settle(&promises, &judge, 0, &root);
    CHECK_EQ(promises.all[0].fate, VCH_PROMISES_REFUSED);
    struct vch_digest digest = vch_refusal_digest(&ledger, 0, &root, NOW_MS, draft, size);
    CHECK_OK(vch_sign_verify(&clerk.public_key, &digest, &promises.all[0].refusal));
    CHECK_EQ(promises.all[0].refused_ms, NOW_MS);

    vch_promises_settle(&promises, &judge, 5, &root); // the state is another's: nothing is signed
    CHECK_EQ(promises.all[0].fate, VCH_PROMISES_OPEN);

    uint8_t *bytes = NULL;
    size_t bytes_size = 0;
    CHECK_OK(vch_entry_encode(&bytes, &bytes_size, &entry, &arena, NULL));
    vch_promises_note(&places, 41, &entry, bytes, bytes_size); // its entry came into the log
    vch_promises_settle(&promises, &judge, 41, &root);
    CHECK_EQ(promises.all[0].fate, VCH_PROMISES_OPEN); // but this checkpoint ends before it
    vch_promises_settle(&promises, &judge, 42, &root);
    CHECK_EQ(promises.all[0].fate, VCH_PROMISES_INCLUDED);
    CHECK_EQ(promises.all[0].position, 41);
    vch_arena_release(&arena);
}
