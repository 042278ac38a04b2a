// What it takes to read an entry of each kind, as a clerk and every follower does.
#include <stdio.h>
#include <time.h>

#include "harness/entries.h"

enum { RUNS = 2000, REPEATS = 5 };

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double best_us(const uint8_t *bytes, size_t size, struct vch_arena *arena)
{
    const struct vch_arena_mark mark = vch_arena_mark(arena);
    struct vch_complaint complaint = {0};
    double best = 1e9;

    for (int i = 0; i < REPEATS; i++) {
        double before = seconds();
        for (int j = 0; j < RUNS; j++) {
            struct vch_entry entry;
            CHECK_OK(vch_entry_decode(&entry, bytes, size, arena, &complaint));
            vch_arena_rewind(arena, mark);
        }
        double taken = (seconds() - before) / RUNS;
        if (taken < best) best = taken;
    }
    return 1e6 * best;
}

TEST(entry_bench)
{
    struct vch_arena arena;
    struct vch_complaint complaint = {0};

    vch_arena_init(&arena, 1 << 22);
    const struct vch_charter charter = entries_charter(&arena);
#define X(name, number, field, text) \
    { \
        struct vch_entry entry = entries_example(VCH_ENTRY_##name, &charter, &arena); \
        uint8_t *bytes = NULL; \
        size_t size = 0; \
        CHECK_OK(vch_entry_encode(&bytes, &size, &entry, &arena, &complaint)); \
        printf("decode %-16s %6.2f us %5zu bytes\n", text, best_us(bytes, size, &arena), size); \
    }
    VCH_ENTRY_KINDS(X)
#undef X
    vch_arena_release(&arena);
}
