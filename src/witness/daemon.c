#include "witness/daemon.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "host/clock.h"
#include "host/log.h"
#include "net/http.h"
#include "net/loop.h"
#include "witness/folder.h"
#include "witness/writers.h"

// An answer that waits until what it says is durable.
struct answer {
    struct vch_http_exchange *exchange;
    int code;
    const char *content_type;
    struct evbuffer *body; // NULL: there was no memory
};

struct vch_daemon {
    struct vch_core core;
    struct vch_folder folder;
    struct vch_writers writers;
    struct event_base *base;
    struct event *terminate, *interrupt, *tick;
    struct event *turn; // when the requests that came at once are read
    struct vch_http *http;
    vch_status failed; // what made it stop
    struct vch_complaint complaint;
    uint64_t cosigned, refused, promised;
    uint32_t answer_count;
    struct answer answers[VCH_HTTP_WAITING_MAX];

    struct vch_core_reply reply; // of the request at hand
    struct vch_core_change change;
};

static int answer_health(void *context, struct evbuffer *body)
{
    (void)context;
    return evbuffer_add_printf(body, "ok\n") >= 0 ? 200 : 503;
}

static int answer_metrics(void *context, struct evbuffer *body)
{
    const struct vch_daemon *daemon = context;

    (void)evbuffer_add_printf(body, "vouch_witness_cosigned_total %" PRIu64 "\n", daemon->cosigned);
    (void)evbuffer_add_printf(body, "vouch_witness_refused_total %" PRIu64 "\n", daemon->refused);
    (void)evbuffer_add_printf(body, "vouch_witness_promised_total %" PRIu64 "\n", daemon->promised);
    (void)evbuffer_add_printf(body, "vouch_witness_writers %u\n", daemon->core.writer_count);
    for (uint32_t i = 0; i < daemon->core.log_count; i++) {
        const struct vch_core_log *log = &daemon->core.logs[i];
        (void)evbuffer_add_printf(body, "vouch_witness_size{origin=\"%s\"} %" PRIu64 "\n",
                                  log->vkey.name, log->size);
        (void)evbuffer_add_printf(body, "vouch_witness_promises{origin=\"%s\"} %u\n",
                                  log->vkey.name, log->promise_count);
    }
    return 200;
}

static const struct vch_http_route routes[] = {
    {"/healthz", "text/plain", answer_health},
    {"/metrics", "text/plain; version=0.0.4", answer_metrics},
    {0},
};

static void send_answer(const struct answer *answer)
{
    if (answer->body != NULL)
        vch_http_reply(answer->exchange, answer->code, answer->content_type, answer->body);
    else
        vch_http_reply_text(answer->exchange, 503, "there is no memory");
    if (answer->body != NULL) evbuffer_free(answer->body);
}

// Sends the answers there are; those that come meanwhile wait for the next turn.
static void send_answers(struct vch_daemon *daemon)
{
    uint32_t count = daemon->answer_count;

    for (uint32_t i = 0; i < count; i++)
        send_answer(&daemon->answers[i]);
    daemon->answer_count -= count;
    memmove(daemon->answers, daemon->answers + count,
            daemon->answer_count * sizeof *daemon->answers);
}

// Nothing that waits is said any more.
static void stop_unwritten(struct vch_daemon *daemon, vch_status status)
{
    daemon->failed = status;
    (void)event_base_loopbreak(daemon->base);
}

// Requests that came at once share a sync: it costs more than all else that they ask for.
static void on_turn(evutil_socket_t none, short what, void *context)
{
    struct vch_daemon *daemon = context;
    vch_status status = vch_folder_sync(&daemon->folder, &daemon->core, &daemon->complaint);

    (void)none, (void)what;
    if (!vch_is_ok(status)) {
        stop_unwritten(daemon, status);
        return;
    }
    send_answers(daemon);
}

// The reply at hand is sent at the end of the turn, whether it changes something or not: it may
// hang on a change that is not durable yet.
static void send_reply(struct vch_daemon *daemon, struct vch_http_exchange *exchange)
{
    const struct vch_core_reply *reply = &daemon->reply;
    struct answer answer = {exchange, reply->code, reply->content_type, evbuffer_new()};
    char count[16];

    if (answer.body != NULL && evbuffer_add(answer.body, reply->body, reply->size) != 0) {
        evbuffer_free(answer.body);
        answer.body = NULL;
    }
    (void)snprintf(count, sizeof count, "%u", reply->promise_count);
    vch_http_header(exchange, "Vouch-Promises", count);
    VCH_ASSERT(daemon->answer_count < VCH_HTTP_WAITING_MAX); // the server hands out no more
    daemon->answers[daemon->answer_count++] = answer;
    event_active(daemon->turn, EV_TIMEOUT, 0);
}

// Written, applied; at the end of the turn durable, then said.
static void conclude(struct vch_daemon *daemon, struct vch_http_exchange *exchange)
{
    vch_status status =
        vch_folder_keep(&daemon->folder, &daemon->core, &daemon->change, &daemon->complaint);

    if (!vch_is_ok(status)) {
        vch_http_reply_text(exchange, 500, "the witness cannot write down what it would say");
        stop_unwritten(daemon, status);
        return;
    }
    vch_core_apply(&daemon->core, &daemon->change);
    daemon->cosigned +=
        daemon->change.kind == VCH_CORE_AGAIN || daemon->change.kind == VCH_CORE_CHECKPOINT;
    daemon->promised += daemon->change.kind == VCH_CORE_PROMISE;
    daemon->refused += daemon->reply.code != 200;
    if (daemon->reply.code != 200)
        vch_log_write(VCH_LOG_DEBUG, "answered %d: %.200s", daemon->reply.code, daemon->reply.body);
    send_reply(daemon, exchange);
}

// The body of a POST, or NULL and an answer.
static const char *take_body(struct vch_http_exchange *exchange, size_t *size)
{
    const uint8_t *body = vch_http_is_post(exchange) ? vch_http_body(exchange, size) : NULL;

    if (!vch_http_is_post(exchange))
        vch_http_reply_text(exchange, 405, "this is asked by POST");
    else if (body == NULL)
        vch_http_reply_text(exchange, 503, "there is no memory");
    return (const char *)body;
}

static void add_checkpoint(struct vch_daemon *daemon, struct vch_http_exchange *exchange,
                           bool may_answer)
{
    size_t size = 0;
    const char *body = take_body(exchange, &size);

    if (body == NULL) return;
    vch_core_add_checkpoint(&daemon->reply, &daemon->change, &daemon->core, body, size, may_answer,
                            vch_clock_unix_ms());
    conclude(daemon, exchange);
}

static void handle_checkpoint(void *context, struct vch_http_exchange *exchange)
{
    add_checkpoint(context, exchange, false);
}

static void handle_answers(void *context, struct vch_http_exchange *exchange)
{
    add_checkpoint(context, exchange, true);
}

static void handle_draft(void *context, struct vch_http_exchange *exchange)
{
    struct vch_daemon *daemon = context;
    size_t size = 0;
    const char *body = take_body(exchange, &size);

    if (body == NULL) return;
    vch_writers_refresh(&daemon->writers, &daemon->core);
    vch_core_add_draft(&daemon->reply, &daemon->change, &daemon->core, body, size,
                       vch_clock_unix_ms());
    conclude(daemon, exchange);
}

#define PROMISES "/vouch/v1/promises/"
#define REFUSAL "/vouch/v1/refusal/"
#define LOG "/vouch/v1/log/"

static void handle_promises(void *context, struct vch_http_exchange *exchange)
{
    struct vch_daemon *daemon = context;

    vch_core_promises(&daemon->reply, &daemon->core, vch_http_path(exchange) + strlen(PROMISES));
    send_reply(daemon, exchange);
}

static void handle_log(void *context, struct vch_http_exchange *exchange)
{
    struct vch_daemon *daemon = context;

    vch_core_show_log(&daemon->reply, &daemon->core, vch_http_path(exchange) + strlen(LOG),
                      vch_clock_unix_ms());
    send_reply(daemon, exchange);
}

static void handle_refusal(void *context, struct vch_http_exchange *exchange)
{
    struct vch_daemon *daemon = context;
    struct evbuffer *body = evbuffer_new();
    struct vch_arena arena;
    uint8_t *text = NULL;
    size_t size = 0;

    vch_arena_init(&arena, 65536);
    vch_status status =
        vch_folder_refusal(&daemon->folder, &daemon->core,
                           vch_http_path(exchange) + strlen(REFUSAL), &text, &size, &arena);
    if (body != NULL && vch_is_ok(status) && evbuffer_add(body, text, size) == 0)
        vch_http_reply(exchange, 200, "text/plain; charset=utf-8", body);
    else
        vch_http_reply_text(exchange, 404, "no refusal of this draft is kept");
    if (body != NULL) evbuffer_free(body);
    vch_arena_release(&arena);
}

static const struct vch_http_handler handlers[] = {
    {"/add-checkpoint", VCH_SUBMISSION_CHECKPOINT_MAX, handle_checkpoint},
    {"/vouch/v1/add-checkpoint", VCH_SUBMISSION_ANSWERED_MAX, handle_answers},
    {"/vouch/v1/add-draft", VCH_CORE_DRAFT_MAX, handle_draft},
    {PROMISES, 0, handle_promises},
    {REFUSAL, 0, handle_refusal},
    {LOG, 0, handle_log},
    {0},
};

static vch_status load(struct vch_daemon *daemon, const struct vch_daemon_options *options,
                       struct vch_complaint *complaint)
{
    struct vch_core *core = &daemon->core;
    struct vch_vkey vkey;

    VCH_TRY(vch_vkey_init(&vkey, options->name, VCH_VKEY_COSIGNATURE, &options->key->public_key,
                          complaint));
    VCH_TRY(vch_folder_open(&daemon->folder, options->folder, &vkey, complaint));
    memcpy(core->name, vkey.name, sizeof core->name);
    core->key = *options->key;
    core->day = vch_clock_unix_ms() / VCH_CORE_DAY_MS;
    VCH_TRY(vch_writers_open(&daemon->writers, core, options->registries, options->registry_count,
                             &options->founder, complaint));
    core->logs = calloc(options->log_count, sizeof *core->logs);
    if (core->logs == NULL) return VCH_FAIL(NO_MEMORY);
    for (; core->log_count < options->log_count; core->log_count++) {
        const struct vch_daemon_log *log = &options->logs[core->log_count];
        struct vch_core_log *kept = &core->logs[core->log_count];
        vch_core_log_init(kept, &log->vkey, log->has_ledger ? &log->ledger : NULL);
        VCH_TRY(vch_folder_load(&daemon->folder, core, kept, complaint));
        vch_log_write(VCH_LOG_INFO, "log %s: cosigned up to %" PRIu64 ", %u promises",
                      kept->vkey.name, kept->size, kept->promise_count);
    }
    return VCH_OK;
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    struct vch_daemon *daemon = context;

    (void)number, (void)what;
    (void)event_base_loopexit(daemon->base, NULL);
}

static void on_tick(evutil_socket_t none, short what, void *context)
{
    struct vch_daemon *daemon = context;

    (void)none, (void)what;
    vch_http_accept_again(daemon->http);
}

static vch_status add_event(struct event **out, struct vch_daemon *daemon, evutil_socket_t number,
                            short what, event_callback_fn callback, const struct timeval *every)
{
    *out = event_new(daemon->base, number, what, callback, daemon);
    return *out != NULL && event_add(*out, every) == 0 ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static vch_status listen_on(struct vch_daemon *daemon, const struct vch_daemon_options *options,
                            struct vch_complaint *complaint)
{
    static const struct timeval every = {.tv_usec = 200000};
    const char *host = options->host != NULL ? options->host : "127.0.0.1";

    daemon->base = vch_loop_new();
    if (daemon->base == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(add_event(&daemon->terminate, daemon, SIGTERM, EV_SIGNAL, on_signal, NULL));
    VCH_TRY(add_event(&daemon->interrupt, daemon, SIGINT, EV_SIGNAL, on_signal, NULL));
    VCH_TRY(add_event(&daemon->tick, daemon, -1, EV_PERSIST, on_tick, &every));
    daemon->turn = event_new(daemon->base, -1, 0, on_turn, daemon);
    if (daemon->turn == NULL) return VCH_FAIL(NO_MEMORY);
    VCH_TRY(
        vch_http_new(&daemon->http, daemon->base, host, options->port, routes, daemon, complaint));
    vch_http_handle(daemon->http, handlers, daemon);
    return VCH_OK;
}

vch_status vch_daemon_new(struct vch_daemon **out, const struct vch_daemon_options *options,
                          struct vch_complaint *complaint)
{
    struct vch_daemon *daemon = calloc(1, sizeof *daemon);

    if (daemon == NULL) return VCH_FAIL(NO_MEMORY);
    daemon->folder.lock = -1;
    vch_status status = load(daemon, options, complaint);
    if (vch_is_ok(status)) status = listen_on(daemon, options, complaint);
    if (!vch_is_ok(status)) {
        vch_daemon_free(daemon);
        return status;
    }
    *out = daemon;
    return VCH_OK;
}

uint16_t vch_daemon_port(const struct vch_daemon *daemon)
{
    return vch_http_port(daemon->http);
}

vch_status vch_daemon_run(struct vch_daemon *daemon, struct vch_complaint *complaint)
{
    if (event_base_dispatch(daemon->base) < 0)
        return vch_complain(complaint, VCH_CODE_IO, "the event loop failed");
    if (vch_is_ok(daemon->failed)) return VCH_OK;
    return vch_complain(complaint, daemon->failed.code, "%s", daemon->complaint.text);
}

void vch_daemon_free(struct vch_daemon *daemon)
{
    if (daemon == NULL) return;
    if (daemon->http != NULL) vch_http_free(daemon->http);
    send_answers(daemon); // to nobody: there is no server any more
    if (daemon->turn != NULL) event_free(daemon->turn);
    if (daemon->terminate != NULL) event_free(daemon->terminate);
    if (daemon->interrupt != NULL) event_free(daemon->interrupt);
    if (daemon->tick != NULL) event_free(daemon->tick);
    if (daemon->base != NULL) event_base_free(daemon->base);
    vch_folder_close(&daemon->folder);
    vch_writers_close(&daemon->writers, &daemon->core);
    vch_wipe(&daemon->core.key, sizeof daemon->core.key);
    free(daemon->core.logs);
    free(daemon);
}
