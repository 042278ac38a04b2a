#include "ledger/replay.h"

#include <inttypes.h>

#include "host/log.h"
#include "host/progress.h"

enum { BLOCK_COUNT = 4096, BLOCK_SIZE = 4 << 20, BLOCK_ARENA = 32 << 20, ENTRY_ARENA = 1 << 20 };

struct run {
    struct vch_replay *replay;
    struct vch_store_head head;
    uint64_t trusted; // entries below were covered by a cosigned checkpoint
    struct vch_arena block, scratch;
    struct vch_progress progress;
};

// A checkpoint that does not verify is worth nothing: then everything is verified anew.
static vch_status find_trusted(struct run *run, struct vch_arena *arena,
                               struct vch_complaint *complaint)
{
    struct vch_replay *replay = run->replay;
    struct vch_store_checkpoint *latest = &replay->checkpoint;
    struct vch_complaint why = {""};
    struct vch_checkpoint opened;

    VCH_TRY(vch_store_latest_checkpoint(replay->store, latest, arena, complaint));
    if (latest->note == NULL) return VCH_OK;
    vch_status status = vch_quorum_open(&opened, (const char *)latest->note, latest->note_size,
                                        &replay->notes->log, &replay->notes->quorum, &why);
    if (vch_is_ok(status) && opened.size == latest->tree.size && opened.size <= run->head.size) {
        run->trusted = opened.size;
        latest->tree.root = opened.root;
        return VCH_OK;
    }
    vch_log_write(VCH_LOG_WARNING, "the store's checkpoint is set aside: %s", why.text);
    *latest = (struct vch_store_checkpoint){0};
    return VCH_OK;
}

static vch_status check_root(const struct run *run, const struct vch_digest *expected,
                             struct vch_complaint *complaint)
{
    struct vch_digest root = vch_state_root(run->replay->state);

    if (vch_hash_is_equal(&root, expected)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                        "the first %" PRIu64 " entries of the store do not have the root they "
                        "should have: it was altered; restore it from a copy",
                        vch_state_size(run->replay->state));
}

static void note_entry(struct vch_replay *replay, uint64_t position, const struct vch_entry *entry,
                       const struct vch_store_entry *bytes)
{
    vch_promises_note(replay->places, position, entry, bytes->bytes, bytes->size);
    if (entry->kind != VCH_ENTRY_ANCHOR) replay->content = position + 1;
    if (entry->kind == VCH_ENTRY_REGISTRY)
        vch_archive_admit(replay->archive, &entry->registry.digest);
}

static vch_status apply(struct run *run, const struct vch_store_entry *bytes,
                        struct vch_complaint *complaint)
{
    struct vch_replay *replay = run->replay;
    uint64_t position = vch_state_size(replay->state);
    struct vch_entry entry;

    VCH_TRY(vch_entry_decode(&entry, bytes->bytes, bytes->size, &run->scratch, complaint));
    if (position == 0 && (entry.kind != VCH_ENTRY_CHARTER ||
                          !vch_hash_is_equal(&entry.charter->id, &replay->charter->id)))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the store holds the log of another charter than the one given");
    replay->verified->has_signature = replay->verified->has_proof = position < run->trusted;
    vch_status status =
        vch_state_apply(replay->state, &entry, bytes->bytes, bytes->size, complaint);
    replay->verified->has_signature = replay->verified->has_proof = false;
    VCH_TRY(status);
    VCH_TRY(vch_index_note(replay->index, position, &entry));
    note_entry(replay, position, &entry, bytes);
    if (position + 1 == run->trusted)
        VCH_TRY(check_root(run, &replay->checkpoint.tree.root, complaint));
    return VCH_OK;
}

static vch_status replay_block(struct run *run, struct vch_complaint *complaint)
{
    struct vch_store_entries entries = {0};
    uint64_t from = vch_state_size(run->replay->state);

    VCH_TRY(vch_store_read(run->replay->store, from, BLOCK_COUNT, BLOCK_SIZE, &entries, &run->block,
                           complaint));
    if (entries.count == 0)
        return vch_complain(complaint, VCH_CODE_TRUNCATED, "the store lacks entry %" PRIu64, from);
    for (uint32_t i = 0; i < entries.count; i++) {
        struct vch_complaint why = {""};
        vch_status status = apply(run, &entries.entries[i], &why);
        vch_arena_rewind(&run->scratch, (struct vch_arena_mark){0});
        if (!vch_is_ok(status))
            return vch_complain(complaint, status.code, "entry %" PRIu64 " of the store: %s",
                                from + i, why.text[0] ? why.text : vch_code_text(status.code));
    }
    return VCH_OK;
}

static vch_status replay_all(struct run *run, struct vch_complaint *complaint)
{
    vch_status status = VCH_OK;

    while (vch_is_ok(status) && vch_state_size(run->replay->state) < run->head.size) {
        status = replay_block(run, complaint);
        vch_arena_rewind(&run->block, (struct vch_arena_mark){0});
        vch_progress_update(&run->progress, vch_state_size(run->replay->state));
    }
    VCH_TRY(status);
    return run->head.size > 0 ? check_root(run, &run->head.root, complaint) : VCH_OK;
}

vch_status vch_replay_run(struct vch_replay *replay, struct vch_arena *arena,
                          struct vch_complaint *complaint)
{
    struct run run = {.replay = replay};

    VCH_TRY(vch_store_head(replay->store, &run.head, complaint));
    VCH_TRY(find_trusted(&run, arena, complaint));
    vch_arena_init(&run.block, BLOCK_ARENA);
    vch_arena_init(&run.scratch, ENTRY_ARENA);
    vch_progress_start(&run.progress, "replaying the log", run.head.size);
    vch_status status = replay_all(&run, complaint);
    vch_progress_finish(&run.progress);
    vch_arena_release(&run.block);
    vch_arena_release(&run.scratch);
    return status;
}
