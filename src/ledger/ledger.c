#include "ledger/ledger.h"

#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "host/threads.h"
#include "ledger/ledger_parts.h"
#include "net/loop.h"

enum { ARENA_MAX = INT32_MAX };

static void use_defaults(struct vch_ledger_options *options)
{
    if (options->host == NULL) options->host = "127.0.0.1";
    if (options->http_host == NULL) options->http_host = "127.0.0.1";
    if (options->connections_max == 0) options->connections_max = 256;
    if (options->connections_per_peer_max == 0) options->connections_per_peer_max = 16;
    if (options->memory_max == 0) options->memory_max = (size_t)256 << 20;
    if (options->verifier_count == 0) options->verifier_count = vch_threads_processor_count();
    if (options->verifier_count > VCH_LANE_THREADS_MAX)
        options->verifier_count = VCH_LANE_THREADS_MAX;
    if (options->drain_ms == 0) options->drain_ms = 10000;
    if (options->limits.window_ms == 0) options->limits = vch_stream_default_limits();
}

static vch_status start(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    const struct vch_signer clerk = vch_signer_local(ledger->options.clerk);
    uint64_t content = 0;

    VCH_TRY(vch_ledger_parts_load(ledger, &content, complaint));
    VCH_TRY(vch_lane_new(&ledger->keeper, 1, ledger->store));
    VCH_TRY(vch_lane_new(&ledger->verifiers, ledger->options.verifier_count, NULL));
    VCH_TRY(vch_ledger_parts_start_pipeline(ledger, content));
    VCH_TRY(vch_tls_new(&ledger->tls, &clerk, complaint));
    ledger->base = vch_loop_new();
    if (ledger->base == NULL) return VCH_FAIL(IO);
    vch_ledger_parts_admit_members(ledger);
    VCH_TRY(vch_ledger_parts_start_witnessing(ledger, complaint));
    VCH_TRY(vch_ledger_parts_start_loop(ledger, complaint));
    return vch_pages_new(&ledger->pages, ledger, complaint);
}

vch_status vch_ledger_new(struct vch_ledger **out, const struct vch_ledger_options *options,
                          struct vch_complaint *complaint)
{
    struct vch_ledger *ledger = calloc(1, sizeof *ledger);

    if (ledger == NULL) return VCH_FAIL(NO_MEMORY);
    ledger->options = *options;
    ledger->control = -1;
    use_defaults(&ledger->options);
    vch_arena_init(&ledger->arena, ARENA_MAX);
    vch_status status = start(ledger, complaint);
    if (!vch_is_ok(status)) {
        vch_ledger_free(ledger);
        return vch_complain(complaint, status.code, "cannot start: %s", vch_code_text(status.code));
    }
    *out = ledger;
    return VCH_OK;
}

const char *vch_ledger_host(const struct vch_ledger *ledger)
{
    return ledger->options.host;
}

uint16_t vch_ledger_port(const struct vch_ledger *ledger)
{
    return ledger->port;
}

uint16_t vch_ledger_http_port(const struct vch_ledger *ledger)
{
    return vch_pages_port(ledger->pages);
}

uint64_t vch_ledger_size(const struct vch_ledger *ledger)
{
    return vch_pipeline_durable(ledger->pipeline);
}

vch_status vch_ledger_run(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    int result = event_base_dispatch(ledger->base);

    if (ledger->has_failed)
        return vch_complain(complaint, VCH_CODE_IO, "the store failed: %s", ledger->failure.text);
    return result < 0 ? VCH_FAIL(IO) : VCH_OK;
}

void vch_ledger_stop(struct vch_ledger *ledger)
{
    uint64_t one = 1;

    VCH_ASSERT(write(ledger->control, &one, sizeof one) == sizeof one);
}

static void discard(void *context, struct vch_request *request)
{
    struct vch_ledger *ledger = context;

    vch_ledger_session_free_request(&ledger->host, request);
}

// Members first, so that nothing is answered any more; then whoever works for them.
void vch_ledger_free(struct vch_ledger *ledger)
{
    if (ledger == NULL) return;
    ledger->is_ending = true;
    if (ledger->listener != NULL) evconnlistener_free(ledger->listener);
    if (ledger->base != NULL && ledger->pipeline != NULL) vch_guests_drop(&ledger->streams);
    vch_lane_free(ledger->verifiers);
    vch_lane_free(ledger->keeper);
    vch_pipeline_free(ledger->pipeline, discard, ledger);
    while (ledger->proving.first != NULL)
        discard(ledger, vch_request_pop(&ledger->proving));
    vch_cosigners_free(ledger->cosigners);
    vch_pages_free(ledger->pages);
    for (uint32_t i = 0; i < ledger->event_count; i++)
        event_free(ledger->events[i]);
    if (ledger->base != NULL) event_base_free(ledger->base);
    if (ledger->control >= 0) (void)close(ledger->control);
    vch_tls_free(ledger->tls);
    vch_index_free(ledger->index);
    vch_archive_free(ledger->archive);
    vch_store_close(ledger->store);
    vch_arena_release(&ledger->arena);
    free(ledger);
}
