// One answer on its way: filled at once, or by the keeper, and sent.
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ledger/pages_parts.h"

enum { ARENA_MAX = 64 << 20 }; // a full bundle of the largest entries is 16 MiB

static void free_page(struct vch_pages_page *page)
{
    vch_arena_release(&page->arena);
    if (page->body != NULL) evbuffer_free(page->body);
    free(page);
}

struct vch_pages_page *vch_pages_parts_new_page(struct vch_pages *pages,
                                                struct vch_http_exchange *exchange)
{
    struct vch_pages_page *page = calloc(1, sizeof *page);
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
    page->content_type = "application/octet-stream";
    vch_arena_init(&page->arena, ARENA_MAX);
    return page;
}

void vch_pages_parts_reply(struct vch_pages_page *page, int code)
{
    vch_http_header(page->exchange, "Cache-Control",
                    page->is_immutable ? "public, max-age=31536000, immutable" : "no-cache");
    vch_http_header(page->exchange, "X-Content-Type-Options", "nosniff");
    vch_http_reply(page->exchange, code, page->content_type, page->body);
    free_page(page);
}

void vch_pages_parts_refuse(struct vch_pages_page *page, int code, const char *text)
{
    vch_http_reply_text(page->exchange, code, text);
    free_page(page);
}

static void on_read(void *context, struct vch_lane_job *job)
{
    const enum vch_code code = job->status.code;
    const char *why = job->complaint.text;

    if (vch_is_ok(job->status))
        vch_pages_parts_reply(context, 200);
    else
        vch_pages_parts_refuse(context, code == VCH_CODE_REFUSED ? 404 : 503,
                               why[0] ? why : vch_code_text(code));
}

void vch_pages_parts_read(struct vch_pages_page *page,
                          void (*run)(void *store, struct vch_lane_job *job))
{
    page->job.run = run;
    page->job.done = on_read;
    page->job.context = page;
    vch_lane_submit(page->pages->ledger->keeper, &page->job);
}

vch_status vch_pages_parts_add_json(struct vch_pages_page *page, json_t *value)
{
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    int failed = text == NULL || evbuffer_add_printf(page->body, "%s\n", text) < 0;

    free(text);
    json_decref(value);
    page->content_type = "application/json";
    return failed ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

bool vch_pages_parts_find_digest(struct vch_digest *out, const struct vch_http_exchange *exchange,
                                 const char *prefix)
{
    const char *hex = vch_http_path(exchange) + strlen(prefix);

    return strlen(hex) == (size_t)2 * VCH_DIGEST_SIZE &&
           vch_is_ok(vch_hex_decode(out->bytes, VCH_DIGEST_SIZE, hex));
}
