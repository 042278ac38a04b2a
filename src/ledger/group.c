#include "ledger/group.h"

#include <stdlib.h>

struct vch_group *vch_group_new(uint64_t first)
{
    struct vch_group *group = calloc(1, sizeof *group);

    if (group == NULL) return NULL;
    group->first = first;
    vch_arena_init(&group->arena, VCH_GROUP_MEMORY_MAX);
    return group;
}

void vch_group_free(struct vch_group *group)
{
    if (group == NULL) return;
    vch_arena_release(&group->arena);
    free(group);
}

bool vch_group_has_room(const struct vch_group *group)
{
    return group->count < VCH_STORE_GROUP_MAX &&
           group->size <= VCH_STORE_GROUP_SIZE_MAX - VCH_STORE_ENTRY_SIZE_MAX;
}

void vch_group_add(struct vch_group *group, const uint8_t *bytes, size_t size, bool is_content)
{
    group->entries[group->count++] = (struct vch_store_entry){bytes, size};
    group->size += size;
    if (is_content) group->content = group->first + group->count;
}

static void forget_oldest(struct vch_group_recent *recent)
{
    struct vch_group *oldest = recent->oldest;

    recent->oldest = oldest->newer;
    if (recent->oldest == NULL) recent->newest = NULL;
    recent->count--;
    recent->size -= oldest->size;
    vch_group_free(oldest);
}

void vch_group_keep(struct vch_group_recent *recent, struct vch_group *group)
{
    if (recent->newest != NULL)
        recent->newest->newer = group;
    else
        recent->oldest = group;
    recent->newest = group;
    recent->count++;
    recent->size += group->size;
    while (recent->count > 1 &&
           (recent->count > VCH_GROUP_RECENT_MAX || recent->size > VCH_GROUP_RECENT_SIZE_MAX))
        forget_oldest(recent);
}

void vch_group_forget(struct vch_group_recent *recent)
{
    while (recent->oldest != NULL)
        forget_oldest(recent);
}

uint32_t vch_group_find(const struct vch_group_recent *recent, uint64_t from, uint32_t count,
                        struct vch_store_entry *out)
{
    const struct vch_group *newest = recent->newest;
    const struct vch_group *group =
        newest != NULL && from >= newest->first ? newest : recent->oldest;
    uint32_t found = 0;

    for (; group != NULL && found < count; group = group->newer) {
        uint64_t end = group->first + group->count;
        if (from + found < group->first) break;
        for (uint64_t at = from + found; at < end && found < count; at++)
            out[found++] = group->entries[at - group->first];
    }
    return found;
}
