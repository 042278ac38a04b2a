#include "base/arena.h"

#include <string.h>
#ifndef VCH_FREESTANDING
#include <stdlib.h>
#include <sys/mman.h>
#endif

#include "base/bytes.h"
#include "base/check.h"

// The address sanitizer is told what of a block nobody holds, so that it notices who strays there.
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define VCH_ARENA_WATCHED
#endif
#endif
#if defined __SANITIZE_ADDRESS__ && !defined VCH_ARENA_WATCHED
#define VCH_ARENA_WATCHED
#endif
#ifdef VCH_ARENA_WATCHED
#include <sanitizer/asan_interface.h>
#define LEND(bytes, size) ASAN_UNPOISON_MEMORY_REGION(bytes, size)
#define TAKE_BACK(bytes, size) ASAN_POISON_MEMORY_REGION(bytes, size)
#else
#define LEND(bytes, size) ((void)(bytes), (void)(size))
#define TAKE_BACK(bytes, size) ((void)(bytes), (void)(size))
#endif

enum { ALIGNMENT = 64, BLOCK_SIZE = 1 << 18, LARGE_PAGE = 1 << 21 };

#ifdef VCH_ARENA_WATCHED // and it watches the heap's ends only
#define MAPPED_MIN SIZE_MAX
#else
#define MAPPED_MIN LARGE_PAGE
#endif

struct vch_arena_block {
    struct vch_arena_block *before;
    size_t size; // of the bytes that follow this header
    size_t offset;
    size_t is_mapped; // zeroed when it came and wiped ever since: zero from offset on
    uint8_t pad[ALIGNMENT - 4 * sizeof(size_t)];
    uint8_t bytes[];
};

_Static_assert(sizeof(struct vch_arena_block) == ALIGNMENT, "bytes start on a cache line");

void vch_arena_init(struct vch_arena *arena, size_t limit)
{
    *arena = (struct vch_arena){.limit = limit};
}

#ifdef VCH_FREESTANDING // no heap: arenas are within the caller's memory
static struct vch_arena_block *take(size_t size)
{
    (void)size;
    return NULL;
}

static void give(struct vch_arena_block *block)
{
    (void)block;
}
#else
static size_t mapped_size(size_t size)
{
    return (size + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
}

// Proofs fill hundreds of megabytes, once each. The system gives these zeroed, and in large pages,
// if it can, in a sixth of the time.
static struct vch_arena_block *map(size_t size)
{
    if (size > SIZE_MAX - 2 * (size_t)LARGE_PAGE) return NULL;
    const size_t mapped = mapped_size(size);
    uint8_t *bytes =
        mmap(NULL, mapped + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) return NULL;

    const size_t before = LARGE_PAGE - (uintptr_t)bytes % LARGE_PAGE;
    (void)munmap(bytes, before);
    if (before < LARGE_PAGE) (void)munmap(bytes + before + mapped, LARGE_PAGE - before);
    (void)madvise(bytes + before, size, MADV_HUGEPAGE);
    return (struct vch_arena_block *)(void *)(bytes + before);
}

static struct vch_arena_block *take(size_t size)
{
    const bool is_mapped = size >= MAPPED_MIN;
    struct vch_arena_block *block = is_mapped ? map(size) : aligned_alloc(ALIGNMENT, size);

    if (block == NULL) return NULL;
    *block = (struct vch_arena_block){.size = size - sizeof *block, .is_mapped = is_mapped};
    return block;
}

static void give(struct vch_arena_block *block)
{
    if (block->is_mapped)
        (void)munmap(block, mapped_size(sizeof *block + block->size));
    else
        free(block);
}
#endif

static struct vch_arena_block *grow(struct vch_arena *arena, size_t size)
{
    size_t wanted = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    size_t room = arena->limit - arena->used;

    if (room < sizeof(struct vch_arena_block)) return NULL;
    room -= sizeof(struct vch_arena_block);
    room -= room % ALIGNMENT;
    if (size > room) return NULL;
    if (wanted > room) wanted = room; // close to the limit a block is as small as it must be

    size_t total = sizeof(struct vch_arena_block) + wanted;
    struct vch_arena_block *block = take(total);
    if (block == NULL) return NULL;
    block->before = arena->last;
    TAKE_BACK(block->bytes, wanted);
    arena->last = block;
    arena->used += total;
    return block;
}

void *vch_arena_alloc(struct vch_arena *arena, size_t count, size_t size)
{
    struct vch_arena_block *block = arena->last;
    size_t asked = 0;

    VCH_ASSERT(arena->used <= arena->limit);
    if (__builtin_mul_overflow(count, size, &asked)) return NULL;
    if (asked > SIZE_MAX - ALIGNMENT) return NULL;
    size_t bytes = asked == 0 ? ALIGNMENT : (asked + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    if (block == NULL || bytes > block->size - block->offset) block = grow(arena, bytes);
    if (block == NULL) return NULL;
    void *out = block->bytes + block->offset;
    block->offset += bytes;
    LEND(out, bytes);
    if (!block->is_mapped) memset(out, 0, bytes);
    TAKE_BACK((uint8_t *)out + asked, bytes - asked);
    return out;
}

char *vch_arena_string(struct vch_arena *arena, const void *bytes, size_t size)
{
    if (size == SIZE_MAX) return NULL;
    char *out = vch_arena_alloc(arena, size + 1, 1);
    if (out != NULL && size > 0) memcpy(out, bytes, size);
    return out;
}

struct vch_arena_mark vch_arena_mark(const struct vch_arena *arena)
{
    return (struct vch_arena_mark){arena->last, arena->last ? arena->last->offset : 0};
}

static void drop_last(struct vch_arena *arena)
{
    struct vch_arena_block *block = arena->last;

    arena->last = block->before;
    arena->used -= sizeof *block + block->size;
    LEND(block->bytes, block->size);
    vch_wipe(block->bytes, block->offset); // inputs and keys pass through arenas
    give(block);
}

void vch_arena_rewind(struct vch_arena *arena, struct vch_arena_mark mark)
{
    while (arena->last != mark.block)
        drop_last(arena);
    if (mark.block != NULL) {
        VCH_ASSERT(mark.offset <= mark.block->offset);
        uint8_t *freed = mark.block->bytes + mark.offset;
        size_t size = mark.block->offset - mark.offset;
        LEND(freed, size);
        vch_wipe(freed, size);
        TAKE_BACK(freed, size);
        mark.block->offset = mark.offset;
    }
}

void vch_arena_release(struct vch_arena *arena)
{
    while (arena->last != NULL)
        drop_last(arena);
}

bool vch_arena_part(struct vch_arena *part, struct vch_arena *whole, size_t size)
{
    if (size > SIZE_MAX / 2) return false;
    size_t room = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t total = sizeof(struct vch_arena_block) + room;
    struct vch_arena_block *block = vch_arena_alloc(whole, total, 1);

    if (block == NULL) return false;
    block->size = room;
    TAKE_BACK(block->bytes, room);
    *part = (struct vch_arena){.last = block, .used = total, .limit = total};
    return true;
}

bool vch_arena_within(struct vch_arena *arena, void *memory, size_t size)
{
    const size_t skipped = (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT;
    const size_t needed = skipped + sizeof(struct vch_arena_block);

    if (memory == NULL || size <= needed) return false;
    struct vch_arena_block *block = (void *)((uint8_t *)memory + skipped);
    const size_t room = (size - needed) / ALIGNMENT * ALIGNMENT;
    *block = (struct vch_arena_block){.size = room};
    TAKE_BACK(block->bytes, room);
    const size_t total = sizeof *block + room;
    *arena = (struct vch_arena){.last = block, .used = total, .limit = total};
    return true;
}

void vch_arena_leave(struct vch_arena *arena)
{
    struct vch_arena_block *block = arena->last;

    VCH_ASSERT(block->before == NULL);
    LEND(block->bytes, block->size);
    vch_wipe(block->bytes, block->offset);
    *arena = (struct vch_arena){0};
}
