// The log as caches keep it: tiles of digests and of entries, registries, the latest checkpoint.
#include "ledger/pages_parts.h"
#include "tlog/bundle.h"

static vch_status read_nodes(struct vch_store *store, struct vch_pages_page *page)
{
    const struct vch_tile *tile = &page->tile;
    struct vch_digest nodes[VCH_TILE_WIDTH];

    VCH_TRY(vch_store_nodes(store, VCH_TILE_HEIGHT * tile->level, tile->index * VCH_TILE_WIDTH,
                            tile->width, nodes, &page->job.complaint));
    return evbuffer_add(page->body, nodes, tile->width * sizeof nodes[0]) == 0
               ? VCH_OK
               : VCH_FAIL(NO_MEMORY);
}

static vch_status read_bundle(struct vch_store *store, struct vch_pages_page *page)
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
    struct vch_pages_page *page = (struct vch_pages_page *)job;

    job->status = page->tile.is_entries ? read_bundle(subject, page) : read_nodes(subject, page);
}

void vch_pages_parts_serve_tile(void *context, struct vch_http_exchange *exchange)
{
    struct vch_pages *pages = context;
    uint64_t size = vch_pipeline_durable(pages->ledger->pipeline);
    struct vch_tile tile;

    if (!vch_is_ok(vch_tile_decode_path(&tile, vch_http_path(exchange) + 1)) ||
        vch_tile_width(tile.level, tile.index, size) < tile.width) {
        vch_http_reply_text(exchange, 404, "there is no such tile (yet)");
        return;
    }
    struct vch_pages_page *page = vch_pages_parts_new_page(pages, exchange);
    if (page == NULL) return;
    page->tile = tile;
    page->is_immutable = true; // a partial one, too, never changes: its width is in its name
    vch_pages_parts_read(page, run_tile);
}

static void run_registry(void *subject, struct vch_lane_job *job)
{
    struct vch_pages_page *page = (struct vch_pages_page *)job;
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

void vch_pages_parts_serve_registry(void *context, struct vch_http_exchange *exchange)
{
    struct vch_digest digest;

    if (!vch_pages_parts_find_digest(&digest, exchange, "/registry/")) {
        vch_http_reply_text(exchange, 404, "a registry is named by 64 hexadecimal digits");
        return;
    }
    struct vch_pages_page *page = vch_pages_parts_new_page(context, exchange);
    if (page == NULL) return;
    page->digest = digest;
    page->is_immutable = true;
    vch_pages_parts_read(page, run_registry);
}

void vch_pages_parts_serve_checkpoint(void *context, struct vch_http_exchange *exchange)
{
    struct vch_pages *pages = context;
    const struct vch_ledger_checkpoints *latest = &pages->ledger->checkpoints;

    if (latest->note_size == 0) {
        vch_http_reply_text(exchange, 404, "no checkpoint was cosigned yet");
        return;
    }
    struct vch_pages_page *page = vch_pages_parts_new_page(pages, exchange);
    if (page == NULL) return;
    page->content_type = VCH_PAGES_TEXT;
    int failed = evbuffer_add(page->body, latest->note, latest->note_size);
    vch_pages_parts_reply(page, failed ? 503 : 200);
}
