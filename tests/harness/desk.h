// A ledger's session without a network: a log of three entries, frames caught in a buffer, requests
// caught in a queue, a clock that stands still unless told otherwise. For tests and fuzzing.
#pragma once

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ledger/ledger_session.h"

enum { DESK_QUEUE_MAX = 64, DESK_ENTRIES = 3, DESK_MEMORY_MAX = 8 << 20 };

struct desk {
    struct vch_ledger_session_host host;
    struct vch_ledger_session session;
    struct vch_ledger_session_time now;
    struct vch_request *queue[DESK_QUEUE_MAX];
    uint32_t queued;
    struct evbuffer *sent;
    bool is_full, is_owed, is_cold; // cold: no entry is in memory
    bool is_over;                   // the watched job
    struct vch_digest subject;
    uint64_t positions[2]; // of the subject's entries
};

static const uint8_t DESK_ENTRY[DESK_ENTRIES][4] = {"one", "two", "six"};

static inline vch_status desk_send(void *transport, const Vouch__Frame *frame)
{
    struct desk *desk = transport;

    return vch_frame_write(desk->sent, frame);
}

static inline bool desk_has_room(void *transport)
{
    const struct desk *desk = transport;

    return !desk->is_full;
}

static inline void desk_set_owed(void *transport, bool is_owed)
{
    struct desk *desk = transport;

    desk->is_owed = is_owed;
}

static inline void desk_submit(void *context, struct vch_request *request)
{
    struct desk *desk = context;

    VCH_ASSERT(desk->queued < DESK_QUEUE_MAX);
    desk->queue[desk->queued++] = request;
}

static inline struct vch_store_entry desk_entry(uint64_t position)
{
    return (struct vch_store_entry){DESK_ENTRY[position], sizeof DESK_ENTRY[position]};
}

static inline uint32_t desk_recent(void *context, uint64_t from, uint32_t count,
                                   struct vch_store_entry *out)
{
    const struct desk *desk = context;
    uint32_t found = 0;

    if (desk->is_cold) return 0;
    while (found < count && from + found < desk->host.entry_count) {
        out[found] = desk_entry(from + found);
        found++;
    }
    return found;
}

static inline size_t desk_find(void *context, const struct vch_digest *subject,
                               const uint64_t **positions)
{
    const struct desk *desk = context;

    if (memcmp(subject, &desk->subject, sizeof *subject) != 0) return 0;
    *positions = desk->positions;
    return sizeof desk->positions / sizeof desk->positions[0];
}

static inline bool desk_is_over(void *context, const struct vch_digest *subject)
{
    const struct desk *desk = context;

    (void)subject;
    return desk->is_over;
}

static inline void desk_init(struct desk *desk)
{
    struct vch_public_key peer = {{7}};

    memset(desk, 0, sizeof *desk);
    desk->sent = evbuffer_new();
    VCH_ASSERT(desk->sent != NULL);
    desk->now = (struct vch_ledger_session_time){1000000, 5000};
    memset(desk->subject.bytes, 0x5a, sizeof desk->subject.bytes);
    desk->positions[1] = 2;
    desk->host = (struct vch_ledger_session_host){.software = "test",
                                                  .entry_count = DESK_ENTRIES,
                                                  .memory_max = DESK_MEMORY_MAX,
                                                  .context = desk,
                                                  .send = desk_send,
                                                  .has_room = desk_has_room,
                                                  .set_owed = desk_set_owed,
                                                  .submit = desk_submit,
                                                  .recent = desk_recent,
                                                  .find = desk_find,
                                                  .is_over = desk_is_over};
    vch_ledger_session_init(&desk->session, &desk->host, &peer, desk);
}

// What the ledger makes of a request: appends are taken from position 10 on, but drafts that begin
// with 'x' are refused; blobs are "blob" followed by nothing.
static inline void desk_serve(struct vch_request *request)
{
    request->job.status = VCH_OK;
    switch (request->kind) {
    case VCH_REQUEST_APPEND:
        for (uint32_t i = 0; i < request->count; i++) {
            struct vch_request_draft *draft = &request->drafts[i];
            if (!vch_is_ok(draft->status)) continue;
            draft->position = 10 + i;
            if (draft->bytes[0] != 'x') continue;
            draft->status = VCH_FAIL(REFUSED);
            draft->text = "begins with x";
        }
        break;
    case VCH_REQUEST_FOLLOW:
    case VCH_REQUEST_WATCH: {
        bool is_follow = request->kind == VCH_REQUEST_FOLLOW;
        uint32_t count = is_follow ? (uint32_t)(request->end - request->from) : request->count;
        request->entries.entries = VCH_ARENA_NEW(&request->arena, struct vch_store_entry, count);
        VCH_ASSERT(request->entries.entries != NULL);
        request->entries.count = count;
        for (uint32_t i = 0; i < count; i++)
            request->entries.entries[i] =
                desk_entry(is_follow ? request->from + i : request->positions[i]);
        break;
    }
    case VCH_REQUEST_PROVE:
        request->checkpoint.note = (const uint8_t *)"note";
        request->checkpoint.note_size = 4;
        request->proven = VCH_ARENA_NEW(&request->arena, struct vch_request_proven, request->count);
        VCH_ASSERT(request->proven != NULL);
        for (uint32_t i = 0; i < request->count; i++) {
            request->proven[i].entry = desk_entry(request->positions[i]);
            request->proven[i].path.count = 2;
        }
        break;
    case VCH_REQUEST_GET_BLOB:
        request->blob = vch_arena_alloc(&request->arena, 4, 1);
        VCH_ASSERT(request->blob != NULL);
        request->blob_size = 4;
        break;
    case VCH_REQUEST_PUT_BLOB: break;
    }
}

// Serves what waits, and hands it back; what that leads to waits for the next time.
static inline void desk_work(struct desk *desk)
{
    struct vch_request *queue[DESK_QUEUE_MAX];
    uint32_t count = desk->queued;

    memcpy(queue, desk->queue, sizeof queue);
    desk->queued = 0;
    for (uint32_t i = 0; i < count; i++) {
        desk_serve(queue[i]);
        vch_ledger_session_finish(&desk->host, queue[i], desk->now);
    }
}

// Everything given back, or the test ends here.
static inline void desk_release(struct desk *desk)
{
    vch_ledger_session_release(&desk->session);
    while (desk->queued > 0)
        desk_work(desk);
    VCH_ASSERT(desk->host.memory_used == 0);
    evbuffer_free(desk->sent);
}
