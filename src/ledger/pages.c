#include "ledger/pages.h"

#include <stdlib.h>

#include "ledger/pages_parts.h"
#include "ledger/pages_state.h"
#include "ledger/web.h"

static void serve_state(void *context, struct vch_http_exchange *exchange)
{
    struct vch_pages *pages = context;
    struct vch_pages_page *page = vch_pages_parts_new_page(pages, exchange);

    if (page == NULL) return;
    page->next = pages->settling;
    pages->settling = page;
    vch_pipeline_settle(pages->ledger->pipeline);
    vch_pipeline_attend(pages->ledger->pipeline);
}

void vch_pages_settled(struct vch_pages *pages)
{
    struct vch_pages_page *waiting = pages->settling;

    pages->settling = NULL;
    while (waiting != NULL) {
        struct vch_pages_page *page = waiting;
        waiting = page->next;
        vch_status status = vch_pages_parts_add_json(page, vch_pages_state(pages->ledger));
        vch_pages_parts_reply(page, vch_is_ok(status) ? 200 : 503);
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
    {"/healthz", VCH_PAGES_TEXT, answer_health},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", answer_metrics},
    {NULL, NULL, NULL},
};

static const struct vch_http_handler HANDLERS[] = {
    {"/checkpoint", 0, vch_pages_parts_serve_checkpoint},
    {"/tile/", 0, vch_pages_parts_serve_tile},
    {"/registry/", 0, vch_pages_parts_serve_registry},
    {"/api/state", 0, serve_state},
    {"/api/job/", 0, vch_pages_parts_serve_job},
    {"/api/entries", 0, vch_pages_parts_serve_entries},
    {"/page/", 0, serve_file},
    {"/", 0, serve_file},
    {NULL, 0, NULL},
};

void vch_pages_note(struct vch_pages *pages)
{
    vch_pages_parts_look_at_polls(pages);
}

void vch_pages_tick(struct vch_pages *pages)
{
    if (pages->polling != NULL) vch_pages_parts_look_at_polls(pages);
}

uint16_t vch_pages_port(const struct vch_pages *pages)
{
    return vch_http_port(pages->http);
}

void vch_pages_accept_again(struct vch_pages *pages)
{
    vch_http_accept_again(pages->http);
}

vch_status vch_pages_new(struct vch_pages **out, struct vch_ledger *ledger,
                         struct vch_complaint *complaint)
{
    struct vch_pages *pages = calloc(1, sizeof *pages);

    if (pages == NULL) return VCH_FAIL(NO_MEMORY);
    pages->ledger = ledger;
    vch_status status = vch_http_new(&pages->http, ledger->base, ledger->options.http_host,
                                     ledger->options.http_port, ROUTES, pages, complaint);
    if (!vch_is_ok(status)) {
        free(pages);
        return status;
    }
    vch_http_handle(pages->http, HANDLERS, pages);
    *out = pages;
    return VCH_OK;
}

static void drop_all(struct vch_pages_page *page)
{
    while (page != NULL) {
        struct vch_pages_page *next = page->next;
        vch_pages_parts_refuse(page, 503, "the ledger ends");
        page = next;
    }
}

// The keeper must have been freed before.
void vch_pages_free(struct vch_pages *pages)
{
    if (pages == NULL) return;
    drop_all(pages->polling);
    drop_all(pages->settling);
    vch_http_free(pages->http);
    free(pages);
}
