// Memory for one job: many allocations, one release, one limit.
//
// An arena takes blocks from the heap as it grows, and never more than its limit, so that the
// owner of a job decides how much a hostile input can cost. Allocations are zeroed and aligned to
// 64 bytes (a cache line, and any vector register). This is the only file that calls the heap.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vch_arena_block;

struct vch_arena {
    struct vch_arena_block *last; // newest block; older ones hang from it
    size_t used;                  // bytes taken from the heap
    size_t limit;                 // used never exceeds it
};

// A point in an arena's life, to return to.
struct vch_arena_mark {
    struct vch_arena_block *block;
    size_t offset;
};

void vch_arena_init(struct vch_arena *arena, size_t limit);

// `count` objects of `size` bytes, zeroed; NULL when that overflows or would pass the limit.
// Zero bytes give a valid, unusable pointer.
void *vch_arena_alloc(struct vch_arena *arena, size_t count, size_t size);

// A NUL-terminated copy of `size` bytes; NULL as above.
char *vch_arena_string(struct vch_arena *arena, const void *bytes, size_t size);

// Everything allocated after a mark is wiped and given back by vch_arena_rewind.
struct vch_arena_mark vch_arena_mark(const struct vch_arena *arena);
void vch_arena_rewind(struct vch_arena *arena, struct vch_arena_mark mark);

// Wipes and frees every block. The arena may be used again.
void vch_arena_release(struct vch_arena *arena);

// A part of `whole` with a limit of its own, for one of several threads: it never grows, and goes
// with the memory it was taken from (rewind `whole`; never release the part). False: no memory.
bool vch_arena_part(struct vch_arena *part, struct vch_arena *whole, size_t size);

// An arena in the caller's memory, of any alignment: it never grows and takes nothing from the
// heap. In place of a release, leave wipes what was used. False: too small.
bool vch_arena_within(struct vch_arena *arena, void *memory, size_t size);
void vch_arena_leave(struct vch_arena *arena);

#define VCH_ARENA_NEW(arena, type, count) ((type *)vch_arena_alloc(arena, count, sizeof(type)))
