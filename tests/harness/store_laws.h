// What every engine of the store must do. A test of an engine includes this, and says where a new
// log can be: `laws_where` sets out a place nobody has used.
#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/stores.h"

enum { LAWS_WHERE_MAX = 512 };

static void laws_where(char out[LAWS_WHERE_MAX]);

static struct stores_group laws_group;

static struct vch_store *laws_new(char where[LAWS_WHERE_MAX])
{
    laws_where(where);
    return stores_open(where, true);
}

static struct vch_store_head laws_head(struct vch_store *store)
{
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};

    stores_must(vch_store_head(store, &head, &complaint), &complaint);
    return head;
}

static void laws_all_there(struct vch_store *store, uint32_t seed, uint64_t size)
{
    struct vch_store_head head = laws_head(store);
    struct vch_digest root = stores_root(seed, 0, (uint32_t)size);
    vch_status how = VCH_OK;

    CHECK_EQ(head.size, size);
    CHECK(vch_hash_is_equal(&head.root, &root));
    CHECK_EQ(stores_read(store, seed, 0, &how), size);
    CHECK_OK(how);
}

static void laws_audit(struct vch_store *store)
{
    struct vch_complaint complaint = {0};

    stores_must(vch_store_audit(store, &complaint), &complaint);
}

TEST(store_is_made_only_when_asked)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store_options options = {.patience_ms = 60000};
    struct vch_complaint complaint = {0};
    struct vch_store *store = NULL;

    laws_where(where);
    CHECK_FAILS(vch_store_open(&store, where, &options, &complaint), REFUSED);
    CHECK(store == NULL && complaint.text[0] != '\0');
    vch_store_close(stores_open(where, true));
    vch_store_close(stores_open(where, true));
    store = stores_open(where, false);
    laws_all_there(store, 0, 0);
    laws_audit(store);
    vch_store_close(store);
}

TEST(store_gives_back_what_was_appended_also_after_opening_again)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    uint32_t seed = test_below(1 << 30);
    uint64_t size = 0;

    for (int i = 0; i < 12; i++) {
        size += 1 + test_below(i % 2 == 0 ? 3 : 150);
        stores_grow(store, seed, size, VCH_STORE_GROUP_MAX);
        laws_all_there(store, seed, size);
        if (i % 3 > 0) continue;
        vch_store_close(store);
        store = stores_open(where, false);
        laws_all_there(store, seed, size);
    }
    laws_audit(store);
    vch_store_close(store);
}

TEST(store_held_for_many_reads_hinders_nobody_and_goes_on)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where), *other = NULL;
    struct vch_complaint complaint = {0};
    uint32_t seed = test_below(1 << 30);
    vch_status how = VCH_OK;

    stores_grow(store, seed, 100, VCH_STORE_GROUP_MAX);
    other = stores_open(where, false);
    stores_must(vch_store_hold(store, &complaint), &complaint);
    CHECK(stores_read(store, seed, 0, &how) >= 100);
    stores_grow(other, seed, 150, VCH_STORE_GROUP_MAX);
    CHECK(stores_read(store, seed, 0, &how) >= 100);
    CHECK_OK(how);
    vch_store_let_go(store);
    vch_store_let_go(store); // nothing is held
    laws_all_there(store, seed, 150);
    stores_grow(store, seed, 160, VCH_STORE_GROUP_MAX);
    laws_all_there(other, seed, 160);
    laws_audit(store);
    vch_store_close(other);
    vch_store_close(store);
}

TEST(store_takes_any_bytes_up_to_its_limits)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};
    static uint8_t large[VCH_STORE_ENTRY_SIZE_MAX + 1];
    struct vch_store_entry entries[17] = {{NULL, 0}, {large, 1}};

    memset(large, 0xff, sizeof large);
    stores_must(vch_store_append(store, 0, entries, 2, &head, &complaint), &complaint);
    for (int i = 0; i < 17; i++)
        entries[i] = (struct vch_store_entry){large, VCH_STORE_ENTRY_SIZE_MAX};
    stores_must(vch_store_append(store, 2, entries, 16, &head, &complaint), &complaint);
    CHECK_FAILS(vch_store_append(store, 18, entries, 17, &head, &complaint), LIMIT);
    entries[0].size++;
    CHECK_FAILS(vch_store_append(store, 18, entries, 1, &head, &complaint), LIMIT);
    CHECK_FAILS(vch_store_append(store, 18, entries, 0, &head, &complaint), LIMIT);
    CHECK_FAILS(
        vch_store_append(store, 18, laws_group.entries, VCH_STORE_GROUP_MAX + 1, &head, &complaint),
        LIMIT);
    CHECK_EQ(laws_head(store).size, 18);
    laws_audit(store);
    vch_store_close(store);
}

TEST(store_takes_a_thousand_entries_at_once)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);

    stores_grow(store, 7, 3 * VCH_STORE_GROUP_MAX, VCH_STORE_GROUP_MAX);
    laws_all_there(store, 7, 3 * VCH_STORE_GROUP_MAX);
    laws_audit(store);
    vch_store_close(store);
}

TEST(store_reads_within_the_bounds_it_is_given)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    struct vch_complaint complaint = {0};
    struct vch_store_entries read = {0};
    struct vch_arena arena;

    vch_arena_init(&arena, 16 << 20);
    stores_grow(store, 3, 300, 40);
    for (int i = 0; i < 60; i++) {
        uint64_t from = test_below(310);
        uint32_t count = test_below(400);
        size_t size_max = test_below(20000), total = 0;
        stores_must(vch_store_read(store, from, count, size_max, &read, &arena, &complaint),
                    &complaint);
        CHECK(read.count <= count && (read.count > 0) == (from < 300 && count > 0));
        for (uint32_t j = 0; j < read.count; j++)
            total += read.entries[j].size;
        CHECK(read.count <= 1 || total <= size_max);
        vch_arena_release(&arena);
    }
    vch_store_close(store);
}

TEST(store_refuses_another_head_and_says_where_the_log_ends)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where), *other = stores_open(where, false);
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};

    stores_grow(store, 1, 10, 10);
    stores_fill(&laws_group, 2, 0, 5);
    for (uint64_t expected = 0; expected < 20; expected++) {
        if (expected == 10) continue;
        CHECK_FAILS(vch_store_append(other, expected, laws_group.entries, 5, &head, &complaint),
                    REFUSED);
        CHECK_EQ(head.size, 10);
    }
    stores_grow(other, 1, 12, 1); // which the first one did not see
    CHECK_FAILS(vch_store_append(store, 10, laws_group.entries, 5, &head, &complaint), REFUSED);
    CHECK_EQ(head.size, 12);
    laws_all_there(store, 1, 12);
    laws_all_there(other, 1, 12);
    vch_store_close(store);
    vch_store_close(other);
}

TEST(store_keeps_the_nodes_of_the_tree)
{
    enum { SIZE = 700 };
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    struct vch_complaint complaint = {0};
    static struct vch_digest nodes[SIZE];

    for (uint64_t size = 0; size < SIZE;) {
        size += 1 + test_below(120);
        stores_grow(store, 5, size < SIZE ? size : SIZE, 50);
    }
    for (unsigned level = 0; SIZE >> level > 0; level++) {
        uint32_t count = SIZE >> level;
        stores_must(vch_store_nodes(store, level, 0, count, nodes, &complaint), &complaint);
        for (uint32_t i = 0; i < count; i += 1 + test_below(5)) {
            struct vch_digest want = stores_root(5, (uint64_t)i << level, 1u << level);
            CHECK(vch_hash_is_equal(&nodes[i], &want));
        }
        CHECK_FAILS(vch_store_nodes(store, level, 0, count + 1, nodes, &complaint), USAGE);
        CHECK_FAILS(vch_store_nodes(store, level, count, 1, nodes, &complaint), USAGE);
    }
    CHECK_FAILS(vch_store_nodes(store, 60, 0, 1, nodes, &complaint), USAGE);
    CHECK_FAILS(vch_store_nodes(store, 0, UINT64_MAX, 1, nodes, &complaint), USAGE);
    CHECK_FAILS(vch_store_nodes(store, 0, 0, 0, nodes, &complaint), USAGE);
    vch_store_close(store);
}

TEST(store_knows_the_root_of_every_prefix)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    struct vch_complaint complaint = {0};
    struct vch_digest root;

    stores_grow(store, 5, 77, 10);
    for (uint32_t size = 0; size <= 77; size++) {
        struct vch_digest want = stores_root(5, 0, size);
        stores_must(vch_store_root(store, size, &root, &complaint), &complaint);
        CHECK(vch_hash_is_equal(&root, &want));
    }
    CHECK_FAILS(vch_store_root(store, 78, &root, &complaint), USAGE);
    vch_store_close(store);
}

static struct vch_store_checkpoint laws_checkpoint(uint32_t seed, uint32_t size, const char *note)
{
    return (struct vch_store_checkpoint){
        .tree = {size, stores_root(seed, 0, size)},
        .note = (const uint8_t *)note,
        .note_size = strlen(note),
    };
}

static void laws_is_note(const struct vch_store_checkpoint *found, uint64_t size, const char *note)
{
    CHECK(found->note != NULL);
    CHECK_EQ(found->tree.size, size);
    CHECK_EQ(found->note_size, strlen(note));
    CHECK(memcmp(found->note, note, found->note_size) == 0);
}

TEST(store_keeps_checkpoints_of_its_own_log)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    struct vch_complaint complaint = {0};
    struct vch_store_checkpoint found, put;
    struct vch_arena arena;

    vch_arena_init(&arena, 1 << 20);
    stores_grow(store, 9, 40, 40);
    CHECK_OK(vch_store_latest_checkpoint(store, &found, &arena, &complaint));
    CHECK(found.note == NULL);
    put = laws_checkpoint(9, 30, "thirty");
    stores_must(vch_store_put_checkpoint(store, &put, &complaint), &complaint);
    put = laws_checkpoint(9, 7, "seven"); // an older one may come late
    stores_must(vch_store_put_checkpoint(store, &put, &complaint), &complaint);
    CHECK_OK(vch_store_latest_checkpoint(store, &found, &arena, &complaint));
    laws_is_note(&found, 30, "thirty");
    put = laws_checkpoint(9, 30, "thirty, cosigned");
    stores_must(vch_store_put_checkpoint(store, &put, &complaint), &complaint);
    CHECK_OK(vch_store_checkpoint(store, 7, &found, &arena, &complaint));
    laws_is_note(&found, 7, "seven");
    CHECK_OK(vch_store_checkpoint(store, 8, &found, &arena, &complaint));
    CHECK(found.note == NULL);
    put = laws_checkpoint(10, 30, "of another log");
    CHECK_FAILS(vch_store_put_checkpoint(store, &put, &complaint), REFUSED);
    put = laws_checkpoint(9, 41, "of entries to come");
    CHECK_FAILS(vch_store_put_checkpoint(store, &put, &complaint), USAGE);
    put = laws_checkpoint(9, 30, "");
    CHECK_FAILS(vch_store_put_checkpoint(store, &put, &complaint), LIMIT);
    vch_store_close(store);
    store = stores_open(where, false);
    CHECK_OK(vch_store_latest_checkpoint(store, &found, &arena, &complaint));
    laws_is_note(&found, 30, "thirty, cosigned");
    laws_audit(store);
    vch_arena_release(&arena);
    vch_store_close(store);
}

TEST(store_keeps_blobs_under_names)
{
    static const size_t SIZES[] = {0, 1, 1 << 20, (1 << 20) + 1, VCH_STORE_BLOB_SIZE_MAX};
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    struct vch_complaint complaint = {0};
    struct vch_arena arena;
    uint8_t *bytes = calloc(1, VCH_STORE_BLOB_SIZE_MAX + 1), *found = NULL;
    size_t found_size = 0;

    vch_arena_init(&arena, 32 << 20);
    for (uint8_t i = 0; i < 5; i++) {
        struct vch_digest name = {{i / 2}}; // the second of a name replaces the first
        memset(bytes, i + 1, SIZES[i]);
        stores_must(vch_store_put_blob(store, &name, bytes, SIZES[i], &complaint), &complaint);
        stores_must(vch_store_blob(store, &name, &found, &found_size, &arena, &complaint),
                    &complaint);
        CHECK(found != NULL && found_size == SIZES[i] && memcmp(found, bytes, found_size) == 0);
    }
    struct vch_digest absent = {{77}};
    CHECK_OK(vch_store_blob(store, &absent, &found, &found_size, &arena, &complaint));
    CHECK(found == NULL);
    CHECK_FAILS(vch_store_put_blob(store, &absent, bytes, VCH_STORE_BLOB_SIZE_MAX + 1, &complaint),
                LIMIT);
    free(bytes);
    vch_arena_release(&arena);
    vch_store_close(store);
}

static void laws_reap(pid_t child)
{
    int status = 0;

    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(store_waits_for_what_another_process_appends)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};

    CHECK_FAILS(vch_store_wait(store, 0, 5, &head, &complaint), TIMEOUT);
    pid_t child = fork();
    if (child == 0) { // with a store of its own: this one is the parent's
        struct vch_store *own = stores_open(where, false);
        stores_grow(own, 1, 3, 3);
        vch_store_close(own);
        _exit(0);
    }
    stores_must(vch_store_wait(store, 0, 60000, &head, &complaint), &complaint);
    CHECK_EQ(head.size, 3);
    laws_reap(child);
    vch_store_close(store);
}

// What children tell their parent, which outlives them.
struct laws_shared {
    uint64_t won[2][1000]; // positions that a racer was told are its own
    uint64_t won_count[2];
    volatile uint64_t acknowledged; // size of the log that a writer was told is safe
};

static struct laws_shared *laws_share(void)
{
    struct laws_shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(shared != MAP_FAILED);
    return shared;
}

enum { LAWS_RACE_WINS = 100 };

// Appends one entry after another, each telling its racer and number, wherever the log ends.
static void laws_race(const char *where, int racer, struct laws_shared *shared)
{
    struct vch_store *store = stores_open(where, false);
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};
    uint8_t text[2] = {(uint8_t)racer};

    while (shared->won_count[racer] < LAWS_RACE_WINS) {
        uint64_t expected = head.size;
        text[1] = (uint8_t)shared->won_count[racer];
        vch_status status = vch_store_append(store, expected, &(struct vch_store_entry){text, 2}, 1,
                                             &head, &complaint);
        if (vch_is_ok(status))
            shared->won[racer][shared->won_count[racer]++] = expected;
        else if (status.code != VCH_CODE_REFUSED && status.code != VCH_CODE_BUSY)
            stores_must(status, &complaint);
        complaint.text[0] = '\0';
    }
    vch_store_close(store);
}

TEST(store_gives_each_position_to_one_of_two_racing_processes)
{
    char where[LAWS_WHERE_MAX];
    struct vch_store *store = laws_new(where);
    struct laws_shared *shared = laws_share();
    struct vch_store_entries read = {0};
    struct vch_arena arena;
    pid_t children[2];

    for (int racer = 0; racer < 2; racer++) {
        children[racer] = fork();
        if (children[racer] != 0) continue;
        laws_race(where, racer, shared);
        _exit(0);
    }
    laws_reap(children[0]);
    laws_reap(children[1]);
    vch_arena_init(&arena, 1 << 20);
    CHECK_EQ(laws_head(store).size, 2 * LAWS_RACE_WINS);
    for (int racer = 0; racer < 2; racer++)
        for (uint8_t i = 0; i < LAWS_RACE_WINS; i++) {
            CHECK_OK(vch_store_read(store, shared->won[racer][i], 1, 10, &read, &arena, NULL));
            CHECK(read.count == 1 && read.entries[0].size == 2);
            CHECK(read.entries[0].bytes[0] == racer && read.entries[0].bytes[1] == i);
        }
    laws_audit(store);
    vch_arena_release(&arena);
    (void)munmap(shared, sizeof *shared);
    vch_store_close(store);
}

TEST(store_is_made_once_when_two_processes_make_it)
{
    char where[LAWS_WHERE_MAX];

    for (int i = 0; i < 20; i++) {
        pid_t children[2];
        laws_where(where);
        for (int j = 0; j < 2; j++) {
            children[j] = fork();
            if (children[j] != 0) continue;
            vch_store_close(stores_open(where, true));
            _exit(0);
        }
        laws_reap(children[0]);
        laws_reap(children[1]);
        struct vch_store *store = stores_open(where, false);
        laws_all_there(store, 0, 0);
        vch_store_close(store);
    }
}

// Appends groups of random sizes until it is killed.
static _Noreturn void laws_write_until_killed(const char *where, uint32_t seed,
                                              struct laws_shared *shared)
{
    struct vch_store *store = stores_open(where, false);
    uint64_t size = laws_head(store).size;

    for (;;) {
        size += 1 + test_below(20);
        stores_grow(store, seed, size, VCH_STORE_GROUP_MAX);
        shared->acknowledged = size;
    }
}

// SIGKILL at a random moment of a writer that was acknowledged something at least.
static void laws_kill_one(const char *where, uint32_t seed, struct laws_shared *shared)
{
    uint64_t before = shared->acknowledged;
    uint32_t delay_us = test_below(4000), fork_seed = test_below(1 << 30);
    pid_t child = fork();

    if (child == 0) {
        for (uint32_t i = 0; i < fork_seed % 64; i++)
            (void)test_below(2);
        laws_write_until_killed(where, seed, shared);
    }
    while (shared->acknowledged == before && waitpid(child, NULL, WNOHANG) == 0)
        (void)usleep(50);
    (void)usleep(delay_us);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    CHECK(shared->acknowledged > before);
}

TEST(store_loses_nothing_acknowledged_when_its_writer_is_killed)
{
    char where[LAWS_WHERE_MAX];
    const char *wanted = getenv("VOUCH_STORE_KILLS");
    long kills = wanted != NULL ? strtol(wanted, NULL, 10) : 60;
    uint32_t seed = test_below(1 << 30);
    struct laws_shared *shared = laws_share();
    struct vch_store *store = NULL;
    uint64_t checked = 0;
    vch_status how = VCH_OK;

    vch_store_close(laws_new(where));
    for (long i = 0; i < kills; i++) {
        laws_kill_one(where, seed, shared);
        store = stores_open(where, false);
        uint64_t size = laws_head(store).size;
        CHECK(size >= shared->acknowledged);
        CHECK_EQ(stores_read(store, seed, checked, &how), size);
        CHECK_OK(how);
        checked = size;
        shared->acknowledged = size; // a group may be in that nobody was told of, but only whole
        if (i == kills - 1) laws_audit(store);
        vch_store_close(store);
    }
    printf("# %ld writers killed, %llu entries, nothing lost\n", kills,
           (unsigned long long)checked);
    (void)munmap(shared, sizeof *shared);
}
