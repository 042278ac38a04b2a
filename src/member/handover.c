#include "member/handover.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "host/clock.h"
#include "host/log.h"
#include "net/url.h"

enum {
    ANSWER_S = 5,
    ANSWER_MAX = 4096,
    HEADERS_MAX = 8192,
    UNDER_WAY_MAX = 256, // requests of one witness
    OWED_MAX = 4096,     // drafts that wait; a further one takes the place of the oldest
    DRAFT_MAX = 512,
    ORIGIN_SIZE = 256,
    PATH_SIZE = 288,
};

struct witness {
    struct vch_url url;
    struct evhttp_connection *connection;
    uint32_t under_way;
    bool has_failed; // said once, until it answers again
};

// A draft that the log does not have under an anchor yet.
struct owed {
    struct owed *next;
    uint64_t due_ms, patience_ms; // patience: what is left to add, once
    struct vch_digest statement;  // of its bytes: a log may show our signature under other words
    struct vch_signature signature;
    bool is_shown; // at a position that the next anchors may cover
    uint64_t position;
    size_t size;
    uint8_t draft[];
};

struct vch_handover {
    char origin[ORIGIN_SIZE];
    struct vch_handover_setup setup; // but for the addresses
    struct event *timer;
    struct owed *first; // as they fall due
    uint32_t owed_count;
    uint32_t count;
    struct witness witnesses[VCH_HANDOVER_WITNESSES_MAX];
};

static void note_answer(struct witness *witness, int code)
{
    bool fails = code != HTTP_OK;

    if (fails && !witness->has_failed)
        vch_log_write(VCH_LOG_WARNING, "witness %s:%u takes no drafts: %s %d", witness->url.host,
                      witness->url.port, code == 0 ? "no answer" : "code", code);
    witness->has_failed = fails;
}

static void on_answer(struct evhttp_request *request, void *context)
{
    struct witness *witness = context;

    witness->under_way--;
    note_answer(witness, request != NULL ? evhttp_request_get_response_code(request) : 0);
}

static bool write_body(struct evbuffer *body, const char *origin, const char *base64)
{
    return evbuffer_add_printf(body, "%s\n%s\n", origin, base64) > 0;
}

static void give(struct witness *witness, const char *origin, const char *base64)
{
    struct evhttp_request *request = evhttp_request_new(on_answer, witness);
    char path[PATH_SIZE];

    if (request == NULL || witness->under_way == UNDER_WAY_MAX ||
        !write_body(evhttp_request_get_output_buffer(request), origin, base64)) {
        if (request != NULL) evhttp_request_free(request);
        return;
    }
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    (void)evhttp_add_header(headers, "Host", witness->url.host);
    (void)evhttp_add_header(headers, "Content-Type", "text/plain; charset=utf-8");
    (void)snprintf(path, sizeof path, "%s/vouch/v1/add-draft", witness->url.path);
    witness->under_way++;
    if (evhttp_make_request(witness->connection, request, EVHTTP_REQ_POST, path) != 0) {
        witness->under_way--;
        note_answer(witness, 0);
    }
}

static void give_all(struct vch_handover *handover, const uint8_t *draft, size_t size)
{
    char base64[VCH_BASE64_SIZE(DRAFT_MAX) + 1];

    (void)vch_base64_encode(base64, draft, size);
    for (uint32_t i = 0; i < handover->count; i++)
        give(&handover->witnesses[i], handover->origin, base64);
}

static void drop(struct vch_handover *handover, struct owed **link)
{
    struct owed *owed = *link;

    *link = owed->next;
    handover->owed_count--;
    free(owed);
}

static void give_first(struct vch_handover *handover)
{
    const struct vch_handover_setup *setup = &handover->setup;
    const struct owed *owed = handover->first;

    if (owed->is_shown || setup->is_wanted == NULL ||
        setup->is_wanted(setup->context, owed->draft, owed->size))
        give_all(handover, owed->draft, owed->size);
    drop(handover, &handover->first);
}

// The timer runs for the first alone: those behind it are not due before.
static void set_timer(struct vch_handover *handover)
{
    uint64_t now = vch_clock_monotonic_ms();
    uint64_t wait = handover->first->due_ms > now ? handover->first->due_ms - now : 0;
    const struct timeval delay = {.tv_sec = (time_t)(wait / 1000),
                                  .tv_usec = (suseconds_t)(wait % 1000) * 1000};

    (void)event_add(handover->timer, &delay);
}

// As they fall due; of those that do at once the older first.
static void insert(struct vch_handover *handover, struct owed *owed)
{
    struct owed **link = &handover->first;

    while (*link != NULL && (*link)->due_ms <= owed->due_ms)
        link = &(*link)->next;
    owed->next = *link;
    *link = owed;
    if (handover->first == owed) set_timer(handover);
}

// Where the log shows it already, witnesses may just be slow, most of all if they are handed more.
static void wait_once_more(struct vch_handover *handover)
{
    struct owed *owed = handover->first;

    handover->first = owed->next;
    owed->due_ms += owed->patience_ms;
    owed->patience_ms = 0;
    insert(handover, owed);
}

static void on_timer(evutil_socket_t none, short what, void *context)
{
    struct vch_handover *handover = context;

    (void)none, (void)what;
    while (handover->first != NULL && handover->first->due_ms <= vch_clock_monotonic_ms()) {
        if (handover->first->is_shown && handover->first->patience_ms > 0)
            wait_once_more(handover);
        else
            give_first(handover);
    }
    if (handover->first != NULL) set_timer(handover);
}

static bool is_owed(const struct vch_handover *handover, const struct vch_entry *entry)
{
    for (const struct owed *at = handover->first; at != NULL; at = at->next)
        if (vch_is_equal(&at->signature, &entry->signature, sizeof at->signature)) return true;
    return false;
}

// For how long a draft of this kind counts, at least; 0: it is not promised (specs/witness.md,
// section 2).
static uint64_t window_of(const struct vch_handover *handover, enum vch_entry_kind kind)
{
    const struct vch_parameters *own = &handover->setup.parameters;
    const uint64_t windows[] = {
        [VCH_ENTRY_INPUT] = own->commit_ms,         [VCH_ENTRY_SORTITION] = own->draw_ms,
        [VCH_ENTRY_COMMIT] = own->commit_ms,        [VCH_ENTRY_REVEAL] = own->reveal_ms,
        [VCH_ENTRY_TRIAL_RESULT] = own->reveal_ms,  [VCH_ENTRY_EVIDENCE] = own->dispute_ms,
        [VCH_ENTRY_DISPUTE_OPEN] = own->dispute_ms, [VCH_ENTRY_DISPUTE_MOVE] = own->move_ms,
    };

    return (size_t)kind < sizeof windows / sizeof *windows ? windows[kind] : 0;
}

void vch_handover_owe(struct vch_handover *handover, const struct vch_entry *entry,
                      const uint8_t *draft, size_t size)
{
    const uint64_t window_ms = window_of(handover, entry->kind);
    const uint32_t patience_ms = handover->setup.patience_ms;

    if (handover->count == 0 || window_ms == 0 || size > DRAFT_MAX || is_owed(handover, entry))
        return;
    struct owed *owed = patience_ms > 0 ? calloc(1, sizeof *owed + size) : NULL;
    if (owed == NULL) {
        give_all(handover, draft, size);
        return;
    }
    if (handover->owed_count == OWED_MAX) give_first(handover);
    owed->patience_ms = window_ms / 8 < patience_ms ? window_ms / 8 : patience_ms;
    owed->due_ms = vch_clock_monotonic_ms() + owed->patience_ms;
    owed->statement = vch_hash_bytes(entry->statement, entry->statement_size);
    owed->signature = entry->signature;
    owed->size = size;
    memcpy(owed->draft, draft, size);
    handover->owed_count++;
    insert(handover, owed);
}

static void note_shown(struct vch_handover *handover, uint64_t position,
                       const struct vch_entry *entry)
{
    for (struct owed *at = handover->first; at != NULL; at = at->next) {
        if (memcmp(&at->signature, &entry->signature, sizeof at->signature) != 0) continue;
        struct vch_digest statement = vch_hash_bytes(entry->statement, entry->statement_size);
        at->is_shown = vch_hash_is_equal(&at->statement, &statement);
        at->position = position;
        return;
    }
}

void vch_handover_note(struct vch_handover *handover, uint64_t position,
                       const struct vch_entry *entry)
{
    if (handover->first == NULL) return;
    if (entry->kind != VCH_ENTRY_ANCHOR) {
        note_shown(handover, position, entry);
        return;
    }
    for (struct owed **link = &handover->first; *link != NULL;) {
        if ((*link)->is_shown && (*link)->position < entry->anchor.size)
            drop(handover, link);
        else
            link = &(*link)->next;
    }
}

static vch_status add(struct vch_handover *handover, struct event_base *base, const char *url,
                      struct vch_complaint *complaint)
{
    struct witness *witness = &handover->witnesses[handover->count];

    if (handover->count == VCH_HANDOVER_WITNESSES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "at most %u witnesses are handed drafts",
                            VCH_HANDOVER_WITNESSES_MAX);
    VCH_TRY(vch_url_parse(&witness->url, url, "a witness", complaint));
    witness->connection =
        evhttp_connection_base_new(base, NULL, witness->url.host, witness->url.port);
    if (witness->connection == NULL) return VCH_FAIL(NO_MEMORY);
    evhttp_connection_set_timeout(witness->connection, ANSWER_S);
    evhttp_connection_set_max_body_size(witness->connection, ANSWER_MAX);
    evhttp_connection_set_max_headers_size(witness->connection, HEADERS_MAX);
    handover->count++;
    return VCH_OK;
}

static vch_status set_up(struct vch_handover *handover, const struct vch_handover_setup *setup,
                         struct vch_complaint *complaint)
{
    (void)snprintf(handover->origin, sizeof handover->origin, "%s", setup->origin);
    handover->setup = *setup;
    handover->setup.urls = NULL;
    handover->timer = event_new(setup->base, -1, 0, on_timer, handover);
    if (handover->timer == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < setup->url_count; i++)
        VCH_TRY(add(handover, setup->base, setup->urls[i], complaint));
    return VCH_OK;
}

vch_status vch_handover_new(struct vch_handover **out, const struct vch_handover_setup *setup,
                            struct vch_complaint *complaint)
{
    struct vch_handover *handover = calloc(1, sizeof *handover);

    if (handover == NULL) return VCH_FAIL(NO_MEMORY);
    vch_status status = set_up(handover, setup, complaint);
    if (vch_is_ok(status))
        *out = handover;
    else
        vch_handover_free(handover);
    return status;
}

// A connection that is freed calls back what is under way on it.
void vch_handover_free(struct vch_handover *handover)
{
    if (handover == NULL) return;
    for (uint32_t i = 0; i < handover->count; i++) {
        handover->witnesses[i].has_failed = true; // nothing more is said
        evhttp_connection_free(handover->witnesses[i].connection);
    }
    while (handover->first != NULL)
        drop(handover, &handover->first);
    if (handover->timer != NULL) event_free(handover->timer);
    free(handover);
}
