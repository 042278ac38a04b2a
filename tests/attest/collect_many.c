// A collector as a node has it: fenced, asked by several threads, for long. For
// tests/e2e/collect_test.py.
//
//   collect_many TCTI THREADS TIMES
//
// Each answer has to be to the question that its thread put, and there is none for a key that is
// not this node's. Then the process that starts others is ended, which has to be said. What is on
// stdout is read by the test: descriptors that were left open.
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/collector.h"
#include "evidence/tpm_quote.h"
#include "host/random.h"

enum { THREADS_MAX = 16 };

static struct vch_collector collector;
static unsigned times;
static uint8_t sealing_key[32]; // of this node

static _Noreturn void fail(const char *what, const struct vch_complaint *complaint)
{
    (void)fprintf(stderr, "%s: %s\n", what, complaint->text);
    exit(1);
}

static void make_block(uint8_t out[VCH_BINDER_SIZE])
{
    struct vch_binder block = {
        .mode = VCH_BINDER_REGISTRATION, .role = VCH_BINDER_SERVER, .kind = collector.kind};

    vch_random_bytes(block.nonce, sizeof block.nonce);
    vch_random_bytes(block.own.bytes, sizeof block.own.bytes);
    memcpy(block.sealing_key, sealing_key, sizeof block.sealing_key);
    vch_random_bytes(block.node, sizeof block.node);
    if (!vch_is_ok(vch_binder_encode(out, &block))) exit(1);
}

static void ask_once(struct vch_arena *arena)
{
    struct vch_cmw *parts = VCH_ARENA_NEW(arena, struct vch_cmw, 2);
    struct vch_complaint complaint = {{0}};
    struct vch_tpm_quote quote;
    uint8_t block[VCH_BINDER_SIZE];

    make_block(block);
    const struct vch_digest nonce = vch_binder_qualifier(block);
    if (!vch_is_ok(
            vch_collector_collect(&collector, block, &parts[0], &parts[1], arena, &complaint)))
        fail("collect", &complaint);
    const struct vch_cmw_item *attest = vch_cmw_find(&parts[0], "attest");
    if (attest == NULL ||
        !vch_is_ok(vch_tpm_quote_decode(&quote, attest->bytes, attest->size, &complaint)) ||
        quote.nonce_size != sizeof nonce.bytes ||
        memcmp(quote.nonce, nonce.bytes, sizeof nonce.bytes) != 0)
        fail("another's answer", &complaint);
}

// By the process that asks, taken over: with a block that names a key of its own.
static void ask_for_another_key(void)
{
    static struct vch_cmw parts[2];
    struct vch_complaint complaint = {{0}};
    struct vch_arena arena;
    uint8_t block[VCH_BINDER_SIZE];

    sealing_key[0] ^= 1;
    make_block(block);
    sealing_key[0] ^= 1;
    vch_arena_init(&arena, 1 << 20);
    vch_status status =
        vch_collector_collect(&collector, block, &parts[0], &parts[1], &arena, &complaint);
    if (status.code != VCH_CODE_REFUSED || parts[0].count + parts[1].count != 0)
        fail("evidence for another key", &complaint);
    vch_arena_release(&arena);
}

static void *ask(void *context)
{
    struct vch_arena arena;

    vch_arena_init(&arena, 1 << 20);
    for (unsigned i = 0; i < times; i++) {
        ask_once(&arena);
        vch_arena_rewind(&arena, (struct vch_arena_mark){0});
    }
    vch_arena_release(&arena);
    return context;
}

static unsigned count_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    if (folder == NULL) exit(1);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

// As a node is: no files but those that this test counts, no processes of its own.
static void fence(void)
{
#ifndef VCH_SANITIZED // a sanitizer looks into its own process
    const struct vch_profile_path paths[] = {{"/proc", false}};
    const struct vch_profile profile = vch_profile_node(paths, 1);
    struct vch_confine_facts facts;
    struct vch_complaint complaint = {{0}};

    if (!vch_is_ok(vch_confine_self(&facts, &profile, &complaint))) fail("fence", &complaint);
#endif
}

int main(int argc, char **argv)
{
    struct vch_complaint complaint = {{0}};
    struct vch_collector_setup setup;
    pthread_t threads[THREADS_MAX];
    struct vch_arena arena;

    if (argc != 4) return 2;
    const unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
    times = (unsigned)strtoul(argv[3], NULL, 10);
    if (count > THREADS_MAX || !vch_is_ok(vch_collector_read(&setup, argv[1], &complaint)))
        fail("read", &complaint);
    vch_random_bytes(sealing_key, sizeof sealing_key);
    setup.sealing_key = sealing_key;
    if (!vch_is_ok(vch_collector_start(&collector, &setup, &complaint))) fail("start", &complaint);
    fence();
    const unsigned before = count_files();
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, ask, NULL) != 0) return 1;
    for (unsigned i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
    ask_for_another_key();
    (void)printf("%u\n%ld\n", count_files() - before, (long)collector.starter.pid);
    (void)fflush(stdout);
    (void)getchar();

    (void)signal(SIGPIPE, SIG_IGN); // as a node does
    vch_arena_init(&arena, 1 << 20);
    struct vch_cmw *parts = VCH_ARENA_NEW(&arena, struct vch_cmw, 2);
    uint8_t block[VCH_BINDER_SIZE];
    make_block(block);
    vch_status status =
        vch_collector_collect(&collector, block, &parts[0], &parts[1], &arena, &complaint);
    (void)printf("%s\n%s\n", vch_code_text(status.code), complaint.text);
    vch_arena_release(&arena);
    vch_collector_stop(&collector);
    return 0;
}
