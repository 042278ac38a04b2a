// Entries of 300 bytes a second, appended one at a time and in groups of a hundred, and what the
// engines' promise costs at least: one small write and fsync after another in the same folder.
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "harness/etcd.h"
#include "harness/folder.h"
#include "harness/stores.h"

enum { ENTRY = 300, GROUP = 100, SINGLES = 1000, GROUPS = 200, PROOFS = 1000 };

static uint8_t bytes[GROUP][ENTRY];
static struct vch_store_entry entries[GROUP];

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double append(struct vch_store *store, uint64_t *size, int appends, uint32_t count)
{
    struct vch_complaint complaint = {0};
    struct vch_store_head head = {0};
    double before = seconds();

    for (int i = 0; i < appends; i++) {
        stores_must(vch_store_append(store, *size, entries, count, &head, &complaint), &complaint);
        *size = head.size;
    }
    return (seconds() - before) / appends;
}

// Reading what a proof of inclusion needs: a node of each level.
static double read_nodes(struct vch_store *store, uint64_t size)
{
    struct vch_complaint complaint = {0};
    struct vch_digest node;
    int count = 0;
    double before = seconds();

    for (; count < PROOFS; count++) {
        uint64_t leaf = test_below((uint32_t)size);
        for (unsigned level = 0; ((leaf >> level) + 1) << level <= size && level < 16; level++)
            stores_must(vch_store_nodes(store, level, leaf >> level, 1, &node, &complaint),
                        &complaint);
    }
    return (seconds() - before) / count;
}

static void measure(const char *name, const char *where)
{
    struct vch_store *store = stores_open(where, true);
    uint64_t size = 0;
    double single = append(store, &size, SINGLES, 1);
    double group = append(store, &size, GROUPS, GROUP);

    printf("%-22s %8.0f entries/s one at a time (%.2f ms each)\n", name, 1 / single, single * 1e3);
    printf("%-22s %8.0f entries/s in groups of %d (%.2f ms a group)\n", name, GROUP / group, GROUP,
           group * 1e3);
    printf("%-22s %8.2f ms for the nodes of one inclusion proof\n", name,
           read_nodes(store, size) * 1e3);
    vch_store_close(store);
}

static void measure_fsync(const char *folder)
{
    char path[300];
    double before = 0;

    (void)snprintf(path, sizeof path, "%s/fsync", folder);
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    CHECK(file >= 0);
    before = seconds();
    for (int i = 0; i < SINGLES; i++)
        CHECK(write(file, bytes, ENTRY) == ENTRY && fdatasync(file) == 0);
    printf("%-22s %8.0f a second\n", "write, fdatasync", SINGLES / (seconds() - before));
    (void)close(file);
}

TEST(store_bench)
{
    struct etcd_cluster cluster;
    char folder[256] = "", where[300];

    for (uint32_t i = 0; i < GROUP; i++) {
        entries[i] = (struct vch_store_entry){bytes[i], ENTRY};
        for (int j = 0; j < ENTRY; j++)
            bytes[i][j] = (uint8_t)test_below(256);
    }
    folder_make(folder, sizeof folder);
    measure_fsync(folder);
    (void)snprintf(where, sizeof where, "sqlite:%s/log", folder);
    measure("SQLite", where);
    folder_remove(folder);
    if (!etcd_is_here()) return;
    etcd_start(&cluster);
    (void)snprintf(where, sizeof where, "etcd:http://127.0.0.1:%u/bench", cluster.client_ports[0]);
    measure("etcd, three members", where);
    etcd_stop(&cluster);
}
