#include "node/kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "consensus/job.h"
#include "node/vault_volume.h"

enum { BUCKETS = 16384, NONE = -1, ROUNDS_MAX = 4, SWEEP = 16, SCRATCH_MAX = 1 << 20 };

static bool is_same(const struct vch_contest_id *a, const struct vch_contest_id *b)
{
    return a->segment == b->segment && a->round == b->round &&
           vch_hash_is_equal(&a->subject, &b->subject);
}

// A subject is a digest already.
static int *bucket_of(const struct vch_kept *kept, const struct vch_contest_id *contest)
{
    return &kept->buckets[(vch_get_u32le(contest->subject.bytes) + 31 * contest->segment +
                           contest->round) %
                          BUCKETS];
}

struct vch_kept_run *vch_kept_find(const struct vch_kept *kept,
                                   const struct vch_contest_id *contest)
{
    for (int i = *bucket_of(kept, contest); i != NONE; i = kept->runs[i].next)
        if (is_same(&kept->runs[i].contest, contest)) return &kept->runs[i];
    return NULL;
}

struct vch_kept_run *vch_kept_find_trace(const struct vch_kept *kept, const struct vch_digest *job,
                                         uint32_t segment, const struct vch_digest *trace)
{
    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        const struct vch_contest_id id = {*job, segment, round};
        struct vch_kept_run *run = vch_kept_find(kept, &id);
        if (run != NULL && vch_hash_is_equal(&run->trace, trace)) return run;
    }
    return NULL;
}

// There is a free one: the caller has looked.
static struct vch_kept_run *insert(struct vch_kept *kept, const struct vch_kept_run *what)
{
    struct vch_kept_run *run = &kept->runs[kept->free];
    int *bucket = bucket_of(kept, &what->contest);
    int index = kept->free;

    kept->free = run->next;
    *run = *what;
    run->is_used = true;
    run->next = *bucket;
    *bucket = index;
    kept->count++;
    if (kept->high <= (uint32_t)index) kept->high = (uint32_t)index + 1;
    return run;
}

static void forget_leaves(struct vch_kept *kept, struct vch_kept_run *run)
{
    kept->leaves_size -= run->leaf_count * sizeof *run->leaves;
    free(run->leaves);
    run->leaves = NULL;
    run->leaf_count = 0;
}

static void drop(struct vch_kept *kept, struct vch_kept_run *run)
{
    int index = (int)(run - kept->runs);
    int *at = bucket_of(kept, &run->contest);

    while (*at != index)
        at = &kept->runs[*at].next;
    *at = run->next;
    forget_leaves(kept, run);
    vch_vault_drop(&kept->vault, &run->place);
    vch_kept_room_give_back(&kept->room, run->client, vch_vault_volume_framed(run->place.size));
    *run = (struct vch_kept_run){.next = kept->free};
    kept->free = index;
    kept->count--;
}

// What it takes of the room.
static uint64_t cost_of(uint64_t size)
{
    const struct vch_kept_record empty = {.job_size = 0};
    const uint64_t rest = vch_kept_record_size(&empty);

    if (size > VCH_VAULT_RECORD_MAX - rest) return UINT64_MAX; // nothing so large fits
    return vch_vault_volume_framed((uint32_t)(rest + size));
}

// Whose job it was. What says it of no client is no client's: all zeros.
static struct vch_public_key client_of(const struct vch_kept_record *record)
{
    struct vch_public_key client = {{0}};
    struct vch_arena arena;
    struct vch_job job;

    vch_arena_init(&arena, SCRATCH_MAX);
    if (vch_is_ok(vch_job_decode(&job, record->job, record->job_size, &arena, NULL)))
        client = job.client;
    vch_arena_release(&arena);
    return client;
}

struct opening {
    struct vch_kept *kept;
    const struct vch_kept_setup *setup;
};

static bool take(void *context, const struct vch_vault_place *place, const uint8_t *bytes)
{
    const struct opening *opening = context;
    struct vch_kept_record record;

    // Sealed by this node, so only another version of this program could have written it.
    if (!vch_is_ok(vch_kept_record_decode(&record, bytes, place->size))) return false;
    if (opening->kept->free == NONE || vch_kept_find(opening->kept, &record.contest) != NULL)
        return false;
    struct vch_kept_run run = {
        .contest = record.contest, .trace = record.trace, .seen = record.seen, .place = *place};
    const struct vch_public_key client = client_of(&record);
    run.client = vch_kept_room_take(&opening->kept->room, &record.contest, &client,
                                    vch_vault_volume_framed(place->size));
    if (run.client < 0) return false;
    (void)insert(opening->kept, &run);
    opening->setup->found(opening->setup->context, &record);
    return true;
}

vch_status vch_kept_open(struct vch_kept *out, const struct vch_kept_setup *setup,
                         struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct opening opening = {out, setup};
    struct vch_vault_setup vault = {.folder = setup->folder,
                                    .size_max =
                                        setup->disk_max > 0 ? setup->disk_max : VCH_KEPT_DISK_MAX,
                                    .volume_ms = setup->window_ms};

    *out = (struct vch_kept){.runs = VCH_ARENA_NEW(arena, struct vch_kept_run, VCH_KEPT_MAX),
                             .buckets = VCH_ARENA_NEW(arena, int, BUCKETS)};
    if (out->runs == NULL || out->buckets == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(vch_kept_room_init(&out->room, vault.size_max, VCH_KEPT_MAX, &setup->self, arena));
    for (int i = 0; i < BUCKETS; i++)
        out->buckets[i] = NONE;
    for (int i = 0; i < (int)VCH_KEPT_MAX; i++)
        out->runs[i].next = i + 1 < (int)VCH_KEPT_MAX ? i + 1 : NONE;
    memcpy(vault.key, setup->key, sizeof vault.key);
    vch_status status = vch_vault_open(&out->vault, &vault, take, &opening, arena, complaint);
    vch_wipe(&vault, sizeof vault);
    return status;
}

void vch_kept_close(struct vch_kept *kept)
{
    for (uint32_t i = 0; i < kept->high; i++)
        forget_leaves(kept, &kept->runs[i]);
    vch_vault_close(&kept->vault);
}

uint64_t vch_kept_size_max(const struct vch_kept *kept)
{
    const uint64_t share = vch_kept_room_share(&kept->room), least = cost_of(0);
    const uint64_t most = VCH_VAULT_RECORD_MAX - least; // a record's; by that its frame's, too

    if (share <= least) return 0;
    return share - least < most ? share - least : most;
}

bool vch_kept_fits(const struct vch_kept *kept, const struct vch_contest_id *contest,
                   const struct vch_public_key *client, uint64_t size)
{
    return kept->free != NONE && cost_of(size) <= vch_vault_room(&kept->vault) &&
           vch_kept_room_has(&kept->room, contest, client, cost_of(size));
}

// A quarter is for those that were drawn already, as far as nothing was booked for them.
bool vch_kept_has_room(const struct vch_kept *kept, const struct vch_contest_id *contest,
                       const struct vch_public_key *client, uint64_t size)
{
    const struct vch_kept_room *room = &kept->room;

    return kept->count + room->booked_count < VCH_KEPT_MAX / 4 * 3 &&
           vch_vault_room(&kept->vault) > room->size_max / 4 + room->booked_size &&
           vch_kept_room_can_book(room) && vch_kept_room_has(room, contest, client, cost_of(size));
}

void vch_kept_book(struct vch_kept *kept, const struct vch_contest_id *contest,
                   const struct vch_public_key *client, uint64_t size)
{
    vch_kept_room_book(&kept->room, contest, client, cost_of(size));
}

// Copies; some others give way where there are too many, and without memory none are kept.
static void take_leaves(struct vch_kept *kept, struct vch_kept_run *run,
                        const struct vch_task *task)
{
    const size_t size = task->leaf_count * sizeof *task->leaves;

    if (run->leaves != NULL || size == 0 || size > VCH_KEPT_LEAVES_MAX) return;
    for (uint32_t i = 0; i < kept->high && kept->leaves_size + size > VCH_KEPT_LEAVES_MAX; i++) {
        forget_leaves(kept, &kept->runs[kept->gives_way]);
        kept->gives_way = (kept->gives_way + 1) % kept->high;
    }
    run->leaves = calloc(size, 1);
    if (run->leaves == NULL) return;
    memcpy(run->leaves, task->leaves, size);
    run->leaf_count = task->leaf_count;
    kept->leaves_size += size;
}

static vch_status store(struct vch_vault_place *place, struct vch_kept *kept,
                        const struct vch_kept_record *record, uint64_t now_ms)
{
    const size_t size = vch_kept_record_size(record);
    uint8_t *bytes = calloc(size, 1);

    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    vch_kept_record_encode(bytes, record);
    vch_status status = vch_vault_add(&kept->vault, place, bytes, size, now_ms);
    vch_wipe(bytes, size);
    free(bytes);
    return status;
}

vch_status vch_kept_add(struct vch_kept *kept, const struct vch_task *task, uint64_t seen,
                        uint64_t now_ms)
{
    const struct vch_contest_id contest = {task->job_id, task->segment, task->round};
    struct vch_kept_run *run = vch_kept_find(kept, &contest);

    if (run == NULL) {
        const struct vch_kept_record record = {.contest = contest,
                                               .seen = seen,
                                               .model = task->model->package.identity,
                                               .output = task->vote.output,
                                               .trace = task->trace,
                                               .first = task->first,
                                               .last = task->last,
                                               .batch = task->batch,
                                               .input_nonce = task->input_nonce,
                                               .output_nonce = task->output_nonce,
                                               .job = task->job,
                                               .input = task->input.data,
                                               .job_size = task->job_size,
                                               .input_size = task->input_size};
        struct vch_kept_run added = {.contest = contest, .trace = task->trace, .seen = seen};
        if (kept->free == NONE) return VCH_FAIL(LIMIT);
        VCH_TRY(store(&added.place, kept, &record, now_ms));
        added.client = vch_kept_room_take(&kept->room, &contest, &task->client,
                                          vch_vault_volume_framed(added.place.size));
        VCH_ASSERT(added.client != NONE); // there are as many places as runs and bookings
        run = insert(kept, &added);
    }
    if (vch_hash_is_equal(&run->trace, &task->trace)) take_leaves(kept, run, task);
    return VCH_OK;
}

vch_status vch_kept_sync(struct vch_kept *kept)
{
    return vch_vault_sync(&kept->vault);
}

vch_status vch_kept_load(struct vch_kept_record *out, const struct vch_kept *kept,
                         const struct vch_kept_run *run, struct vch_arena *arena)
{
    uint8_t *bytes = NULL;

    VCH_TRY(vch_vault_read(&bytes, &kept->vault, &run->place, arena));
    VCH_TRY(vch_kept_record_decode(out, bytes, run->place.size));
    uint8_t *input = vch_arena_alloc(arena, out->input_size, 1); // aligned, as tensors are
    if (input == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(input, out->input, out->input_size);
    out->input = input;
    return VCH_OK;
}

// Nobody can dispute it, and no ledger that this node followed further than it had then forgets a
// segment before.
static bool is_over(const struct vch_kept_run *run, const struct vch_state *state)
{
    const struct vch_segment_record *segment =
        vch_state_segment(state, &run->contest.subject, run->contest.segment);

    return segment != NULL ? segment->is_final : vch_state_size(state) >= run->seen;
}

void vch_kept_sweep(struct vch_kept *kept, const struct vch_state *state)
{
    vch_kept_room_sweep(&kept->room, state);
    for (uint32_t i = 0; i < SWEEP && kept->count > 0; i++) {
        struct vch_kept_run *run = &kept->runs[kept->looked_at];
        if (run->is_used && is_over(run, state)) drop(kept, run);
        kept->looked_at = (kept->looked_at + 1) % kept->high;
    }
}
