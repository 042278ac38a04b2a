#include "client/exclude.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "entry/entry.h"

// And no machine that another operator counts for already.
static bool may_have_a_seat(const struct vch_pool *pool, const struct vch_public_key *key)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct vch_pool_node *node = &pool->nodes[i];
        if (vch_is_equal(&node->link.peer.key, key, sizeof *key))
            return node->link.state == VCH_LINK_READY && node->operator_index == node->own_operator;
    }
    return false;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint32_t drop_doubles(const char **names, uint32_t count)
{
    uint32_t kept = 0;

    qsort(names, count, sizeof *names, compare_names);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0) names[kept++] = names[i];
    return kept;
}

vch_status vch_exclude_operators(const char *const **out, uint32_t *count,
                                 const struct vch_pool *pool, const struct vch_registry *registry,
                                 const struct vch_client_request *request, struct vch_arena *arena,
                                 struct vch_complaint *complaint)
{
    const char **names =
        VCH_ARENA_NEW(arena, const char *, request->excluded_count + registry->member_count + 1);
    uint32_t named = request->excluded_count;

    if (names == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < named; i++)
        names[i] = request->excluded[i];
    for (uint32_t i = 0; i < registry->member_count; i++) {
        const struct vch_member *member = &registry->members[i];
        if (member->role == VCH_ROLE_NODE && !may_have_a_seat(pool, &member->key))
            names[named++] = member->operator_name;
    }
    *count = drop_doubles(names, named);
    *out = names;
    if (*count <= VCH_ENTRY_EXCLUDED_MAX) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "%u operators have nodes that did not show what the policy asks for, "
                        "share a machine, or cannot be reached; a job excludes at most %u",
                        *count, VCH_ENTRY_EXCLUDED_MAX);
}
