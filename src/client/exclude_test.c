// Whose operators a job excludes, where nodes are held to a policy.
#include "client/exclude.h"

#include <stdio.h>
#include <string.h>

#include "entry/entry.h"
#include "harness/test.h"

enum { MEMBERS = 20 };

static struct scene {
    struct vch_arena arena;
    struct vch_pool pool;
    struct vch_pool_node nodes[MEMBERS];
    struct vch_member members[MEMBERS];
    struct vch_registry registry;
    struct vch_client_request request;
} scene;

// Two nodes of each operator, all ready.
static void set_up(void)
{
    scene = (struct scene){0};
    vch_arena_init(&scene.arena, 1 << 20);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        struct vch_member *member = &scene.members[i];
        *member = (struct vch_member){.key = {{(uint8_t)(i + 1)}}, .role = VCH_ROLE_NODE};
        (void)snprintf(member->operator_name, sizeof member->operator_name, "operator-%02u", i / 2);
        scene.nodes[i].link.peer.key = scene.members[i].key;
        scene.nodes[i].link.state = VCH_LINK_READY;
    }
    scene.pool = (struct vch_pool){.count = MEMBERS, .nodes = scene.nodes};
    scene.registry = (struct vch_registry){.member_count = MEMBERS, .members = scene.members};
}

static vch_status find(const char *const **names, uint32_t *count)
{
    return vch_exclude_operators(names, count, &scene.pool, &scene.registry, &scene.request,
                                 &scene.arena, NULL);
}

TEST(exclude_names_nobody_whose_nodes_are_all_ready)
{
    const char *const *names = NULL;
    uint32_t count = 1;

    set_up();
    CHECK_OK(find(&names, &count));
    CHECK_EQ(count, 0);
    scene.members[3].role = VCH_ROLE_CLIENT; // which nobody draws
    scene.nodes[3].link.state = VCH_LINK_DOWN;
    CHECK_OK(find(&names, &count));
    CHECK_EQ(count, 0);
    vch_arena_release(&scene.arena);
}

TEST(exclude_names_once_whoever_has_a_node_that_is_not_ready_or_not_known)
{
    static const char *const asked[] = {"operator-01", "operator-07"};
    const char *const *names = NULL;
    uint32_t count = 0;

    set_up();
    scene.request = (struct vch_client_request){.excluded = asked, .excluded_count = 2};
    scene.nodes[6].link.state = VCH_LINK_ATTESTING;
    scene.nodes[7].link.state = VCH_LINK_DOWN;
    scene.nodes[14].link.state = VCH_LINK_DOWN; // who is excluded anyway
    scene.nodes[0].link.peer.key.bytes[0] = 99; // of a node that is not in the list of peers
    CHECK_OK(find(&names, &count));
    CHECK_EQ(count, 4);
    CHECK(strcmp(names[0], "operator-00") == 0);
    CHECK(strcmp(names[1], "operator-01") == 0);
    CHECK(strcmp(names[2], "operator-03") == 0);
    CHECK(strcmp(names[3], "operator-07") == 0);
    vch_arena_release(&scene.arena);
}

TEST(exclude_names_whoever_is_one_machine_with_another)
{
    const char *const *names = NULL;
    uint32_t count = 0;

    set_up();
    for (uint32_t i = 0; i < MEMBERS; i++)
        scene.nodes[i].operator_index = scene.nodes[i].own_operator = i & ~1u;
    CHECK_OK(find(&names, &count));
    CHECK_EQ(count, 0);
    scene.nodes[6].operator_index = scene.nodes[7].operator_index = 2; // as they have shown
    CHECK_OK(find(&names, &count));
    CHECK_EQ(count, 1);
    CHECK(strcmp(names[0], "operator-03") == 0);
    vch_arena_release(&scene.arena);
}

TEST(exclude_refuses_where_more_would_have_to_be_named_than_can_be)
{
    const char *const *names = NULL;
    uint32_t count = 0;

    set_up();
    for (uint32_t i = 0; i < MEMBERS; i++)
        scene.members[i].operator_name[0] = (char)('a' + i);
    for (uint32_t i = 0; i < VCH_ENTRY_EXCLUDED_MAX; i++)
        scene.nodes[i].link.state = VCH_LINK_DOWN;
    CHECK_OK(find(&names, &count));
    CHECK_EQ(count, VCH_ENTRY_EXCLUDED_MAX);
    scene.nodes[VCH_ENTRY_EXCLUDED_MAX].link.state = VCH_LINK_DOWN;
    CHECK_FAILS(find(&names, &count), REFUSED);
    vch_arena_release(&scene.arena);
}
