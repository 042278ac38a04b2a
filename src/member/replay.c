#include "member/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/merkle.h"
#include "tlog/bundle.h"
#include "tlog/consistency.h"
#include "tlog/equivocation.h"
#include "tlog/quorum.h"
#include "tlog/tile.h"

enum {
    NOTE_MAX = 16384,
    BUNDLE_MAX = VCH_TILE_WIDTH * 65537, // check: 256 * (65535 + 2)
    SIZE_MAX_REPLAYED = INT32_MAX,
};

// The log as it is read: its leaves, for proofs about what was seen before.
struct reading {
    struct vch_replay *replay;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
    struct vch_checkpoint seen;
    struct vch_digest *leaves; // room for the checkpoint's size; on the heap
    uint64_t count;
    struct vch_vkey clerk;
};

static vch_status open_notes(struct reading *reading)
{
    struct vch_replay *replay = reading->replay;
    const struct vch_charter *charter = replay->charter;
    struct vch_vkey *witnesses =
        VCH_ARENA_NEW(reading->arena, struct vch_vkey, VCH_CHARTER_WITNESSES_MAX);
    struct vch_quorum quorum = {witnesses, charter->witness_count};
    struct vch_quorum_tally tally;
    struct vch_note note;
    uint8_t *bytes = NULL;

    if (witnesses == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < charter->witness_count; i++)
        VCH_TRY(vch_vkey_init(&witnesses[i], charter->witnesses[i].name, VCH_VKEY_COSIGNATURE,
                              &charter->witnesses[i].key, reading->complaint));
    VCH_TRY(vch_vkey_init(&reading->clerk, charter->origin, VCH_VKEY_ED25519, &charter->clerk,
                          reading->complaint));
    VCH_TRY(vch_published_get(replay->published, "checkpoint", NOTE_MAX, &bytes, &replay->note_size,
                              reading->arena, reading->complaint));
    replay->note = bytes;
    VCH_TRY(vch_checkpoint_open(&replay->checkpoint, &note, (const char *)bytes, replay->note_size,
                                &reading->clerk, reading->complaint));
    VCH_TRY(vch_quorum_verify(&tally, &note, &quorum, reading->complaint));
    replay->cosigned = tally.counted;
    if (replay->seen == NULL) return VCH_OK;
    return vch_checkpoint_open(&reading->seen, &note, replay->seen, replay->seen_size,
                               &reading->clerk, reading->complaint);
}

static vch_status give_registry(const struct reading *reading)
{
    struct vch_follower *follower = reading->replay->follower;
    char path[sizeof "registry/" + 2 * VCH_DIGEST_SIZE] = "registry/";
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_hex_encode(path + strlen(path), vch_follower_missing(follower)->bytes, VCH_DIGEST_SIZE);
    VCH_TRY(vch_published_get(reading->replay->published, path, VCH_REGISTRY_SIZE_MAX, &bytes,
                              &size, reading->arena, reading->complaint));
    return vch_follower_give_registry(follower, bytes, size, reading->complaint);
}

static vch_status apply(const struct reading *reading, uint64_t from,
                        const struct vch_follower_bytes *entries, uint32_t count)
{
    struct vch_follower *follower = reading->replay->follower;

    while (vch_follower_next(follower) < from + count) {
        uint64_t before = vch_follower_next(follower);
        VCH_TRY(vch_follower_take(follower, from, entries, count, reading->complaint));
        if (vch_follower_missing(follower) != NULL)
            VCH_TRY(give_registry(reading));
        else if (vch_follower_next(follower) == before)
            return VCH_FAIL(BAD_PROOF);
    }
    return VCH_OK;
}

// Entries [256 index, 256 index + width).
static vch_status read_bundle(struct reading *reading, const struct vch_tile *tile)
{
    struct vch_follower_bytes entries[VCH_TILE_WIDTH];
    char path[VCH_TILE_PATH_MAX];
    struct vch_reader reader = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    (void)vch_tile_encode_path(path, tile);
    VCH_TRY(vch_published_get(reading->replay->published, path, BUNDLE_MAX, &bytes, &size,
                              reading->arena, reading->complaint));
    if (!vch_is_ok(vch_bundle_check(bytes, size, tile->width)))
        return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                            "%s is not a bundle of %u entries", path, tile->width);
    reader = (struct vch_reader){.bytes = bytes, .size = size};
    for (unsigned i = 0; i < tile->width; i++) {
        VCH_TRY(vch_bundle_read(&reader, &entries[i].bytes, &entries[i].size));
        reading->leaves[reading->count++] = vch_merkle_leaf(entries[i].bytes, entries[i].size);
    }
    return apply(reading, VCH_TILE_WIDTH * tile->index, entries, tile->width);
}

static vch_status read_log(struct reading *reading)
{
    const uint64_t size = reading->replay->checkpoint.size;

    while (reading->count < size) {
        struct vch_arena_mark mark = vch_arena_mark(reading->arena);
        struct vch_tile tile = {.is_entries = true, .index = reading->count / VCH_TILE_WIDTH};
        tile.width = vch_tile_width(0, tile.index, size);
        vch_status status = read_bundle(reading, &tile);
        vch_arena_rewind(reading->arena, mark);
        VCH_TRY(status);
        if (reading->replay->on_progress != NULL)
            reading->replay->on_progress(reading->replay->context, reading->count, size);
    }
    return VCH_OK;
}

// Node (level, index), from the leaves.
static vch_status read_node(void *context, unsigned level, uint64_t index, struct vch_digest *out)
{
    const struct reading *reading = context;
    struct vch_tree tree = {0};

    for (uint64_t i = index << level; i < (index + 1) << level; i++)
        (void)vch_tree_append(&tree, &reading->leaves[i], NULL);
    *out = vch_tree_root(&tree);
    return VCH_OK;
}

static vch_status write_evidence(struct reading *reading, const struct vch_digest *root)
{
    struct vch_replay *replay = reading->replay;
    const struct vch_tree_nodes nodes = {read_node, reading};
    char *out = vch_arena_alloc(reading->arena, VCH_EQUIVOCATION_SIZE_MAX, 1);
    bool is_same_size = reading->seen.size == replay->checkpoint.size;
    struct vch_tree_path path = {0};

    if (out == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_consistency_prove(&path, reading->seen.size, replay->checkpoint.size, &nodes));
    replay->evidence_size = vch_equivocation_encode(
        out, VCH_EQUIVOCATION_SIZE_MAX, replay->seen, replay->seen_size, (const char *)replay->note,
        replay->note_size, is_same_size ? NULL : root, is_same_size ? NULL : &path);
    if (replay->evidence_size > 0) replay->evidence = out;
    return VCH_OK;
}

static vch_status compare_seen(struct reading *reading)
{
    const struct vch_replay *replay = reading->replay;
    struct vch_tree tree = {0};

    if (replay->seen == NULL) return VCH_OK;
    if (reading->seen.size > replay->checkpoint.size)
        return vch_complain(reading->complaint, VCH_CODE_REFUSED,
                            "the log has shrunk: it had %" PRIu64 " entries, and publishes %" PRIu64
                            " now; an old copy, or a log that hides some",
                            reading->seen.size, replay->checkpoint.size);
    for (uint64_t i = 0; i < reading->seen.size; i++)
        (void)vch_tree_append(&tree, &reading->leaves[i], NULL);
    struct vch_digest root = vch_tree_root(&tree);
    if (vch_hash_is_equal(&root, &reading->seen.root)) return VCH_OK;
    VCH_TRY(write_evidence(reading, &root));
    return vch_complain(reading->complaint, VCH_CODE_BAD_PROOF,
                        "equivocation: the clerk signed two histories; the one seen before had "
                        "another root at %" PRIu64 " entries",
                        reading->seen.size);
}

static vch_status compare_root(const struct reading *reading)
{
    struct vch_tree tree = {0};

    for (uint64_t i = 0; i < reading->count; i++)
        (void)vch_tree_append(&tree, &reading->leaves[i], NULL);
    struct vch_digest root = vch_tree_root(&tree);
    if (vch_hash_is_equal(&root, &reading->replay->checkpoint.root)) return VCH_OK;
    return vch_complain(reading->complaint, VCH_CODE_BAD_PROOF,
                        "the entries published are not those of the checkpoint of size %" PRIu64,
                        reading->count);
}

vch_status vch_replay_run(struct vch_replay *replay, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    struct reading reading = {.replay = replay, .arena = arena, .complaint = complaint};

    VCH_TRY(open_notes(&reading));
    if (replay->checkpoint.size == 0 || replay->checkpoint.size > SIZE_MAX_REPLAYED)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a log of %" PRIu64 " entries",
                            replay->checkpoint.size);
    reading.leaves = calloc(replay->checkpoint.size, sizeof *reading.leaves);
    if (reading.leaves == NULL) return VCH_FAIL(NO_MEMORY);
    vch_status status = read_log(&reading);
    if (vch_is_ok(status)) status = compare_root(&reading);
    if (vch_is_ok(status)) status = compare_seen(&reading);
    free(reading.leaves);
    return status;
}
