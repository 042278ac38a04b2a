#include "ledger/pages.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/clock.h"
#include "ledger/entry_json.h"
#include "ledger/ledger_parts.h"
#include "ledger/pages_state.h"
#include "ledger/web.h"
#include "tlog/bundle.h"
#include "tlog/tile.h"

enum {
    ENTRIES_MAX = 100, // in one answer
    ENTRIES_SIZE = 256 << 10,
    JOB_ENTRIES_MAX = 2000, // of one job
    WAIT_MS_MAX = 30000,    // of a long poll
    ARENA_MAX = 64 << 20,   // a full bundle of the largest entries is 16 MiB
};

static const char TEXT[] = "text/plain; charset=utf-8";
static const char JSON[] = "application/json";
static const char BYTES[] = "application/octet-stream";
static const char FOREVER[] = "public, max-age=31536000, immutable";

// What is read from the store for one exchange.
struct page {
    struct vch_lane_job job; // first: a job is its page
    struct vch_pages *pages;
    struct page *next;
    struct vch_http_exchange *exchange;
    struct vch_tile tile;
    struct vch_digest digest;
    uint64_t from, end, until_ms; // entries; until: of a long poll
    const uint64_t *positions;    // in the arena
    size_t count;
    struct vch_arena arena;
    struct evbuffer *body;
    const char *content_type;
    bool is_immutable;
};

struct vch_pages {
    struct vch_ledger *ledger;
    struct page *polling;  // long polls
    struct page *settling; // who asks for the state
};

static void free_page(struct page *page)
{
    vch_arena_release(&page->arena);
    if (page->body != NULL) evbuffer_free(page->body);
    free(page);
}

static struct page *new_page(struct vch_pages *pages, struct vch_http_exchange *exchange)
{
    struct page *page = calloc(1, sizeof *page);
    struct evbuffer *body = evbuffer_new();

    if (page == NULL || body == NULL) {
        free(page);
        if (body != NULL) evbuffer_free(body);
        vch_http_reply_text(exchange, 503, "no memory now");
        return NULL;
    }
    page->pages = pages;
    page->exchange = exchange;
    page->body = body;
    page->content_type = BYTES;
    vch_arena_init(&page->arena, ARENA_MAX);
    return page;
}

// The answer, whatever came of it.
static void reply(struct page *page, int code)
{
    if (page->is_immutable)
        vch_http_header(page->exchange, "Cache-Control", FOREVER);
    else
        vch_http_header(page->exchange, "Cache-Control", "no-cache");
    vch_http_header(page->exchange, "X-Content-Type-Options", "nosniff");
    vch_http_reply(page->exchange, code, page->content_type, page->body);
    free_page(page);
}

static void on_read(void *context, struct vch_lane_job *job)
{
    struct page *page = context;

    if (vch_is_ok(job->status)) {
        reply(page, 200);
        return;
    }
    vch_http_reply_text(page->exchange, job->status.code == VCH_CODE_REFUSED ? 404 : 503,
                        job->complaint.text[0] ? job->complaint.text
                                               : vch_code_text(job->status.code));
    free_page(page);
}

static void read_page(struct page *page, void (*run)(void *, struct vch_lane_job *))
{
    page->job.run = run;
    page->job.done = on_read;
    page->job.context = page;
    vch_lane_submit(page->pages->ledger->keeper, &page->job);
}

static vch_status add_json(struct page *page, json_t *value)
{
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    int failed = text == NULL || evbuffer_add_printf(page->body, "%s\n", text) < 0;

    free(text);
    json_decref(value);
    page->content_type = JSON;
    return failed ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

// Tiles.

static vch_status read_nodes(struct vch_store *store, struct page *page)
{
    const struct vch_tile *tile = &page->tile;
    struct vch_digest nodes[VCH_TILE_WIDTH];

    VCH_TRY(vch_store_nodes(store, VCH_TILE_HEIGHT * tile->level, tile->index * VCH_TILE_WIDTH,
                            tile->width, nodes, &page->job.complaint));
    return evbuffer_add(page->body, nodes, tile->width * sizeof nodes[0]) == 0
               ? VCH_OK
               : VCH_FAIL(NO_MEMORY);
}

static vch_status read_bundle(struct vch_store *store, struct page *page)
{
    uint64_t from = page->tile.index * VCH_TILE_WIDTH;
    uint64_t end = from + page->tile.width;

    while (from < end) {
        struct vch_store_entries entries = {0};
        VCH_TRY(vch_store_read(store, from, (uint32_t)(end - from), 1 << 20, &entries, &page->arena,
                               &page->job.complaint));
        if (entries.count == 0) return VCH_FAIL(UNAVAILABLE);
        for (uint32_t i = 0; i < entries.count; i++) {
            uint8_t prefix[2];
            vch_bundle_encode_size(prefix, entries.entries[i].size);
            if (evbuffer_add(page->body, prefix, sizeof prefix) != 0 ||
                evbuffer_add(page->body, entries.entries[i].bytes, entries.entries[i].size) != 0)
                return VCH_FAIL(NO_MEMORY);
        }
        from += entries.count;
        vch_arena_rewind(&page->arena, (struct vch_arena_mark){0});
    }
    return VCH_OK;
}

static void run_tile(void *subject, struct vch_lane_job *job)
{
    struct page *page = (struct page *)job;

    job->status = page->tile.is_entries ? read_bundle(subject, page) : read_nodes(subject, page);
}

static void serve_tile(void *context, struct vch_http_exchange *exchange)
{
    struct vch_pages *pages = context;
    uint64_t size = vch_pipeline_durable(pages->ledger->pipeline);
    struct vch_tile tile;

    if (!vch_is_ok(vch_tile_decode_path(&tile, vch_http_path(exchange) + 1)) ||
        vch_tile_width(tile.level, tile.index, size) < tile.width) {
        vch_http_reply_text(exchange, 404, "there is no such tile (yet)");
        return;
    }
    struct page *page = new_page(pages, exchange);
    if (page == NULL) return;
    page->tile = tile;
    page->is_immutable = true; // a partial one, too, never changes: its width is in its name
    read_page(page, run_tile);
}

// Registries, the checkpoint.

static bool parse_digest(struct vch_digest *out, const char *path, const char *prefix)
{
    const char *hex = path + strlen(prefix);

    return strlen(hex) == (size_t)2 * VCH_DIGEST_SIZE &&
           vch_is_ok(vch_hex_decode(out->bytes, VCH_DIGEST_SIZE, hex));
}

static void run_registry(void *subject, struct vch_lane_job *job)
{
    struct page *page = (struct page *)job;
    uint8_t *bytes = NULL;
    size_t size = 0;

    job->status =
        vch_store_blob(subject, &page->digest, &bytes, &size, &page->arena, &job->complaint);
    if (!vch_is_ok(job->status)) return;
    if (bytes == NULL)
        job->status = vch_complain(&job->complaint, VCH_CODE_REFUSED, "no such registry");
    else if (evbuffer_add(page->body, bytes, size) != 0)
        job->status = VCH_FAIL(NO_MEMORY);
}

static void serve_registry(void *context, struct vch_http_exchange *exchange)
{
    struct vch_digest digest;

    if (!parse_digest(&digest, vch_http_path(exchange), "/registry/")) {
        vch_http_reply_text(exchange, 404, "a registry is named by 64 hexadecimal digits");
        return;
    }
    struct page *page = new_page(context, exchange);
    if (page == NULL) return;
    page->digest = digest;
    page->is_immutable = true;
    read_page(page, run_registry);
}

static void serve_checkpoint(void *context, struct vch_http_exchange *exchange)
{
    struct vch_pages *pages = context;
    const struct vch_ledger *ledger = pages->ledger;

    if (ledger->note_size == 0) {
        vch_http_reply_text(exchange, 404, "no checkpoint was cosigned yet");
        return;
    }
    struct page *page = new_page(pages, exchange);
    if (page == NULL) return;
    page->content_type = TEXT;
    int failed = evbuffer_add(page->body, ledger->note, ledger->note_size);
    reply(page, failed ? 503 : 200);
}

// Entries as JSON.

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

static vch_status list_entries(json_t *list, struct vch_store *store, struct page *page)
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

static vch_status add_list(struct page *page, vch_status status, json_t *list)
{
    json_t *out = json_object();

    (void)json_object_set_new(out, "from", json_integer((json_int_t)page->from));
    (void)json_object_set_new(out, "size", json_integer((json_int_t)page->end));
    (void)json_object_set_new(out, "entries", list);
    if (vch_is_ok(status)) return add_json(page, out);
    json_decref(out);
    return status;
}

static void run_entries(void *subject, struct vch_lane_job *job)
{
    struct page *page = (struct page *)job;
    json_t *list = json_array();

    job->status = add_list(page, list_entries(list, subject, page), list);
}

static void read_entries(struct page *page)
{
    page->end = vch_pipeline_durable(page->pages->ledger->pipeline);
    if (page->from > page->end) page->from = page->end;
    read_page(page, run_entries);
}

static void serve_entries(void *context, struct vch_http_exchange *exchange)
{
    struct vch_pages *pages = context;
    uint64_t from = 0, wait = 0;

    if (!vch_http_query_u64(&from, exchange, "from") ||
        !vch_http_query_u64(&wait, exchange, "wait")) {
        vch_http_reply_text(exchange, 400, "from and wait are decimal numbers");
        return;
    }
    struct page *page = new_page(pages, exchange);
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

static void look_at_polls(struct vch_pages *pages)
{
    uint64_t size = vch_pipeline_durable(pages->ledger->pipeline), now = vch_clock_monotonic_ms();
    struct page *waiting = pages->polling;

    pages->polling = NULL;
    while (waiting != NULL) {
        struct page *page = waiting;
        waiting = page->next;
        if (page->from < size || now >= page->until_ms) {
            read_entries(page);
        } else {
            page->next = pages->polling;
            pages->polling = page;
        }
    }
}

static vch_status list_positions(json_t *list, struct vch_store *store, struct page *page)
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
    struct page *page = (struct page *)job;
    json_t *list = json_array(), *out = json_object();

    job->status = list_positions(list, subject, page);
    (void)json_object_set_new(out, "job", vch_entry_json_hex(page->digest.bytes, VCH_DIGEST_SIZE));
    (void)json_object_set_new(out, "entries", list);
    if (vch_is_ok(job->status))
        job->status = add_json(page, out);
    else
        json_decref(out);
}

static void serve_job(void *context, struct vch_http_exchange *exchange)
{
    struct vch_pages *pages = context;
    uint64_t size = vch_pipeline_durable(pages->ledger->pipeline);
    const uint64_t *positions = NULL;
    struct vch_digest digest;
    size_t count = 0;

    if (parse_digest(&digest, vch_http_path(exchange), "/api/job/"))
        count = vch_index_find(pages->ledger->index, &digest, &positions);
    while (count > 0 && positions[count - 1] >= size)
        count--; // not durable yet
    if (count == 0) {
        vch_http_reply_text(exchange, 404, "no such job: 64 hexadecimal digits name one");
        return;
    }
    struct page *page = new_page(pages, exchange);
    if (page == NULL) return;
    page->digest = digest;
    page->count = count < JOB_ENTRIES_MAX ? count : JOB_ENTRIES_MAX;
    uint64_t *copy = VCH_ARENA_NEW(&page->arena, uint64_t, page->count);
    if (copy == NULL) {
        reply(page, 503);
        return;
    }
    memcpy(copy, positions, page->count * sizeof *copy);
    page->positions = copy;
    read_page(page, run_job);
}

// The state, once nothing is ahead of the disk.

static void serve_state(void *context, struct vch_http_exchange *exchange)
{
    struct vch_pages *pages = context;
    struct page *page = new_page(pages, exchange);

    if (page == NULL) return;
    page->next = pages->settling;
    pages->settling = page;
    vch_pipeline_settle(pages->ledger->pipeline);
    vch_pipeline_attend(pages->ledger->pipeline);
}

void vch_pages_settled(struct vch_pages *pages)
{
    struct page *waiting = pages->settling;

    pages->settling = NULL;
    while (waiting != NULL) {
        struct page *page = waiting;
        waiting = page->next;
        vch_status status = add_json(page, vch_pages_state(pages->ledger));
        reply(page, vch_is_ok(status) ? 200 : 503);
    }
}

static void serve_file(void *context, struct vch_http_exchange *exchange)
{
    const struct vch_pages *pages = context;

    vch_web_serve(exchange, pages->ledger->options.page_folder);
}

static int answer_health(void *context, struct evbuffer *body)
{
    const struct vch_ledger *ledger = ((struct vch_pages *)context)->ledger;

    (void)evbuffer_add_printf(body, "%s\n", ledger->host.is_draining ? "draining" : "ok");
    return ledger->host.is_draining ? 503 : 200;
}

static int answer_metrics(void *context, struct evbuffer *body)
{
    const struct vch_pages *pages = context;

    vch_pages_state_metrics(body, pages->ledger);
    return 200;
}

static const struct vch_http_route ROUTES[] = {
    {"/healthz", TEXT, answer_health},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", answer_metrics},
    {NULL, NULL, NULL},
};

static const struct vch_http_handler HANDLERS[] = {
    {"/checkpoint", 0, serve_checkpoint},
    {"/tile/", 0, serve_tile},
    {"/registry/", 0, serve_registry},
    {"/api/state", 0, serve_state},
    {"/api/job/", 0, serve_job},
    {"/api/entries", 0, serve_entries},
    {"/page/", 0, serve_file},
    {"/", 0, serve_file},
    {NULL, 0, NULL},
};

void vch_pages_note(struct vch_pages *pages)
{
    look_at_polls(pages);
}

void vch_pages_tick(struct vch_pages *pages)
{
    if (pages->polling != NULL) look_at_polls(pages);
}

vch_status vch_pages_new(struct vch_pages **out, struct vch_ledger *ledger,
                         struct vch_complaint *complaint)
{
    struct vch_pages *pages = calloc(1, sizeof *pages);

    if (pages == NULL) return VCH_FAIL(NO_MEMORY);
    pages->ledger = ledger;
    vch_status status = vch_http_new(&ledger->http, ledger->base, ledger->options.http_host,
                                     ledger->options.http_port, ROUTES, pages, complaint);
    if (!vch_is_ok(status)) {
        free(pages);
        return status;
    }
    vch_http_handle(ledger->http, HANDLERS, pages);
    *out = pages;
    return VCH_OK;
}

static void drop_all(struct page *page)
{
    while (page != NULL) {
        struct page *next = page->next;
        vch_http_reply_text(page->exchange, 503, "the ledger ends");
        free_page(page);
        page = next;
    }
}

// The keeper must have been freed before.
void vch_pages_free(struct vch_pages *pages)
{
    if (pages == NULL) return;
    drop_all(pages->polling);
    drop_all(pages->settling);
    vch_http_free(pages->ledger->http);
    free(pages);
}
