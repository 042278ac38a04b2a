#include "member/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreement/state.h"
#include "base/bytes.h"
#include "crypto/merkle.h"
#include "entry/charter_notes.h"
#include "tlog/bundle.h"
#include "tlog/consistency.h"
#include "tlog/equivocation.h"
#include "tlog/tile.h"

enum {
    NOTE_MAX = 16384,
    BUNDLE_MAX = VCH_TILE_WIDTH * 65537, // check: 256 * (65535 + 2)
    SIZE_MAX_REPLAYED = INT32_MAX,
};

// The log as it is read: its leaves, for proofs about what was seen before.
struct log {
    struct vch_reading *reading;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
    struct vch_checkpoint seen;
    struct vch_digest *leaves; // room for the checkpoint's size; on the heap
    uint64_t count;
};

static vch_status open_notes(struct log *log)
{
    struct vch_reading *reading = log->reading;
    struct vch_charter_notes *notes = VCH_ARENA_NEW(log->arena, struct vch_charter_notes, 1);
    struct vch_quorum_tally tally;
    struct vch_note note;
    uint8_t *bytes = NULL;

    if (notes == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_charter_notes_init(notes, reading->charter, log->complaint));
    VCH_TRY(vch_published_get(reading->published, "checkpoint", NOTE_MAX, &bytes,
                              &reading->note_size, log->arena, log->complaint));
    reading->note = bytes;
    VCH_TRY(vch_checkpoint_open(&reading->checkpoint, &note, (const char *)bytes,
                                reading->note_size, &notes->log, log->complaint));
    VCH_TRY(vch_quorum_verify(&tally, &note, &notes->quorum, log->complaint));
    reading->cosigned = tally.counted;
    if (reading->seen == NULL) return VCH_OK;
    return vch_checkpoint_open(&log->seen, &note, reading->seen, reading->seen_size, &notes->log,
                               log->complaint);
}

static vch_status give_registry(const struct log *log)
{
    struct vch_follower *follower = log->reading->follower;
    char path[sizeof "registry/" + (size_t)2 * VCH_DIGEST_SIZE] = "registry/";
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_hex_encode(path + strlen(path), vch_follower_missing(follower)->bytes, VCH_DIGEST_SIZE);
    VCH_TRY(vch_published_get(log->reading->published, path, VCH_REGISTRY_SIZE_MAX, &bytes, &size,
                              log->arena, log->complaint));
    return vch_follower_give_registry(follower, bytes, size, log->complaint);
}

static vch_status apply(const struct log *log, uint64_t from,
                        const struct vch_follower_bytes *entries, uint32_t count)
{
    struct vch_follower *follower = log->reading->follower;

    while (vch_follower_next(follower) < from + count) {
        uint64_t before = vch_follower_next(follower);
        VCH_TRY(vch_follower_take(follower, from, entries, count, log->complaint));
        if (vch_follower_missing(follower) != NULL)
            VCH_TRY(give_registry(log));
        else if (vch_follower_next(follower) == before)
            return VCH_FAIL(BAD_PROOF);
    }
    return VCH_OK;
}

// Entries [256 index, 256 index + width).
static vch_status read_bundle(struct log *log, const struct vch_tile *tile)
{
    struct vch_follower_bytes entries[VCH_TILE_WIDTH];
    char path[VCH_TILE_PATH_MAX];
    struct vch_reader reader = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;

    (void)vch_tile_encode_path(path, tile);
    VCH_TRY(vch_published_get(log->reading->published, path, BUNDLE_MAX, &bytes, &size, log->arena,
                              log->complaint));
    if (!vch_is_ok(vch_bundle_check(bytes, size, tile->width)))
        return vch_complain(log->complaint, VCH_CODE_MALFORMED, "%s is not a bundle of %u entries",
                            path, tile->width);
    reader = (struct vch_reader){.bytes = bytes, .size = size};
    for (unsigned i = 0; i < tile->width; i++) {
        VCH_TRY(vch_bundle_read(&reader, &entries[i].bytes, &entries[i].size));
        log->leaves[log->count++] = vch_merkle_leaf(entries[i].bytes, entries[i].size);
    }
    return apply(log, VCH_TILE_WIDTH * tile->index, entries, tile->width);
}

static vch_status read_log(struct log *log)
{
    const uint64_t size = log->reading->checkpoint.size;

    while (log->count < size) {
        struct vch_arena_mark mark = vch_arena_mark(log->arena);
        struct vch_tile tile = {.is_entries = true, .index = log->count / VCH_TILE_WIDTH};
        tile.width = vch_tile_width(0, tile.index, size);
        vch_status status = read_bundle(log, &tile);
        vch_arena_rewind(log->arena, mark);
        VCH_TRY(status);
        if (log->reading->on_progress != NULL)
            log->reading->on_progress(log->reading->context, log->count, size);
    }
    return VCH_OK;
}

// Node (level, index), from the leaves.
static vch_status read_node(void *context, unsigned level, uint64_t index, struct vch_digest *out)
{
    const struct log *log = context;
    struct vch_tree tree = {0};

    for (uint64_t i = index << level; i < (index + 1) << level; i++)
        (void)vch_tree_append(&tree, &log->leaves[i], NULL);
    *out = vch_tree_root(&tree);
    return VCH_OK;
}

static vch_status write_evidence(struct log *log, const struct vch_digest *root)
{
    struct vch_reading *reading = log->reading;
    const struct vch_tree_nodes nodes = {read_node, log};
    char *out = vch_arena_alloc(log->arena, VCH_EQUIVOCATION_SIZE_MAX, 1);
    bool is_same_size = log->seen.size == reading->checkpoint.size;
    struct vch_tree_path path = {0};

    if (out == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_consistency_prove(&path, log->seen.size, reading->checkpoint.size, &nodes));
    reading->evidence_size =
        vch_equivocation_encode(out, VCH_EQUIVOCATION_SIZE_MAX, reading->seen, reading->seen_size,
                                (const char *)reading->note, reading->note_size,
                                is_same_size ? NULL : root, is_same_size ? NULL : &path);
    if (reading->evidence_size > 0) reading->evidence = out;
    return VCH_OK;
}

static vch_status compare_seen(struct log *log)
{
    const struct vch_reading *reading = log->reading;
    struct vch_tree tree = {0};

    if (reading->seen == NULL) return VCH_OK;
    if (log->seen.size > reading->checkpoint.size)
        return vch_complain(log->complaint, VCH_CODE_REFUSED,
                            "the log has shrunk: it had %" PRIu64 " entries, and publishes %" PRIu64
                            " now; an old copy, or a log that hides some",
                            log->seen.size, reading->checkpoint.size);
    for (uint64_t i = 0; i < log->seen.size; i++)
        (void)vch_tree_append(&tree, &log->leaves[i], NULL);
    struct vch_digest root = vch_tree_root(&tree);
    if (vch_hash_is_equal(&root, &log->seen.root)) return VCH_OK;
    VCH_TRY(write_evidence(log, &root));
    return vch_complain(log->complaint, VCH_CODE_BAD_PROOF,
                        "equivocation: the clerk signed two histories; the one seen before had "
                        "another root at %" PRIu64 " entries",
                        log->seen.size);
}

// The follower has computed it on the way.
static vch_status compare_root(const struct log *log)
{
    struct vch_digest root = vch_state_root(vch_follower_state(log->reading->follower));

    if (vch_hash_is_equal(&root, &log->reading->checkpoint.root)) return VCH_OK;
    return vch_complain(log->complaint, VCH_CODE_BAD_PROOF,
                        "the entries published are not those of the checkpoint of size %" PRIu64,
                        log->count);
}

vch_status vch_reading_run(struct vch_reading *reading, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    struct log log = {.reading = reading, .arena = arena, .complaint = complaint};

    VCH_TRY(open_notes(&log));
    if (reading->checkpoint.size == 0 || reading->checkpoint.size > SIZE_MAX_REPLAYED)
        return vch_complain(complaint, VCH_CODE_LIMIT, "a log of %" PRIu64 " entries",
                            reading->checkpoint.size);
    log.leaves = calloc(reading->checkpoint.size, sizeof *log.leaves);
    if (log.leaves == NULL) return VCH_FAIL(NO_MEMORY);
    vch_status status = read_log(&log);
    if (vch_is_ok(status)) status = compare_root(&log);
    if (vch_is_ok(status)) status = compare_seen(&log);
    free(log.leaves);
    return status;
}
