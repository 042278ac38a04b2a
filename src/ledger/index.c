#include "ledger/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { FIRST_SLOTS = 1024, FIRST_POSITIONS = 8 };

struct record { // a job
    struct vch_digest id;
    uint64_t *positions;
    size_t count, room;
    uint64_t unanchored;                  // the first position that no anchor covers
    bool is_pending;                      // there is one
    struct record *next_pending, *before; // before: the job that was opened before this one
};

struct slot {
    struct vch_digest subject; // a job's or a dispute's
    struct record *record;     // NULL: free
};

struct registry {
    struct vch_digest digest;
    uint64_t position;
};

struct vch_index {
    size_t registry_count, registry_room;
    struct registry *registries; // ascending by position
    struct slot *slots;          // open addressing, at most half full
    size_t slot_count, used;
    struct record *newest, *pending;
    uint64_t job_count;
};

// Subjects are digests, but whoever opens a job has some choice of its id: where many meet in one
// place, finding takes longer and that is all.
static size_t place_of(const struct vch_index *index, const struct vch_digest *subject)
{
    return (size_t)vch_get_u64le(subject->bytes) & (index->slot_count - 1);
}

static struct slot *find_slot(const struct vch_index *index, const struct vch_digest *subject)
{
    size_t place = place_of(index, subject);

    while (index->slots[place].record != NULL &&
           memcmp(&index->slots[place].subject, subject, sizeof *subject) != 0)
        place = (place + 1) & (index->slot_count - 1);
    return &index->slots[place];
}

static vch_status make_room(struct vch_index *index)
{
    struct slot *old = index->slots;
    size_t old_count = index->slot_count;

    if (2 * (index->used + 1) <= index->slot_count) return VCH_OK;
    struct slot *slots = calloc(2 * old_count, sizeof *slots);
    if (slots == NULL) return VCH_FAIL(NO_MEMORY);
    index->slots = slots;
    index->slot_count = 2 * old_count;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].record != NULL) *find_slot(index, &old[i].subject) = old[i];
    free(old);
    return VCH_OK;
}

static vch_status put(struct vch_index *index, const struct vch_digest *subject,
                      struct record *record)
{
    VCH_TRY(make_room(index));
    struct slot *slot = find_slot(index, subject);
    if (slot->record == NULL) index->used++;
    *slot = (struct slot){*subject, record};
    return VCH_OK;
}

static struct record *find(const struct vch_index *index, const struct vch_digest *subject)
{
    return find_slot(index, subject)->record;
}

static vch_status add_position(struct record *record, uint64_t position)
{
    if (record->count == record->room) {
        size_t room = record->room > 0 ? 2 * record->room : FIRST_POSITIONS;
        uint64_t *positions = calloc(room, sizeof *positions);
        if (positions == NULL) return VCH_FAIL(NO_MEMORY);
        if (record->count > 0)
            memcpy(positions, record->positions, record->count * sizeof *positions);
        free(record->positions);
        record->positions = positions;
        record->room = room;
    }
    record->positions[record->count++] = position;
    return VCH_OK;
}

static vch_status note_registry(struct vch_index *index, uint64_t position,
                                const struct vch_digest *digest)
{
    if (index->registry_count == index->registry_room) {
        size_t room = index->registry_room > 0 ? 2 * index->registry_room : FIRST_POSITIONS;
        struct registry *registries = calloc(room, sizeof *registries);
        if (registries == NULL) return VCH_FAIL(NO_MEMORY);
        if (index->registry_count > 0)
            memcpy(registries, index->registries, index->registry_count * sizeof *registries);
        free(index->registries);
        index->registries = registries;
        index->registry_room = room;
    }
    index->registries[index->registry_count++] = (struct registry){*digest, position};
    return VCH_OK;
}

// Whoever watches a job needs the entry of the registry that it is under.
static vch_status add_registry(struct vch_index *index, struct record *record,
                               const struct vch_digest *digest)
{
    for (size_t i = index->registry_count; i-- > 0;)
        if (vch_hash_is_equal(&index->registries[i].digest, digest))
            return add_position(record, index->registries[i].position);
    return VCH_OK;
}

static vch_status open_job(struct vch_index *index, const struct vch_digest *id,
                           const struct vch_digest *registry)
{
    struct record *record = find(index, id); // an id may come again, long after

    if (record != NULL) return VCH_OK;
    record = calloc(1, sizeof *record);
    if (record == NULL) return VCH_FAIL(NO_MEMORY);
    record->id = *id;
    vch_status status = put(index, id, record);
    if (!vch_is_ok(status)) {
        free(record);
        return status;
    }
    record->before = index->newest;
    index->newest = record;
    index->job_count++;
    return add_registry(index, record, registry);
}

static vch_status open_dispute(struct vch_index *index, const struct vch_entry *entry)
{
    struct record *job = find(index, &entry->dispute_open.job);
    struct vch_digest id =
        vch_entry_dispute_id(&entry->dispute_open.job, entry->dispute_open.segment, &entry->writer,
                             &entry->dispute_open.output, &entry->dispute_open.trace);

    return job != NULL ? put(index, &id, job) : VCH_OK;
}

// What the entry speaks of; NULL: of no job.
static const struct vch_digest *subject_of(const struct vch_entry *entry)
{
    switch (entry->kind) {
    case VCH_ENTRY_JOB_OPEN: return &entry->job_open->job_id;
    case VCH_ENTRY_INPUT: return &entry->input.job;
    case VCH_ENTRY_SORTITION:
    case VCH_ENTRY_DRAW:
    case VCH_ENTRY_COMMIT:
    case VCH_ENTRY_CLOSE:
    case VCH_ENTRY_REVEAL:
    case VCH_ENTRY_VERDICT: return &entry->contest.subject;
    case VCH_ENTRY_EXPIRE: return &entry->expire;
    case VCH_ENTRY_TRIAL_RESULT: return &entry->trial_result.job;
    case VCH_ENTRY_DISPUTE_OPEN: return &entry->dispute_open.job;
    case VCH_ENTRY_DISPUTE_MOVE: return &entry->dispute_move.dispute;
    case VCH_ENTRY_DISPUTE_DEFAULT: return &entry->dispute_default;
    case VCH_ENTRY_EVIDENCE: return &entry->evidence.first->contest.subject;
    case VCH_ENTRY_CHARTER:
    case VCH_ENTRY_REGISTRY:
    case VCH_ENTRY_DEPOSIT:
    case VCH_ENTRY_WITHDRAW:
    case VCH_ENTRY_STAKE:
    case VCH_ENTRY_UNSTAKE:
    case VCH_ENTRY_RELEASE:
    case VCH_ENTRY_HOLD:
    case VCH_ENTRY_ANCHOR: break;
    }
    return NULL;
}

// All pending jobs with an entry below the anchor's size.
static vch_status note_anchor(struct vch_index *index, uint64_t position, uint64_t size)
{
    struct record **link = &index->pending;
    vch_status status = VCH_OK;

    while (*link != NULL) {
        struct record *record = *link;
        if (record->unanchored < size) {
            size_t last = record->count - 1;
            uint64_t next = record->positions[last];
            for (; last > 0 && record->positions[last - 1] >= size; last--)
                next = record->positions[last - 1];
            record->is_pending = next >= size;
            record->unanchored = next;
            vch_status added = add_position(record, position);
            if (!vch_is_ok(added)) status = added;
        }
        if (record->is_pending)
            link = &record->next_pending;
        else
            *link = record->next_pending;
    }
    return status;
}

vch_status vch_index_note(struct vch_index *index, uint64_t position, const struct vch_entry *entry)
{
    const struct vch_digest *subject = subject_of(entry);

    if (entry->kind == VCH_ENTRY_ANCHOR) return note_anchor(index, position, entry->anchor.size);
    if (entry->kind == VCH_ENTRY_REGISTRY)
        return note_registry(index, position, &entry->registry.digest);
    if (entry->kind == VCH_ENTRY_JOB_OPEN)
        VCH_TRY(open_job(index, subject, &entry->job_open->job.registry));
    if (entry->kind == VCH_ENTRY_DISPUTE_OPEN) VCH_TRY(open_dispute(index, entry));
    struct record *record = subject != NULL ? find(index, subject) : NULL;
    if (record == NULL) return VCH_OK;
    VCH_TRY(add_position(record, position));
    if (record->is_pending) return VCH_OK;
    record->is_pending = true;
    record->unanchored = position;
    record->next_pending = index->pending;
    index->pending = record;
    return VCH_OK;
}

size_t vch_index_find(const struct vch_index *index, const struct vch_digest *subject,
                      const uint64_t **positions)
{
    const struct record *record = find(index, subject);

    *positions = record != NULL ? record->positions : NULL;
    return record != NULL ? record->count : 0;
}

size_t vch_index_latest(const struct vch_index *index, struct vch_digest *out, size_t count)
{
    const struct record *record = index->newest;
    size_t found = 0;

    for (; record != NULL && found < count; record = record->before)
        out[found++] = record->id;
    return found;
}

uint64_t vch_index_jobs(const struct vch_index *index)
{
    return index->job_count;
}

vch_status vch_index_new(struct vch_index **out)
{
    struct vch_index *index = calloc(1, sizeof *index);

    if (index == NULL) return VCH_FAIL(NO_MEMORY);
    index->slot_count = FIRST_SLOTS;
    index->slots = calloc(FIRST_SLOTS, sizeof *index->slots);
    if (index->slots == NULL) {
        free(index);
        return VCH_FAIL(NO_MEMORY);
    }
    *out = index;
    return VCH_OK;
}

void vch_index_free(struct vch_index *index)
{
    if (index == NULL) return;
    for (struct record *record = index->newest, *before = NULL; record != NULL; record = before) {
        before = record->before;
        free(record->positions);
        free(record);
    }
    free(index->registries);
    free(index->slots);
    free(index);
}
