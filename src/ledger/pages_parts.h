// What the parts of the pages share: pages.c is the table of paths and what waits, pages_page.c one
// answer on its way, pages_log.c the log for caches, pages_entries.c the log for the page, and
// pages_state.c what it comes to.
#pragma once

#include <event2/buffer.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger_parts.h"
#include "net/http.h"
#include "tlog/tile.h"

#define VCH_PAGES_TEXT "text/plain; charset=utf-8"

// An exchange until it is answered, with what is read from the store for it.
struct vch_pages_page {
    struct vch_lane_job job; // first: a job is its page
    struct vch_pages *pages;
    struct vch_pages_page *next; // of those that wait
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
    struct vch_http *http;
    struct vch_pages_page *polling;  // until there are new entries
    struct vch_pages_page *settling; // until nothing is ahead of the disk
};

// NULL: no memory, and the exchange is answered.
struct vch_pages_page *vch_pages_parts_new_page(struct vch_pages *pages,
                                                struct vch_http_exchange *exchange);
// Has it filled on the keeper's thread, then answers. `run` is a lane job's, whose status REFUSED
// says that there is no such thing.
void vch_pages_parts_read(struct vch_pages_page *page,
                          void (*run)(void *store, struct vch_lane_job *job));
// Takes the value.
vch_status vch_pages_parts_add_json(struct vch_pages_page *page, json_t *value);
// Answers with the body, and frees the page.
void vch_pages_parts_reply(struct vch_pages_page *page, int code);
// The same with a line of text instead.
void vch_pages_parts_refuse(struct vch_pages_page *page, int code, const char *text);

// The digest that a path ends with.
bool vch_pages_parts_find_digest(struct vch_digest *out, const struct vch_http_exchange *exchange,
                                 const char *prefix);

// Handlers, whose context is the pages.
void vch_pages_parts_serve_checkpoint(void *context, struct vch_http_exchange *exchange);
void vch_pages_parts_serve_tile(void *context, struct vch_http_exchange *exchange);
void vch_pages_parts_serve_registry(void *context, struct vch_http_exchange *exchange);
void vch_pages_parts_serve_entries(void *context, struct vch_http_exchange *exchange);
void vch_pages_parts_serve_job(void *context, struct vch_http_exchange *exchange);

// Answers the polls that have an answer now, or have waited long enough.
void vch_pages_parts_look_at_polls(struct vch_pages *pages);
