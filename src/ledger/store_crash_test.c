// The power is cut after any operation on an SQLite store's files: what was not synced by then may
// be there, or not, or half. All that was acknowledged is, and nothing is half.
#include <stdio.h>
#include <unistd.h>

#include "harness/disk.h"
#include "harness/folder.h"
#include "harness/stores.h"

enum { APPENDS = 120, GROUP_MAX = 12 };

static char folder[256], path[300], where[320];
static struct disk_image images[DISK_FILES];

// An append was acknowledged after so many operations.
static struct {
    uint32_t operations;
    uint64_t size;
} acks[APPENDS + 1];

__attribute__((destructor)) static void remove_folder(void)
{
    if (folder[0] != '\0') folder_remove(folder);
}

static void name_file(const char *name)
{
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)snprintf(where, sizeof where, "sqlite:%s", path);
}

// As another process may at any time: log to file, and perhaps begin the log anew.
static void move_log(void)
{
    sqlite3 *database = NULL;
    int how = test_below(2) == 0 ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;

    CHECK(sqlite3_open(path, &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, "PRAGMA synchronous = FULL", NULL, NULL, NULL) == SQLITE_OK);
    CHECK(sqlite3_wal_checkpoint_v2(database, NULL, how, NULL, NULL) == SQLITE_OK);
    (void)sqlite3_close(database);
}

// A store's life, written down.
static void record(uint32_t seed)
{
    uint64_t size = 0;

    if (folder[0] == '\0') folder_make_quick(folder, sizeof folder);
    disk_start();
    disk_forget();
    name_file("recorded");
    (void)unlink(path);
    disk_is_recording = true;
    struct vch_store *store = stores_open(where, true);
    acks[0].operations = disk_count;
    acks[0].size = 0;
    for (int i = 1; i <= APPENDS; i++) {
        size += 1 + test_below(GROUP_MAX);
        stores_grow(store, seed, size, GROUP_MAX);
        acks[i].operations = disk_count;
        acks[i].size = size;
        if (test_below(20) == 0) move_log();
    }
    vch_store_close(store);
    disk_is_recording = false;
}

static void write_images(uint32_t operations)
{
    static const char *const SUFFIXES[] = {"", "-wal", "-shm"};
    char name[320];

    for (int i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, SUFFIXES[i]);
        (void)unlink(name);
        if (i >= DISK_FILES) continue;
        disk_cut(&images[i], i, operations);
        FILE *file = fopen(name, "wb");
        CHECK(file != NULL);
        CHECK(fwrite(images[i].bytes, 1, images[i].size, file) == images[i].size);
        CHECK(fclose(file) == 0);
    }
}

static void check_cut(uint32_t seed, uint32_t operations)
{
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};
    vch_status how = VCH_OK;
    int last = 0;

    while (last < APPENDS && acks[last + 1].operations <= operations)
        last++;
    name_file("cut");
    write_images(operations);
    struct vch_store *store = stores_open(where, false);
    stores_must(vch_store_head(store, &head, &complaint), &complaint);
    if (head.size != acks[last].size)
        CHECK(last < APPENDS && head.size == acks[last + 1].size); // the one that was going on
    CHECK_EQ(stores_read(store, seed, 0, &how), head.size);
    CHECK_OK(how);
    stores_grow(store, seed, head.size + 3, 2);
    stores_must(vch_store_audit(store, &complaint), &complaint);
    vch_store_close(store);
}

TEST(store_has_all_that_was_acknowledged_when_the_power_went)
{
    const char *wanted = getenv("VOUCH_STORE_CUTS");
    long cuts = 300 * (wanted != NULL ? strtol(wanted, NULL, 10) : 1);
    uint32_t seed = test_below(1 << 30);

    for (int i = 0; i < DISK_FILES; i++) {
        images[i].bytes = calloc(1, DISK_FILE_MAX);
        CHECK(images[i].bytes != NULL);
    }
    record(seed);
    CHECK(acks[0].operations > 0 && acks[APPENDS].operations < disk_count);
    for (int i = 0; i <= APPENDS; i += 1 + (int)test_below(3)) // the moment of a promise
        check_cut(seed, acks[i].operations);
    for (long i = 0; i < cuts; i++)
        check_cut(seed, acks[0].operations + test_below(disk_count - acks[0].operations));
    printf("# %u operations, the power cut %ld times\n", disk_count, cuts);
    for (int i = 0; i < DISK_FILES; i++)
        free(images[i].bytes);
    disk_forget();
}
