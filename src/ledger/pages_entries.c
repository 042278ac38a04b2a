// The log as the page shows it: entries as JSON, from a position on or of one job.
#include <string.h>

#include "host/clock.h"
#include "ledger/entry_json.h"
#include "ledger/pages_parts.h"

enum {
    ENTRIES_MAX = 100, // in one answer
    ENTRIES_SIZE = 256 << 10,
    JOB_ENTRIES_MAX = 2000, // of one job
    WAIT_MS_MAX = 30000,    // of a long poll
};

static vch_status add_entry(json_t *list, uint64_t position, const struct vch_store_entry *bytes)
{
    struct vch_arena arena;
    struct vch_entry entry;

    vch_arena_init(&arena, 1 << 20);
    vch_status status = vch_entry_decode(&entry, bytes->bytes, bytes->size, &arena, NULL);
    if (vch_is_ok(status) && json_array_append_new(list, vch_entry_json(position, &entry)) != 0)
        status = VCH_FAIL(NO_MEMORY);
    vch_arena_release(&arena);
    return status;
}

static vch_status list_entries(json_t *list, struct vch_store *store, struct vch_pages_page *page)
{
    struct vch_store_entries entries = {0};
    uint64_t left = page->end - page->from;

    if (left == 0) return VCH_OK;
    VCH_TRY(vch_store_read(store, page->from, left < ENTRIES_MAX ? (uint32_t)left : ENTRIES_MAX,
                           ENTRIES_SIZE, &entries, &page->arena, &page->job.complaint));
    for (uint32_t i = 0; i < entries.count; i++)
        VCH_TRY(add_entry(list, page->from + i, &entries.entries[i]));
    return VCH_OK;
}

// Takes both.
static vch_status answer(struct vch_pages_page *page, json_t *out, json_t *list, vch_status status)
{
    (void)json_object_set_new(out, "entries", list);
    if (vch_is_ok(status)) return vch_pages_parts_add_json(page, out);
    json_decref(out);
    return status;
}

static void run_entries(void *subject, struct vch_lane_job *job)
{
    struct vch_pages_page *page = (struct vch_pages_page *)job;
    json_t *list = json_array(), *out = json_object();

    (void)json_object_set_new(out, "from", json_integer((json_int_t)page->from));
    (void)json_object_set_new(out, "size", json_integer((json_int_t)page->end));
    job->status = answer(page, out, list, list_entries(list, subject, page));
}

static void read_entries(struct vch_pages_page *page)
{
    page->end = vch_pipeline_durable(page->pages->ledger->pipeline);
    if (page->from > page->end) page->from = page->end;
    vch_pages_parts_read(page, run_entries);
}

void vch_pages_parts_serve_entries(void *context, struct vch_http_exchange *exchange)
{
    struct vch_pages *pages = context;
    uint64_t from = 0, wait = 0;

    if (!vch_http_query_u64(&from, exchange, "from") ||
        !vch_http_query_u64(&wait, exchange, "wait")) {
        vch_http_reply_text(exchange, 400, "from and wait are decimal numbers");
        return;
    }
    struct vch_pages_page *page = vch_pages_parts_new_page(pages, exchange);
    if (page == NULL) return;
    page->from = from;
    if (from < vch_pipeline_durable(pages->ledger->pipeline) || wait == 0) {
        read_entries(page);
        return;
    }
    page->until_ms = vch_clock_monotonic_ms() + (wait < WAIT_MS_MAX ? wait : WAIT_MS_MAX);
    page->next = pages->polling;
    pages->polling = page;
}

void vch_pages_parts_look_at_polls(struct vch_pages *pages)
{
    uint64_t size = vch_pipeline_durable(pages->ledger->pipeline), now = vch_clock_monotonic_ms();
    struct vch_pages_page *waiting = pages->polling;

    pages->polling = NULL;
    while (waiting != NULL) {
        struct vch_pages_page *page = waiting;
        waiting = page->next;
        if (page->from < size || now >= page->until_ms) {
            read_entries(page);
        } else {
            page->next = pages->polling;
            pages->polling = page;
        }
    }
}

static vch_status list_positions(json_t *list, struct vch_store *store, struct vch_pages_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        struct vch_arena_mark mark = vch_arena_mark(&page->arena);
        struct vch_store_entries entries = {0};
        VCH_TRY(vch_store_read(store, page->positions[i], 1, VCH_STORE_ENTRY_SIZE_MAX, &entries,
                               &page->arena, &page->job.complaint));
        if (entries.count != 1) return VCH_FAIL(UNAVAILABLE);
        VCH_TRY(add_entry(list, page->positions[i], &entries.entries[0]));
        vch_arena_rewind(&page->arena, mark);
    }
    return VCH_OK;
}

static void run_job(void *subject, struct vch_lane_job *job)
{
    struct vch_pages_page *page = (struct vch_pages_page *)job;
    json_t *list = json_array(), *out = json_object();

    (void)json_object_set_new(out, "job", vch_entry_json_hex(page->digest.bytes, VCH_DIGEST_SIZE));
    job->status = answer(page, out, list, list_positions(list, subject, page));
}

void vch_pages_parts_serve_job(void *context, struct vch_http_exchange *exchange)
{
    struct vch_pages *pages = context;
    uint64_t size = vch_pipeline_durable(pages->ledger->pipeline);
    const uint64_t *positions = NULL;
    struct vch_digest digest;
    size_t count = 0;

    if (vch_pages_parts_find_digest(&digest, exchange, "/api/job/"))
        count = vch_index_find(pages->ledger->index, &digest, &positions);
    while (count > 0 && positions[count - 1] >= size)
        count--; // not durable yet
    if (count == 0) {
        vch_http_reply_text(exchange, 404, "no such job: 64 hexadecimal digits name one");
        return;
    }
    struct vch_pages_page *page = vch_pages_parts_new_page(pages, exchange);
    if (page == NULL) return;
    page->digest = digest;
    page->count = count < JOB_ENTRIES_MAX ? count : JOB_ENTRIES_MAX;
    uint64_t *copy = VCH_ARENA_NEW(&page->arena, uint64_t, page->count);
    if (copy == NULL) {
        vch_pages_parts_refuse(page, 503, "no memory now");
        return;
    }
    memcpy(copy, positions, page->count * sizeof *copy);
    page->positions = copy;
    vch_pages_parts_read(page, run_job);
}
