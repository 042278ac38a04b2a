// Witnesses. Where signatures are real the honest ones are the product's own core, asked as over
// HTTP: notes, proofs of consistency, cosignatures as lines. Elsewhere an earlier root stands for
// the proof.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "cluster/cluster.h"
#include "crypto/merkle.h"
#include "tlog/checkpoint.h"
#include "tlog/consistency.h"

enum { LEVELS = CLUSTER_TREE_LEVELS, REQUEST_MAX = 8192 };

void cluster_make_cores(struct cluster *world)
{
    struct vch_vkey vkey;

    if (!world->plan.is_real) return;
    if (!vch_is_ok(vch_vkey_init(&vkey, world->charter.origin, VCH_VKEY_ED25519,
                                 &world->clerk.public_key, &world->complaint)))
        cluster_fail(world, "no key of the log: %s", world->complaint.text);
    for (uint32_t i = 0; i < CLUSTER_WITNESSES; i++) {
        struct cluster_witness *witness = &world->witnesses[i];
        struct vch_core *core = VCH_ARENA_NEW(&world->arena, struct vch_core, 1);
        struct vch_core_log *log = VCH_ARENA_NEW(&world->arena, struct vch_core_log, 1);
        if (core == NULL || log == NULL) {
            cluster_fail(world, "no memory for a witness");
            return;
        }
        vch_core_log_init(log, &vkey, &world->charter.id);
        memcpy(core->name, world->charter.witnesses[i].name, VCH_CHARTER_NAME_MAX + 1);
        core->key = witness->key;
        core->log_count = 1;
        core->logs = log;
        if (!witness->is_dishonest) witness->core = core;
    }
}

// The nodes of a fork's tree, as the clerk keeps them.
void cluster_grow(struct cluster *world, struct cluster_fork *fork, const uint8_t *bytes,
                  size_t size)
{
    const struct vch_digest leaf = vch_merkle_leaf(bytes, size);
    struct vch_digest completed[VCH_TREE_LEVELS_MAX + 1];
    const uint64_t index = fork->tree.size;

    if (!world->plan.is_real || index >= UINT64_C(1) << (LEVELS - 1)) return;
    const unsigned count = vch_tree_append(&fork->tree, &leaf, completed);
    for (unsigned i = 0; i < count; i++) {
        if (fork->levels[i] == NULL)
            fork->levels[i] =
                VCH_ARENA_NEW(&world->arena, struct vch_digest, (size_t)1 << (LEVELS - 1 - i));
        if (fork->levels[i] == NULL) {
            cluster_fail(world, "no memory for a tree");
            return;
        }
        fork->levels[i][index >> i] = completed[i];
    }
}

static vch_status read_node(void *context, unsigned level, uint64_t index, struct vch_digest *out)
{
    const struct cluster_fork *fork = context;

    if (level >= LEVELS || fork->levels[level] == NULL) return VCH_FAIL(IO);
    *out = fork->levels[level][index];
    return VCH_OK;
}

static size_t write_request(struct cluster *world, struct cluster_fork *fork, uint64_t old,
                            uint64_t size, const struct vch_digest *root, char *out)
{
    const struct vch_tree_nodes nodes = {read_node, fork};
    struct vch_checkpoint checkpoint = {.size = size, .root = *root};
    struct vch_tree_path path;
    size_t used = (size_t)snprintf(out, REQUEST_MAX, "old %" PRIu64 "\n", old);

    if (!vch_is_ok(vch_consistency_prove(&path, old, size, &nodes))) return 0;
    for (uint32_t i = 0; i < path.count; i++) {
        used += vch_base64_encode(out + used, path.nodes[i].bytes, sizeof path.nodes[i].bytes);
        out[used++] = '\n';
    }
    out[used++] = '\n';
    (void)snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", world->charter.origin);
    return used + vch_checkpoint_sign(out + used, &checkpoint, &world->clerk);
}

// "— NAME BASE64", where the bytes are four of the key's id, the time, and the signature.
static bool read_line(struct vch_entry_cosignature *out, const char *line, size_t size)
{
    uint8_t bytes[4 + 8 + VCH_SIGN_SIGNATURE_SIZE];
    const size_t digits = VCH_BASE64_SIZE(sizeof bytes);

    if (size < digits + 1 || line[size - 1] != '\n') return false;
    if (!vch_is_ok(
            vch_base64_decode_exactly(bytes, sizeof bytes, line + size - 1 - digits, digits)))
        return false;
    out->time_s = vch_get_u64be(bytes + 4);
    memcpy(out->signature.bytes, bytes + 12, sizeof out->signature.bytes);
    return true;
}

static bool ask_core(struct cluster *world, struct cluster_fork *fork, uint32_t index,
                     uint64_t size, const struct vch_digest *root,
                     struct vch_entry_cosignature *out)
{
    static struct vch_core_reply reply;
    static struct vch_core_change change;
    static char request[REQUEST_MAX];
    struct cluster_witness *witness = &world->witnesses[index];
    const struct vch_core_log *log = witness->core->logs;
    const uint64_t now_ms = (uint64_t)((int64_t)world->now_ms + witness->skew_ms);

    if (size < log->size) return false; // late: it has seen more
    const size_t used = write_request(world, fork, log->size, size, root, request);
    if (used == 0) {
        cluster_fail(world, "no proof of consistency from %" PRIu64 " to %" PRIu64, log->size,
                     size);
        return false;
    }
    vch_core_add_checkpoint(&reply, &change, witness->core, request, used, false, now_ms);
    if (reply.code == 200) {
        vch_core_apply(witness->core, &change);
        return read_line(out, reply.body, reply.size);
    }
    if (!world->forks[1].exists)
        cluster_fail(world, "witness %u answers %d: %.200s", index, reply.code, reply.body);
    return false;
}

static bool extends(const struct cluster_witness *witness, const struct cluster_fork *fork,
                    uint64_t size)
{
    struct vch_digest root;

    if (witness->is_dishonest || witness->size == 0) return true;
    if (size < witness->size) return false;
    if (!vch_state_root_at(&root, fork->state, witness->size)) return false;
    return vch_hash_is_equal(&root, &witness->root);
}

// An honest witness cosigns what extends the last tree that it cosigned. The dishonest one cosigns
// anything.
bool cluster_ask_witness(struct cluster *world, uint32_t fork, uint32_t index, uint64_t size,
                         const struct vch_digest *root, struct vch_entry_cosignature *out)
{
    struct cluster_witness *witness = &world->witnesses[index];

    *out = (struct vch_entry_cosignature){.witness = index};
    if (world->now_ms < witness->down_until) return false;
    if (witness->core != NULL) return ask_core(world, &world->forks[fork], index, size, root, out);
    if (!extends(witness, &world->forks[fork], size)) return false;
    if (!witness->is_dishonest) {
        witness->size = size;
        witness->root = *root;
    }
    out->time_s = (uint64_t)((int64_t)world->now_ms + witness->skew_ms) / 1000;
    cluster_cosign(world, index, out->time_s, size, root, &out->signature);
    return true;
}
