#include "ledger/ledger.h"

#include <event2/event.h>
#include <event2/listener.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/random.h"
#include "host/threads.h"
#include "ledger/ledger_parts.h"
#include "member/charter_file.h"
#include "net/address.h"
#include "net/greeting.h"
#include "net/loop.h"

enum {
    TICK_MS = 10,
    ARENA_MAX = INT32_MAX,
    BACKLOG = 128,
    CROWD_TICKS = 10,         // how often it is counted
    CROWD_ENTRIES = 100,      // since the last count,
    CROWD_LISTENERS = 8,      // and connections
    GROUP_PAUSE_MS = 5,       // between groups of entries, in a crowd: less than a tick
    CHECKPOINT_PAUSE_MS = 20, // between checkpoints
};

// Requests that are done.

static void finish(struct vch_ledger *ledger, struct vch_request *request)
{
    vch_streams_finish(&ledger->host, request);
}

static void on_request_done(void *context, struct vch_lane_job *job)
{
    finish(context, (struct vch_request *)job);
}

static void on_answered(void *context, struct vch_request *request)
{
    finish(context, request);
}

// A registry on its way into the store: decoded and judged first.
static void run_put(void *subject, struct vch_lane_job *job)
{
    struct vch_request *request = (struct vch_request *)job;
    const struct vch_ledger *ledger = job->context;
    struct vch_archive_item *item = NULL;

    job->status = vch_archive_decode(&item, request->blob, request->blob_size,
                                     &ledger->charter.founder, &job->complaint);
    if (!vch_is_ok(job->status)) return;
    request->digest = *vch_archive_digest(item);
    vch_keeper_run(subject, job);
    if (vch_is_ok(job->status))
        request->host = item;
    else
        vch_archive_discard(item);
}

static void on_put(void *context, struct vch_lane_job *job)
{
    struct vch_request *request = (struct vch_request *)job;
    struct vch_ledger *ledger = context;

    if (request->host != NULL) vch_archive_add(ledger->archive, request->host);
    finish(ledger, request);
}

static void keep(struct vch_ledger *ledger, struct vch_request *request)
{
    bool is_put = request->kind == VCH_REQUEST_PUT_BLOB;

    request->job.run = is_put ? run_put : vch_keeper_run;
    request->job.done = is_put ? on_put : on_request_done;
    request->job.context = ledger;
    vch_lane_submit(ledger->keeper, &request->job);
}

static uint64_t highest(const struct vch_request *request)
{
    return request->positions[request->count - 1];
}

static void submit(void *context, struct vch_request *request)
{
    struct vch_ledger *ledger = context;

    if (request->kind == VCH_REQUEST_APPEND) {
        vch_pipeline_submit(ledger->pipeline, request);
    } else if (request->kind == VCH_REQUEST_PROVE && highest(request) >= ledger->cosigned) {
        request->next = ledger->proving;
        ledger->proving = request;
    } else {
        keep(ledger, request);
    }
}

// Proofs that waited for a checkpoint, or for too long, or whose members are gone.
static void look_at_proofs(struct vch_ledger *ledger)
{
    struct vch_request *waiting = ledger->proving;

    ledger->proving = NULL;
    while (waiting != NULL) {
        struct vch_request *request = waiting;
        waiting = request->next;
        if (highest(request) < ledger->cosigned) {
            keep(ledger, request);
        } else if (request->session == NULL || vch_clock_monotonic_ms() >= request->give_up_ms) {
            request->job.status =
                vch_complain(&request->job.complaint, VCH_CODE_TIMEOUT,
                             "no cosigned checkpoint covers this yet: are the witnesses there?");
            finish(ledger, request);
        } else {
            request->next = ledger->proving;
            ledger->proving = request;
        }
    }
}

// Checkpoints.

static void consider_checkpoint(struct vch_ledger *ledger)
{
    uint64_t size = vch_pipeline_durable(ledger->pipeline);
    struct vch_digest root;

    if (ledger->has_anchor || ledger->options.witness_count == 0 ||
        vch_cosigners_are_busy(ledger->cosigners) ||
        vch_clock_monotonic_ms() < ledger->checkpoint_retry_ms ||
        (ledger->is_crowded && vch_clock_monotonic_ms() < ledger->checkpoint_next_ms) ||
        vch_pipeline_content(ledger->pipeline) <= vch_state_anchored(ledger->state))
        return;
    // What is refused to a witness is refused by the state of this very size.
    if (vch_cosigners_have_promises(ledger->cosigners) && vch_state_size(ledger->state) != size) {
        vch_pipeline_settle(ledger->pipeline);
        return;
    }
    if (!vch_state_root_at(&root, ledger->state, size)) return;
    ledger->checkpoint_next_ms = vch_clock_monotonic_ms() + CHECKPOINT_PAUSE_MS;
    vch_cosigners_begin(ledger->cosigners, size, &root);
}

// A draft that a member handed to a witness alone, as if the member had sent it to us.
static void submit_draft(void *context, const uint8_t *draft, size_t size)
{
    struct vch_ledger *ledger = context;
    struct vch_request *request = calloc(1, sizeof *request);

    if (request == NULL) return;
    request->kind = VCH_REQUEST_APPEND;
    vch_arena_init(&request->arena, 1 << 20); // one draft
    request->drafts = VCH_ARENA_NEW(&request->arena, struct vch_request_draft, 1);
    uint8_t *bytes = vch_arena_alloc(&request->arena, size, 1);
    if (request->drafts == NULL || bytes == NULL) {
        vch_ledger_session_free_request(&ledger->host, request);
        return;
    }
    memcpy(bytes, draft, size);
    request->drafts[0] = (struct vch_request_draft){.bytes = bytes, .size = size, .status = VCH_OK};
    request->count = 1;
    vch_pipeline_submit(ledger->pipeline, request);
}

static bool awaits_drafts(void *context)
{
    const struct vch_ledger *ledger = context;

    return vch_state_next_job(ledger->state, NULL) != NULL; // its contests, or windows
}

static void judge(void *context, struct vch_promises *promises, uint64_t size,
                  const struct vch_digest *root)
{
    struct vch_ledger *ledger = context;
    const struct vch_promises_judge by = {.places = &ledger->places,
                                          .state = ledger->state,
                                          .now_ms = vch_pipeline_now_ms(ledger->pipeline),
                                          .ledger = &ledger->charter.id,
                                          .clerk = ledger->options.clerk,
                                          .submit = submit_draft,
                                          .context = ledger,
                                          .drops = ledger->options.drops,
                                          .drops_context = ledger->options.drops_context};

    vch_promises_settle(promises, &by, size, root);
}

static void enter_anchor(struct vch_ledger *ledger)
{
    struct vch_complaint complaint = {""};

    if (!ledger->has_anchor) return;
    vch_status status = vch_pipeline_enter(ledger->pipeline, &ledger->anchor, &complaint);
    if (status.code == VCH_CODE_BUSY) return; // when the group in hand is on the disk
    ledger->has_anchor = false;
    if (vch_is_ok(status)) return;
    vch_log_write(VCH_LOG_WARNING, "an anchor is refused: %s", complaint.text);
    ledger->checkpoint_retry_ms = vch_clock_monotonic_ms() + 1000;
}

static void on_cosigned(void *context, const struct vch_store_checkpoint *checkpoint,
                        const struct vch_entry *anchor)
{
    struct vch_ledger *ledger = context;

    if (checkpoint->note_size > sizeof ledger->note) return;
    ledger->cosigned = checkpoint->tree.size;
    memcpy(ledger->note, checkpoint->note, checkpoint->note_size);
    ledger->note_size = checkpoint->note_size;
    ledger->anchor = *anchor;
    ledger->has_anchor = true;
    enter_anchor(ledger);
    look_at_proofs(ledger);
}

static void on_given_up(void *context)
{
    struct vch_ledger *ledger = context;

    if (!ledger->is_ending) consider_checkpoint(ledger);
}

// The pipeline.

static uint64_t unix_ms(void *context)
{
    (void)context;
    return vch_clock_unix_ms();
}

static void on_applied(void *context, uint64_t position, const struct vch_entry *entry,
                       const uint8_t *bytes, size_t size)
{
    struct vch_ledger *ledger = context;

    vch_promises_note(&ledger->places, position, entry, bytes, size);
    if (entry->kind == VCH_ENTRY_REGISTRY)
        vch_archive_admit(ledger->archive, &entry->registry.digest);
}

static uint32_t pause_ms(void *context)
{
    const struct vch_ledger *ledger = context;

    return ledger->is_crowded ? GROUP_PAUSE_MS : 0;
}

static void on_durable(void *context)
{
    struct vch_ledger *ledger = context;

    ledger->host.entry_count = vch_pipeline_durable(ledger->pipeline);
    enter_anchor(ledger);
    vch_streams_pump(&ledger->streams);
    vch_pages_note(ledger->pages);
    consider_checkpoint(ledger);
}

static void on_settled(void *context)
{
    struct vch_ledger *ledger = context;

    vch_pages_settled(ledger->pages);
    consider_checkpoint(ledger);
}

static void on_failed(void *context, const struct vch_complaint *complaint)
{
    struct vch_ledger *ledger = context;

    if (ledger->is_ending) return;
    ledger->failure = *complaint;
    ledger->has_failed = true;
    vch_log_write(VCH_LOG_ERROR, "the store failed; the ledger stops: %s", complaint->text);
    (void)event_base_loopbreak(ledger->base);
}

// What sessions and pages look at.

static uint32_t recent(void *context, uint64_t from, uint32_t count, struct vch_store_entry *out)
{
    struct vch_ledger *ledger = context;

    return vch_pipeline_recent(ledger->pipeline, from, count, out);
}

static size_t find(void *context, const struct vch_digest *subject, const uint64_t **positions)
{
    struct vch_ledger *ledger = context;

    return vch_index_find(ledger->index, subject, positions);
}

static bool is_over(void *context, const struct vch_digest *subject)
{
    struct vch_ledger *ledger = context;
    const uint64_t *positions = NULL;

    return vch_index_find(ledger->index, subject, &positions) > 0 &&
           vch_state_job(ledger->state, subject) == NULL &&
           vch_state_dispute(ledger->state, subject) == NULL;
}

static bool admit(void *context, const struct vch_public_key *key)
{
    struct vch_ledger *ledger = context;

    return vch_is_equal(key, &ledger->charter.founder, sizeof *key) ||
           vch_archive_has_member(ledger->archive, key) ||
           vch_state_account(ledger->state, key) != NULL;
}

static const struct vch_registry *find_registry(void *context, const struct vch_digest *digest)
{
    struct vch_ledger *ledger = context;

    return vch_archive_find(ledger->archive, digest);
}

// The loop.

static void begin_draining(struct vch_ledger *ledger)
{
    if (ledger->host.is_draining) return;
    ledger->host.is_draining = true;
    ledger->drain_end_ms = vch_clock_monotonic_ms() + ledger->options.drain_ms;
    vch_log_write(VCH_LOG_INFO, "draining: %u connections, %" PRIu64 " requests",
                  ledger->streams.count, vch_pipeline_waiting(ledger->pipeline));
    (void)evconnlistener_disable(ledger->listener);
    vch_guests_say_goodbye(&ledger->streams);
}

// One who asks alone is answered at once, however much it asks.
static void count_crowd(struct vch_ledger *ledger)
{
    uint64_t durable = vch_pipeline_durable(ledger->pipeline);

    ledger->is_crowded =
        ledger->streams.count >= CROWD_LISTENERS && durable - ledger->last_durable >= CROWD_ENTRIES;
    ledger->last_durable = durable;
}

static void on_tick(evutil_socket_t unused, short what, void *context)
{
    struct vch_ledger *ledger = context;

    (void)unused, (void)what;
    if (ledger->is_crowded || vch_pipeline_wake_ms(ledger->pipeline) <= vch_clock_unix_ms())
        vch_pipeline_attend(ledger->pipeline);
    enter_anchor(ledger);
    consider_checkpoint(ledger);
    vch_guests_tick(&ledger->streams);
    vch_pages_tick(ledger->pages);
    if (++ledger->ticks % CROWD_TICKS == 0) count_crowd(ledger);
    if (ledger->ticks % 20 == 0) {
        look_at_proofs(ledger);
        vch_pages_accept_again(ledger->pages);
        if (!ledger->host.is_draining) (void)evconnlistener_enable(ledger->listener);
    }
    if (!ledger->host.is_draining) return;
    if (vch_guests_are_gone(&ledger->streams) || vch_clock_monotonic_ms() >= ledger->drain_end_ms)
        (void)event_base_loopbreak(ledger->base);
}

static void on_lane(evutil_socket_t unused, short what, void *context)
{
    (void)unused, (void)what;
    vch_lane_collect(context);
}

static void on_control(evutil_socket_t descriptor, short what, void *context)
{
    uint64_t wish = 0;

    (void)what;
    if (read(descriptor, &wish, sizeof wish) == sizeof wish) begin_draining(context);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    (void)number, (void)what;
    begin_draining(context);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t socket,
                      struct sockaddr *address, int size, void *context)
{
    struct vch_ledger *ledger = context;

    (void)listener, (void)address, (void)size;
    vch_guests_accept(&ledger->streams, socket);
}

// Out of descriptors: the connection stays pending; a later tick tries again.
static void on_accept_error(struct evconnlistener *listener, void *unused)
{
    (void)unused;
    (void)evconnlistener_disable(listener);
}

// Starting.

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

static vch_status load_charter(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    const struct vch_ledger_options *options = &ledger->options;

    VCH_TRY(vch_charter_file_decode(&ledger->charter, options->charter_bytes, options->charter_size,
                                    &options->founder, complaint));
    if (!vch_is_equal(&ledger->charter.clerk, &options->clerk->public_key,
                      sizeof ledger->charter.clerk))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "this key is not the clerk's of %s: its charter names another",
                            ledger->charter.origin);
    return vch_charter_notes_init(&ledger->notes, &ledger->charter, complaint);
}

// A new log begins with its charter, like any entry by its founder.
static vch_status found(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    const struct vch_ledger_options *options = &ledger->options;
    struct vch_store_head head;
    struct vch_store_entry first = {0};
    uint8_t *bytes = NULL;

    VCH_TRY(vch_store_head(ledger->store, &head, complaint));
    if (head.size > 0) return VCH_OK;
    VCH_TRY(vch_entry_stamp(&bytes, &first.size, options->charter_bytes, options->charter_size,
                            vch_clock_unix_ms(), &ledger->arena));
    first.bytes = bytes;
    return vch_store_append(ledger->store, 0, &first, 1, &head, complaint);
}

static vch_status replay(struct vch_ledger *ledger, uint64_t *content,
                         struct vch_complaint *complaint)
{
    struct vch_state_setup setup = {.limits = vch_state_default_limits(),
                                    .checks = vch_verified_checks(&ledger->verified),
                                    .registry = find_registry,
                                    .context = ledger};

    vch_random_bytes(setup.seeds, sizeof setup.seeds);
    VCH_TRY(vch_state_new(&ledger->state, &setup, &ledger->arena));
    struct vch_replay run = {ledger->store,    ledger->state,   ledger->index,
                             ledger->archive,  &ledger->places, &ledger->verified,
                             &ledger->charter, &ledger->notes,  .content = 0};
    VCH_TRY(vch_replay_run(&run, &ledger->arena, complaint));
    if (run.checkpoint.note_size <= sizeof ledger->note && run.checkpoint.note_size > 0) {
        memcpy(ledger->note, run.checkpoint.note, run.checkpoint.note_size);
        ledger->note_size = run.checkpoint.note_size;
        ledger->cosigned = run.checkpoint.tree.size;
    }
    *content = run.content;
    return VCH_OK;
}

static vch_status start_pipeline(struct vch_ledger *ledger, uint64_t content)
{
    VCH_TRY(vch_lane_new(&ledger->keeper, 1, ledger->store));
    VCH_TRY(vch_lane_new(&ledger->verifiers, ledger->options.verifier_count, NULL));
    struct vch_pipeline_setup setup = {.state = ledger->state,
                                       .verified = &ledger->verified,
                                       .index = ledger->index,
                                       .keeper = ledger->keeper,
                                       .verifiers = ledger->verifiers,
                                       .clerk = ledger->options.clerk,
                                       .ledger = ledger->charter.id,
                                       .durable = vch_state_size(ledger->state),
                                       .last_content = content,
                                       .now_ms = unix_ms,
                                       .on_applied = on_applied,
                                       .on_answered = on_answered,
                                       .on_durable = on_durable,
                                       .on_settled = on_settled,
                                       .on_failed = on_failed,
                                       .drops = ledger->options.drops,
                                       .drops_context = ledger->options.drops_context,
                                       .pause_ms = pause_ms,
                                       .context = ledger};
    return vch_pipeline_new(&ledger->pipeline, &setup);
}

static vch_status load(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    struct vch_store_options options = {.create = true};
    uint64_t content = 0;

    VCH_TRY(load_charter(ledger, complaint));
    VCH_TRY(vch_store_open(&ledger->store, ledger->options.store, &options, complaint));
    VCH_TRY(vch_archive_new(&ledger->archive, &ledger->charter.founder));
    VCH_TRY(vch_index_new(&ledger->index));
    vch_archive_use_store(ledger->archive, ledger->store);
    VCH_TRY(found(ledger, complaint));
    VCH_TRY(replay(ledger, &content, complaint));
    vch_archive_use_store(ledger->archive, NULL); // which is the keeper's from now on
    return start_pipeline(ledger, content);
}

static vch_status add_event(struct vch_ledger *ledger, evutil_socket_t fd, short what,
                            event_callback_fn callback, void *context,
                            const struct timeval *interval)
{
    struct event *event =
        event_new(ledger->base, fd, (short)(what | EV_PERSIST), callback, context);

    if (event == NULL) return VCH_FAIL(NO_MEMORY);
    ledger->events[ledger->event_count++] = event;
    return event_add(event, interval) == 0 ? VCH_OK : VCH_FAIL(NO_MEMORY);
}

static vch_status add_events(struct vch_ledger *ledger)
{
    static const struct timeval tick = {.tv_usec = TICK_MS * 1000L};

    VCH_TRY(add_event(ledger, -1, 0, on_tick, ledger, &tick));
    VCH_TRY(add_event(ledger, vch_lane_descriptor(ledger->keeper), EV_READ, on_lane, ledger->keeper,
                      NULL));
    VCH_TRY(add_event(ledger, vch_lane_descriptor(ledger->verifiers), EV_READ, on_lane,
                      ledger->verifiers, NULL));
    VCH_TRY(add_event(ledger, ledger->control, EV_READ, on_control, ledger, NULL));
    if (!ledger->options.handles_signals) return VCH_OK;
    VCH_TRY(add_event(ledger, SIGTERM, EV_SIGNAL, on_signal, ledger, NULL));
    return add_event(ledger, SIGINT, EV_SIGNAL, on_signal, ledger, NULL);
}

static void init_streams(struct vch_ledger *ledger)
{
    ledger->host =
        (struct vch_ledger_session_host){.software = VCH_GREETING_SOFTWARE,
                                         .memory_max = ledger->options.memory_max,
                                         .entry_count = vch_pipeline_durable(ledger->pipeline),
                                         .context = ledger,
                                         .submit = submit,
                                         .recent = recent,
                                         .find = find,
                                         .is_over = is_over};
    struct vch_streams_setup setup = {.base = ledger->base,
                                      .tls = ledger->tls,
                                      .limits = ledger->options.limits,
                                      .count_max = ledger->options.connections_max,
                                      .per_key_max = ledger->options.connections_per_peer_max,
                                      .admit = admit,
                                      .context = ledger,
                                      .host = &ledger->host};
    vch_streams_init(&ledger->streams, &setup);
}

static vch_status start_witnessing(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    struct vch_cosigners_setup setup = {.base = ledger->base,
                                        .keeper = ledger->keeper,
                                        .charter = &ledger->charter,
                                        .notes = &ledger->notes,
                                        .clerk = ledger->options.clerk,
                                        .urls = ledger->options.witness_urls,
                                        .url_count = ledger->options.witness_count,
                                        .on_cosigned = on_cosigned,
                                        .on_given_up = on_given_up,
                                        .judge = judge,
                                        .awaits_drafts = awaits_drafts,
                                        .context = ledger};

    return vch_cosigners_new(&ledger->cosigners, &setup, complaint);
}

static vch_status listen_to_members(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    const struct vch_ledger_options *options = &ledger->options;
    struct sockaddr_storage address;
    socklen_t size = 0;

    VCH_TRY(vch_address_parse(&address, &size, options->host, options->port, complaint));
    ledger->listener =
        evconnlistener_new_bind(ledger->base, on_accept, ledger,
                                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                BACKLOG, (struct sockaddr *)&address, (int)size);
    if (ledger->listener == NULL)
        return vch_complain(complaint, VCH_CODE_IO,
                            "cannot listen on %s port %u: choose another address or port",
                            options->host, options->port);
    evconnlistener_set_error_cb(ledger->listener, on_accept_error);
    ledger->port = vch_address_port(evconnlistener_get_fd(ledger->listener));
    return VCH_OK;
}

static vch_status start(struct vch_ledger *ledger, struct vch_complaint *complaint)
{
    use_defaults(&ledger->options);
    vch_arena_init(&ledger->arena, ARENA_MAX);
    VCH_TRY(load(ledger, complaint));
    const struct vch_signer clerk = vch_signer_local(ledger->options.clerk);
    VCH_TRY(vch_tls_new(&ledger->tls, &clerk, complaint));
    ledger->base = vch_loop_new();
    ledger->control = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (ledger->base == NULL || ledger->control < 0) return VCH_FAIL(IO);
    init_streams(ledger);
    VCH_TRY(start_witnessing(ledger, complaint));
    VCH_TRY(add_events(ledger));
    VCH_TRY(listen_to_members(ledger, complaint));
    return vch_pages_new(&ledger->pages, ledger, complaint);
}

vch_status vch_ledger_new(struct vch_ledger **out, const struct vch_ledger_options *options,
                          struct vch_complaint *complaint)
{
    struct vch_ledger *ledger = calloc(1, sizeof *ledger);

    if (ledger == NULL) return VCH_FAIL(NO_MEMORY);
    ledger->options = *options;
    ledger->control = -1;
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
    while (ledger->proving != NULL) {
        struct vch_request *request = ledger->proving;
        ledger->proving = request->next;
        discard(ledger, request);
    }
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
