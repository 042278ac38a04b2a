#include "member/handover.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "host/log.h"
#include "net/url.h"

enum {
    ANSWER_S = 5,
    ANSWER_MAX = 4096,
    HEADERS_MAX = 8192,
    UNDER_WAY_MAX = 256, // requests of one witness
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

struct vch_handover {
    char origin[ORIGIN_SIZE];
    uint32_t count;
    struct witness witnesses[VCH_HANDOVER_WITNESSES_MAX];
};

static void note_answer(struct witness *witness, int code)
{
    bool fails = code != HTTP_OK;

    if (fails && !witness->has_failed)
        vch_log_write(VCH_LOG_WARNING, "witness %s:%u takes no commits: %s %d", witness->url.host,
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
    (void)snprintf(path, sizeof path, "%s/vouch/v1/add-commit", witness->url.path);
    witness->under_way++;
    if (evhttp_make_request(witness->connection, request, EVHTTP_REQ_POST, path) != 0) {
        witness->under_way--;
        note_answer(witness, 0);
    }
}

void vch_handover_give(struct vch_handover *handover, const uint8_t *draft, size_t size)
{
    char base64[VCH_BASE64_SIZE(DRAFT_MAX) + 1];

    if (size > DRAFT_MAX) return;
    (void)vch_base64_encode(base64, draft, size);
    for (uint32_t i = 0; i < handover->count; i++)
        give(&handover->witnesses[i], handover->origin, base64);
}

static vch_status add(struct vch_handover *handover, struct event_base *base, const char *url,
                      struct vch_complaint *complaint)
{
    struct witness *witness = &handover->witnesses[handover->count];

    if (handover->count == VCH_HANDOVER_WITNESSES_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "at most %u witnesses are handed commits",
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

vch_status vch_handover_new(struct vch_handover **out, struct event_base *base, const char *origin,
                            const char *const *urls, uint32_t url_count,
                            struct vch_complaint *complaint)
{
    struct vch_handover *handover = calloc(1, sizeof *handover);
    vch_status status = VCH_OK;

    if (handover == NULL) return VCH_FAIL(NO_MEMORY);
    (void)snprintf(handover->origin, sizeof handover->origin, "%s", origin);
    for (uint32_t i = 0; i < url_count && vch_is_ok(status); i++)
        status = add(handover, base, urls[i], complaint);
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
    free(handover);
}
