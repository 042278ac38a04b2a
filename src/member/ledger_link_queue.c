// Requests of a link, from asking to their end: queued, sent as far as the ledger allows, failed
// when there is no answer.
#include <stdlib.h>

#include "host/clock.h"
#include "member/ledger_link_parts.h"

enum { REQUEST_MEMORY = 4 << 20, PATIENCE_MS = 30000 };

static void fail_append(const struct vch_ledger_link_request *request, vch_status status,
                        const char *text)
{
    (void)text;
    request->answer.appended(request->context, status, NULL, 0);
}

static void fail_prove(const struct vch_ledger_link_request *request, vch_status status,
                       const char *text)
{
    request->answer.proof(request->context, status, NULL, text);
}

static void fail_get(const struct vch_ledger_link_request *request, vch_status status,
                     const char *text)
{
    request->answer.blob(request->context, status, NULL, 0, text);
}

static void fail_put(const struct vch_ledger_link_request *request, vch_status status,
                     const char *text)
{
    request->answer.put(request->context, status, text);
}

static const struct {
    uint32_t unanswered_max; // the ledger takes no more of it before it answers
    vch_status (*send)(struct vch_ledger_link *link, const struct vch_ledger_link_request *request);
    void (*fail)(const struct vch_ledger_link_request *request, vch_status status,
                 const char *text);
} KINDS[] = {
    [VCH_LEDGER_LINK_APPEND] = {VCH_LEDGER_LINK_UNANSWERED_MAX, vch_ledger_link_parts_send_append,
                                fail_append},
    [VCH_LEDGER_LINK_PROVE] = {4, vch_ledger_link_parts_send_prove, fail_prove},
    [VCH_LEDGER_LINK_GET] = {1, vch_ledger_link_parts_send_get, fail_get},
    [VCH_LEDGER_LINK_PUT] = {1, vch_ledger_link_parts_send_put, fail_put},
};

vch_status vch_ledger_link_parts_new_request(struct vch_ledger_link_request **out,
                                             struct vch_ledger_link *link,
                                             enum vch_ledger_link_kind kind, void *context)
{
    const uint32_t patience_ms = link->setup.patience_ms;

    if (link->state == VCH_LEDGER_LINK_BROKEN) return VCH_FAIL(UNAVAILABLE);
    if (link->request_count == VCH_LEDGER_LINK_REQUESTS_MAX) return VCH_FAIL(BUSY);
    struct vch_ledger_link_request *request = calloc(1, sizeof *request);
    if (request == NULL) return VCH_FAIL(NO_MEMORY);
    request->kind = kind;
    request->context = context;
    request->end_ms = vch_clock_monotonic_ms() + (patience_ms > 0 ? patience_ms : PATIENCE_MS);
    vch_arena_init(&request->arena, REQUEST_MEMORY);
    *out = request;
    return VCH_OK;
}

void vch_ledger_link_parts_free_request(struct vch_ledger_link_request *request)
{
    vch_arena_release(&request->arena);
    free(request);
}

vch_status vch_ledger_link_parts_enqueue(struct vch_ledger_link *link,
                                         struct vch_ledger_link_request *request, bool is_whole)
{
    if (!is_whole) {
        vch_ledger_link_parts_free_request(request);
        return VCH_FAIL(NO_MEMORY);
    }
    *link->last = request;
    link->last = &request->next;
    link->request_count++;
    vch_ledger_link_parts_pump(link);
    return VCH_OK;
}

void vch_ledger_link_parts_take_out(struct vch_ledger_link *link,
                                    struct vch_ledger_link_request *request)
{
    struct vch_ledger_link_request **at = &link->first;

    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    if (link->last == &request->next) link->last = at;
    link->request_count--;
}

void vch_ledger_link_parts_pump(struct vch_ledger_link *link)
{
    uint32_t unanswered[sizeof KINDS / sizeof *KINDS] = {0};
    struct vch_ledger_link_request *request = link->first;

    if (link->state != VCH_LEDGER_LINK_READY || link->is_leaving) return;
    for (; request != NULL; request = request->next) {
        if (request->id != 0) {
            unanswered[request->kind]++;
            continue;
        }
        if (unanswered[request->kind] >= KINDS[request->kind].unanswered_max ||
            !vch_stream_has_room(link->stream))
            continue;
        request->id = ++link->last_id;
        unanswered[request->kind]++;
        vch_status status = KINDS[request->kind].send(link, request);
        if (!vch_is_ok(status)) return; // the stream's end will tell
    }
}

struct vch_ledger_link_request *vch_ledger_link_parts_find(const struct vch_ledger_link *link,
                                                           uint64_t id,
                                                           enum vch_ledger_link_kind kind)
{
    for (struct vch_ledger_link_request *at = link->first; at != NULL; at = at->next)
        if (at->id == id && id != 0 && at->kind == kind) return at;
    return NULL;
}

bool vch_ledger_link_parts_is_known(const struct vch_ledger_link *link, uint64_t id)
{
    return id > 0 && id <= link->last_id;
}

vch_status vch_ledger_link_parts_status(uint32_t code)
{
    return (vch_status){code <= VCH_CODE_TIMEOUT ? (enum vch_code)code : VCH_CODE_REFUSED};
}

static void tell(struct vch_ledger_link_request *request, vch_status status, const char *why)
{
    struct vch_complaint text = {""}; // also makes the ledger's text printable

    (void)vch_complain(&text, status.code, "%.400s", why[0] ? why : vch_code_text(status.code));
    KINDS[request->kind].fail(request, status, text.text);
    vch_ledger_link_parts_free_request(request);
}

void vch_ledger_link_parts_fail(struct vch_ledger_link *link,
                                struct vch_ledger_link_request *request, vch_status status,
                                const char *why)
{
    vch_ledger_link_parts_take_out(link, request);
    tell(request, status, why);
}

// Those that are meant leave the queue before any of them is told, which may make new ones.
static void fail_those(struct vch_ledger_link *link,
                       bool (*is_meant)(const struct vch_ledger_link_request *, uint64_t now_ms),
                       uint64_t now_ms, vch_status status, const char *why)
{
    struct vch_ledger_link_request *meant = NULL, **end = &meant;

    for (struct vch_ledger_link_request *at = link->first, *next = NULL; at != NULL; at = next) {
        next = at->next;
        if (!is_meant(at, now_ms)) continue;
        vch_ledger_link_parts_take_out(link, at);
        at->next = NULL;
        *end = at;
        end = &at->next;
    }
    while (meant != NULL) {
        struct vch_ledger_link_request *request = meant;
        meant = request->next;
        tell(request, status, why);
    }
}

static bool is_any(const struct vch_ledger_link_request *request, uint64_t now_ms)
{
    (void)request, (void)now_ms;
    return true;
}

void vch_ledger_link_parts_fail_all(struct vch_ledger_link *link, vch_status status,
                                    const char *why)
{
    fail_those(link, is_any, 0, status, why);
}

static bool is_sent(const struct vch_ledger_link_request *request, uint64_t now_ms)
{
    (void)now_ms;
    return request->id != 0;
}

void vch_ledger_link_parts_fail_sent(struct vch_ledger_link *link, vch_status status,
                                     const char *why)
{
    fail_those(link, is_sent, 0, status, why);
}

static bool is_late(const struct vch_ledger_link_request *request, uint64_t now_ms)
{
    return now_ms >= request->end_ms;
}

void vch_ledger_link_parts_expire(struct vch_ledger_link *link, uint64_t now_ms)
{
    const bool is_ready = link->state == VCH_LEDGER_LINK_READY;

    fail_those(link, is_late, now_ms, VCH_FAIL(TIMEOUT),
               is_ready ? "the ledger did not answer in time" : link->trouble);
}

bool vch_ledger_link_parts_are_sent(const struct vch_ledger_link *link)
{
    for (const struct vch_ledger_link_request *at = link->first; at != NULL; at = at->next)
        if (at->id != 0) return true;
    return false;
}

void vch_ledger_link_parts_drop(struct vch_ledger_link *link)
{
    while (link->first != NULL) {
        struct vch_ledger_link_request *request = link->first;
        vch_ledger_link_parts_take_out(link, request);
        vch_ledger_link_parts_free_request(request);
    }
}
