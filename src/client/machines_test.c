// Who counts as one, because they are one machine.
#include "client/machines.h"

#include "harness/test.h"

enum { NODES = 7 };

static struct {
    struct vch_pool pool;
    struct vch_pool_node nodes[NODES];
    uint8_t bytes[1];
} scene;

// Nodes of operators 10, 10, 12, 13, 14, 15, 16, each on a machine of its own.
static void set_up(void)
{
    static const uint32_t operators[NODES] = {10, 10, 12, 13, 14, 15, 16};

    for (uint32_t i = 0; i < NODES; i++) {
        struct vch_pool_node *node = &scene.nodes[i];
        *node = (struct vch_pool_node){.is_member = true, .own_operator = operators[i]};
        node->link.state = VCH_LINK_READY;
        node->link.evidence.bytes = scene.bytes;
        node->link.evidence.verdict.machine.bytes[0] = (uint8_t)(i + 1);
    }
    scene.pool = (struct vch_pool){.count = NODES, .nodes = scene.nodes};
}

static void be_one(uint32_t one, uint32_t other)
{
    scene.nodes[one].link.evidence.verdict.machine =
        scene.nodes[other].link.evidence.verdict.machine;
}

static void check_counted(const uint32_t expected[NODES])
{
    for (uint32_t i = 0; i < NODES; i++)
        CHECK_EQ(scene.nodes[i].operator_index, expected[i]);
}

TEST(machines_of_their_own_leave_operators_as_they_are)
{
    set_up();
    be_one(0, 1); // of one operator anyway
    CHECK_EQ(vch_machines_merge(&scene.pool), 0);
    check_counted((const uint32_t[NODES]){10, 10, 12, 13, 14, 15, 16});
}

TEST(machines_that_are_one_count_their_operators_as_one)
{
    set_up();
    be_one(4, 2);
    CHECK_EQ(vch_machines_merge(&scene.pool), 1);
    check_counted((const uint32_t[NODES]){10, 10, 12, 13, 12, 15, 16});
    be_one(6, 1); // an operator's other node counts with it
    be_one(5, 6);
    CHECK_EQ(vch_machines_merge(&scene.pool), 3);
    check_counted((const uint32_t[NODES]){10, 10, 12, 13, 12, 10, 10});
    be_one(4, 0); // whoever shares with two is one with both
    scene.nodes[3].link.evidence.verdict.machine = scene.nodes[2].link.evidence.verdict.machine;
    CHECK_EQ(vch_machines_merge(&scene.pool), 4);
    check_counted((const uint32_t[NODES]){10, 10, 12, 12, 10, 10, 10});
    set_up();
    CHECK_EQ(vch_machines_merge(&scene.pool), 0); // each job anew
    check_counted((const uint32_t[NODES]){10, 10, 12, 13, 14, 15, 16});
}

TEST(machines_that_nobody_has_shown_are_no_machine)
{
    set_up();
    for (uint32_t i = 2; i < 6; i++)
        be_one(i, 2);
    scene.nodes[2].link.evidence.bytes = NULL;
    scene.nodes[3].link.state = VCH_LINK_DOWN;
    scene.nodes[4].is_member = false;
    CHECK_EQ(vch_machines_merge(&scene.pool), 0);
    for (uint32_t i = 0; i < NODES; i++) // as statements are: they name none
        scene.nodes[i].link.evidence.verdict.machine = (struct vch_digest){{0}};
    scene.nodes[2].link.evidence.bytes = scene.bytes;
    CHECK_EQ(vch_machines_merge(&scene.pool), 0);
}
