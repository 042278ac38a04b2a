#include "ledger/cosigners.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "host/clock.h"
#include "host/log.h"
#include "ledger/keeper.h"
#include "ledger/promises.h"
#include "net/url.h"
#include "tlog/consistency.h"
#include "tlog/cosignature.h"
#include "tlog/lines.h"
#include "tlog/note.h"
#include "tlog/vkey.h"

enum {
    TICK_MS = 100,
    ANSWER_S = 5,     // for one request
    ROUND_MS = 10000, // for one checkpoint: cosignatures must not grow old
    RETRY_MS = 200,   // after a failure; doubles
    DOUBLINGS_MAX = 5,
    CONFLICTS_MAX = 4, // sizes that a witness may name in one round
    ANSWER_MAX = 1 << 20,
    HEADERS_MAX = 8192,
    PATH_SIZE = 288,
    POLL_MS = 500, // between looks at what a witness was handed
};

// One address of a witness. Which of the charter's it is, its cosignatures say.
struct peer {
    struct vch_cosigners *cosigners;
    struct vch_url url;
    struct evhttp_connection *connection;
    bool is_asking, has_cosigned, is_reachable;
    bool has_answered;    // promises, in the request under way
    bool is_listing;      // its promises
    uint64_t known;       // the size that it cosigned last, as far as we know
    uint64_t asked_round; // of the request under way
    uint64_t asked_size;
    uint64_t retry_ms, poll_ms;
    uint32_t failures, conflicts;
    struct vch_promises *promises; // that it waits for; NULL: none that we know of
};

struct vch_cosigners {
    struct vch_cosigners_setup setup;
    struct vch_cosigners_counts counts;
    struct event *tick;
    struct peer peers[VCH_COSIGNERS_MAX];
    bool is_busy, is_keeping, is_ending; // keeping: enough is there, the store is writing it
    uint64_t round, end_ms;
    struct vch_checkpoint checkpoint;
    char note[VCH_COSIGNERS_NOTE_MAX]; // as the clerk signed it
    size_t note_size;
    bool has[VCH_CHARTER_WITNESSES_MAX];
    struct vch_entry_cosignature cosignatures[VCH_CHARTER_WITNESSES_MAX];
    uint32_t count;
};

// A proof of consistency being made by the keeper.
struct proving {
    struct vch_lane_job job; // first
    struct peer *peer;
    uint64_t round, from, size;
    struct vch_tree_path path;
    struct vch_promises *promises; // to answer; NULL: none
    struct evbuffer *answers;
};

// A cosigned note being kept.
struct keeping {
    struct vch_lane_job job; // first
    struct vch_store_checkpoint checkpoint;
    char note[VCH_COSIGNERS_NOTE_MAX];
};

static void ask(struct peer *peer);

static void note_failure(struct peer *peer, const char *what)
{
    uint32_t doublings = peer->failures < DOUBLINGS_MAX ? peer->failures : DOUBLINGS_MAX;

    if (peer->failures == 0)
        vch_log_write(VCH_LOG_WARNING, "witness %s:%u: %s", peer->url.host, peer->url.port, what);
    peer->failures++;
    peer->is_reachable = false;
    peer->retry_ms = vch_clock_monotonic_ms() + ((uint64_t)RETRY_MS << doublings);
    peer->cosigners->counts.failures++;
}

static void end_round(struct vch_cosigners *cosigners)
{
    cosigners->is_busy = cosigners->is_keeping = false;
}

static void fill_anchor(const struct vch_cosigners *cosigners, struct vch_entry *anchor)
{
    *anchor = (struct vch_entry){.kind = VCH_ENTRY_ANCHOR};
    anchor->anchor.size = cosigners->checkpoint.size;
    anchor->anchor.root = cosigners->checkpoint.root;
    for (uint32_t i = 0; i < cosigners->setup.charter->witness_count; i++)
        if (cosigners->has[i])
            anchor->anchor.cosignatures[anchor->anchor.count++] = cosigners->cosignatures[i];
}

static void run_keep(void *subject, struct vch_lane_job *job)
{
    struct keeping *keeping = (struct keeping *)job;

    job->status = vch_store_put_checkpoint(subject, &keeping->checkpoint, &job->complaint);
}

static void on_kept(void *context, struct vch_lane_job *job)
{
    struct vch_cosigners *cosigners = context;
    struct keeping *keeping = (struct keeping *)job;
    struct vch_entry anchor;

    fill_anchor(cosigners, &anchor);
    end_round(cosigners);
    if (vch_is_ok(job->status)) {
        cosigners->counts.cosigned++;
        cosigners->setup.on_cosigned(cosigners->setup.context, &keeping->checkpoint, &anchor);
    } else if (!cosigners->is_ending) {
        vch_log_write(VCH_LOG_ERROR, "a cosigned checkpoint cannot be kept: %s",
                      job->complaint.text);
        cosigners->counts.given_up++;
        cosigners->setup.on_given_up(cosigners->setup.context);
    }
    free(keeping);
}

// The clerk's note with a line of each witness: as witnesses said it, written by us.
static size_t write_note(const struct vch_cosigners *cosigners, char out[VCH_COSIGNERS_NOTE_MAX])
{
    size_t size = cosigners->note_size;

    memcpy(out, cosigners->note, size);
    for (uint32_t i = 0; i < cosigners->setup.charter->witness_count; i++) {
        const struct vch_entry_cosignature *own = &cosigners->cosignatures[i];
        uint8_t bytes[8 + VCH_SIGN_SIGNATURE_SIZE];
        if (!cosigners->has[i]) continue;
        vch_put_u64be(bytes, own->time_s);
        memcpy(bytes + 8, own->signature.bytes, VCH_SIGN_SIGNATURE_SIZE);
        size +=
            vch_note_line(out + size, &cosigners->setup.notes->witnesses[i], bytes, sizeof bytes);
    }
    return size;
}

static void keep(struct vch_cosigners *cosigners)
{
    struct keeping *keeping = calloc(1, sizeof *keeping);

    if (keeping == NULL) return; // the round ends by its time
    cosigners->is_keeping = true;
    keeping->checkpoint.tree.size = cosigners->checkpoint.size;
    keeping->checkpoint.tree.root = cosigners->checkpoint.root;
    keeping->checkpoint.note_size = write_note(cosigners, keeping->note);
    keeping->checkpoint.note = (const uint8_t *)keeping->note;
    keeping->job = (struct vch_lane_job){
        .run = run_keep, .done = on_kept, .context = cosigners, .is_urgent = true};
    vch_lane_submit(cosigners->setup.keeper, &keeping->job);
}

// The signature of the line that says this time.
static bool find_signature(struct vch_entry_cosignature *out, const struct vch_note *note,
                           const struct vch_vkey *vkey)
{
    uint8_t blob[4 + 8 + VCH_SIGN_SIGNATURE_SIZE];

    for (uint32_t i = 0; i < note->signature_count; i++) {
        const struct vch_note_signature *line = &note->signatures[i];
        if (!vch_note_signature_is_of(line, vkey) ||
            !vch_is_ok(
                vch_base64_decode_exactly(blob, sizeof blob, line->base64, line->base64_size)) ||
            vch_get_u64be(blob + 4) != out->time_s)
            continue;
        memcpy(out->signature.bytes, blob + 12, VCH_SIGN_SIGNATURE_SIZE);
        return true;
    }
    return false;
}

// Whoever of the charter's witnesses cosigned the note, beside those that have.
static uint32_t take_cosignatures(struct vch_cosigners *cosigners, const struct vch_note *note)
{
    uint32_t taken = 0;

    for (uint32_t i = 0; i < cosigners->setup.charter->witness_count; i++) {
        const struct vch_vkey *vkey = &cosigners->setup.notes->witnesses[i];
        struct vch_entry_cosignature found = {.witness = i};
        if (!vch_is_ok(vch_cosignature_verify(&found.time_s, note, vkey)) ||
            !find_signature(&found, note, vkey) ||
            !vch_charter_is_within_skew(cosigners->setup.charter, found.time_s,
                                        vch_clock_unix_ms()))
            continue; // with it no anchor would be taken
        taken++;
        if (cosigners->has[i]) continue;
        cosigners->has[i] = true;
        cosigners->cosignatures[i] = found;
        cosigners->count++;
    }
    return taken;
}

static void receive_lines(struct peer *peer, const char *lines, size_t size)
{
    struct vch_cosigners *cosigners = peer->cosigners;
    char text[VCH_COSIGNERS_NOTE_MAX];
    struct vch_note note;

    peer->has_cosigned = true; // or has failed to: not asked again in this round
    if (size == 0 || size > sizeof text - cosigners->note_size) {
        note_failure(peer, "an answer of a wrong size");
        return;
    }
    memcpy(text, cosigners->note, cosigners->note_size);
    memcpy(text + cosigners->note_size, lines, size);
    if (!vch_is_ok(vch_note_decode(&note, text, cosigners->note_size + size, NULL)) ||
        take_cosignatures(cosigners, &note) == 0) {
        note_failure(peer,
                     "an answer that is no cosignature of a witness of the charter, at this time");
        return;
    }
    peer->failures = 0;
    peer->is_reachable = true;
    if (cosigners->count >= vch_charter_quorum(cosigners->setup.charter)) keep(cosigners);
}

// It cosigned another size than we thought: the proof has to begin there.
static void receive_conflict(struct peer *peer, const char *type, const char *body, size_t size)
{
    uint64_t known = 0;

    if (type == NULL || strcmp(type, "text/x.tlog.size") != 0 || size == 0 ||
        body[size - 1] != '\n' ||
        !vch_is_ok(vch_lines_decode_number(&known, body, size - 1, VCH_CHECKPOINT_SIZE_MAX))) {
        note_failure(peer, "it refuses this tree: it has seen another one");
        return;
    }
    peer->is_reachable = true;
    peer->known = known;
    if (known > peer->asked_size || peer->conflicts++ >= CONFLICTS_MAX)
        peer->has_cosigned = true; // the next checkpoint is for it
    else
        peer->retry_ms = 0;
}

static void forget_promises(struct peer *peer)
{
    free(peer->promises);
    peer->promises = NULL;
}

// Whether enough of those who have not answered in this round still can.
static bool is_hopeless(const struct vch_cosigners *cosigners)
{
    uint32_t left = cosigners->count;

    for (uint32_t i = 0; i < cosigners->setup.url_count; i++)
        left += !cosigners->peers[i].has_cosigned;
    return left < vch_charter_quorum(cosigners->setup.charter);
}

static bool has_promise(const struct vch_promises *promises, const struct vch_digest *digest)
{
    for (uint32_t i = 0; i < promises->count; i++)
        if (vch_hash_is_equal(&promises->all[i].digest, digest)) return true;
    return false;
}

// What a witness says that it waits for; the next checkpoint has the answers. `kept`, which may be
// NULL, is what it waits for besides.
static bool take_promises(struct peer *peer, const char *text, size_t size,
                          const struct vch_promises *kept)
{
    struct vch_promises *named = calloc(1, sizeof *named);
    bool is_fine = named != NULL && vch_is_ok(vch_promises_decode(named, text, size));

    for (uint32_t i = 0; is_fine && kept != NULL && i < kept->count; i++)
        if (named->count < VCH_PROMISES_MAX && !has_promise(named, &kept->all[i].digest))
            named->all[named->count++] = kept->all[i];
    forget_promises(peer); // `kept` may be these
    peer->promises = is_fine ? named : NULL;
    if (!is_fine) free(named);
    return is_fine;
}

// A draft that the state takes is on its way at once, and need not wait for a checkpoint.
static void judge_early(struct peer *peer)
{
    const struct vch_cosigners_setup *setup = &peer->cosigners->setup;
    static const struct vch_digest no_root;

    setup->judge(setup->context, peer->promises, 0, &no_root);
}

static void on_list(struct evhttp_request *request, void *context)
{
    struct peer *peer = context;

    peer->is_listing = false;
    if (peer->cosigners->is_ending || request == NULL ||
        evhttp_request_get_response_code(request) != HTTP_OK)
        return;
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t size = evbuffer_get_length(input);
    const char *text = size > 0 ? (const char *)evbuffer_pullup(input, -1) : NULL;
    if (text == NULL) return;
    if (take_promises(peer, text, size, NULL))
        judge_early(peer);
    else
        note_failure(peer, "a list of promises that cannot be read");
}

// Some wait, which had better be answered before they are overdue.
static void list_promises(struct peer *peer)
{
    const char *origin = peer->cosigners->setup.charter->origin;
    struct vch_digest digest = vch_hash_bytes(origin, strlen(origin));
    char hex[2 * VCH_DIGEST_SIZE + 1], path[PATH_SIZE + sizeof hex];
    struct evhttp_request *request = peer->is_listing ? NULL : evhttp_request_new(on_list, peer);

    if (request == NULL) return;
    vch_hex_encode(hex, digest.bytes, VCH_DIGEST_SIZE);
    (void)snprintf(path, sizeof path, "%s/vouch/v1/promises/%s", peer->url.path, hex);
    (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Host", peer->url.host);
    peer->is_listing = evhttp_make_request(peer->connection, request, EVHTTP_REQ_GET, path) == 0;
}

static bool has_promises(struct evhttp_request *request)
{
    const char *count =
        evhttp_find_header(evhttp_request_get_input_headers(request), "Vouch-Promises");

    return count != NULL && strcmp(count, "0") != 0;
}

// It promised members what this checkpoint does not show.
static void receive_promises(struct peer *peer, const char *body, size_t size)
{
    struct vch_cosigners *cosigners = peer->cosigners;

    peer->has_cosigned = true;
    cosigners->counts.promises++;
    // It names what the request did not answer: what that did answer is wanted once more.
    if (!take_promises(peer, body, size, peer->has_answered ? peer->promises : NULL)) {
        note_failure(peer, "a list of promises that cannot be read");
        return;
    }
    peer->is_reachable = true;
    if (is_hopeless(cosigners)) cosigners->end_ms = vch_clock_monotonic_ms();
}

static void receive_answer(struct peer *peer, struct evhttp_request *request)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t size = evbuffer_get_length(input);
    const char *body = size > 0 ? (const char *)evbuffer_pullup(input, -1) : "";
    const char *type =
        evhttp_find_header(evhttp_request_get_input_headers(request), "Content-Type");
    bool is_current = peer->cosigners->is_busy && peer->asked_round == peer->cosigners->round;
    int code = evhttp_request_get_response_code(request);
    char what[64];

    if (body == NULL) return;
    if (code == 200) {
        peer->known = peer->asked_size;
        if (peer->has_answered) forget_promises(peer);
        if (has_promises(request)) list_promises(peer);
        if (is_current && !peer->cosigners->is_keeping) receive_lines(peer, body, size);
    } else if (code == 409) {
        receive_conflict(peer, type, body, size);
    } else if (code == 428) {
        receive_promises(peer, body, size);
    } else {
        peer->cosigners->counts.refusals++;
        (void)snprintf(what, sizeof what, "it answers with code %d", code);
        note_failure(peer, what);
    }
}

static void on_answer(struct evhttp_request *request, void *context)
{
    struct peer *peer = context;

    peer->is_asking = false;
    if (peer->cosigners->is_ending) return;
    if (request == NULL || evhttp_request_get_response_code(request) == 0)
        note_failure(peer, "no answer");
    else
        receive_answer(peer, request);
    ask(peer);
}

static bool write_question(struct evbuffer *body, const struct proving *proving,
                           const struct vch_cosigners *cosigners)
{
    char line[VCH_BASE64_SIZE(VCH_DIGEST_SIZE) + 1];

    if (proving->answers != NULL && evbuffer_add_buffer(body, proving->answers) != 0) return false;
    if (evbuffer_add_printf(body, "old %" PRIu64 "\n", proving->from) < 0) return false;
    for (uint32_t i = 0; i < proving->path.count; i++) {
        (void)vch_base64_encode(line, proving->path.nodes[i].bytes, VCH_DIGEST_SIZE);
        if (evbuffer_add_printf(body, "%s\n", line) < 0) return false;
    }
    return evbuffer_add(body, "\n", 1) == 0 &&
           evbuffer_add(body, cosigners->note, cosigners->note_size) == 0;
}

static void post(struct peer *peer, const struct proving *proving)
{
    struct evhttp_request *request = evhttp_request_new(on_answer, peer);
    char path[PATH_SIZE];

    peer->has_answered = proving->answers != NULL;
    if (request == NULL ||
        !write_question(evhttp_request_get_output_buffer(request), proving, peer->cosigners)) {
        if (request != NULL) evhttp_request_free(request);
        note_failure(peer, "no memory to ask it");
        return;
    }
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    (void)evhttp_add_header(headers, "Host", peer->url.host);
    (void)evhttp_add_header(headers, "Content-Type", "text/plain; charset=utf-8");
    (void)snprintf(path, sizeof path, "%s%s/add-checkpoint", peer->url.path,
                   peer->has_answered ? "/vouch/v1" : "");
    peer->is_asking = true;
    peer->asked_round = proving->round;
    peer->asked_size = proving->size;
    if (evhttp_make_request(peer->connection, request, EVHTTP_REQ_POST, path) != 0) {
        peer->is_asking = false;
        note_failure(peer, "it cannot be asked");
    }
}

static void run_prove(void *subject, struct vch_lane_job *job)
{
    struct proving *proving = (struct proving *)job;
    struct vch_tree_nodes nodes = vch_keeper_nodes(subject);

    job->status = VCH_OK;
    if (proving->from > 0)
        job->status = vch_consistency_prove(&proving->path, proving->from, proving->size, &nodes);
    if (vch_is_ok(job->status) && proving->promises != NULL)
        job->status =
            vch_promises_write(proving->answers, proving->promises, proving->size, subject);
}

static void free_proving(struct proving *proving)
{
    if (proving->answers != NULL) evbuffer_free(proving->answers);
    free(proving->promises);
    free(proving);
}

// A copy, since the witness may name others while these are being proven.
static bool add_promises(struct proving *proving, const struct peer *peer)
{
    if (peer->promises == NULL) return true;
    proving->promises = calloc(1, sizeof *proving->promises);
    proving->answers = evbuffer_new();
    if (proving->promises == NULL || proving->answers == NULL) return false;
    *proving->promises = *peer->promises;
    return true;
}

static void on_proven(void *context, struct vch_lane_job *job)
{
    struct proving *proving = (struct proving *)job;
    struct peer *peer = context;

    peer->is_asking = false;
    if (!peer->cosigners->is_ending && peer->cosigners->is_busy &&
        proving->round == peer->cosigners->round) {
        if (vch_is_ok(job->status))
            post(peer, proving);
        else
            note_failure(peer, "the store gives no proof for it");
    }
    free_proving(proving);
}

// Asks the witness about the checkpoint under way, if it is its turn.
static void ask(struct peer *peer)
{
    struct vch_cosigners *cosigners = peer->cosigners;
    struct proving *proving = NULL;

    if (!cosigners->is_busy || cosigners->is_keeping || peer->is_asking || peer->has_cosigned ||
        vch_clock_monotonic_ms() < peer->retry_ms || peer->known > cosigners->checkpoint.size)
        return;
    proving = calloc(1, sizeof *proving);
    if (proving == NULL) return;
    if (!add_promises(proving, peer)) {
        free_proving(proving);
        return;
    }
    proving->peer = peer;
    proving->round = cosigners->round;
    proving->from = peer->known;
    proving->size = cosigners->checkpoint.size;
    proving->job = (struct vch_lane_job){
        .run = run_prove, .done = on_proven, .context = peer, .is_urgent = true};
    peer->is_asking = true;
    vch_lane_submit(cosigners->setup.keeper, &proving->job);
}

// Witnesses that do not list what they were handed say it when they are to cosign.
static void poll_peers(struct vch_cosigners *cosigners)
{
    for (uint32_t i = 0; i < cosigners->setup.url_count; i++) {
        struct peer *peer = &cosigners->peers[i];
        if (peer->is_asking || peer->failures > 0 || vch_clock_monotonic_ms() < peer->poll_ms)
            continue;
        peer->poll_ms = vch_clock_monotonic_ms() + POLL_MS;
        list_promises(peer);
    }
}

static void on_tick(evutil_socket_t unused, short what, void *context)
{
    struct vch_cosigners *cosigners = context;

    (void)unused, (void)what;
    if (cosigners->setup.awaits_drafts(cosigners->setup.context)) poll_peers(cosigners);
    if (!cosigners->is_busy || cosigners->is_keeping) return;
    for (uint32_t i = 0; i < cosigners->setup.url_count; i++)
        ask(&cosigners->peers[i]);
    if (vch_clock_monotonic_ms() < cosigners->end_ms) return;
    end_round(cosigners);
    cosigners->counts.given_up++;
    vch_log_write(is_hopeless(cosigners) ? VCH_LOG_DEBUG : VCH_LOG_WARNING,
                  "checkpoint of %" PRIu64 " entries: %u of %u witnesses in time, trying anew",
                  cosigners->checkpoint.size, cosigners->count,
                  vch_charter_quorum(cosigners->setup.charter));
    cosigners->setup.on_given_up(cosigners->setup.context);
}

void vch_cosigners_begin(struct vch_cosigners *cosigners, uint64_t size,
                         const struct vch_digest *root)
{
    cosigners->is_busy = true;
    cosigners->round++;
    cosigners->end_ms = vch_clock_monotonic_ms() + ROUND_MS;
    cosigners->counts.begun++;
    cosigners->checkpoint = (struct vch_checkpoint){.size = size, .root = *root};
    (void)snprintf(cosigners->checkpoint.origin, sizeof cosigners->checkpoint.origin, "%s",
                   cosigners->setup.charter->origin);
    cosigners->note_size =
        vch_checkpoint_sign(cosigners->note, &cosigners->checkpoint, cosigners->setup.clerk);
    memset(cosigners->has, 0, sizeof cosigners->has);
    cosigners->count = 0;
    for (uint32_t i = 0; i < cosigners->setup.url_count; i++) {
        cosigners->peers[i].has_cosigned = false;
        cosigners->peers[i].conflicts = 0;
        if (cosigners->peers[i].promises != NULL)
            cosigners->setup.judge(cosigners->setup.context, cosigners->peers[i].promises, size,
                                   root);
        ask(&cosigners->peers[i]);
    }
}

bool vch_cosigners_have_promises(const struct vch_cosigners *cosigners)
{
    for (uint32_t i = 0; i < cosigners->setup.url_count; i++)
        if (cosigners->peers[i].promises != NULL) return true;
    return false;
}

bool vch_cosigners_are_busy(const struct vch_cosigners *cosigners)
{
    return cosigners->is_busy;
}

const struct vch_cosigners_counts *vch_cosigners_counts(const struct vch_cosigners *cosigners)
{
    return &cosigners->counts;
}

uint32_t vch_cosigners_reachable(const struct vch_cosigners *cosigners)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < cosigners->setup.url_count; i++)
        count += cosigners->peers[i].is_reachable;
    return count;
}

static vch_status add_peer(struct vch_cosigners *cosigners, uint32_t index,
                           struct vch_complaint *complaint)
{
    struct peer *peer = &cosigners->peers[index];

    peer->cosigners = cosigners;
    VCH_TRY(vch_url_parse(&peer->url, cosigners->setup.urls[index], "a witness", complaint));
    peer->connection =
        evhttp_connection_base_new(cosigners->setup.base, NULL, peer->url.host, peer->url.port);
    if (peer->connection == NULL) return VCH_FAIL(NO_MEMORY);
    evhttp_connection_set_timeout(peer->connection, ANSWER_S);
    evhttp_connection_set_max_body_size(peer->connection, ANSWER_MAX);
    evhttp_connection_set_max_headers_size(peer->connection, HEADERS_MAX);
    return VCH_OK;
}

static vch_status set_up(struct vch_cosigners *cosigners, struct vch_complaint *complaint)
{
    static const struct timeval interval = {.tv_usec = TICK_MS * 1000L};

    if (cosigners->setup.url_count > VCH_COSIGNERS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "at most %u addresses of witnesses",
                            VCH_COSIGNERS_MAX);
    for (uint32_t i = 0; i < cosigners->setup.url_count; i++)
        VCH_TRY(add_peer(cosigners, i, complaint));
    cosigners->tick = event_new(cosigners->setup.base, -1, EV_PERSIST, on_tick, cosigners);
    if (cosigners->tick == NULL || event_add(cosigners->tick, &interval) != 0)
        return VCH_FAIL(NO_MEMORY);
    return VCH_OK;
}

vch_status vch_cosigners_new(struct vch_cosigners **out, const struct vch_cosigners_setup *setup,
                             struct vch_complaint *complaint)
{
    struct vch_cosigners *cosigners = calloc(1, sizeof *cosigners);

    if (cosigners == NULL) return VCH_FAIL(NO_MEMORY);
    cosigners->setup = *setup;
    vch_status status = set_up(cosigners, complaint);
    if (vch_is_ok(status))
        *out = cosigners;
    else
        vch_cosigners_free(cosigners);
    return status;
}

void vch_cosigners_free(struct vch_cosigners *cosigners)
{
    if (cosigners == NULL) return;
    cosigners->is_ending = true;
    for (uint32_t i = 0; i < cosigners->setup.url_count; i++) {
        if (cosigners->peers[i].connection != NULL)
            evhttp_connection_free(cosigners->peers[i].connection);
        forget_promises(&cosigners->peers[i]);
    }
    if (cosigners->tick != NULL) event_free(cosigners->tick);
    free(cosigners);
}
